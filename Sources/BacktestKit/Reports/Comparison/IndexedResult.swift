package import BacktestCore
import BacktestEvidence

/// What an index says of one result, or of a folder that has none.
package struct IndexedResult: Sendable {
  /// The folder, seen from that of the index.
  package var path: String
  /// The report, seen from the folder of the index; `nil` where there is none.
  package var link: String?
  /// What is wrong with it; `nil` of a complete result.
  package var problem: String?
  /// The title of the study.
  package var title = ""
  /// What was done: `run`, `walk-forward`, `cross-validation` or another job.
  package var kind = ""
  /// The catalogue name of the strategy.
  package var strategy = ""
  /// Whether it was better than its benchmark, in words; `nil` without a benchmark.
  package var verdict: String?
  /// Whether its gate passed; `nil` without one.
  package var passesGate: Bool?
  /// Metrics by name; of a cross-validation their medians.
  package var metrics: [String: Double] = [:]
  /// The bounds of the Sharpe ratio with 95 % confidence.
  package var sharpeInterval: ClosedRange<Double>?
  /// The kinds of its caveats.
  package var limits: [String] = []
  /// Whether its policies were trained on some of the data on which they are judged.
  package var isInSample: Bool { limits.contains(ResultCaveat.Code.inSample.rawValue) }
  /// The last session of its data.
  package var lastDate: CivilDate?

  /// A folder of which nothing more is known.
  package init(path: String, link: String? = nil, problem: String? = nil) {
    self.path = path
    self.link = link
    self.problem = problem
  }
}
