public import BacktestCore
internal import Glibc

/// Simple returns with what it takes to measure them: their dates, the bars of a year, and the
/// rates against which they are held.
///
///     let sample = try ReturnsSample(equity: [100, 90, 95, 99], barsPerYear: 252)
///     PerformanceMetrics(sample).maxDrawdown   // -0.10: the base point counts
///
/// An account at or below zero is ruined: that return is -100 %, every later one 0.
public struct ReturnsSample: Hashable, Sendable {
  /// Simple returns, one for each bar after the base point, as fractions.
  public let returns: [Double]
  /// The account's value at the base point and after each return, in money or, when only returns
  /// were given, from 1; 0 from the ruin on.
  public let wealth: [Double]
  /// The session date of each point, the base point first.
  public let pointDates: [CivilDate]?
  /// Bars in a year, from the calendar; without it everything annual is `nil`.
  public let barsPerYear: Double?
  /// What money earns without risk.
  public let riskFree: RiskFreeRate
  /// The return a year below which a bar counts as a loss for Sortino, Omega and Kappa.
  public let minimumAcceptableReturn: Double
  /// The point at which the account had nothing left, counted from the base point 0.
  public let ruinedAt: Int?

  /// A sample of simple returns.
  ///
  /// - Parameters:
  ///   - returns: fractions, 0.01 for 1 %.
  ///   - pointDates: the date of the base point, then of each return; ascending, repeats allowed.
  ///   - barsPerYear: from the calendar, such as 252; `nil` when there is none.
  ///   - riskFree: taken off each return for Sharpe's and related ratios.
  ///   - minimumAcceptableReturn: a year, as a fraction.
  /// - Throws: `EvidenceError` when a number is not finite, a rate is not a rate, or the dates do
  ///   not fit.
  public init(
    returns: [Double], pointDates: [CivilDate]? = nil, barsPerYear: Double?,
    riskFree: RiskFreeRate = .zero, minimumAcceptableReturn: Double = 0
  ) throws(EvidenceError) {
    if let row = returns.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(what: "return", row: row)
    }
    var wealth = [1.0]
    wealth.reserveCapacity(returns.count + 1)
    var value = 1.0
    for one in returns {
      value *= 1 + one
      wealth.append(value)
    }
    try self.init(
      returns: returns, wealth: wealth, pointDates: pointDates, barsPerYear: barsPerYear,
      riskFree: riskFree, minimumAcceptableReturn: minimumAcceptableReturn)
  }

  /// A sample of the returns between neighbouring points of an equity series.
  ///
  /// - Parameters:
  ///   - equity: the account's value, or a price, at the base point and after each bar.
  ///   - pointDates: one date for each point.
  ///   - barsPerYear: from the calendar, such as 252; `nil` when there is none.
  ///   - riskFree: taken off each return for Sharpe's and related ratios.
  ///   - minimumAcceptableReturn: a year, as a fraction.
  /// - Throws: `EvidenceError` when a number is not finite, the base is not positive, a rate is not
  ///   a rate, or the dates do not fit.
  public init(
    equity: [Double], pointDates: [CivilDate]? = nil, barsPerYear: Double?,
    riskFree: RiskFreeRate = .zero, minimumAcceptableReturn: Double = 0
  ) throws(EvidenceError) {
    if let row = equity.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(what: "equity point", row: row)
    }
    guard let base = equity.first else {
      throw .lengthMismatch(what: "equity", expected: 1, found: 0)
    }
    guard base > 0 else { throw .baseNotPositive(base) }
    try self.init(
      returns: simpleReturns(ofEquity: equity), wealth: equity, pointDates: pointDates,
      barsPerYear: barsPerYear, riskFree: riskFree,
      minimumAcceptableReturn: minimumAcceptableReturn)
  }

  private init(
    returns: [Double], wealth: [Double], pointDates: [CivilDate]?, barsPerYear: Double?,
    riskFree: RiskFreeRate, minimumAcceptableReturn: Double
  ) throws(EvidenceError) {
    try ReturnsSample.check(dates: pointDates, count: wealth.count)
    try ReturnsSample.check(riskFree, count: returns.count)
    if let barsPerYear, !(barsPerYear > 0 && barsPerYear.isFinite) {
      throw .invalidBarsPerYear(barsPerYear)
    }
    guard minimumAcceptableReturn > -1, minimumAcceptableReturn.isFinite else {
      throw .invalidRate(what: "the minimum acceptable return", value: minimumAcceptableReturn)
    }
    self.pointDates = pointDates
    self.barsPerYear = barsPerYear
    self.riskFree = riskFree
    self.minimumAcceptableReturn = minimumAcceptableReturn
    ruinedAt = wealth.firstIndex { $0 <= 0 }
    if let ruinedAt {
      self.returns = ruined(returns, at: ruinedAt - 1)
      self.wealth = wealth[..<ruinedAt] + Array(repeating: 0, count: wealth.count - ruinedAt)
    } else {
      self.returns = returns
      self.wealth = wealth
    }
  }

  private static func check(dates: [CivilDate]?, count: Int) throws(EvidenceError) {
    guard let dates else { return }
    guard dates.count == count else {
      throw .lengthMismatch(
        what: "dates of the points, base included", expected: count, found: dates.count)
    }
    for row in dates.indices.dropFirst() where dates[row] < dates[row - 1] {
      throw .datesNotAscending(row: row)
    }
  }

  private static func check(_ riskFree: RiskFreeRate, count: Int) throws(EvidenceError) {
    switch riskFree {
    case .annual(let rate), .perBar(let rate):
      guard rate > -1, rate.isFinite else {
        throw .invalidRate(what: "the risk-free rate", value: rate)
      }
    case .series(let rates):
      guard rates.count == count else {
        throw .lengthMismatch(what: "risk-free rates", expected: count, found: rates.count)
      }
      if let row = rates.firstIndex(where: { !($0 > -1 && $0.isFinite) }) {
        throw .notFinite(what: "risk-free rate", row: row)
      }
    }
  }
}

extension ReturnsSample {
  /// The number of returns.
  public var count: Int { returns.count }

  /// The minimum acceptable return of one bar; `nil` where it is not 0 and there is no calendar.
  var minimumPerBar: Double? {
    RiskFreeRate.perBar(ofAnnual: minimumAcceptableReturn, barsPerYear: barsPerYear)
  }

  /// Whether a rate of a year is given that cannot be turned into one of a bar.
  var hasAnnualRateWithoutCalendar: Bool {
    minimumPerBar == nil || riskFree.meanPerBar(barsPerYear: barsPerYear) == nil
  }
}

/// Simple returns between neighbouring points; 0 where nothing was left before.
func simpleReturns(ofEquity equity: [Double]) -> [Double] {
  zip(equity, equity.dropFirst()).map { before, after in before > 0 ? after / before - 1 : 0 }
}

/// Returns of an account that lost everything in a row: -100 % there, 0 after it.
func ruined(_ returns: [Double], at row: Int) -> [Double] {
  returns[..<row] + [-1] + Array(repeating: 0, count: returns.count - row - 1)
}

/// What money earns without risk; it is taken off each return before Sharpe's and its relatives'
/// ratios.
public enum RiskFreeRate: Hashable, Sendable {
  /// A rate a year, 0.02 for 2 %; a bar earns (1 + rate)^(1/B) - 1 where a year has B bars.
  case annual(Double)
  /// A rate a bar, the same for every bar.
  case perBar(Double)
  /// The rate of each bar, one for each return.
  case series([Double])

  /// Nothing.
  public static let zero = RiskFreeRate.annual(0)

  /// The rate a bar, or its mean for a series; `nil` where an annual rate meets no calendar.
  func meanPerBar(barsPerYear: Double?) -> Double? {
    switch self {
    case .annual(let rate): RiskFreeRate.perBar(ofAnnual: rate, barsPerYear: barsPerYear)
    case .perBar(let rate): rate
    case .series(let rates):
      rates.isEmpty ? nil : rates.compensatedSum { $0 } / Double(rates.count)
    }
  }

  /// The rate a year that compounds from the rate a bar.
  func compoundedAnnual(barsPerYear: Double) -> Double? {
    switch self {
    case .annual(let rate): rate
    case .perBar(let rate): expm1(barsPerYear * log1p(rate))
    case .series(let rates):
      rates.isEmpty
        ? nil
        : expm1(barsPerYear / Double(rates.count) * rates.compensatedSum { log1p($0) })
    }
  }

  /// (1 + rate)^(1/B) - 1, without the digits that a power near 1 loses.
  static func perBar(ofAnnual rate: Double, barsPerYear: Double?) -> Double? {
    if rate == 0 { return 0 }
    return barsPerYear.map { expm1(log1p(rate) / $0) }
  }
}

/// Returns compounded by calendar month and year of their session dates.
///
/// The first and last period may be incomplete. A month without a return is not listed.
public struct CalendarReturns: Hashable, Sendable {
  /// The return of one month or year.
  public struct Period: Hashable, Sendable {
    /// The year.
    public var year: Int
    /// The month from 1 to 12; `nil` for a whole year.
    public var month: Int?
    /// The compounded return, as a fraction.
    public var value: Double
  }

  /// The months in order of time.
  public private(set) var months: [Period] = []
  /// The years in order of time.
  public private(set) var years: [Period] = []

  /// The months and years of a sample, or `nil` when it has no dates.
  public init?(_ sample: ReturnsSample) {
    guard let dates = sample.pointDates else { return nil }
    months = CalendarReturns.periods(sample.wealth, dates) { ($0.year, $0.month) }
    years = CalendarReturns.periods(sample.wealth, dates) { ($0.year, nil) }
  }

  /// The return of a month, or `nil` when it has none.
  public subscript(year: Int, month: Int) -> Double? {
    months.first { $0.year == year && $0.month == month }?.value
  }

  /// The return of a year, or `nil` when it has none.
  public subscript(year: Int) -> Double? { years.first { $0.year == year }?.value }

  /// The table with a row for each year: its twelve months, then the year.
  public var table: [(year: Int, months: [Double?], total: Double)] {
    years.map { year in
      var row = [Double?](repeating: nil, count: 12)
      for period in months where period.year == year.year {
        if let month = period.month { row[month - 1] = period.value }
      }
      return (year.year, row, year.value)
    }
  }

  private static func periods(
    _ wealth: [Double], _ dates: [CivilDate], by key: (CivilDate) -> (Int32, Int8?)
  ) -> [Period] {
    var found: [Period] = []
    var start = 0
    for point in wealth.indices.dropFirst() {
      let (year, month) = key(dates[point])
      let isLast =
        point + 1 == wealth.count || key(dates[point + 1]).0 != year
        || key(dates[point + 1]).1 != month
      guard isLast else { continue }
      let base = wealth[start]
      let value = base > 0 ? wealth[point] / base - 1 : 0
      found.append(Period(year: Int(year), month: month.map(Int.init), value: value))
      start = point
    }
    return found
  }
}
