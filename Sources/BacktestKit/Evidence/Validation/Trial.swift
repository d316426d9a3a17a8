package import BacktestCore

/// One evaluation of one parameter set on data: what has to be counted before the best of many is
/// believed.
package struct Trial: Sendable {
  /// What evaluated it.
  package enum Origin: Hashable, Sendable {
    /// A run over all bars.
    case run
    /// A point of a sweep.
    case sweep
    /// A train or test window of a walk-forward's fold, counted from 0.
    case walkForward(fold: Int, isTest: Bool)
    /// The train or test part of a split of a cross-validation, counted from 0.
    case crossValidation(split: Int, isTest: Bool)
  }

  /// What evaluated it.
  package var origin: Origin
  /// The parameters of the strategy.
  package var parameters: StrategyParameters
  /// The session date of each return.
  package var dates: [CivilDate]
  /// Simple returns of sessions, in order of time.
  package var returns: [Float]
  /// Metrics by name; those without a value are left out.
  package var metrics: [String: Double]

  /// An evaluation.
  package init(
    _ origin: Origin, parameters: StrategyParameters, dates: [CivilDate], returns: [Float],
    metrics: [String: Double]
  ) {
    self.origin = origin
    self.parameters = parameters
    self.dates = dates
    self.returns = returns
    self.metrics = metrics
  }
}

/// Is told of each evaluation as soon as it is done, on any thread and in any order.
package typealias TrialObserver = @Sendable (Trial) -> Void
