import BacktestCore

/// What a strategy did in synthetic markets.
public struct MonteCarloResult: Hashable, Sendable {
  /// The number of markets.
  public let marketCount: Int
  /// How bars were drawn.
  public let scheme: ResamplingScheme
  /// The seed of the markets.
  public let seed: UInt64
  /// The number of bars of each instrument in a market.
  public let barCount: Int
  /// The distribution of each metric, in the order of the catalogue.
  public let distributions: [MonteCarloDistribution]

  /// A result from the values of all metrics in each market.
  ///
  /// - Parameters:
  ///   - actual: the metrics on the source of the markets.
  ///   - values: for each market one value a metric of the catalogue.
  package init(_ markets: SyntheticMarkets, actual: PerformanceMetrics, values: [[Double?]]) {
    marketCount = values.count
    scheme = markets.scheme
    seed = markets.seed
    barCount = markets.barCount
    distributions = actual.all.enumerated().map { column, one in
      MonteCarloDistribution(one.metric.name, actual: one.value, values: values.map { $0[column] })
    }
  }

  /// The distribution of a metric, or `nil` for an unknown name.
  public subscript(metric: String) -> MonteCarloDistribution? {
    distributions.first { $0.metric == metric }
  }
}

/// The values of one metric in synthetic markets.
public struct MonteCarloDistribution: Hashable, Sendable {
  /// The name of the metric in the catalogue.
  public let metric: String
  /// Its value on the same bars in their own order; `nil` where it has none.
  public let actual: Double?
  /// The values in ascending order, without the markets in which there is none.
  public let sorted: [Double]
  /// The number of markets in which it has no value.
  public let missingCount: Int

  init(_ metric: String, actual: Double?, values: [Double?]) {
    self.metric = metric
    self.actual = actual
    sorted = values.compactMap(\.self).sorted()
    missingCount = values.count - sorted.count
  }

  /// The mean; `nil` without values.
  public var mean: Double? { sorted.isEmpty ? nil : Dispersion(sorted).mean }

  /// The deviation, n - 1; `nil` with fewer than two values.
  public var deviation: Double? { sorted.count < 2 ? nil : Dispersion(sorted).deviation() }

  /// The value below which lies a share of the markets, type 7; `nil` without values.
  ///
  /// - Precondition: the share lies between 0 and 1.
  public func quantile(_ share: Double) -> Double? {
    sorted.isEmpty ? nil : sorted.sortedQuantile(share)
  }

  /// The share of markets with a lower value than the actual one, ties counting half.
  public var shareBelowActual: Double? {
    guard let actual, !sorted.isEmpty else { return nil }
    let below = sorted.count { $0 < actual }
    let equal = sorted.count { $0 == actual }
    return (Double(below) + Double(equal) / 2) / Double(sorted.count)
  }
}

extension MonteCarloResult {
  /// How the markets were made, in one sentence.
  package var text: String {
    "\(NumberText.count(marketCount, "market")) of \(NumberText.count(barCount, "bar")), "
      + "\(scheme.text), seed \(seed)"
  }
}
