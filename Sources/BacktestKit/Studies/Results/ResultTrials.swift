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

extension TrialCounting {
  /// The count under `trials` of a `result.json`; results of older versions have none.
  init(json: JSONValue?) {
    guard let json, let counted = json["counted"]?.wholeValue, counted >= 0 else {
      self = json?["reason"]?.textValue.map { .notCounted(reason: $0) } ?? .withoutStore
      return
    }
    var count = CountedTrials(
      family: json["family"]?.textValue ?? "", store: json["store"]?.textValue ?? "",
      counted: counted, forgotten: max(json["forgotten"]?.wholeValue ?? 0, 0),
      configurations: max(json["configurations"]?.wholeValue ?? 0, 0),
      meanCorrelation: json["mean-correlation"]?.numberValue,
      sharpeVariance: json["sharpe-variance"]?.numberValue)
    count.deflatedSharpe = json["deflated-sharpe"]?.numberValue.flatMap {
      (0...1).contains($0) ? $0 : nil
    }
    self = .counted(count)
  }
}
