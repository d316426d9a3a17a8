/// A figure that a gate judges: a finite value, or the reason why there is none.
///
///     GateFigure(metrics.sharpe, absence: "too few returns (1)")
public struct GateFigure: Hashable, Sendable {
  /// The value, always finite; `nil` where there is none.
  public let value: Double?
  /// The bounds of the value with 95 % confidence; `nil` where they are not known.
  public let interval95: ClosedRange<Double>?
  /// Why there is no value, in a few words; `nil` where there is one.
  public let absence: String?
  /// What it was measured with, in a few words; `nil` where there is nothing to say.
  package var detail: String?

  /// A figure.
  ///
  /// - Parameters:
  ///   - value: what was measured; a value that is infinite or not a number counts as none.
  ///   - interval95: its bounds with 95 % confidence.
  ///   - absence: why there is no value, where there is none.
  public init(
    _ value: Double?, interval95: ClosedRange<Double>? = nil, absence: @autoclosure () -> String
  ) {
    guard let value, value.isFinite else {
      self.value = nil
      self.interval95 = nil
      self.absence = value == nil ? absence() : "it is not a finite number"
      return
    }
    self.value = value
    self.absence = nil
    let isFinite = interval95.map { $0.lowerBound.isFinite && $0.upperBound.isFinite }
    self.interval95 = isFinite == true ? interval95 : nil
  }

  /// A figure that nothing has measured.
  package static let notMeasured = missing("not measured")

  /// A figure without a value.
  package static func missing(_ reason: String) -> GateFigure {
    GateFigure(nil, absence: reason)
  }

  /// The figure with the other sign.
  package var negated: GateFigure {
    GateFigure(
      value.map { 0 - $0 },
      interval95: interval95.map { (0 - $0.upperBound)...(0 - $0.lowerBound) },
      absence: absence ?? "")
  }
}

/// Something that is shown to hold, or not: the absence of look-ahead, or that a run reproduces.
package enum GateProof: Hashable, Sendable {
  /// It holds; what was compared.
  case holds(String)
  /// It does not hold; where.
  case fails(String)
  /// It was not tried; why.
  case missing(String)

  /// Nothing has tried it.
  package static let notMeasured = GateProof.missing("not measured")
}

/// What a gate knows of a study. Whoever runs the study fills it; what nobody has measured stays
/// missing, and rules about it fail.
package struct GateInputs: Sendable {
  /// A metric of the catalogue by its name.
  package var metric: @Sendable (String) -> GateFigure
  /// The caveats by their codes, with their messages.
  package var limits: [(code: String, message: String)] = []
  /// Whether parameters were chosen among several.
  package var hasSearched = false
  /// The number of closed round trips.
  package var closedTrades = GateFigure.notMeasured
  /// The probability that the true Sharpe ratio is above what the best of all trials shows by
  /// chance.
  package var deflatedSharpe = GateFigure.notMeasured
  /// The probability of backtest overfitting.
  package var overfitProbability = GateFigure.notMeasured
  /// What that probability is made of; `nil` where it was not estimated.
  package var overfitting: OverfittingProbability?
  /// The p-value of the test for superior predictive ability.
  package var superiorAbilityPValue = GateFigure.notMeasured
  /// The trials that were counted.
  package var trials = GateFigure.notMeasured
  /// The trials after those that resemble each other were counted once.
  package var effectiveTrials = GateFigure.notMeasured
  /// The cost in basis points at which nothing is earned.
  package var breakEvenBasisPoints = GateFigure.notMeasured
  /// The lowest Sharpe ratio of a regime.
  package var worstRegimeSharpe = GateFigure.notMeasured
  /// The share of folds with a profit.
  package var profitableFolds = GateFigure.notMeasured
  /// The out-of-sample objective over the one in sample.
  package var efficiency = GateFigure.notMeasured
  /// That no decision depends on later data.
  package var noLookAhead = GateProof.notMeasured
  /// That the run gives the same fingerprint again.
  package var reproduction = GateProof.notMeasured
  /// An earlier result of the same study.
  package var baseline: Baseline?

  /// An earlier result.
  package struct Baseline: Sendable {
    /// What it is called.
    package var name: String
    /// A figure of it by the name of its quantity.
    package var figure: @Sendable (GateQuantity) -> GateFigure

    /// A baseline.
    package init(name: String, figure: @escaping @Sendable (GateQuantity) -> GateFigure) {
      self.name = name
      self.figure = figure
    }
  }

  /// The inputs of a study of which only metrics are known.
  package init(metric: @escaping @Sendable (String) -> GateFigure) { self.metric = metric }
}
