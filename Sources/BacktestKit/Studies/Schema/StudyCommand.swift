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
