import BacktestCore
import BacktestFiles

// The keys that the configuration of a run defines: the tables `account` and `execution`, and some
// keys of the study itself.

extension StudyTable<BacktestConfiguration> {
  /// The keys beside the two tables.
  static var run: StudyTable {
    StudyTable(
      initial: BacktestConfiguration(),
      keys: [RunKeys.decide, RunKeys.warmup, RunKeys.riskFree].map { StudyKey($0) })
  }

  /// The keys of `account`.
  static var account: StudyTable {
    StudyTable(
      initial: BacktestConfiguration(),
      keys: AccountKeys.all.map { StudyKey($0) } + [
        StudyKey.table(
          "accounting", \.self, accounting, "What turns decisions into equity.", isOptional: true
        ).absent("by orders").example("{rule: orders}"),
        optionalPart(
          "margin", margin, "Margin rates, instead of a leverage.",
          isGiven: {
            $0.account.funding.margin != nil
          }, take: { $0.account.funding = $1.account.funding }
        ).example("{preset: reg-t}"),
        optionalPart(
          "financing", financing, "What borrowing costs and idle cash earns.",
          isGiven: {
            $0.account.financing != nil
          }, take: { $0.account.financing = $1.account.financing }
        ).example("{interest: 0.06, borrow: 0.005}"),
      ],
      after: { table, configuration in
        if !configuration.accounting.placesOrders, table.node("leverage") != nil {
          table.report(
            "'leverage' limits orders, but 'accounting' has the rule 'weights', under which there "
              + "are none and weights have no limit", at: "leverage")
        }
        for key in ["margin", "financing"]
        where !configuration.accounting.placesOrders && table.node(key) != nil {
          table.report(
            "'\(key)' goes with orders, but 'accounting' has the rule 'weights', under which "
              + "nothing is borrowed", at: key)
        }
        if table.node("leverage") != nil, table.node("margin") != nil {
          table.report(
            "'leverage' and 'margin' both say how much exposure equity carries; give one, and "
              + "write a leverage of 4 as 'margin: {initial: 0.25, maintenance: …}'", at: "margin")
        }
      })
  }

  /// A key of a table of which a configuration is filled only where it is given.
  private static func optionalPart(
    _ name: String, _ part: StudyTable, _ help: String,
    isGiven: @escaping (BacktestConfiguration) -> Bool,
    take: @escaping (inout BacktestConfiguration, BacktestConfiguration) -> Void
  ) -> StudyKey<BacktestConfiguration> {
    .optionalTable(
      name, help, { _ in part }, rows: part.rows, get: { isGiven($0) ? $0 : nil }, set: take)
  }

  private static var margin: StudyTable {
    StudyTable(
      initial: BacktestConfiguration(),
      keys: MarginKeys.all.map { StudyKey($0) } + [.marginExceptions],
      after: { table, configuration in
        guard table.node("preset") != nil || table.node("initial") != nil else {
          return table.report(
            "'margin' needs rates: 'preset: reg-t', or 'initial' and 'maintenance'")
        }
        if table.node("preset") == nil, table.node("maintenance") == nil {
          table.report(
            "'initial' needs 'maintenance' beside it; 0 means that there are no margin calls",
            at: "initial")
        }
        if let problem = configuration.account.funding.margin?.problem { table.report(problem) }
      })
  }

  private static var financing: StudyTable {
    StudyTable(
      initial: BacktestConfiguration(),
      keys: FinancingKeys.all.map { StudyKey($0) } + [.borrowRates],
      after: { table, configuration in
        if table.keys.isEmpty {
          table.report("'financing' needs a rate: 'interest', 'credit' or 'borrow'")
        }
        if case .integer(let days) = table.node("day-count")?.content, days != 360, days != 365 {
          table.report("a year has 360 or 365 days, not \(days)", at: "day-count")
        }
      })
  }

  private static var accounting: StudyTable {
    StudyTable(
      initial: BacktestConfiguration(), keys: AccountKeys.accounting.map { StudyKey($0) },
      after: { table, configuration in
        guard table.node("rule") != nil, configuration.accounting.placesOrders else { return }
        if table.node("fee") != nil {
          table.report(
            "'fee' goes with 'rule: weights'; orders pay 'execution.commission'", at: "fee")
        }
        if table.node("initial-weights") != nil {
          table.report("'initial-weights' goes with 'rule: weights'", at: "initial-weights")
        }
      })
  }

  /// The keys of `execution`.
  static var execution: StudyTable {
    StudyTable(
      initial: BacktestConfiguration(),
      keys: ExecutionKeys.all.map { StudyKey($0) } + [
        .costs(
          "slippage", \.execution.slippage, CostModelDefinition.slippage,
          "How far a trade moves the price.", example: "{basis-points: 2}"
        ) { $0.description(in: "") },
        .costs(
          "commission", \.execution.commission, CostModelDefinition.commission,
          "What the broker charges.", example: "{basis-points: 1}"
        ) { $0.description(in: "") },
      ],
      before: { table, configuration in
        if !configuration.accounting.placesOrders, !table.keys.isEmpty {
          table.report(
            "'execution' says how orders fill, but 'account.accounting' has the rule 'weights', "
              + "under which there are none; leave one of the two out")
        }
      },
      after: { table, configuration in
        if configuration.execution.limitFill == .touch, table.node("through-ticks") != nil {
          table.report("'through-ticks' goes with 'limit-fill: through'", at: "through-ticks")
        }
      })
  }
}

extension StudyKey {
  /// A key of a table that names one cost model by its key.
  fileprivate static func costs<Model>(
    _ name: String, _ property: WritableKeyPath<Root, Model>,
    _ definitions: [CostModelDefinition<Model>], _ help: String, example: String,
    describe: @escaping (Model) -> CostDescription
  ) -> StudyKey {
    let rule = DocumentRule<Double>.number(.notNegative)
    var row = StudyRow(name, help)
    row.values = "table with one model"
    row.absence = "none"
    row.example = example
    row.table = definitions.flatMap { definition in
      definition.keys.map { key in
        var row = StudyRow(key.name, key.help, rule)
        row.example = key.example
        row.fallback = key.fallback.map(NumberText.plain) ?? ""
        row.companion = key.fallback == nil ? "" : definition.keys[0].name
        return row
      }
    }
    return StudyKey(
      row,
      read: { table, root in
        let models = table.section(name) { table in definitions.compactMap { $0.model(&table) } }
        if case .table(let given) = table.node(name)?.content, given.isEmpty {
          table.report(
            "'\(name)' names no model; give one, such as \(example), or leave '\(name)' out, which "
              + "makes it free", at: name)
        }
        if models.count > 1 {
          table.report("name one \(name) model, not \(models.count)", at: name)
        }
        if let model = models.first { root[keyPath: property] = model }
      },
      json: { root in
        let description = describe(root[keyPath: property])
        return .table(
          [JSONMember(key: "model", value: .text(description.model))]
            + description.values.map { JSONMember(key: $0.name, value: .number($0.number)) })
      })
  }
}

extension CostModelDefinition {
  /// The model, where a table has its key.
  fileprivate func model(_ table: inout DocumentTable) -> Model? {
    let given = keys.map { table.optional($0.name, .number(.notNegative)) }
    guard given[0] != nil else {
      for (key, value) in zip(keys, given).dropFirst() where value != nil {
        table.report("'\(key.name)' goes with '\(keys[0].name)'", at: key.name)
      }
      return nil
    }
    return make(zip(keys, given).map { $1 ?? $0.fallback ?? 0 })
  }
}
