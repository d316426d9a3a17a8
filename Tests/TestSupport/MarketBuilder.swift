package import BacktestCore

/// Small markets written down bar by bar.
package enum MarketBuilder {
  /// Open, high, low, close.
  package typealias Prices = (Double, Double, Double, Double)

  /// Midnight of 2024-01-01, a Monday.
  package static let start = Timestamp(seconds: 1_704_067_200)

  /// A series in a market that never closes: each bar opens when the one before it closes.
  package static func series(
    _ prices: [Prices], symbol: String = "A", volume: [Double]? = nil,
    every step: TimeSpan = .days(1), from start: Timestamp = start,
    assetClass: AssetClass = .equity, lot: Instrument.LotSize = .standard, tick: Double? = nil,
    multiplier: Double = 1, currency: String? = nil,
    calendar: (any TradingCalendar)? = AlwaysOpenCalendar(),
    allowsNonPositivePrices: Bool = false
  ) throws -> BarSeries {
    let opens = prices.indices.map {
      Timestamp(nanoseconds: start.nanoseconds + Int64($0) * step.nanoseconds)
    }
    return try series(
      prices, volume: volume, times: opens.map { ($0, $0 + step) },
      timeframe: step == .days(1)
        ? .session : .intraday(seconds: Int(step.nanoseconds / 1_000_000_000)),
      instrument: Instrument(
        symbol: symbol, currency: currency, assetClass: assetClass, tickSize: tick, lotSize: lot,
        multiplier: multiplier),
      calendar: calendar, allowsNonPositivePrices: allowsNonPositivePrices)
  }

  /// A daily series on the sessions of a calendar from a date on.
  package static func sessions(
    _ prices: [Prices], symbol: String = "A", volume: [Double]? = nil, from date: String,
    calendar: any TradingCalendar = NewYorkStockExchangeCalendar(),
    lot: Instrument.LotSize = .standard
  ) throws -> BarSeries {
    let first = CivilDate(date)!
    let days = calendar.sessions(from: first, through: first.adding(days: 2 * prices.count + 10))
    return try series(
      prices, volume: volume, times: days.prefix(prices.count).map { ($0.open, $0.close) },
      timeframe: .session, instrument: Instrument(symbol: symbol, lotSize: lot),
      calendar: calendar)
  }

  /// A series from rows and their times.
  package static func series(
    _ prices: [Prices], volume: [Double]?,
    times: [(open: Timestamp, close: Timestamp)], timeframe: Timeframe, instrument: Instrument,
    calendar: (any TradingCalendar)?, allowsNonPositivePrices: Bool = false
  ) throws -> BarSeries {
    try BarSeries(
      instrument: instrument, timeframe: timeframe, calendar: calendar,
      openTimes: Column(times.map(\.open)), closeTimes: Column(times.map(\.close)),
      open: Column(prices.map(\.0)), high: Column(prices.map(\.1)), low: Column(prices.map(\.2)),
      close: Column(prices.map(\.3)), volume: volume.map { Column($0) },
      allowsNonPositivePrices: allowsNonPositivePrices)
  }

  /// Bars without movement.
  package static func flat(_ price: Double, count: Int) -> [Prices] {
    Array(repeating: (price, price, price, price), count: count)
  }

  /// A daily date of the S&P 500 fixture with its bars.
  package static func standardAndPoors500(lot: Instrument.LotSize = .standard) throws -> BarSeries {
    let rows = try Fixture.table("prices/sp500.csv").dropFirst()
    let calendar = NewYorkStockExchangeCalendar()
    let times = rows.map { row in
      let session = calendar.session(on: CivilDate(String(row[0]))!)!
      return (open: session.open, close: session.close)
    }
    let prices = rows.map { row -> Prices in
      (Double(row[1])!, Double(row[2])!, Double(row[3])!, Double(row[4])!)
    }
    return try series(
      prices, volume: rows.map { Double($0[6])! }, times: times, timeframe: .session,
      instrument: Instrument(symbol: "SPX", assetClass: .index, lotSize: lot), calendar: calendar)
  }
}
