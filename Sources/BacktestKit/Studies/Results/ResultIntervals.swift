import BacktestCore
package import BacktestEvidence
import BacktestFiles

extension ResultRecord {
  /// The bounds between which a metric lies with a stated confidence.
  package struct Interval: Sendable, Equatable {
    /// The name of the metric.
    package var metric: String
    /// The lower bound.
    package var lower: Double
    /// The upper bound.
    package var upper: Double
    /// The confidence, 0.95 for 95 %.
    package var level: Double
    /// `percentile`, `basic` or `bca`.
    package var method: IntervalMethod
    /// The mean number of rows that were drawn together.
    package var blockLength: Double
    /// The number of resamples in which the metric had a value.
    package var draws: Int
    /// The seed.
    package var seed: Int

    init(_ interval: MetricInterval) {
      metric = interval.metric
      lower = interval.lower
      upper = interval.upper
      level = interval.level
      method = interval.method
      blockLength = interval.scheme.meanBlock
      draws = interval.draws
      seed = Int(clamping: interval.seed)
    }

    init(_ table: inout DocumentTable) {
      metric = table.value("metric", .text)
      lower = table.value("lower", .number())
      upper = table.value("upper", .number())
      level = table.value("level", .number(.positive))
      method = table.value("method", .choice())
      blockLength = table.value("block-length", .number(.positive))
      draws = table.value("draws", .integer(.notNegative))
      seed = table.value("seed", .integer(.notNegative))
    }

    var json: JSONValue {
      [
        "metric": .text(metric), "lower": .number(lower), "upper": .number(upper),
        "level": .number(level), "method": .text(method.rawValue),
        "block-length": .number(blockLength), "draws": .integer(draws), "seed": .integer(seed),
      ]
    }
  }
}
