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
        ).absent("by orders").example("{rule: orders}")
      ],
      after: { table, configuration in
        if !configuration.accounting.placesOrders, table.node("leverage") != nil {
          table.report(
            "'leverage' limits orders, but 'accounting' has the rule 'weights', under which there "
              + "are none and weights have no limit", at: "leverage")
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
