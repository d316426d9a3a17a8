public import BacktestCore

/// How an account did in each regime, told twice: in hindsight, and by what was known at the time.
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
  /// The name of the series by which the regimes are told.
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
  /// - Throws: `RegimeError` when the prices cannot be used.
  public init(
    _ result: BacktestResult, series: BarSeries, classifier: some RegimeClassifier
  ) throws(RegimeError) {
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
  public func parts(_ knowledge: RegimeKnowledge) -> [Part] {
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
