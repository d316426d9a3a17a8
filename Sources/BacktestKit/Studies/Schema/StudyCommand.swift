/// A command that takes a study and gives its result.
package enum StudyCommand: String, Sendable, CaseIterable {
  /// One run over all bars, or one for each replicate.
  case run
  /// A walk-forward.
  case walkForward = "walkforward"
  /// A sweep.
  case sweep
  /// A cross-validation.
  case crossValidation = "crossval"
}

/// A command whose work can be done in shards.
package enum ShardedCommand: String, Sendable, CaseIterable {
  case run
  case walkForward = "walkforward"
  case sweep
  case crossValidation = "crossval"
  /// Many studies, an entry of which is a unit.
  case batch

  /// The command with its study.
  init(_ command: StudyCommand) {
    self =
      switch command {
      case .run: .run
      case .walkForward: .walkForward
      case .sweep: .sweep
      case .crossValidation: .crossValidation
      }
  }
}
