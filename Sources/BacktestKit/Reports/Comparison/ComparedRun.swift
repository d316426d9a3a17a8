package import BacktestCore
package import BacktestEvidence

/// What a comparison knows of a run.
package struct ComparedRun: Sendable {
  /// A short name that no other run of the comparison has.
  package var name: String
  /// The title of its study.
  package var title: String
  /// What was done: `run`, `walk-forward`, `sweep` or another job.
  package var kind: String
  /// The catalogue name of the strategy.
  package var strategy: String
  /// Where it comes from: a folder, or a run of a store.
  package var origin: String
  /// Its report, seen from the folder of the comparison; `nil` where there is none.
  package var link: String?
  /// The hash of all fills and of equity.
  package var fingerprint: String
  /// The version of BacktestKit that made it.
  package var version: String
  /// The first and last session.
  package var dates: ClosedRange<CivilDate>
  /// Metrics by name.
  package var metrics: [String: Double]
  /// The bounds of metrics with 95 % confidence.
  package var intervals: [String: ClosedRange<Double>] = [:]
  /// The rules in effect by key, such as `parameters.fast`.
  package var settings: [String: String]
  /// The digest of each file of prices by symbol; empty where it is not known.
  package var data: [String: String] = [:]
  /// The instruments.
  package var symbols: [String]
  /// What it was worth day by day; `nil` where its files are not there.
  package var curve: DailyCurve?
  /// Caveats by code, with their messages.
  package var limits: [Limit] = []
  /// The trials of its family that its store had counted; `nil` where none were.
  package var countedTrials: Int?

  /// Why its figures are in-sample; `nil` where nothing says so.
  package var inSampleReason: String? {
    if limits.contains(where: { $0.code == ResultCaveat.Code.inSample.rawValue }) {
      return "in-sample"
    }
    return limits.contains { $0.code == ResultCaveat.Code.chosenFromSweep.rawValue }
      ? "parameters chosen in-sample" : nil
  }

  /// Its name, and that it is in-sample where it is.
  var label: String { inSampleReason.map { "\(name) (\($0))" } ?? name }

  /// A caveat of a run.
  package struct Limit: Sendable, Equatable {
    /// Its kind.
    package var code: String
    /// One or two sentences with the figures.
    package var message: String

    /// A caveat from its parts.
    package init(code: String, message: String) {
      self.code = code
      self.message = message
    }
  }

  /// A run of which nothing more is known than these.
  package init(
    name: String, title: String, kind: String, strategy: String, origin: String,
    fingerprint: String, version: String, dates: ClosedRange<CivilDate>,
    metrics: [String: Double], settings: [String: String], symbols: [String]
  ) {
    self.name = name
    self.title = title
    self.kind = kind
    self.strategy = strategy
    self.origin = origin
    self.fingerprint = fingerprint
    self.version = version
    self.dates = dates
    self.metrics = metrics
    self.settings = settings
    self.symbols = symbols
  }
}

extension ComparedRun {
  /// The run without the study's values of parameters that the folds of a walk-forward chose
  /// themselves: none of them need ever have been traded.
  var withoutSearchedParameters: ComparedRun {
    guard kind == "walk-forward" else { return self }
    var run = self
    for key in settings.keys where key.hasPrefix("parameters.") {
      let grid = "walk-forward.grid.\(key.dropFirst("parameters.".count))["
      if settings.keys.contains(where: { $0.hasPrefix(grid) }) { run.settings[key] = nil }
    }
    return run
  }

  /// What a day earns without risk, as far as it is one rate.
  var riskFreePerDay: Double { settings["risk-free"].flatMap(Double.init).map { $0 / 252 } ?? 0 }
}
