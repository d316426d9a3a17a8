import BacktestCore

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
