public import BacktestCore

/// Returns by date, from wherever they come: another engine, a fund, an account statement.
///
///     let returns = try DatedReturns("Fund", dates: dates, returns: [0.012, -0.004, 0.007])
///     try Report(returns).write(to: "fund.html")
///
/// The calendar follows from the dates: that of the New York Stock Exchange where all of them are
/// its sessions, else weekdays, else every day. So does the length of the bars, from the usual
/// distance of two dates.
public struct DatedReturns: Sendable {
  /// What returned them.
  public let name: String
  /// The dates, strictly ascending.
  public let dates: [CivilDate]
  /// The simple return of each date as a fraction, -1 or more.
  public let returns: [Double]
  /// When the market was open.
  public let calendar: any TradingCalendar
  /// How far returns are apart.
  public let timeframe: Timeframe

  /// Returns from their parts.
  ///
  /// - Throws: `EvidenceError` where there are none, the lengths differ, dates do not ascend, or a
  ///   return is not finite or below -1.
  public init(_ name: String, dates: [CivilDate], returns: [Double]) throws(EvidenceError) {
    guard !returns.isEmpty else { throw .tooFewValues(0, needed: 1, for: "a report of returns") }
    guard dates.count == returns.count else {
      throw .lengthMismatch(what: "dates of returns", expected: returns.count, found: dates.count)
    }
    for (row, value) in returns.enumerated() {
      guard value.isFinite else { throw .notFinite(what: "return", row: row) }
      guard value >= -1 else {
        throw .invalidRate(what: "the return of \(dates[row])", value: value)
      }
    }
    for row in dates.indices.dropFirst() where dates[row] <= dates[row - 1] {
      throw dates[row] == dates[row - 1] ? .repeatedDate(row: row) : .datesNotAscending(row: row)
    }
    self.name = name
    self.dates = dates
    self.returns = returns
    timeframe = Self.timeframe(of: dates)
    calendar = Self.calendar(of: dates)
  }

  /// The date before the first, from which the first return is measured.
  package var baseDate: CivilDate {
    let monthStart = dates[0].adding(days: 1 - Int(dates[0].day))
    let first =
      switch timeframe {
      case .week: dates[0].adding(days: -7)
      // The end of the month before, or of the last month of the quarter before.
      case .month: monthStart.adding(days: -1)
      case .quarter: monthStart.adding(months: -2).adding(days: -1)
      case .year: dates[0].adding(months: -12)
      case .intraday, .session: dates[0].adding(days: -1)
      }
    return (0..<30).lazy.map { first.adding(days: -$0) }
      .first { calendar.session(on: $0) != nil } ?? first
  }

  /// The value of one unit of money, from the base date on.
  package var wealth: [Double] {
    var value = 1.0
    return [1]
      + returns.map { one in
        value *= 1 + one
        return value
      }
  }

  /// The returns as a benchmark for others.
  ///
  /// - Throws: `EvidenceError` where everything is lost.
  public func benchmark() throws(EvidenceError) -> BenchmarkCurve {
    try BenchmarkCurve(
      name, dates: [baseDate] + dates, prices: wealth,
      pricesPerYear: timeframe.barsPerYear(in: calendar))
  }

  private static func timeframe(of dates: [CivilDate]) -> Timeframe {
    let gaps = zip(dates, dates.dropFirst()).map { $1.daysSinceEpoch - $0.daysSinceEpoch }.sorted()
    guard !gaps.isEmpty else { return .session }
    switch gaps[gaps.count / 2] {
    case ..<5: return .session
    case ..<15: return .week
    case ..<60: return .month
    case ..<200: return .quarter
    default: return .year
    }
  }

  private static func calendar(of dates: [CivilDate]) -> any TradingCalendar {
    let exchange = NewYorkStockExchangeCalendar()
    if dates.allSatisfy({ exchange.session(on: $0) != nil }) { return exchange }
    if dates.allSatisfy({ $0.weekday.rawValue <= 5 }) { return WeekdaysCalendar() }
    return AlwaysOpenCalendar()
  }
}
