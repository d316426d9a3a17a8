import BacktestCore
import BacktestEvidence
import BacktestFiles

extension OverfittingProbability {
  /// The probability with its choices as `result.json` has them: how often each rank came out.
  var json: JSONValue {
    var counts: [Double: (logit: Double, count: Int)] = [:]
    for outcome in outcomes {
      counts[outcome.rank] = (outcome.logit, (counts[outcome.rank]?.count ?? 0) + 1)
    }
    return [
      "probability": .number(probability), "loss-probability": .number(lossProbability),
      "candidates": .integer(trials), "blocks": .integer(blocks),
      "choices": .integer(outcomes.count), "degradation": degradation?.json ?? .null,
      "first-order-dominance": .bool(dominance.isFirstOrder),
      "second-order-dominance": .bool(dominance.isSecondOrder),
      "ranks": .list(
        counts.sorted { $0.key < $1.key }.map { rank, found in
          [
            "rank": .number(rank), "logit": .number(found.logit), "count": .integer(found.count),
          ] as JSONValue
        }),
    ]
  }
}

extension OverfittingProbability.Degradation {
  /// The line as `result.json` has it.
  var json: JSONValue {
    [
      "slope": .number(slope), "intercept": .number(intercept),
      "determination": JSONValue(determination),
    ]
  }
}

extension PathGrowth {
  /// The quantiles of the paths at each date, as `result.json` has them.
  var json: JSONValue {
    let shares = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
    return [
      "dates": .list(dates.map { .text($0.description) }), "paths": .integer(paths.count),
      "shares": .list(shares.map { .number($0) }),
      "values": .list(shares.map { share in .list(quantile(share).map { .number($0) }) }),
    ]
  }
}
