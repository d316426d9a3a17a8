import BacktestEvidence
import BacktestFiles

extension TrialCounting {
  /// The trials behind a result as `result.json` has them under `trials`.
  var json: JSONValue {
    switch self {
    case .notCounted(let reason): return ["counted": .null, "reason": .text(reason)]
    case .counted(let count):
      return [
        "counted": .integer(count.counted), "forgotten": .integer(count.forgotten),
        "configurations": .integer(count.configurations),
        "effective": .number(count.effective),
        "mean-correlation": JSONValue(count.meanCorrelation),
        "sharpe-variance": JSONValue(count.sharpeVariance),
        "deflated-sharpe": JSONValue(count.deflatedSharpe), "family": .text(count.family),
        "store": .text(count.store),
      ]
    }
  }
}
