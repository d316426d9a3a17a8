import BacktestCore

/// The bounds between which a metric lies with a stated confidence, and how they were found.
///
///     let interval = try Bootstrap(seed: 7).interval(of: "sharpe", in: sample)
///     print(interval.lower, interval.upper)
///
/// It says how far chance alone moves the figure if the future resembles the sample. It knows
/// nothing of how many strategies were tried. For a path figure (see `isRough`) it is a rough band.
public struct MetricInterval: Hashable, Sendable {
  /// The name of the metric in the catalogue.
  public let metric: String
  /// Its value in the sample.
  public let value: Double
  /// The lower bound.
  public let lower: Double
  /// The upper bound.
  public let upper: Double
  /// The standard deviation of the metric over the resamples, n - 1.
  public let standardError: Double
  /// The confidence, 0.95 for 95 %.
  public let level: Double
  /// How the bounds follow from the resamples.
  public let method: IntervalMethod
  /// How resamples were drawn: returns in blocks, closed trades one by one.
  public let scheme: ResamplingScheme
  /// The number of resamples in which the metric has a value.
  public let draws: Int
  /// The seed of the resamples.
  public let seed: UInt64

  /// Whether zero lies between the bounds.
  public var containsZero: Bool { lower <= 0 && upper >= 0 }

  /// Whether it is a rough band only: blocks break up the long memory on which a drawdown, a
  /// streak or the straightness of a curve depends.
  public var isRough: Bool { Metrics.find(metric)?.dependsOnPath ?? false }
}

/// How bounds follow from the values of a metric in resamples.
public enum IntervalMethod: String, Hashable, Sendable, CaseIterable {
  /// The quantiles of the values (Efron, 1979).
  case percentile
  /// The quantiles mirrored at the sample's value (Davison, Hinkley, 1997).
  case basic
  /// The quantiles corrected for bias and for skewness, the latter from leaving out one return at a
  /// time (Efron, 1987); it takes one more evaluation for each return.
  case bca
}

/// Why a metric has no interval.
public enum IntervalAbsence: Hashable, Sendable, CustomStringConvertible {
  /// The metric has no value.
  case noValue(MetricAbsence)
  /// There are fewer returns than an interval needs.
  case tooFewReturns(Int)
  /// There are fewer closed trades than an interval needs.
  case tooFewTrades(Int)
  /// Resamples of returns or trades say nothing about it: a count, exposure, turnover.
  case notResampled
  /// It has a value in too few resamples; the share without one.
  case oftenUndefined(Double)
  /// The correction for bias fails, because all resamples lie on one side of the value.
  case oneSided

  /// The reason in a few words.
  public var description: String {
    switch self {
    case .noValue(let absence): absence.description
    case .tooFewReturns(let count):
      "too few returns for an interval (\(count) of \(Bootstrap.leastCount))"
    case .tooFewTrades(let count):
      "too few closed trades for an interval (\(count) of \(Bootstrap.leastCount))"
    case .notResampled: "not a figure that resampling varies"
    case .oftenUndefined(let share):
      "without a value in \(NumberFormat.percent(decimals: 1).text(share)) of the resamples"
    case .oneSided: "all resamples lie on one side of the value"
    }
  }
}

/// The intervals of several metrics from one set of resamples.
public struct MetricIntervals: Sendable {
  /// The intervals in the order in which the metrics were named, without those that have none.
  public let all: [MetricInterval]
  /// Why the others have none, by the name of the metric.
  public let absences: [String: IntervalAbsence]

  /// The interval of a metric, or `nil`.
  public subscript(metric: String) -> MetricInterval? { all.first { $0.metric == metric } }
}

extension MetricDefinition {
  /// Whether the order of returns over long stretches decides its value.
  package var dependsOnPath: Bool {
    group == .drawdowns || Metrics.pathDependentNames.contains(name)
  }
}

extension Metrics {
  fileprivate static let pathDependentNames: Set<String> = [
    "calmar", "calmar-36-months", "martin", "pain-ratio", "sterling", "burke", "recovery-factor",
    "stability", "k-ratio", "k-ratio-2003", "k-ratio-1996", "longest-win-streak",
    "longest-loss-streak", "autocorrelation", "lag-correlation", "ljung-box-10", "ljung-box-10-p",
    "sharpe-lo", "best-month", "worst-month", "best-year", "worst-year", "positive-months",
    "gain-to-pain",
  ]
}
