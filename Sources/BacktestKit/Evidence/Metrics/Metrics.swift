import BacktestCore

/// The catalogue of metrics, in the order in which they are listed.
///
///     let sharpe = try Metrics.named("sharpe")
///     for metric in Metrics.all { print(metric.name, metric.definition) }
public enum Metrics {
  /// Every metric, group by group.
  public static let all: [MetricDefinition] = groups.flatMap { group, definitions in
    definitions.map { definition in
      var definition = definition
      definition.group = group
      return definition
    }
  }

  /// The names of the few by which a run is summed up.
  public static let headlineNames = [
    "total-return", "cagr", "volatility", "sharpe", "sortino", "max-drawdown", "calmar",
    "max-drawdown-bars", "exposure", "turnover-annual", "trade-count", "trade-win-rate",
    "trade-profit-factor", "trade-expectancy",
  ]

  /// The metric of a name.
  ///
  /// - Throws: `UnknownMetricError` with the names that may have been meant.
  public static func named(_ name: String) throws(UnknownMetricError) -> MetricDefinition {
    if let found = find(name) { return found }
    throw UnknownMetricError(
      name: name, candidates: NearestName.several(name, among: all.map(\.name)))
  }

  package static func find(_ name: String) -> MetricDefinition? { all.first { $0.name == name } }

  private static let groups: [(MetricGroup, [MetricDefinition])] = [
    (.returns, returnDefinitions), (.risk, riskDefinitions), (.ratios, ratioDefinitions),
    (.drawdowns, drawdownDefinitions), (.tails, tailDefinitions),
    (.distribution, distributionDefinitions), (.outcomes, outcomeDefinitions),
    (.benchmark, benchmarkDefinitions), (.trades, tradeDefinitions),
    (.activity, activityDefinitions),
  ]
}

/// A metric name that the catalogue does not have.
public struct UnknownMetricError: Error, Hashable, CustomStringConvertible {
  /// The name that was asked for.
  public var name: String
  /// Names that may have been meant, nearest first.
  public var candidates: [String]

  /// One line that says what to write instead.
  public var description: String {
    let hint =
      candidates.isEmpty
      ? "see the list of metrics" : "did you mean \(candidates.joined(separator: ", "))?"
    return "there is no metric \"\(name)\"; \(hint)"
  }
}
