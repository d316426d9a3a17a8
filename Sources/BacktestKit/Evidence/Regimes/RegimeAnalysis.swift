public import BacktestCore

/// How an account did in each regime, both in hindsight and as known at the time.
///
///     let analysis = try RegimeAnalysis(result, series: spx, classifier: BullBear())
///     for part in analysis.descriptive { print(part.name, part.share, part.sharpe ?? .nan) }
///
/// Points of the account are joined to bars of the series by time, so the two may differ in
/// timeframe and calendar. Ratios are those of a label's returns put end to end; a drawdown never
/// spans two runs of a label.
public struct RegimeAnalysis: Sendable {
  /// The classifier's name: `bull/bear 20 %`.
  public var name: String
  /// The name of the series by which regimes are classified.
  public var seriesName: String
  /// The labels of the series.
  public let labels: RegimeLabels
  /// The parts in hindsight, in the order of the labels; without a label last, where there is any.
  public private(set) var descriptive: [Part]
  /// The parts by what was known at the close of the bar before, in the same order; empty where
  /// labels are of hindsight only.
  public private(set) var causal: [Part]
  /// When each point of the account was taken, the base point first.
  public let times: [Timestamp]

  /// Splits a run by the regimes of a price series.
  ///
  /// - Throws: `EvidenceError` when the prices cannot be used.
  public init(
    _ result: BacktestResult, series: BarSeries, classifier: some RegimeClassifier
  ) throws(EvidenceError) {
    try self.init(result, series: RegimeSeries(series), classifier: classifier)
  }

  /// Splits a run by the regimes of closing prices.
  ///
  /// - Throws: `EvidenceError` when the prices cannot be used.
  public init(
    _ result: BacktestResult, series: RegimeSeries, classifier: some RegimeClassifier
  ) throws(EvidenceError) {
    self.init(
      result, name: classifier.name, seriesName: series.name,
      labels: try classifier.labels(for: series), closeTimes: series.times)
  }

  /// Splits a run by labels that are there already.
  ///
  /// - Parameters:
  ///   - result: the run.
  ///   - name: what the labels are called.
  ///   - seriesName: the series from which they come.
  ///   - labels: one a bar of that series.
  ///   - closeTimes: when each of those bars closed, ascending.
  public init(
    _ result: BacktestResult, name: String, seriesName: String, labels: RegimeLabels,
    closeTimes: [Timestamp]
  ) {
    precondition(labels.count == closeTimes.count, "one label for each close")
    self.name = name
    self.seriesName = seriesName
    self.labels = labels
    let sample = result.sample
    let times = result.sampleTimes
    let rows = RegimeLabels.rows(of: Array(times.dropFirst()), among: closeTimes)
    let trips = result.trades.filter { !$0.isOpen }.sorted { $0.entryTime < $1.entryTime }
    let entries = RegimeLabels.rows(of: trips.map(\.entryTime), among: closeTimes)
    func parts(_ knowledge: RegimeKnowledge) -> [Part] {
      let split = RegimeSplit(
        returns: sample.returns, rows: rows, labels: labels, knowledge: knowledge)
      var trades = [[RoundTrip]](repeating: [], count: labels.names.count + 1)
      for (trip, row) in zip(trips, entries) {
        let label = row.flatMap { labels.label(ofReturnIn: $0, knowledge) }
        trades[label ?? labels.names.count].append(trip)
      }
      var all = zip(split.parts, trades).map { Part($0, of: sample, trades: $1) }
      let rest = trades[labels.names.count]
      if split.unlabelled.barCount > 0 || !rest.isEmpty {
        all.append(Part(split.unlabelled, of: sample, trades: rest))
      }
      return all
    }
    self.times = times
    descriptive = parts(.descriptive)
    causal = labels.isKnownAtTheTime ? parts(.causal) : []
  }

  /// Measures how far chance alone moves the figures of each part, for `Part.intervals`.
  ///
  /// Blocks are drawn from a part's returns put end to end, so a few of them span two runs.
  ///
  /// - Throws: `EvidenceError` for invalid rules of resampling.
  public mutating func measureIntervals(
    _ bootstrap: Bootstrap, threads: Int? = nil
  ) throws(EvidenceError) {
    for place in descriptive.indices {
      try descriptive[place].measureIntervals(bootstrap, threads)
    }
    for place in causal.indices { try causal[place].measureIntervals(bootstrap, threads) }
  }

  /// The parts by one kind of knowledge.
  package func parts(_ knowledge: RegimeKnowledge) -> [Part] {
    knowledge == .descriptive ? descriptive : causal
  }
}
