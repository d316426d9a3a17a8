import BacktestCore
package import BacktestEvidence
import BacktestFiles

extension RegimeAnalysis {
  /// The split as `result.json` has it in the list `regimes`.
  var json: JSONValue {
    let worst = (try? worst(by: "sharpe")) ?? nil
    return [
      "name": .text(name), "told-by": .text(seriesName),
      "known-at-the-time": .bool(labels.isKnownAtTheTime),
      "agreement": JSONValue(labels.agreement), "worst": worst?.json ?? .null,
      "descriptive": .list(descriptive.map(\.json)), "causal": .list(causal.map(\.json)),
      "descriptive-transitions": transitionJSON(.descriptive),
      "causal-transitions": transitionJSON(.causal),
    ]
  }
}

extension RegimeAnalysis {
  private func transitionJSON(_ knowledge: RegimeKnowledge) -> JSONValue {
    .list(transitions(knowledge).counts.map { row in .list(row.map { .integer($0) }) })
  }
}

extension RegimeAnalysis.Worst {
  fileprivate var json: JSONValue {
    [
      "metric": .text(metric), "label": .text(label), "value": .number(value),
      "lower": JSONValue(interval?.lower), "upper": JSONValue(interval?.upper),
      "bars": .integer(barCount), "runs": .integer(runCount), "trades": .integer(tradeCount),
    ]
  }
}

extension MetricInterval {
  fileprivate var regimeJSON: JSONValue {
    [
      "metric": .text(metric), "lower": .number(lower), "upper": .number(upper),
      "level": .number(level), "draws": .integer(draws),
    ]
  }
}

extension RegimeAnalysis.Part {
  fileprivate var json: JSONValue {
    let values = figures.compactMap { metric, value in
      value.map { JSONMember(key: metric.name, value: .number($0)) }
    }
    return [
      "label": .text(name), "bars": .integer(barCount), "share": .number(share),
      "runs": .integer(runCount), "trades": .integer(tradeCount),
      "total-return": JSONValue(totalReturn), "volatility": JSONValue(volatility),
      "sharpe": JSONValue(sharpe), "worst-drawdown": JSONValue(worstDrawdown),
      "intervals": .list((intervals?.all ?? []).map(\.regimeJSON)), "metrics": .table(values),
    ]
  }
}

extension StudyOutcome {
  /// The regime with the lowest Sharpe ratio by what was known at the time, over all splits of the
  /// run, with its kind of regimes; `nil` where no regime has one.
  package var worstRegime: (regimes: String, worst: RegimeAnalysis.Worst)? {
    let found = regimes.compactMap { analysis in
      ((try? analysis.worst(by: "sharpe")) ?? nil).map { (regimes: analysis.name, worst: $0) }
    }
    return found.min { $0.worst.value < $1.worst.value }
  }
}
