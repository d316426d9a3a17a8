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
  /// What was done: `run`, `walk-forward`, `cross-validation`, `gate` or another job.
  package var kind = ""
  /// Where it is listed.
  package var category = Category.result
  /// The catalogue name of the strategy.
  package var strategy = ""
  /// What came out, in words: of a result whether it was better than its benchmark, `nil` without
  /// one; of a check whether it passed; of a page its first sentence.
  package var verdict: String?
  /// Whether its gate passed; `nil` without one.
  package var passesGate: Bool?
  /// The page of its gate, seen from the folder of the index.
  package var gateLink: String?
  /// Metrics by name; of a cross-validation their medians.
  package var metrics: [String: Double] = [:]
  /// The bounds of the Sharpe ratio with 95 % confidence.
  package var sharpeInterval: ClosedRange<Double>?
  /// The kinds of its caveats.
  package var limits: [String] = []
  /// Whether its policies were trained on some of the data on which they are judged.
  package var isInSample: Bool { limits.contains(ResultCaveat.Code.inSample.rawValue) }
  /// The first session of its data.
  package var firstDate: CivilDate?
  /// The last session of its data.
  package var lastDate: CivilDate?

  /// What a folder or a page holds.
  package enum Category: Sendable {
    /// How a strategy did.
    case result
    /// Whether a study is as it should be: a gate, or a look-ahead analysis.
    case check
    /// A page alone, of several runs or of returns.
    case page
  }

  /// A folder of which nothing more is known.
  package init(path: String, link: String? = nil, problem: String? = nil) {
    self.path = path
    self.link = link
    self.problem = problem
  }
}
