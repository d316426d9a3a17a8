import BacktestCore

extension Scenario {
  /// In some scenarios instruments are futures or perpetual contracts.
  ///
  /// Nothing happens to their shares, because they have none; futures roll.
  mutating func drawContracts(_ random: inout Randomness) throws {
    for place in market.indices where !random.oneIn(3) {
      market[place] = try market[place].withoutActions
      let isPerpetual = random.oneIn(2)
      market[place].instrument.assetClass = isPerpetual ? .perpetual : .future
      if isPerpetual { drawFunding(place, &random) }
    }
    let futures = market.indices.filter { market[$0].instrument.assetClass == .future }
    guard futures.count > 1, random.oneIn(2) else { return }
    let (old, new) = (futures[0], market[futures[1]].instrument.symbol)
    // Contracts that roll into one another trade in the same lots.
    market[futures[1]].instrument.lotSize = market[old].instrument.lotSize
    let series = market[old]
    let date = series.openTimes[random.nextInteger(below: series.count)].utcDate
    let roll = CorporateAction(series.instrument.symbol, on: date, .roll(into: new))
    market[old] = (try? series.adding([roll])) ?? series
  }

  /// Rates at fixed times, or at some of them, which often are the ends of sessions.
  private mutating func drawFunding(_ place: Int, _ random: inout Randomness) {
    let step = random.pick([8, 8, 24, 5])
    let skips = random.oneIn(3)
    let start = Timestamp(seconds: 1_704_067_200)
    for count in 0..<Int64(80 * 24 / step) where !(skips && random.oneIn(2)) {
      let rate = Double(random.nextInteger(below: 13) - 6) / 2_000
      funding[place, default: []].append((start + .hours(count * Int64(step)), rate))
    }
  }

  /// In some scenarios the bid-ask spread is quoted, at hours of its own.
  mutating func drawQuotes(_ random: inout Randomness) {
    let step = random.pick([24, 8, 7, 50])
    for place in market.indices {
      let first =
        Timestamp(seconds: 1_704_067_200) + .hours(Int64(random.pick([-48, -48, 30, 100])))
      quotes[place] = (0..<Int64(90 * 24 / step)).map { count in
        (first + .hours(count * Int64(step)), Double(random.nextInteger(below: 9)) / 12)
      }
    }
    let slippage = SimulatedCosts.Slippage.quotedSpread(random.pick([1, 0.5, 1.5]))
    if rules.costsOf.isEmpty || random.oneIn(2) { rules.costs.slippage = slippage }
    for place in rules.costsOf.keys.sorted() where random.oneIn(2) {
      rules.costsOf[place]?.slippage = slippage
    }
  }
}

extension Scenario {
  /// In some scenarios bars of some instruments have finer ones inside.
  mutating func drawFinerBars(_ random: inout Randomness) throws {
    for place in market.indices where !random.oneIn(3) {
      let series = market[place]
      var parts: [Bar] = []
      for row in 0..<series.count where !random.oneIn(4) {
        parts += Self.parts(of: series[row], &random)
      }
      guard !parts.isEmpty else { continue }
      finer[place] = try BarSeries(
        instrument: series.instrument, timeframe: series.timeframe, calendar: series.calendar,
        openTimes: Column(parts.map(\.openTime)), closeTimes: Column(parts.map(\.closeTime)),
        open: Column(parts.map(\.open)), high: Column(parts.map(\.high)),
        low: Column(parts.map(\.low)), close: Column(parts.map(\.close)))
    }
  }

  /// Some equal spans of a bar, with prices on a grid between its low and its high.
  private static func parts(of bar: Bar, _ random: inout Randomness) -> [Bar] {
    let count = 1 + random.nextInteger(below: 4)
    let step = (bar.closeTime - bar.openTime).nanoseconds / Int64(count)
    let grid = max(1, Int(((bar.high - bar.low) * 4).rounded()))
    func price() -> Double {
      min(bar.high, bar.low + Double(random.nextInteger(below: grid + 1)) / 4)
    }
    var before = bar.open
    return (0..<count).map { place in
      let open = random.oneIn(3) ? price() : before
      let prices = [open, price(), price()]
      before = random.pick(prices)
      let start = bar.openTime + TimeSpan(nanoseconds: step * Int64(place))
      return Bar(
        instrument: bar.instrument, openTime: start,
        closeTime: start + TimeSpan(nanoseconds: step), open: open, high: prices.max()!,
        low: prices.min()!, close: before, volume: .nan)
    }
  }
}

extension Scenario {
  /// The market as the engine takes it.
  var universe: Universe {
    get throws {
      let series = try market.enumerated().map { place, series in
        let payments = funding[place] ?? []
        let detailed = try finer[place].map { try series.detailed(by: $0) } ?? series
        return try detailed.adding(
          funding: payments.map { FundingRate(time: $0.time, rate: $0.rate) })
      }
      let references = try quotes.sorted { $0.key < $1.key }.map { place, quotes in
        try ReferenceSeries(
          name: market[place].instrument.symbol + ".spread",
          knownTimes: Column(quotes.map(\.time)), values: Column(quotes.map(\.spread)))
      }
      return try Universe(series).with(rates: rates).with(references: references)
        .stressed(by: stresses, seed: seed)
    }
  }
}
