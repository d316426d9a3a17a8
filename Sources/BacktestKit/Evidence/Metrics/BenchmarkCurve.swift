public import BacktestCore

/// Prices with which an account is compared, on their own calendar: an index, or the value of
/// buying and holding.
///
///     var report = Report(result)
///     report.benchmark = BenchmarkCurve(spx, name: "S&P 500")
///
/// Days are matched by session date; the account's base point is the common start.
public struct BenchmarkCurve: Sendable {
  /// The name in tables and legends.
  public var name: String
  /// The session date of each price, strictly ascending.
  public let dates: [CivilDate]
  /// Positive prices, index levels or account values, one for each date.
  public let prices: [Double]
  /// Prices in a year; without it the benchmark has no annual figures.
  public let pricesPerYear: Double?
  /// Of what is held beside a run with bars shorter than a session, the value at each of the run's
  /// points, 1 for each instrument at the first; else `nil`.
  private var held: HeldPoints?

  /// Values at the points of one run.
  private struct HeldPoints: Sendable {
    let values: [Double]
    /// The instants of the points, by which a run is known.
    let times: [Timestamp]
    /// Their dates, by which a sample of the run is known.
    let dates: [CivilDate]

    /// The values at the points that some dates are of; `nil` where they are those of other points.
    func values(at dates: [CivilDate]?) -> [Double]? { dates == self.dates ? values : nil }
  }

  /// A curve from its columns.
  ///
  /// - Parameters:
  ///   - name: the name in tables and legends.
  ///   - dates: strictly ascending.
  ///   - prices: positive and finite, one for each date.
  ///   - pricesPerYear: 252 for sessions of the New York Stock Exchange.
  /// - Throws: `EvidenceError` when a price is no price or the dates do not fit.
  public init(
    _ name: String, dates: [CivilDate], prices: [Double], pricesPerYear: Double?
  ) throws(EvidenceError) {
    guard dates.count == prices.count else {
      throw .lengthMismatch(
        what: "benchmark dates", expected: prices.count, found: dates.count)
    }
    if let row = prices.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw .notFinite(what: "benchmark price", row: row)
    }
    for row in dates.indices.dropFirst() where dates[row] <= dates[row - 1] {
      throw dates[row] == dates[row - 1] ? .repeatedDate(row: row) : .datesNotAscending(row: row)
    }
    self.init(name: name, dates: dates, prices: prices, pricesPerYear: pricesPerYear)
  }

  private init(name: String, dates: [CivilDate], prices: [Double], pricesPerYear: Double?) {
    self.name = name
    self.dates = dates
    self.prices = prices
    self.pricesPerYear = pricesPerYear
  }

  /// The last close of each session of a series.
  ///
  /// - Throws: `EvidenceError.notFinite` for a close that is not above zero.
  public init(_ series: BarSeries, name: String? = nil) throws(EvidenceError) {
    let calendar = series.calendar ?? AlwaysOpenCalendar()
    var dates: [CivilDate] = []
    var prices: [Double] = []
    let closes = series.totalReturnCloses
    for row in 0..<series.count {
      let date = calendar.sessionDate(of: series.closeTimes[row])
      if date == dates.last {
        prices[prices.count - 1] = closes[row]
      } else {
        dates.append(date)
        prices.append(closes[row])
      }
    }
    try self.init(
      name ?? series.instrument.symbol, dates: dates, prices: prices,
      pricesPerYear: series.calendar.map { calendar in
        if case .intraday = series.timeframe { return calendar.sessionsPerYear }
        return series.timeframe.barsPerYear(in: calendar)
      })
  }
}

extension BenchmarkCurve {
  /// What the capital of a run had become in the benchmark by each point of its curve; `nil` for a
  /// point on whose session the benchmark has no price, and for all where it has none at the base.
  package func values(at result: BacktestResult) -> [Double?] {
    let curve = result.curve
    if let held, held.times.elementsEqual(curve.times) {
      return held.values.map { curve.equity[0] * ($0 / held.values[0]) }
    }
    let days = curve.times.map { result.universe.sessionDate(of: $0) }
    var row = 0
    var base: Double?
    return days.indices.map { point in
      let date = days[point]
      while row + 1 < dates.count, dates[row] < date { row += 1 }
      var price = !dates.isEmpty && dates[row] == date ? prices[row] : nil
      // Within a session its close is not known yet.
      if price != nil, row > 0, point + 1 < days.count, days[point + 1] == date {
        price = prices[row - 1]
      }
      if point == 0 { base = price }
      guard let price, let base else { return nil }
      return curve.equity[0] * (price / base)
    }
  }

  private static let heldName = "Buy and hold"
  private static let heldPartsName = "Equal parts, held"

  /// The name of what is held of so many instruments.
  static func heldName(of count: Int) -> String { count == 1 ? heldName : heldPartsName }

  /// The name inside a sentence; names of markets keep their capitals.
  package var nameInSentence: String {
    switch name {
    case Self.heldName: "buy and hold"
    case Self.heldPartsName: "holding equal parts"
    default: name
    }
  }

  /// What the account would be worth had it put equal parts of its capital into every instrument
  /// at the base point, or at an instrument's first close after it, and kept them; without costs.
  ///
  /// - Returns: `nil` where a price is not above zero, so that nothing can be held that way.
  public static func buyAndHold(_ result: BacktestResult) -> BenchmarkCurve? {
    let times = result.sampleTimes
    var values = [Double](repeating: 0, count: times.count)
    for series in result.universe.series {
      addHeldValues(of: series, at: times, to: &values)
    }
    let whole = result.sample
    let sample = result.sessionSample(of: whole)
    guard let dates = sample.pointDates else { return nil }
    let points = dates.count < values.count ? values : []
    if !points.isEmpty {
      // Bars shorter than a session: only the last of each day stays.
      let all = whole.pointDates ?? []
      values = all.indices.filter { point in
        point == 0 || point + 1 == all.count || all[point + 1] != all[point]
      }.map { values[$0] }
    }
    let (start, count) = (dates.count > 1 && dates[0] == dates[1] ? 1 : 0, dates.count)
    let symbols = result.universe.series.map(\.instrument.symbol)
    let name = heldName(of: symbols.count)
    var curve = try? BenchmarkCurve(
      name, dates: Array(dates[start..<count]), prices: Array(values[start..<count]),
      pricesPerYear: sample.barsPerYear)
    if !points.isEmpty {
      // `sampleTimes` are the instants of the whole sample's points.
      let pointDates = whole.pointDates ?? []
      precondition(
        points.count == times.count && points.count == pointDates.count,
        "a value, an instant and a date for each point of the run")
      curve?.held = HeldPoints(values: points, times: Array(times), dates: pointDates)
    }
    return curve
  }

  /// The benchmark's own returns over the time of a sample, beginning with its last price on or
  /// before the sample's base date; `nil` where fewer than two prices lie in it. What was bought
  /// and held beside a run is measured bar by bar, as the run is.
  public func sample(over other: ReturnsSample) -> ReturnsSample? {
    if let values = held?.values(at: other.pointDates), values.count == other.wealth.count {
      return try? ReturnsSample(
        equity: values, pointDates: other.pointDates, barsPerYear: other.barsPerYear,
        riskFree: other.riskFree)
    }
    guard let base = other.pointDates?.first, let end = other.pointDates?.last else { return nil }
    let first = dates.lastIndex { $0 <= base } ?? 0
    guard let last = dates.lastIndex(where: { $0 <= end }), last > first else { return nil }
    var riskFree = RiskFreeRate.zero
    if case .annual(let rate) = other.riskFree { riskFree = .annual(rate) }
    return try? ReturnsSample(
      equity: Array(prices[first...last]), pointDates: Array(dates[first...last]),
      barsPerYear: pricesPerYear, riskFree: riskFree)
  }

  /// The returns of a sample beside the benchmark's on common days.
  ///
  /// Where the sample's bars last longer than a session, the benchmark is read at their dates, so
  /// that weeks are compared with weeks; dates before its first price, or more than three days
  /// after its last, are left out.
  ///
  /// - Throws: `EvidenceError` when the sample has no dates or several points a day.
  public func aligned(
    with sample: ReturnsSample, timeframe: Timeframe = .session
  ) throws(EvidenceError) -> AlignedReturns {
    guard timeframe.isLongerThanSession else {
      return try AlignedReturns(sample, benchmarkPrices: prices, dates: dates)
    }
    // Past the end of the prices, or before their beginning, nothing is known. A week or a month
    // may end some days after its last price.
    let points = (sample.pointDates ?? []).filter { date in
      guard let first = dates.first, let last = dates.last else { return false }
      return first <= date && date.daysSinceEpoch <= last.daysSinceEpoch + 3
    }
    return try AlignedReturns(sample, benchmarkPrices: points.compactMap(price(on:)), dates: points)
  }

  /// The last price that is known on each date over that at the base date, times `base`; `nil`
  /// before the first price. A date that comes several times is over, and its price known, with
  /// the last.
  public func scaled(to base: Double, on places: [CivilDate]) -> [Double?] {
    if let values = held?.values(at: places) { return values.map { $0 / values[0] * base } }
    var row = -1
    var start: Double?
    return places.indices.map { place in
      let isOver = place + 1 == places.count || places[place + 1] != places[place]
      while row + 1 < dates.count,
        isOver ? dates[row + 1] <= places[place] : dates[row + 1] < places[place]
      {
        row += 1
      }
      if start == nil { start = row >= 0 ? prices[row] : prices.first }
      guard row >= 0, let start else { return nil }
      return prices[row] / start * base
    }
  }

  private func price(on date: CivilDate) -> Double? {
    let next = dates.partitioningIndex { $0 > date }
    return next > 0 ? prices[next - 1] : nil
  }
}

/// The returns of an account and of a benchmark on the same days.
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

  /// Account less benchmark, day by day. A return is a ratio less one and knows no more than its
  /// sixteenth decimal, so that less than 1e-13 is rounding and counts as none.
  var differences: [Double] {
    zip(returns, benchmark).map { abs($0 - $1) < 1e-13 ? 0 : $0 - $1 }
  }

  /// Two columns that are already aligned by day.
  ///
  /// - Throws: `EvidenceError.lengthMismatch` or `.notFinite`.
  public init(returns: [Double], benchmark: [Double]) throws(EvidenceError) {
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

  /// The common days of some blocks, one after the other.
  func resampled(_ blocks: [Range<Int>]) -> AlignedReturns {
    AlignedReturns(
      returns: returns.rows(blocks), benchmark: benchmark.rows(blocks), rows: rows.rows(blocks))
  }

  private init(returns: [Double], benchmark: [Double], rows: [Int]) {
    self.returns = returns
    self.benchmark = benchmark
    self.rows = rows
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
  /// - Throws: `EvidenceError` when a column does not fit or a date occurs twice.
  public init(
    _ sample: ReturnsSample, benchmarkPrices: [Double], dates: [CivilDate]
  ) throws(EvidenceError) {
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

  private static func checkOneADay(_ dates: [CivilDate]) throws(EvidenceError) {
    for row in dates.indices.dropFirst() where dates[row] <= dates[row - 1] {
      throw dates[row] == dates[row - 1] ? .repeatedDate(row: row) : .datesNotAscending(row: row)
    }
  }
}
