public import BacktestCore

/// Prices against which an account is held, on their own calendar: an index, or what buying and
/// holding would have been worth.
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

  /// A curve from its columns.
  ///
  /// - Parameters:
  ///   - name: the name in tables and legends.
  ///   - dates: strictly ascending.
  ///   - prices: positive and finite, one for each date.
  ///   - pricesPerYear: 252 for sessions of the New York Stock Exchange.
  /// - Throws: `ReturnsError` when a price is no price or the dates do not fit.
  public init(
    _ name: String, dates: [CivilDate], prices: [Double], pricesPerYear: Double?
  ) throws(ReturnsError) {
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
  /// - Throws: `ReturnsError.notFinite` for a close that is not above zero.
  public init(_ series: BarSeries, name: String? = nil) throws(ReturnsError) {
    let calendar = series.calendar ?? AlwaysOpenCalendar()
    var dates: [CivilDate] = []
    var prices: [Double] = []
    for row in 0..<series.count {
      let date = calendar.sessionDate(of: series.closeTimes[row])
      if date == dates.last {
        prices[prices.count - 1] = series.close[row]
      } else {
        dates.append(date)
        prices.append(series.close[row])
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
  package static let heldName = "Buy and hold"
  package static let heldPartsName = "Equal parts, held"

  /// What the account would be worth had it put equal parts of its capital into every instrument
  /// at the base point, or at an instrument's first close after it, and kept them; without costs.
  ///
  /// - Returns: `nil` where a price is not above zero, so that nothing can be held that way.
  public static func buyAndHold(_ result: BacktestResult) -> BenchmarkCurve? {
    let times = result.sampleTimes
    var values = [Double](repeating: 0, count: times.count)
    for series in result.universe.series {
      var row = -1
      var bought: Double?
      for (point, time) in times.enumerated() {
        while row + 1 < series.count, series.closeTimes[row + 1] <= time { row += 1 }
        if row >= 0, bought == nil { bought = series.close[row] }
        values[point] += bought.map { series.close[row] / $0 } ?? 1
      }
    }
    let sample = result.sessionSample
    guard let dates = sample.pointDates else { return nil }
    if dates.count < values.count {
      // Bars shorter than a session: only the last of each day stays.
      let all = result.sample.pointDates ?? []
      values = all.indices.filter { point in
        point == 0 || point + 1 == all.count || all[point + 1] != all[point]
      }.map { values[$0] }
    }
    let (start, count) = (dates.count > 1 && dates[0] == dates[1] ? 1 : 0, dates.count)
    let symbols = result.universe.series.map(\.instrument.symbol)
    let name = symbols.count == 1 ? heldName : heldPartsName
    return try? BenchmarkCurve(
      name, dates: Array(dates[start..<count]), prices: Array(values[start..<count]),
      pricesPerYear: sample.barsPerYear)
  }

  /// The benchmark's own returns over the time of a sample, beginning with its last price on or
  /// before the sample's base date; `nil` where fewer than two prices lie in it.
  public func sample(over other: ReturnsSample) -> ReturnsSample? {
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
  /// that a week stands beside a week.
  ///
  /// - Throws: `ReturnsError` when the sample has no dates or several points a day.
  public func aligned(
    with sample: ReturnsSample, timeframe: Timeframe = .session
  ) throws(ReturnsError) -> AlignedReturns {
    switch timeframe {
    case .intraday, .session:
      return try AlignedReturns(sample, benchmarkPrices: prices, dates: dates)
    case .week, .month, .quarter, .year:
      let points = (sample.pointDates ?? []).filter { date in
        dates.first.map { $0 <= date } ?? false
      }
      return try AlignedReturns(
        sample, benchmarkPrices: points.compactMap(price(on:)), dates: points)
    }
  }

  /// The last price on or before each date over the price at the base date, times `base`; `nil`
  /// before the first price.
  public func scaled(to base: Double, on points: [CivilDate]) -> [Double?] {
    guard let first = points.first, let start = price(on: first) ?? prices.first else {
      return points.map { _ in nil }
    }
    var row = -1
    return points.map { date in
      while row + 1 < dates.count, dates[row + 1] <= date { row += 1 }
      return row < 0 ? nil : prices[row] / start * base
    }
  }

  private func price(on date: CivilDate) -> Double? {
    var (low, high) = (0, dates.count)
    while low < high {
      let middle = (low + high) / 2
      if dates[middle] <= date { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? prices[low - 1] : nil
  }
}
