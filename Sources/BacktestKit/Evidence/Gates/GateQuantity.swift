internal import BacktestCore

/// Something that a rule of a gate can hold to a bound: a metric of the catalogue, or a figure of
/// the evidence for it.
///
///     let quantity = GateQuantity.find("dsr")
///     print(quantity?.title ?? "", quantity?.definition ?? "")
public struct GateQuantity: Sendable {
  /// The name by which rules ask for it: `sharpe`, `dsr`, `drawdown`.
  public let name: String
  /// The name in a sentence or a table.
  public let title: String
  /// What the number counts.
  public let unit: MetricUnit
  /// Whether more is better; `nil` where neither direction is.
  public let higherIsBetter: Bool?
  /// One line that defines it.
  public let definition: String
  /// The values that it can have, as far as that is known; other bounds make no sense.
  package let range: ClosedRange<Double>?
  /// What moves it in the better direction, where that can be said for every strategy.
  package let advice: String?
  /// Where its value comes from.
  package let figure: @Sendable (GateInputs) -> GateFigure

  private init(
    _ name: String, _ title: String, _ unit: MetricUnit, higherIsBetter: Bool? = nil,
    _ definition: String, range: ClosedRange<Double>? = nil, advice: String? = nil,
    figure: @escaping @Sendable (GateInputs) -> GateFigure
  ) {
    self.name = name
    self.title = title
    self.unit = unit
    self.higherIsBetter = higherIsBetter
    self.definition = definition
    self.range = range
    self.advice = advice
    self.figure = figure
  }

  private init(_ metric: MetricDefinition) {
    let name = metric.name
    let ranges = [
      "max-drawdown": -Double.infinity...0, "psr": 0...1, "trade-count": 0...Double.infinity,
      "volatility": 0...Double.infinity,
    ]
    self.init(
      name, metric.title, metric.unit, higherIsBetter: metric.higherIsBetter, metric.definition,
      range: ranges[name]
    ) { $0.metric(name) }
  }

  /// Whether it is a probability.
  var isProbability: Bool { range == 0...1 && unit == .ratio }

  /// Whether resampling can give it an interval.
  package var hasInterval: Bool { name == "drawdown" || Metrics.find(name) != nil }

  /// The quantity of a name; `nil` where there is none.
  public static func find(_ name: String) -> GateQuantity? {
    evidence.first { $0.name == name } ?? Metrics.find(name).map { GateQuantity($0) }
  }

  /// All names, those of the evidence first.
  public static var names: [String] { evidence.map(\.name) + Metrics.all.map(\.name) }

  /// The quantities that are no metrics of the catalogue.
  public static let evidence: [GateQuantity] = [
    GateQuantity(
      "trades", "Closed trades", .count, higherIsBetter: true, "round trips that were closed",
      range: 0...Double.infinity,
      advice: "a longer period or more instruments give more trades"
    ) { $0.closedTrades },
    GateQuantity(
      "drawdown", "Depth of the deepest drawdown", .fraction, higherIsBetter: false,
      "the deepest fall from a peak as a positive share: 0.2 is a fall of 20 %", range: 0...1,
      advice: "smaller positions make it proportionally smaller"
    ) { $0.metric("max-drawdown").negated },
    GateQuantity(
      "dsr", "Deflated Sharpe ratio", .ratio, higherIsBetter: true,
      "probability that the true Sharpe ratio is above what the best of all trials shows by chance "
        + "(Bailey, López de Prado, 2014)",
      range: 0...1,
      advice: "it takes a higher Sharpe ratio, a longer record, or fewer trials"
    ) { $0.deflatedSharpe },
    GateQuantity(
      "pbo", "Probability of backtest overfitting", .ratio, higherIsBetter: false,
      "share of splits in which the best candidate in sample is below the median out of sample "
        + "(Bailey, Borwein, López de Prado, Zhu, 2017)",
      range: 0...1,
      advice: "it falls where the candidate that is best in sample stays above the median out of "
        + "sample; among candidates without an edge it is about 0.5, however few they are"
    ) { $0.overfitProbability },
    GateQuantity(
      "spa-p", "p-value of the SPA test", .ratio, higherIsBetter: false,
      "chance of the best candidate's lead if no candidate beats the benchmark (Hansen, 2005)",
      range: 0...1,
      advice: "it takes a larger lead over the benchmark, a longer record, or fewer candidates"
    ) { $0.superiorAbilityPValue },
    GateQuantity(
      "trials", "Trials", .count, "evaluations of parameters that were counted"
    ) { $0.trials },
    GateQuantity(
      "effective-trials", "Effective trials", .count,
      "trials after those that resemble each other were counted once"
    ) { $0.effectiveTrials },
    GateQuantity(
      "break-even-basis-points", "Break-even cost in basis points", .ratio, higherIsBetter: true,
      "cost of each trade, in basis points of what is traded, at which a run with the study's own "
        + "parameters earns nothing",
      advice: "fewer or better trades raise it"
    ) { $0.breakEvenBasisPoints },
    GateQuantity(
      "worst-regime", "Sharpe ratio in the worst regime", .ratio, higherIsBetter: true,
      "lowest Sharpe ratio a year of a regime, as known at the time"
    ) { $0.worstRegimeSharpe },
    GateQuantity(
      "profitable-folds", "Profitable folds", .fraction, higherIsBetter: true,
      "share of the walk-forward's folds whose test window ended with a profit", range: 0...1
    ) { $0.profitableFolds },
    GateQuantity(
      "efficiency", "Walk-forward efficiency", .ratio, higherIsBetter: true,
      "objective of the stitched out-of-sample run over the mean in-sample objective"
    ) { $0.efficiency },
  ]
}
