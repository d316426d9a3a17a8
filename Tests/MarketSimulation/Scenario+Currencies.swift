import BacktestCore

extension Scenario {
  /// Some instruments are in other currencies, whose rates move at hours of their own.
  mutating func drawCurrencies(_ random: inout Randomness) throws {
    for place in market.indices where !random.oneIn(3) {
      market[place].instrument.currency = random.pick(["EUR", "EUR", "GBP"])
    }
    rules.holdsCurrencies = random.oneIn(2)
    if !rules.holdsCurrencies { rules.conversionPoints = random.pick([0, 3, 50]) }
    rates = try [("EURUSD", 1.1), ("USDGBP", 0.8)].map { symbol, start in
      try Self.rates(symbol, from: start, &random)
    }
  }

  /// Rates of a pair from before the first bar to after the last.
  private static func rates(
    _ symbol: String, from start: Double, _ random: inout Randomness
  ) throws -> BarSeries {
    let step = random.pick([TimeSpan.days(1), .hours(8), .hours(7), .days(3)])
    let first = Timestamp(seconds: 1_704_067_200) - .days(5)
    let count = Int(TimeSpan.days(90).nanoseconds / step.nanoseconds)
    let opens = (0..<count).map {
      first + TimeSpan(nanoseconds: step.nanoseconds * Int64($0))
    }
    var rate = start
    let closes = opens.map { _ in
      let move = Double(random.nextInteger(below: 21) - 10) / (random.oneIn(12) ? 100 : 1_000)
      rate *= 1 + move
      return rate
    }
    return try BarSeries(
      instrument: Instrument(symbol: symbol, assetClass: .forex), timeframe: .session,
      calendar: AlwaysOpenCalendar(), openTimes: Column(opens),
      closeTimes: Column(opens.map { $0 + step }), open: Column(closes), high: Column(closes),
      low: Column(closes), close: Column(closes))
  }
}
