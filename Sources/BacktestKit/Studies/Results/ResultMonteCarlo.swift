import BacktestCore
import BacktestEvidence
import BacktestFiles

extension MonteCarloOutcome {
  /// The shares of markets at which `result.json` has quantiles.
  private static let shares: [(key: String, share: Double)] = [
    ("quantile-05", 0.05), ("quantile-25", 0.25), ("median", 0.5), ("quantile-75", 0.75),
    ("quantile-95", 0.95),
  ]

  /// The key `monte-carlo` of `result.json`.
  var json: JSONValue {
    let metrics = markets.distributions.filter { !$0.sorted.isEmpty }
    return [
      "markets": .integer(markets.marketCount), "bars": .integer(markets.barCount),
      "block-length": .number(markets.scheme.meanBlock),
      "seed": .integer(Int(clamping: markets.seed)),
      "metrics": .table(
        metrics.map { JSONMember(key: $0.metric, value: Self.json($0)) }),
      "trades": trades.map(Self.json) ?? .null,
    ]
  }

  private static func json(_ found: MonteCarloDistribution) -> JSONValue {
    var members = [
      JSONMember(key: "actual", value: JSONValue(found.actual)),
      JSONMember(key: "mean", value: JSONValue(found.mean)),
      JSONMember(key: "deviation", value: JSONValue(found.deviation)),
    ]
    members += shares.map { JSONMember(key: $0.key, value: JSONValue(found.quantile($0.share))) }
    members.append(JSONMember(key: "below-actual", value: JSONValue(found.shareBelowActual)))
    members.append(JSONMember(key: "without-value", value: .integer(found.missingCount)))
    return .table(members)
  }

  private static func json(_ trades: ReshuffledTrades) -> JSONValue {
    func paths(_ paths: ReshuffledPaths) -> JSONValue {
      .table(
        [
          JSONMember(key: "draws", value: .integer(paths.maxDrawdowns.count)),
          JSONMember(key: "actual-drawdown", value: .number(paths.actualDrawdown)),
          JSONMember(key: "as-deep", value: .number(paths.shareAsDeep)),
          JSONMember(key: "losses", value: .number(paths.shareOfLosses)),
        ]
          + shares.map {
            JSONMember(key: "drawdown-\($0.key)", value: .number(paths.drawdown($0.share)))
          }
          + shares.map {
            JSONMember(key: "total-return-\($0.key)", value: .number(paths.totalReturn($0.share)))
          })
    }
    return ["permuted": paths(trades.permuted), "with-replacement": paths(trades.drawn)]
  }
}
