import BacktestCore

extension RegimeAnalysis {
  /// The account in one regime.
  ///
  ///     for (metric, value) in part.figures { print(metric.title, value ?? .nan) }
  public struct Part: Sendable {
    /// The label, or `unlabelled`.
    public let name: String
    /// The number of returns.
    public let barCount: Int
    /// Its share of all returns, from 0 to 1.
    public let share: Double
    /// Its uninterrupted stretches, as ranges of returns: return `i` ends at point `i + 1`.
    public let runs: [Range<Int>]
    /// The product of 1 + r over its returns, less 1; `nil` without returns. Those of all parts
    /// compound to that of the run.
    public let totalReturn: Double?
    /// The mean return of a bar; `nil` without returns.
    public let mean: Double?
    /// The deepest fall inside one run, zero or negative; `nil` without returns.
    public let worstDrawdown: Double?
    /// Its returns put end to end, and the closed round trips that began in it.
    public let metrics: PerformanceMetrics?
    /// The intervals of its main figures, once `measureIntervals` has measured them: mean return,
    /// volatility and Sharpe ratio, and what its trades won.
    public private(set) var intervals: MetricIntervals?

    static let intervalNames = [
      "mean-return", "volatility", "sharpe", "trade-win-rate", "trade-expectancy",
    ]

    /// The number of uninterrupted stretches.
    public var runCount: Int { runs.count }
    /// The number of closed round trips whose entry lies in it.
    public let tradeCount: Int
    /// The return a year that compounds to the total return.
    public var cagr: Double? { metrics?.cagr }
    /// The annual deviation of its returns.
    public var volatility: Double? { metrics?.volatility }
    /// The Sharpe ratio a year.
    public var sharpe: Double? { metrics?.sharpe }

    mutating func measureIntervals(
      _ bootstrap: Bootstrap, _ threads: Int?
    ) throws(EvidenceError) {
      guard let metrics else { return }
      intervals = try bootstrap.intervals(of: Self.intervalNames, in: metrics, threads: threads)
    }

    /// The bounds of the Sharpe ratio as text; `nil` where it has none.
    package var sharpeBounds: String? {
      let text = NumberFormat.ratio.text
      return intervals?["sharpe"].map { "\(text($0.lower)) to \(text($0.upper))" }
    }

    /// Every metric that returns put end to end can have, in the order of the catalogue: those of
    /// drawdowns, streaks, months and other figures that need an unbroken path are left out.
    public var figures: [(metric: MetricDefinition, value: Double?)] {
      (metrics?.all ?? []).filter { $0.metric.isOfRegimes }
    }
  }
}

extension MetricDefinition {
  /// Whether it means something for returns that are not of neighbouring bars.
  var isOfRegimes: Bool {
    switch group {
    case .benchmark, .activity: false
    default: !dependsOnPath && !needs.contains(.dates)
    }
  }
}

extension RegimeAnalysis.Part {
  init(_ part: RegimeSplit.Part, of sample: ReturnsSample, trades: [RoundTrip]) {
    name = part.name
    barCount = part.barCount
    share = part.share
    runs = part.runs
    mean = part.mean
    tradeCount = trades.count
    worstDrawdown = part.worstDrawdown
    var riskFree = sample.riskFree
    if case .series(let rates) = riskFree { riskFree = .series(part.runs.flatMap { rates[$0] }) }
    // The returns come from a sample, so they are finite; an empty part has no figures.
    let own = try? ReturnsSample(
      returns: part.returns, barsPerYear: sample.barsPerYear, riskFree: riskFree,
      minimumAcceptableReturn: sample.minimumAcceptableReturn)
    metrics =
      part.returns.isEmpty ? nil : own.map { PerformanceMetrics($0, roundTrips: trades) }
    totalReturn = part.returns.isEmpty ? nil : part.returns.reduce(1) { $0 * (1 + $1) } - 1
  }
}

extension RegimeAnalysis {
  /// The regime in which a metric was worst, by what was known at the time.
  public struct Worst: Sendable, Equatable {
    /// The name of the metric.
    public let metric: String
    /// The regime.
    public let label: String
    /// The metric in it.
    public let value: Double
    /// Its bounds, where intervals were measured and it has them.
    public let interval: MetricInterval?
    /// Its returns.
    public let barCount: Int
    /// Its uninterrupted stretches.
    public let runCount: Int
    /// Closed round trips that began in it.
    public let tradeCount: Int
  }

  /// The regime in which a metric was worst, among those that have it and a label; `nil` where none
  /// has. By what was known at the time, or in hindsight where nothing was.
  ///
  /// - Throws: `EvidenceError` for a metric that the catalogue does not have.
  public func worst(by metric: String = "sharpe") throws(EvidenceError) -> Worst? {
    let definition = try Metrics.named(metric)
    var found: Worst?
    let all = labels.isKnownAtTheTime ? causal : descriptive
    for part in all.prefix(labels.names.count) {
      guard definition.isOfRegimes, let metrics = part.metrics,
        let value = try metrics.value(of: metric)
      else { continue }
      if let found, !definition.isBetter(found.value, than: value) { continue }
      found = Worst(
        metric: metric, label: part.name, value: value, interval: part.intervals?[metric],
        barCount: part.barCount,
        runCount: part.runCount, tradeCount: part.tradeCount)
    }
    return found
  }
}
