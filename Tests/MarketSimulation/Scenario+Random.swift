import BacktestCore

extension Scenario {
  /// The scenario of a seed: a few instruments with gaps, ties and missing bars, rules of all
  /// kinds, and a script that asks for everything that can be asked for.
  package init(seed: UInt64) throws {
    var random = Randomness(seed: seed, stream: "scenario")
    self.seed = seed
    let count = 1 + random.nextInteger(below: 3)
    let hasVolume = !random.oneIn(3)
    market = try ["A", "B", "C"].prefix(count).map {
      try Self.series($0, hasVolume: hasVolume, &random)
    }
    rules = SimulationRules(random: &random, hasVolume: hasVolume)
    rules.drawCosts(seed: seed, hasVolume: hasVolume, instrumentCount: count)
    // Drawn from a stream of its own, so that the rest of a seed's scenario stays what it was.
    var accounts = Randomness(seed: seed, stream: "accounts")
    rules.drawTerms(&accounts)
    market = addActions(&accounts)
    var limits = Randomness(seed: seed, stream: "limits")
    if limits.nextInteger(below: 4) == 0 {
      rules.limits = SimulationLimits(random: &limits, cash: rules.cash)
    }
    var money = Randomness(seed: seed, stream: "currencies")
    if money.oneIn(3) { try drawCurrencies(&money) }
    var contracts = Randomness(seed: seed, stream: "contracts")
    if contracts.nextInteger(below: 4) == 0 {
      try drawContracts(&contracts)
      drawContractMargin(&contracts)
    }
    var quotes = Randomness(seed: seed, stream: "quotes")
    if quotes.nextInteger(below: 5) == 0 { drawQuotes(&quotes) }
    var finer = Randomness(seed: seed, stream: "finer")
    if finer.nextInteger(below: 4) == 0 { try drawFinerBars(&finer) }
    var stress = Randomness(seed: seed, stream: "stresses")
    if stress.nextInteger(below: 4) == 0 { drawStress(&stress) }
    var exits = Randomness(seed: seed, stream: "exits")
    if exits.oneIn(3), rules.limits == nil, rules.terms.margin == nil {
      rules.exits = ExitRules(random: &exits)
    }
    let closes = Set(market.flatMap { $0.closeTimes }).sorted()
    for (instant, time) in closes.enumerated() where random.oneIn(2) {
      script[instant] = (0...random.nextInteger(below: 3)).compactMap { _ in
        request(at: time, &random).map { $0.asLadder(&exits) }
      }
    }
  }

  /// Bars on a grid of a quarter, so that opens, stops, limits and extremes often coincide.
  private static func series(
    _ symbol: String, hasVolume: Bool, _ random: inout Randomness
  ) throws -> BarSeries {
    let (times, calendar, timeframe) = times(&random)
    let scale = random.pick([1.0, 1, 1, 1.0137])
    var close = random.pick([12.0, 40, 100])
    var rows: [(open: Double, high: Double, low: Double, close: Double)] = []
    for _ in times {
      let gap = random.oneIn(8) ? close * 0.15 : 2
      let step = (Double(random.nextInteger(below: 17)) - 8) / 8 * gap
      let open = max(4, ((close + step) * 4).rounded() / 4)
      let high = open + Double(random.nextInteger(below: 13)) / 4
      let low = max(1, open - Double(random.nextInteger(below: 13)) / 4)
      close = low + Double(random.nextInteger(below: Int((high - low) * 4) + 1)) / 4
      if random.oneIn(6) { close = random.pick([low, high]) }
      rows.append((open * scale, high * scale, low * scale, close * scale))
    }
    let most = random.pick([300, 5_000])
    let volume = times.map { _ in
      random.oneIn(8) ? 0 : Double(1 + random.nextInteger(below: most))
    }
    return try BarSeries(
      instrument: Instrument(
        symbol: symbol, tickSize: random.pick([nil, nil, 0.25, 0.5, 0.01]),
        lotSize: random.pick([.standard, .standard, .units(10), .units(0.1), .fractional]),
        multiplier: random.pick([1, 1, 1, 5])),
      timeframe: timeframe, calendar: calendar, openTimes: Column(times.map(\.open)),
      closeTimes: Column(times.map(\.close)), open: Column(rows.map(\.open)),
      high: Column(rows.map(\.high)), low: Column(rows.map(\.low)),
      close: Column(rows.map(\.close)), volume: hasVolume ? Column(volume) : nil)
  }

  /// When the bars of a series open and close: around the clock or by sessions, with some missing.
  private static func times(
    _ random: inout Randomness
  ) -> ([(open: Timestamp, close: Timestamp)], any TradingCalendar, Timeframe) {
    let start = Timestamp(seconds: 1_704_067_200)
    let count = 20 + random.nextInteger(below: 25)
    var times: [(open: Timestamp, close: Timestamp)]
    var calendar: any TradingCalendar = AlwaysOpenCalendar()
    var timeframe = Timeframe.session
    switch random.nextInteger(below: 4) {
    case 0:
      timeframe = .intraday(seconds: 8 * 3_600)
      times = (0..<count).map {
        (start + .hours(8 * Int64($0)), start + .hours(8 * Int64($0) + 8))
      }
    case 1:
      calendar = NewYorkStockExchangeCalendar()
      let first = CivilDate("2024-01-02")!
      times = calendar.sessions(from: first, through: first.adding(days: 70)).prefix(count).map {
        ($0.open, $0.close)
      }
    default:
      times = (0..<count).map { (start + .days(Int64($0)), start + .days(Int64($0) + 1)) }
    }
    if random.oneIn(3) { times = times.filter { _ in !random.oneIn(8) } }
    if random.oneIn(5) { times.removeFirst(3) }
    if random.oneIn(5) { times.removeLast(8) }
    return (times, calendar, timeframe)
  }
}

extension SimulationRules {
  fileprivate init(random: inout Randomness, hasVolume: Bool) {
    cash = random.pick([2_000, 20_000, 200_000])
    leverage = random.pick([nil, nil, nil, 1, 2, 4])
    marketFill = random.pick([.nextOpen, .nextOpen, .nextClose, .sameClose])
    path = random.pick(ExecutionRules.IntrabarPath.allCases)
    improvesOnGaps = !random.oneIn(4)
    throughTicks = random.pick([nil, nil, nil, 0, 1, 2])
    participation = random.pick([nil, nil, 0.1, 0.5])
    latency = random.pick([
      .zero, .zero, .zero, .zero, .seconds(1), .hours(8), .hours(20), .days(1),
    ])
    sizesAtFill = random.oneIn(4)
    rejectsShortfalls = random.oneIn(3)
    costs.slippage = random.pick([
      .none, .basisPoints(9), .basisPoints(400), .halfSpread(0.3), .volumeShare(0.1),
      .volumeShare(0.02), .squareRoot(1),
    ])
    costs.commission = random.pick([
      .none, .none, .basisPoints(7), .perShare(0.01, minimum: 2), .perShare(0.5, minimum: 0),
      .perOrder(12),
    ])
    warmup = random.pick([0, 0, 0, 1, 5])
    closesEndedSeries = random.oneIn(5)
    trailsIntrabar = random.oneIn(2)
    if case .squareRoot = costs.slippage, !hasVolume { costs.slippage = .none }
    // What a target costs that takes many bars to fill, or moves its own price, is said nowhere.
    if sizesAtFill { participation = nil }
    if sizesAtFill, case .volumeShare = costs.slippage { costs.slippage = .basisPoints(400) }
  }
}

// MARK: - Requests

extension Scenario {
  /// A request about an instrument that has a bar by then.
  private func request(at time: Timestamp, _ random: inout Randomness) -> ScriptedRequest? {
    let instrument = random.nextInteger(below: market.count)
    let series = market[instrument]
    guard let row = series.closeTimes.lastIndex(where: { $0 <= time }) else { return nil }
    let price = series.close[row]
    let least = rules.leverage != nil || rules.terms.margin != nil ? -5 : rules.sizesAtFill ? 0 : -1
    let weight = Double(random.nextInteger(below: 11) + least) / 5
    switch random.nextInteger(below: 16) {
    case 0...3: return .submit(order(instrument, price, &random))
    case 12:
      return .modify(
        random.nextInteger(below: 1 + 2 * (script.count + 1)), change(price, instrument, &random))
    case 13:
      return random.oneIn(3)
        ? .cancelAll(random.oneIn(2) ? instrument : nil) : .close(instrument)
    case 14:
      let other = random.nextInteger(below: market.count)
      return .oneTriggersOther(
        order(instrument, price, &random),
        then: (0...random.nextInteger(below: 2)).map { _ in
          var order = order(other, price, &random)
          order.reduceOnly = false
          return order
        })
    case 4:
      return .oneCancelsOther(
        (0...1 + random.nextInteger(below: 2)).map { _ in order(instrument, price, &random) })
    case 5, 6: return bracket(instrument, price, &random)
    case 7: return .cancel(random.nextInteger(below: 1 + 2 * (script.count + 1)))
    case 8: return .rebalance(instrument, weight: weight)
    case 9: return .target(instrument, .value((weight * rules.cash).rounded()))
    case 10:
      let units = units(instrument, price, &random)
      return .target(instrument, .quantity(weight < 0 ? -units : units))
    default: return .target(instrument, .weight(weight))
    }
  }

  /// From nearly nothing to more than the account can carry.
  private func units(_ instrument: Int, _ price: Double, _ random: inout Randomness) -> Double {
    let whole = rules.cash / price / market[instrument].instrument.multiplier
    let share = random.pick([0.02, 0.1, 0.3, 0.5, 0.9, 1, 1.4]) * (0.5 + random.nextUnit())
    let units = whole * share
    return random.oneIn(3) ? units : max(1, units.rounded())
  }

  private func order(
    _ instrument: Int, _ price: Double, _ random: inout Randomness
  ) -> Order {
    let units = units(instrument, price, &random)
    return Order(
      InstrumentID(instrument), quantity: random.oneIn(2) ? units : -units,
      kind: kind(near: price, &random),
      timeInForce: timeInForce(&random), reduceOnly: random.oneIn(8),
      postOnly: random.oneIn(12))
  }

  private func timeInForce(_ random: inout Randomness) -> Order.TimeInForce {
    switch random.nextInteger(below: 9) {
    case 0, 1: .day
    case 2: .immediateOrCancel
    case 3: .fillOrKill
    case 4:
      .goodTil(
        Timestamp(seconds: 1_704_067_200) + .hours(Int64(6 * random.nextInteger(below: 160))))
    default: .goodTilCancelled
    }
  }

  private func change(
    _ price: Double, _ instrument: Int, _ random: inout Randomness
  ) -> ScriptedRequest.Change {
    var change = ScriptedRequest.Change()
    let steps = Double(random.nextInteger(below: 25) - 12) / 4
    if random.oneIn(2) {
      let units = units(instrument, price, &random)
      change.quantity = random.oneIn(3) ? -units : units
    }
    if random.oneIn(3) { change.limit = max(0.25, price + steps) }
    if random.oneIn(3) { change.trigger = max(0.25, price + steps) }
    return change
  }

  private func kind(near price: Double, _ random: inout Randomness) -> Order.Kind {
    let steps = Double(random.nextInteger(below: 25) - 12) / 4
    let away = max(0.25, random.oneIn(6) ? price + steps * 1.01 : price + steps)
    let other = max(0.25, away + Double(random.nextInteger(below: 13) - 6) / 4)
    if random.oneIn(2) { return random.pick([.market, .limit(away), .stop(away)]) }
    return random.pick([
      .stopLimit(stop: away, limit: other), .limitIfTouched(touch: away, limit: other),
      .marketIfTouched(away), .stopIfTouched(touch: away, stop: other), .marketOnOpen,
      .marketOnClose, .trailingStop(.amount(Double(1 + random.nextInteger(below: 8)) / 4)),
      .trailingStop(.percent(Double(1 + random.nextInteger(below: 6)))),
    ])
  }

  /// An entry with a stop and a limit on the other side.
  private func bracket(
    _ instrument: Int, _ price: Double, _ random: inout Randomness
  ) -> ScriptedRequest {
    var entry = order(instrument, price, &random)
    entry.reduceOnly = false
    if rules.leverage == nil, rules.terms.margin == nil { entry.quantity = abs(entry.quantity) }
    let level = entry.kind.price ?? price
    let side: Double = entry.quantity > 0 ? 1 : -1
    let near = Double(1 + random.nextInteger(below: 8)) / 4
    let far = Double(random.nextInteger(below: 9) - 2) / 4
    let stop = Order(
      InstrumentID(instrument), quantity: -entry.quantity,
      kind: .stop(max(0.25, level - side * near)), reduceOnly: true)
    let target = max(0.25, level + side * far)
    let limit = Order(
      InstrumentID(instrument), quantity: -entry.quantity,
      kind: random.pick([
        .limit(target), .limit(target), .marketIfTouched(target), .trailingStop(.amount(near)),
        .stopIfTouched(touch: target, stop: level),
      ]), reduceOnly: true)
    return .bracket(entry: entry, exits: random.oneIn(2) ? [stop, limit] : [limit, stop])
  }
}

extension Randomness {
  mutating func oneIn(_ count: Int) -> Bool { nextInteger(below: count) == 0 }
  mutating func pick<T>(_ values: [T]) -> T { values[nextInteger(below: values.count)] }
}
