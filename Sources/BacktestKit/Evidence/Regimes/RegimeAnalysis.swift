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
  public let descriptive: [Part]
  /// The parts by what was known at the close of the bar before, in the same order.
  public let causal: [Part]
  /// When each point of the account was taken, the base point first.
  public let times: [Timestamp]

  /// The account in one regime.
  public struct Part: Sendable {
    /// The label, or `unlabelled`.
    public let name: String
    /// The number of returns.
    public let barCount: Int
    /// Its share of all returns, from 0 to 1.
    public let share: Double
    /// Its uninterrupted stretches, as ranges of returns: return `i` ends at point `i + 1`.
    public let runs: [Range<Int>]
    /// The product of 1 + r over its returns, less 1; `nil` without returns.
    public let totalReturn: Double?
    /// The mean return of a bar; `nil` without returns.
    public let mean: Double?
    /// The return a year that compounds to the total return.
    public let cagr: Double?
    /// The annual deviation of its returns.
    public let volatility: Double?
    /// The Sharpe ratio a year.
    public let sharpe: Double?
    /// The deepest fall inside one run, zero or negative; `nil` without returns.
    public let worstDrawdown: Double?

    /// The number of uninterrupted stretches.
    public var runCount: Int { runs.count }
  }

  /// Splits a run by the regimes of a price series.
  ///
  /// - Throws: `EvidenceError` when the prices cannot be used.
  public init(
    _ result: BacktestResult, series: BarSeries, classifier: some RegimeClassifier
  ) throws(EvidenceError) {
    let labels = try classifier.labels(for: series)
    self.init(
      result, name: classifier.name, seriesName: series.instrument.symbol, labels: labels,
      closeTimes: Array(series.closeTimes))
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
    func parts(_ knowledge: RegimeKnowledge) -> [Part] {
      let split = RegimeSplit(
        returns: sample.returns, rows: rows, labels: labels, knowledge: knowledge)
      let rest = split.unlabelled.barCount > 0 ? [split.unlabelled] : []
      return (split.parts + rest).map { Part($0, of: sample) }
    }
    self.times = times
    descriptive = parts(.descriptive)
    causal = parts(.causal)
  }

  /// The parts by one kind of knowledge.
  package func parts(_ knowledge: RegimeKnowledge) -> [Part] {
    knowledge == .descriptive ? descriptive : causal
  }
}

extension RegimeAnalysis.Part {
  fileprivate init(_ part: RegimeSplit.Part, of sample: ReturnsSample) {
    name = part.name
    barCount = part.barCount
    share = part.share
    runs = part.runs
    mean = part.mean
    worstDrawdown = part.worstDrawdown
    var riskFree = sample.riskFree
    if case .series(let rates) = riskFree { riskFree = .series(part.runs.flatMap { rates[$0] }) }
    // The returns come from a sample, so they are finite; an empty part has no figures.
    let own = try? ReturnsSample(
      returns: part.returns, barsPerYear: sample.barsPerYear, riskFree: riskFree)
    let metrics = part.returns.isEmpty ? nil : own.map { PerformanceMetrics($0) }
    totalReturn = part.returns.isEmpty ? nil : part.returns.reduce(1) { $0 * (1 + $1) } - 1
    cagr = metrics?.cagr
    volatility = metrics?.volatility
    sharpe = metrics?.sharpe
  }
}

/// Returns taken apart by regime.
///
/// Ratios of a regime are those of its returns put end to end; a drawdown never spans two runs of a
/// label, since other regimes moved the account between them.
///
///     let split = RegimeSplit(
///       returns: returns, firstRow: 1, labels: labels, knowledge: .descriptive)
///     let bear = split.parts[0]
///     print(bear.barCount, bear.runCount, bear.worstDrawdown ?? 0)
struct RegimeSplit: Sendable, Equatable {
  /// Whether labels are those of hindsight or those known at the time.
  let knowledge: RegimeKnowledge
  /// One part for each label, in the order of the names, empty ones included.
  let parts: [Part]
  /// The returns without a label.
  let unlabelled: Part

  /// The returns of one label.
  struct Part: Sendable, Equatable {
    /// The name of the label, or `unlabelled`.
    let name: String
    /// Its returns put end to end, in order of time.
    let returns: [Double]
    /// Its uninterrupted stretches, as ranges of positions in the returns that were split.
    let runs: [Range<Int>]
    /// Its part of all returns that were split, from 0 to 1; 0 when there were none.
    let share: Double
    /// Its mean return per bar; `nil` without returns.
    let mean: Double?
    /// The deepest fall from a high inside one run, as a fraction that is never positive; the
    /// account counts as 1 where a run begins. `nil` without returns.
    let worstDrawdown: Double?

    /// The number of returns.
    var barCount: Int { returns.count }
    /// The number of uninterrupted stretches.
    var runCount: Int { runs.count }
  }

  /// Splits the returns of neighbouring bars.
  ///
  /// - Parameters:
  ///   - returns: simple returns, one a bar, of the labelled bars `firstRow` and following.
  ///   - firstRow: the bar at whose close the first return ends, counted from 0; 1 when returns run
  ///     from the first labelled close.
  ///   - labels: the regime of each bar.
  ///   - knowledge: hindsight, or what was known at the close of the bar before.
  init(
    returns: [Double], firstRow: Int, labels: RegimeLabels, knowledge: RegimeKnowledge
  ) {
    precondition(firstRow >= 0 && firstRow + returns.count <= labels.count, "returns without bars")
    let rows = (firstRow..<(firstRow + returns.count)).map { Optional($0) }
    self.init(returns: returns, rows: rows, labels: labels, knowledge: knowledge)
  }

  /// Splits returns whose bars are given one by one.
  ///
  /// - Parameters:
  ///   - returns: simple returns in order of time.
  ///   - rows: for each return the labelled bar in which it ends, or `nil` where there is none; see
  ///     `RegimeLabels.rows(of:among:)`.
  ///   - labels: the regime of each bar.
  ///   - knowledge: hindsight, or what was known at the close of the bar before.
  init(
    returns: [Double], rows: [Int?], labels: RegimeLabels, knowledge: RegimeKnowledge
  ) {
    precondition(returns.count == rows.count, "each return has a bar")
    self.knowledge = knowledge
    // The last place holds the runs without a label.
    var runs = [[Range<Int>]](repeating: [], count: labels.names.count + 1)
    for (position, row) in rows.enumerated() {
      let label = row.flatMap { labels.label(ofReturnIn: $0, knowledge) } ?? labels.names.count
      if let last = runs[label].last, last.upperBound == position {
        runs[label][runs[label].count - 1] = last.lowerBound..<(position + 1)
      } else {
        runs[label].append(position..<(position + 1))
      }
    }
    parts = zip(labels.names, runs).map { Part(name: $0, runs: $1, of: returns) }
    unlabelled = Part(name: "unlabelled", runs: runs[labels.names.count], of: returns)
  }
}

extension RegimeSplit.Part {
  fileprivate init(name: String, runs: [Range<Int>], of all: [Double]) {
    let returns = runs.flatMap { all[$0] }
    self.name = name
    self.runs = runs
    self.returns = returns
    share = all.isEmpty ? 0 : Double(returns.count) / Double(all.count)
    mean = returns.isEmpty ? nil : returns.reduce(0, +) / Double(returns.count)
    worstDrawdown = runs.map { RegimeSplit.Part.drawdown(of: all[$0]) }.min()
  }

  /// The deepest fall of an account that begins at 1.
  private static func drawdown(of returns: ArraySlice<Double>) -> Double {
    var equity = 1.0
    var drawdown = RunningDrawdown(peak: equity)
    for value in returns {
      equity *= 1 + value
      drawdown.update(equity)
    }
    return drawdown.deepest
  }
}
