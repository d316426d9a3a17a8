public import BacktestCore
public import BacktestEvidence
public import BacktestFiles
public import BacktestIngest
public import BacktestNetworks

/// Why a study cannot be run; every message says what, where and what to do.
public enum StudyError: Error, CustomStringConvertible {
  /// The study file.
  case document(DocumentError)
  /// Price files, all that cannot be used.
  case data([DataError])
  /// The series do not make a universe.
  case universe(UniverseError)
  /// Bars cannot be put together as asked.
  case resampling(ResamplingError)
  /// The walk-forward plan does not fit.
  case walkForward(WalkForwardError)
  /// Prices from which no regimes can be told.
  case regimes(RegimeError)
  /// A benchmark that is not there or no price.
  case benchmark(String)
  /// Replicates that cannot be run.
  case replicates(String)
  /// A policy that cannot decide in this market, or could not any more.
  case policy(PolicyError)
  /// Rules that do not fit the data.
  case configuration(ConfigurationError)
  /// Fewer bars than the warm-up takes, or a single one.
  case tooFewBars(bars: Int, warmup: Int)
  /// A part of the study that the job needs.
  case missing(key: String, study: String, purpose: String)
  /// A file that cannot be written or read.
  case file(String)

  /// The message with the study before it, unless it begins with a file of its own.
  package func message(of study: String) -> String {
    switch self {
    case .document, .data, .missing, .file: description
    case .universe, .resampling, .tooFewBars: "\(study): data: \(self)"
    case .walkForward, .regimes, .benchmark, .policy, .replicates, .configuration:
      "\(study): \(self)"
    }
  }

  /// What is wrong; more than one line where more than one thing is.
  public var description: String {
    switch self {
    case .document(let error): "\(error)"
    case .data(let errors): errors.map { "\($0)" }.joined(separator: "\n")
    case .universe(let error): "\(error)"
    case .resampling(let error): "\(error)"
    case .walkForward(let error): "walk-forward: \(error)"
    case .regimes(let error): "regimes: \(error)"
    case .benchmark(let reason): "benchmark: \(reason)"
    case .replicates(let reason): "replicates: \(reason)"
    case .policy(let error): "policy: \(error)"
    case .configuration(let error): "\(error)"
    case .tooFewBars(let bars, let warmup):
      "\(bars) bar\(bars == 1 ? "" : "s"), but the warm-up takes \(warmup) and a return needs two; "
        + "give more bars or a shorter 'warmup'"
    case .missing(let key, let study, let purpose):
      "\(study): the study has no '\(key)', which \(purpose) needs; "
        + "`bt-run init` writes an example"
    case .file(let reason): reason
    }
  }
}
