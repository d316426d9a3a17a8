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
        .slippage {
          $0.execution.slippage
        } set: {
          $0.execution.slippage = $1
        },
        .commission {
          $0.execution.commission
        } set: {
          $0.execution.commission = $1
        },
        .taxes {
          $0.execution.taxes
        } set: {
          $0.execution.taxes = $1
        },
        .feeSchedule {
          $0.execution.feeSchedule
        } set: {
          $1.apply(to: &$0.execution)
        },
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
