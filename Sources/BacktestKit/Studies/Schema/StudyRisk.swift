import BacktestCore
import BacktestFiles

extension StudyTable<BacktestConfiguration> {
  /// The keys of `risk`.
  static var risk: StudyTable {
    StudyTable(
      initial: BacktestConfiguration(),
      keys: [
        .list(
          "restricted", \.risk.restrictedSymbols, of: .text,
          "Symbols in which nothing may be opened."
        ).absent("none").example("[GME]")
      ] + RiskKeys.all.map { StudyKey($0) } + [
        .part(
          "value-at-risk", RiskKeys.valueAtRisk,
          "A limit of what the positions may lose over one bar.", example: "{limit: 0.02}"),
        .part(
          "circuit-breaker", RiskKeys.circuitBreaker, "When moves of prices stop entries.",
          example: "{move: 0.1, halt: 5}"),
        .part(
          "drawdown", RiskKeys.drawdown, "What a drawdown of equity leads to.",
          example: "{reduce: 0.1, halt: 0.2}"
        ) { table in
          if table.node("reduce") == nil, table.node("halt") == nil {
            table.report("'drawdown' needs 'reduce', 'halt' or both")
          }
          for (key, companion) in [("scale", "reduce"), ("cool-down", "halt")]
          where table.node(key) != nil && table.node(companion) == nil {
            table.report("'\(key)' goes with '\(companion)'", at: key)
          }
        },
      ],
      before: { table, configuration in
        if !configuration.accounting.placesOrders, !table.keys.isEmpty {
          table.report(
            "'risk' limits orders, but 'account.accounting' has the rule 'weights', under which "
              + "there are none; leave one of the two out")
        }
      },
      after: { table, configuration in
        guard let drawdown = configuration.risk.drawdown, let reduce = drawdown.reduceAt,
          let halt = drawdown.haltAt, reduce >= halt
        else { return }
        table.report("'drawdown' has to reduce before it halts", at: "drawdown")
      })
  }
}

extension StudyKey<BacktestConfiguration> {
  /// A key of a rule that there is only where its table is given.
  fileprivate static func part(
    _ name: String, _ keys: [ConfigurationKey<BacktestConfiguration>], _ help: String,
    example: String, after: @escaping (inout DocumentTable) -> Void = { _ in }
  ) -> StudyKey {
    let part = StudyTable(
      initial: BacktestConfiguration(), keys: keys.map { StudyKey($0) },
      after: { table, _ in after(&table) })
    var row = StudyRow(name, help)
    row.values = "table"
    row.absence = "none"
    row.example = example
    row.table = part.rows
    return StudyKey(
      row,
      read: { table, root in
        if table.node(name) == nil { return }
        table.section(name) { part.read(&$0, into: &root) }
      },
      json: { root in
        guard case .table(let members) = part.json(root), !members.isEmpty else { return nil }
        return .table(members)
      })
  }
}

extension BacktestConfiguration {
  /// The limits as `result.json` and digests have them; `nil` in a run without limits.
  var riskJSON: JSONValue? {
    guard risk.isActive else { return Optional.none }
    return StudyTable.risk.json(self)
  }
}
