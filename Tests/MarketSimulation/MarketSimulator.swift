import BacktestCore

/// A second market simulator: slow, plain, and written from the design alone.
///
/// It walks through all instants one by one, keeps everything in arrays, works every sum out anew,
/// and looks at every order at every step. Comments name the part of the design behind a rule.
///
/// Where the design says nothing, these are the rules, found by trying:
/// - A stop is triggered when its price is reached, also where the bar's volume lets nothing
///   through.
/// - An instrument is marked at the reference price of each fill.
/// - What a waiting order holds of buying power is its opening part alone, at the last close.
/// - A sale in a cash account holds none. What it asks beyond the position waits as an exit for the
///   purchases submitted before it; at the fill it is cut to what is held.
/// - Under `size-at: fill` a target is sized once, at its first match, and checked for buying power
///   there only; a number of units is known, and checked, at the decision. What moves away from
///   zero pays its costs out of the target's money, as does a reversal for the part that closes.
/// - A target below one lot is refused before the orders of other targets get their numbers.
/// - A sale brings at least nothing, however steep slippage is.
/// - A limit that gaps fills at the open rounded to the tick, never worse than its price.
/// - Whether equity is gone is asked at each instant at which a bar closes: once its bars have
///   closed, and once all that fills there has; the base point comes before the costs of its
///   decision, so there it is asked at the next close.
/// - An exit that a fill inside the bar gives something to close begins there, whether that fill is
///   its entry's or another order's; of several orders at one place the one submitted first goes
///   first.
/// - A series that ends is closed after the decision, as far as the bar's volume lets it.
struct MarketSimulator {
  let bars: [[Bar]]
  /// Of some instruments finer bars, and the one along which prices go now.
  let finer: [Int: [Bar]]
  var finerBar: Bar?
  let instruments: [Instrument]
  let calendars: [any TradingCalendar]
  /// A series whose volume is 0 on every bar counts as not given (part 6), which NaN stands for.
  let hasVolume: [Bool]
  let barsPerSession: [Double]
  var rules: SimulationRules
  let script: [Int: [ScriptedRequest]]

  var now = Timestamp.distantPast
  /// Money in the account's currency, and that in others.
  var home: Double
  var currencies: SimulatedCurrencies
  var quantities: [Double]
  var marks: [Double]
  /// The largest holding since the instrument was flat.
  var largest: [Double]
  /// The row of the last closed bar of each instrument, or -1.
  var lastRows: [Int]
  /// Units that all orders took from each bar of each instrument.
  var taken: [[Double]]
  var orders: [SimulatedOrder] = []
  /// The numbers of the orders that the script itself submitted.
  var scripted: [Int] = []
  var standing: [ScriptedRequest.Stated?]
  /// Money that the closing orders of the decision under way will free, by the order's number.
  var freedBy: [Int: Double] = [:]
  /// The account's sessions, and the close of the base point.
  let sessions: [(date: CivilDate, end: Timestamp)]
  let baseTime: Timestamp
  let actions: [SimulatedAction]
  let funding: [Int: [(time: Timestamp, rate: Double)]]
  let quotes: [Int: [(time: Timestamp, spread: Double)]]
  var contracts: [SimulatedContract]
  /// Dividends that are booked and not paid yet.
  /// Each in the currency of its instrument.
  var pending: [(time: Timestamp, amount: Double, instrument: Int)] = []
  var delisted: Set<Int> = []
  var isRuined = false
  /// Positions as the exits of the run see them.
  var holdings: [SimulatedHolding]
  /// Exits that began or moved inside the bar under way.
  var wokenExits: Set<Int> = []
  /// What the limits of the run remember.
  var watch = SimulatedGuard()
  var breaches: [String] {
    get { tape.breaches }
    set { tape.breaches = newValue }
  }
  var turns = 0
  var tape = SimulationTape()

  init(_ scenario: Scenario) {
    bars = scenario.market.map { series in (0..<series.count).map { series[$0] } }
    finer = Dictionary(
      uniqueKeysWithValues: scenario.market.indices.map { place in
        (place, scenario.finer[place].map { parts in (0..<parts.count).map { parts[$0] } } ?? [])
      })
    instruments = scenario.market.map(\.instrument)
    calendars = scenario.market.map { $0.calendar ?? AlwaysOpenCalendar() }
    hasVolume = bars.map { rows in rows.contains { $0.volume > 0 } }
    barsPerSession = scenario.market.map { series in
      if case .intraday(let seconds) = series.timeframe { 86_400 / Double(seconds) } else { 1 }
    }
    rules = scenario.rules
    script = scenario.script
    home = scenario.rules.cash
    currencies = SimulatedCurrencies(scenario)
    watch.peak = home
    quantities = bars.map { _ in 0 }
    marks = bars.map { _ in 0 }
    largest = marks
    lastRows = bars.map { _ in -1 }
    taken = bars.map { rows in rows.map { _ in 0 } }
    standing = bars.map { _ in nil }
    holdings = bars.map { _ in SimulatedHolding() }
    let closes = Set(bars.flatMap { $0.map(\.closeTime) }).sorted()
    baseTime = closes[min(max(0, scenario.rules.warmup - 1), closes.count - 1)]
    let days = (closes.last! - closes[0]).nanoseconds / 86_400_000_000_000
    sessions = MarketSimulator.accountSessions(
      calendars, from: closes[0].utcDate.adding(days: -3), count: Int(days) + 20)
    actions = MarketSimulator.actions(of: scenario.market)
    (funding, quotes) = (scenario.funding, scenario.quotes)
    contracts = bars.map { _ in SimulatedContract() }
  }

  /// Plays the whole market.
  static func play(_ scenario: Scenario) -> SimulationTape {
    var simulator = MarketSimulator(scenario)
    simulator.play()
    return simulator.tape
  }
}

// MARK: - The order of events (part 4)

extension MarketSimulator {
  private mutating func play() {
    let closes = Set(bars.flatMap { $0.map(\.closeTime) }).sorted()
    let moments = Set(bars.flatMap { $0.flatMap { [$0.openTime, $0.closeTime] } }).sorted()
    let end = closes.last!
    while let next = nextMoment(of: moments), next <= end {
      now = next
      let instant = closes.firstIndex(of: now)
      if instant != nil { closeBars() }
      if isRuined { break }
      endSessions()
      endAccountSession()
      payFunding()
      if instant != nil, rules.terms.checksBars { checkMargin() }
      if instant != nil { ruinIfBroke() }
      if isRuined { break }
      if let instant {
        if instant >= rules.warmup { decide(instant) } else { ignore(instant) }
      }
      arrive()
      closeEndedSeries(end)
      if let instant, instant > max(0, rules.warmup - 1) { ruinIfBroke() }
      if isRuined { break }
      if let instant { takeEquityPoint(instant) }
      act(before: end)
      openBars()
    }
    finish(closes)
  }

  /// The next time at which anything happens.
  private func nextMoment(of moments: [Timestamp]) -> Timestamp? {
    var times = moments + sessions.map(\.end) + actions.map(\.time) + pending.map(\.time)
    times += funding.values.joined().map(\.time)
    for order in orders where !order.hasEnded {
      if !order.isLive { times.append(order.liveAt) }
      if let expiry = order.expiry { times.append(expiry) }
    }
    return times.filter { $0 > now }.min()
  }

  /// Phase 1: orders are matched along the bars' paths, instrument after instrument, each marked to
  /// its close; then those that wait for the close, in order of submission.
  private mutating func closeBars() {
    currencies.isInsideBar = true
    defer { currencies.isInsideBar = false }
    for instrument in bars.indices {
      guard let row = closingRow(instrument) else { continue }
      matchPath(instrument, row)
      marks[instrument] = bars[instrument][row].close
      lastRows[instrument] = row
    }
    currencies.isInsideBar = false
    let waiting = inTurn.filter { index in
      let order = orders[index]
      guard !order.hasEnded, order.isLive, order.liveAt < now, !order.isLiquidation,
        closingRow(order.instrument) != nil, !(order.isOther && isAsleep(order))
      else { return false }
      return order.kind == .marketOnClose
        || rules.marketFill == .nextClose && order.kind == .market
    }
    let moments = waiting.filter { orders[$0].isImmediate && !isAsleep(orders[$0]) }
    for index in waiting where !orders[index].hasEnded {
      let instrument = orders[index].instrument
      guard let row = closingRow(instrument), isTraded(instrument, row) else { continue }
      trade(index, row, at: bars[instrument][row].close, isIntrabar: true, isAtClose: true)
    }
    endMoments(moments)
    ruinIfBroke()
  }

  /// Phase 2: DAY orders expire.
  private mutating func endSessions() {
    for index in orders.indices where !orders[index].hasEnded && orders[index].expiry == now {
      end(index, .expired)
    }
  }

  /// Positions of series that end before the run does, when they are to be closed: after the
  /// decision, as far as the bar's volume goes.
  private mutating func closeEndedSeries(_ end: Timestamp) {
    guard rules.closesEndedSeries else { return }
    for instrument in bars.indices {
      guard let row = closingRow(instrument), row == bars[instrument].count - 1, now < end,
        quantities[instrument] != 0
      else { continue }
      var order = register(
        Order(InstrumentID(instrument), quantity: -quantities[instrument]), group: 0)
      order.isLive = true
      tape.internalOrders.insert(order.number - 1)
      orders[orders.count - 1] = order
      _ = remember(orders.count - 1)
      guard isTraded(instrument, row) else { continue }
      trade(orders.count - 1, row, at: bars[instrument][row].close, isIntrabar: true)
    }
  }

  /// Phase 5: orders become live; under `same-close` market orders fill here.
  private mutating func arrive() {
    for index in orders.indices {
      guard !orders[index].hasEnded, !orders[index].isLive, orders[index].liveAt == now else {
        continue
      }
      orders[index].isLive = true
      let instrument = orders[index].instrument
      if !remember(index) {
        end(index, .rejected(.noHistory))
        continue
      }
      if orders[index].parent == 0 {
        if case .trailingStop = orders[index].kind {
          orders[index].best = bars[instrument][lastRows[instrument]].close
        }
        if orders[index].isPostOnly, let limit = orders[index].kind.limitPrice,
          crosses(orders[index], limit)
        {
          end(index, .rejected(.postOnly))
          continue
        }
      }
      step(index, "accepted")
      switch orders[index].timeInForce {
      case .day: orders[index].expiry = calendars[instrument].sessionClosing(after: now)?.close
      case .goodTil(let time): orders[index].expiry = time
      default: break
      }
      if let expiry = orders[index].expiry, expiry <= now {
        end(index, .expired)
        continue
      }
      if rules.marketFill == .sameClose, orders[index].kind == .market,
        let row = closingRow(instrument), isTraded(instrument, row)
      {
        trade(index, row, at: bars[instrument][row].close, isIntrabar: true, isAtClose: true)
      }
      if rules.marketFill == .sameClose, orders[index].kind == .market,
        closingRow(instrument) != nil,
        orders[index].isImmediate, !isAsleep(orders[index]), !orders[index].hasEnded
      {
        end(index, .expired)
      }
    }
  }

  /// Part 4: during warm-up the strategy sees bars and may not order.
  private mutating func ignore(_ instant: Int) {
    for request in script[instant] ?? [] {
      scripted += Array(repeating: 0, count: request.orderCount)
    }
  }

  private mutating func takeEquityPoint(_ instant: Int) {
    let base = max(0, rules.warmup - 1)
    // The base point is the initial capital, before the costs of the first decision (part 7).
    if instant == base { tape.equity.append(rules.cash) }
    if instant > base { tape.equity.append(equity) }
  }

  /// Phase 7: live orders are matched at the opens, in order of submission over all instruments.
  private mutating func openBars() {
    // What answers a margin call comes first.
    let turns =
      inTurn.filter { orders[$0].isLiquidation } + inTurn.filter { !orders[$0].isLiquidation }
    let waiting = turns.filter { openingRow(orders[$0].instrument) != nil }
    let moments = waiting.filter { index in
      let order = orders[index]
      guard order.isImmediate, order.isLive, !order.hasEnded, !isAsleep(order) else { return false }
      switch stance(order) {
      case .market(let alwaysAtOpen): return alwaysAtOpen || rules.marketFill != .nextClose
      case .limit: return true
      default: return false
      }
    }
    // Each is looked at as it was when the bell rang.
    let live = Set(
      waiting.filter {
        orders[$0].liveAt <= now && orders[$0].isLive
          && !(orders[$0].isOther && isAsleep(orders[$0]))
      })
    for index in waiting where live.contains(index) {
      guard let row = openingRow(orders[index].instrument) else { continue }
      matchOpen(index, row)
    }
    endMoments(moments)
  }

  private mutating func finish(_ closes: [Timestamp]) {
    let base = max(0, rules.warmup - 1)
    if isRuined {
      let points = max(1, closes.count - base)
      if tape.equity.isEmpty { tape.equity.append(rules.cash) }
      while tape.equity.count < points { tape.equity.append(0) }
    }
    if tape.equity.isEmpty { tape.equity.append(rules.cash) }
    for index in orders.indices where !orders[index].hasEnded { end(index, .stillLive) }
    settleContracts(isLast: true)
    tape.cash = cash
    tape.quantities = quantities
  }

  /// Part 13: at or below zero, positions close at their marks without costs, a deficit is written
  /// off, and what still waits is refused.
  private mutating func ruinIfBroke() {
    guard equity <= 0, !isRuined else { return }
    isRuined = true
    for payment in pending { receive(payment.amount, of: payment.instrument) }
    pending = []
    for index in orders.indices where !orders[index].hasEnded { end(index, .rejected(.ruined)) }
    rules.costs = SimulatedCosts()
    rules.costsOf = [:]
    rules.participation = nil
    for instrument in bars.indices where quantities[instrument] != 0 {
      let order = register(
        Order(InstrumentID(instrument), quantity: -quantities[instrument]), group: 0)
      tape.internalOrders.insert(order.number - 1)
      book(
        abs(quantities[instrument]), order.number - 1, lastRows[instrument], marks[instrument],
        isIntrabar: true, isCut: false, isCostless: true)
    }
    home = 0
    contracts = contracts.map { _ in SimulatedContract() }
    currencies.balances = currencies.balances.map { _ in 0 }
  }
}
