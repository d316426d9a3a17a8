public import BacktestCore

/// The closing prices by which regimes are told: an index, an instrument, or equal parts of a whole
/// universe.
///
///     let regimes = try PriceTrend().labels(for: RegimeSeries(equalPartsOf: universe))
public struct RegimeSeries: Sendable {
  /// What the prices are called in tables: a symbol.
  public let name: String
  /// The prices; those of equal parts begin at 1.
  public let closes: [Double]
  /// When each was known, ascending.
  public let times: [Timestamp]

  /// The closes of one instrument.
  public init(_ bars: BarSeries) {
    self.init(
      name: bars.instrument.symbol, closes: Array(bars.close), times: Array(bars.closeTimes))
  }

  /// What equal parts of all instruments are worth, each bought at its first close and held: the
  /// closes of the only instrument where there is one.
  ///
  /// Where instruments differ in calendar or timeframe, the last close of each session counts.
  ///
  /// - Throws: `EvidenceError.unusableClose` where a close is not above zero.
  public init(equalPartsOf universe: Universe) throws(EvidenceError) {
    guard universe.series.count > 1 else {
      self.init(universe.series[0])
      return
    }
    for series in universe.series {
      if let row = series.close.firstIndex(where: { !($0 > 0) }) {
        throw .unusableClose(row: row, value: series.close[row])
      }
    }
    var times = Array(Set(universe.series.flatMap { Array($0.closeTimes) })).sorted()
    if UniverseSessions(universe).barsPerYear == nil {
      let days = times.map { universe.sessionDate(of: $0) }
      times = times.indices.filter { $0 + 1 == times.count || days[$0 + 1] != days[$0] }
        .map { times[$0] }
    }
    let count = Double(universe.series.count)
    self.init(
      name: "equal parts of \(universe.series.count) instruments",
      closes: universe.worthOfEqualParts(at: times).map { $0 / count }, times: times)
  }

  private init(name: String, closes: [Double], times: [Timestamp]) {
    self.name = name
    self.closes = closes
    self.times = times
  }
}

extension RegimeClassifier {
  /// Labels each price of a series.
  ///
  /// - Throws: `EvidenceError` when the prices cannot be used.
  public func labels(for series: RegimeSeries) throws(EvidenceError) -> RegimeLabels {
    try labels(closes: series.closes, times: series.times)
  }
}
