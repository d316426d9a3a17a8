internal import BacktestCore
internal import BacktestFiles

/// Why a study cannot be run: which part of it is wrong, where, and what to do.
public struct StudyError: Error, Equatable, CustomStringConvertible {
  /// A part of a study, or of what it needs.
  public enum Part: String, Hashable, Sendable {
    /// A file that could not be read or written; the reason names it.
    case file
    /// The price data: missing or invalid rows, too few bars, series that do not fit together.
    case data
    /// Rules that do not fit the data.
    case configuration
    /// A strategy that cannot run on the study's instruments.
    case strategy
    /// A policy that cannot decide in this market, or stopped deciding.
    case policy
    /// The walk-forward plan, its grid or its checkpoints.
    case walkForward = "walk-forward"
    /// The sweep and its grid.
    case sweep
    /// The tuning, its space or its sampler.
    case tuning = "tune"
    /// The cross-validation or its grid.
    case crossValidation = "cross-validation"
    /// The regimes.
    case regimes
    /// The benchmark.
    case benchmark
    /// The replicates.
    case replicates
    /// What is changed about the bars.
    case stress
  }

  /// The part that is wrong.
  public let part: Part
  /// What is wrong and what to do; one line for each problem.
  public let reason: String

  /// An error from its parts.
  public init(_ part: Part, _ reason: String) {
    self.part = part
    self.reason = reason
  }

  /// The part and what is wrong with it.
  public var description: String {
    switch part {
    case .file, .configuration: reason
    case .data, .strategy, .policy, .walkForward, .crossValidation, .sweep, .tuning, .regimes,
      .benchmark,
      .replicates, .stress:
      "\(part.rawValue): \(reason)"
    }
  }

  /// The message after the path of the study, unless the reason names a file itself.
  package func message(of study: String) -> String {
    part == .file ? reason : "\(study): \(self)"
  }

  /// Does some work of a part and reports its error as one of the study.
  static func wrapping<Value>(
    _ part: Part, _ work: () throws -> Value
  ) throws(StudyError) -> Value {
    do {
      return try work()
    } catch let error as StudyError {
      throw error
    } catch {
      throw StudyError(part, "\(error)")
    }
  }
}

extension Study {
  /// Checks that the configuration fits the data.
  ///
  /// - Throws: `StudyError` with the line of the study that does not, where there is one.
  func validateConfiguration(for universe: Universe) throws(StudyError) {
    do throws(ConfigurationError) {
      try configuration.validate(for: universe)
    } catch {
      guard let key = error.key, let node = document.value(at: key) else {
        throw StudyError(.configuration, error.description)
      }
      let place = error.text.flatMap(node.first)?.place ?? node.place
      throw StudyError(.file, "\(place): '\(key)': \(error)")
    }
  }
}
