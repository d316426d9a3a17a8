public import BacktestCore

/// The returns of an account beside those of a benchmark on the same days.
///
///     let aligned = try AlignedReturns(sample, benchmarkPrices: closes, dates: sessions)
///     PerformanceMetrics(sample, benchmark: aligned).value(of: "beta")
public struct AlignedReturns: Hashable, Sendable {
  /// The account's returns on common days.
  public let returns: [Double]
  /// The benchmark's returns on the same days.
  public let benchmark: [Double]
  /// The row of each common day in the account's sample.
  public let rows: [Int]
  /// Days on which the account has a return and the benchmark has none.
  public let droppedReturns: Int
  /// Days, from the account's base point to its end, on which only the benchmark has a return.
  public let droppedBenchmark: Int

  /// Two columns that already stand day by day.
  ///
  /// - Throws: `ReturnsError.lengthMismatch` or `.notFinite`.
  public init(returns: [Double], benchmark: [Double]) throws(ReturnsError) {
    guard returns.count == benchmark.count else {
      throw .lengthMismatch(
        what: "benchmark returns", expected: returns.count, found: benchmark.count)
    }
    for (what, column) in [("return", returns), ("benchmark return", benchmark)] {
      if let row = column.firstIndex(where: { !$0.isFinite }) {
        throw .notFinite(what: what, row: row)
      }
    }
    self.returns = returns
    self.benchmark = benchmark
    rows = Array(returns.indices)
    droppedReturns = 0
    droppedBenchmark = 0
  }

  /// The days common to a dated sample and a benchmark's prices.
  ///
  /// The benchmark's returns are taken between its own neighbouring prices first, beginning with
  /// its last price on or before the sample's base date; only then are days matched.
  ///
  /// - Parameters:
  ///   - sample: returns with dates, at most one a day.
  ///   - benchmarkPrices: positive prices or index levels.
  ///   - dates: the session date of each price, strictly ascending.
  /// - Throws: `ReturnsError` when a column does not fit or a date stands twice.
  public init(
    _ sample: ReturnsSample, benchmarkPrices: [Double], dates: [CivilDate]
  ) throws(ReturnsError) {
    guard let pointDates = sample.pointDates else {
      throw .lengthMismatch(what: "dates of the points", expected: sample.wealth.count, found: 0)
    }
    guard dates.count == benchmarkPrices.count else {
      throw .lengthMismatch(
        what: "benchmark dates", expected: benchmarkPrices.count, found: dates.count)
    }
    if let row = benchmarkPrices.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw .notFinite(what: "benchmark price", row: row)
    }
    try AlignedReturns.checkOneADay(dates)
    try AlignedReturns.checkOneADay(Array(pointDates.dropFirst()))
    var returns: [Double] = []
    var benchmark: [Double] = []
    var rows: [Int] = []
    var inSpan = 0
    var row = 0
    for (day, date) in dates.enumerated().dropFirst() {
      guard let base = pointDates.first, let end = pointDates.last, date > base, date <= end
      else { continue }
      inSpan += 1
      while row < sample.count, pointDates[row + 1] < date { row += 1 }
      guard row < sample.count, pointDates[row + 1] == date else { continue }
      returns.append(sample.returns[row])
      benchmark.append(benchmarkPrices[day] / benchmarkPrices[day - 1] - 1)
      rows.append(row)
    }
    self.returns = returns
    self.benchmark = benchmark
    self.rows = rows
    droppedReturns = sample.count - rows.count
    droppedBenchmark = inSpan - rows.count
  }

  /// The number of common days.
  public var count: Int { rows.count }

  private static func checkOneADay(_ dates: [CivilDate]) throws(ReturnsError) {
    for row in dates.indices.dropFirst() where dates[row] <= dates[row - 1] {
      throw dates[row] == dates[row - 1] ? .repeatedDate(row: row) : .datesNotAscending(row: row)
    }
  }
}
