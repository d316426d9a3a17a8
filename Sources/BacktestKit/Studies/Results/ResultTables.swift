import BacktestCore
import BacktestEvidence
import BacktestFiles

/// The tables of a result as CSV, one file each.
struct ResultTables {
  let result: BacktestResult
  private let symbols: [String]
  /// The currency of each instrument; empty where all are in the account's.
  private let currencies: [String]

  init(_ result: BacktestResult) {
    self.result = result
    symbols = result.universe.series.map(\.instrument.symbol)
    let home = result.configuration.account.currency
    let known = result.universe.series.map { $0.instrument.currency ?? home }
    currencies = known.allSatisfy { $0 == home } ? [] : known
  }

  /// The columns of currency and rate, where there is more than one currency.
  private var currencyColumns: [String] { currencies.isEmpty ? [] : ["currency", "rate"] }

  private func symbol(_ instrument: InstrumentID) -> String {
    symbols[Int(instrument.index)]
  }

  /// Equity, exposure, drawdown, cash and the benchmark at each point, the base point first.
  ///
  /// - Parameter benchmark: what the capital had become in the benchmark by a point; `nil` where
  ///   there is no price on its date.
  func writeEquity(
    to file: FileOutput, benchmark: BenchmarkCurve?
  ) throws(FileError) {
    let header = [
      "time", "equity", "gross_exposure", "drawdown", "net_exposure", "cash", "benchmark",
    ]
    var csv = try CSVWriter(header, to: file)
    let curve = result.curve
    let cash = result.cashCurve
    let compared = benchmark?.values(at: result)
    let drawdown = Drawdown.underwater(Array(curve.equity))
    try csv.rows(curve.equity.count) {
      $0.field(curve.times[$1])
      $0.field(curve.equity[$1])
      $0.field(curve.grossExposure[$1])
      $0.field(drawdown[$1])
      $0.field(cash?.netExposure[$1])
      $0.field(cash?.cash[$1])
      $0.field(compared?[$1])
    }
    try csv.finish()
  }

  /// Every order and what became of it.
  func writeOrders(to file: FileOutput) throws(FileError) {
    let header = [
      "order", "submitted", "symbol", "quantity", "kind", "price", "limit", "trail",
      "time_in_force", "expires", "group", "parent", "reduce_only", "post_only", "outcome",
      "reason", "filled_quantity", "ended", "cut_to", "liquidation", "exit_rule",
    ]
    var csv = try CSVWriter(header, to: file)
    var endings: [Int32: OrderOutcome] = [:]
    var cuts: [Int32: Double] = [:]
    for outcome in result.outcomes {
      if case .cut(let quantity) = outcome.kind {
        cuts[outcome.order.number] = quantity
      } else {
        endings[outcome.order.number] = outcome
      }
    }
    for order in result.orders {
      let ending = endings[order.assignedID.number]
      try csv.row { row in
        row.field(Int(order.assignedID.number))
        row.field(order.submitted)
        row.field(symbol(order.instrument))
        row.field(order.quantity)
        row.field(order.kind.word)
        row.field(order.kind.price)
        row.field(order.kind.hasTrigger ? order.kind.limitPrice : nil)
        row.field(order.kind.trail?.text ?? "")
        row.field(order.timeInForce.code)
        row.field(order.timeInForce.end)
        row.field(order.group == 0 ? Double.nan : Double(order.group))
        row.field(order.parent.number == 0 ? Double.nan : Double(order.parent.number))
        row.field(order.reduceOnly ? 1 : 0)
        row.field(order.postOnly ? 1 : 0)
        row.field(ending?.kind.word ?? "")
        row.field(ending?.kind.reason ?? "")
        row.field(ending?.filledQuantity)
        row.field(ending?.time)
        row.field(cuts[order.assignedID.number])
        row.field(order.isLiquidation ? 1 : 0)
        row.field(order.exitRule?.rawValue ?? "")
      }
    }
    try csv.finish()
  }

  /// Each order's life, step by step.
  func writeOrderEvents(to file: FileOutput) throws(FileError) {
    let header = ["order", "time", "event", "reason", "quantity", "price"]
    var csv = try CSVWriter(header, to: file)
    for event in result.orderEvents {
      try csv.row { row in
        row.field(Int(event.order.number))
        row.field(event.time)
        row.field(event.kind.word)
        row.field(event.kind.reason?.rawValue ?? "")
        row.field(event.quantity)
        row.field(event.price)
      }
    }
    try csv.finish()
  }

  /// What was held after each fill and each split, at average cost and first in, first out.
  func writePositions(to file: FileOutput) throws(FileError) {
    let header =
      [
        "time", "symbol", "quantity", "mark", "value", "average_price", "average_realized",
        "average_unrealized", "fifo_price", "fifo_realized", "fifo_unrealized",
      ] + currencyColumns
    var csv = try CSVWriter(header, to: file)
    for record in result.positionHistory {
      try csv.row { row in
        row.field(record.time)
        row.field(symbol(record.instrument))
        row.field(record.quantity)
        row.field(record.mark)
        row.field(record.value)
        for basis in [record.averageCost, record.firstInFirstOut] {
          row.field(basis.price)
          row.field(basis.realized)
          row.field(basis.unrealized)
        }
        guard !currencies.isEmpty else { return }
        row.field(currencies[Int(record.instrument.index)])
        row.field(record.rate)
      }
    }
    try csv.finish()
  }

  /// What happened to shares of the universe, held or not.
  func writeActions(to file: FileOutput) throws(FileError) {
    let header = [
      "time", "symbol", "kind", "value", "new_symbol", "quantity_before", "quantity_after",
      "amount",
    ]
    var csv = try CSVWriter(header, to: file)
    for applied in result.actions {
      try csv.row { row in
        row.field(applied.time)
        row.field(symbol(applied.instrument))
        row.field(applied.action.kind.name)
        row.field(applied.action.kind.value)
        row.field(applied.action.kind.newSymbol ?? "")
        row.field(applied.quantityBefore)
        row.field(applied.quantityAfter)
        row.field(applied.amount)
      }
    }
    try csv.finish()
  }

  /// Every fill with its costs.
  func writeFills(to file: FileOutput) throws(FileError) {
    let header =
      [
        "time", "order", "symbol", "quantity", "reference", "price", "slippage", "commission",
        "tax", "intrabar",
      ] + currencyColumns + (currencies.isEmpty ? [] : ["conversion"])
    var csv = try CSVWriter(header, to: file)
    for (index, fill) in result.fills.enumerated() {
      try csv.row { row in
        row.field(fill.time)
        row.field(Int(fill.order.number))
        row.field(symbol(fill.instrument))
        row.field(fill.quantity)
        row.field(fill.reference)
        row.field(fill.price)
        row.field(fill.slippage)
        row.field(fill.commission)
        row.field(fill.tax)
        row.field(fill.isIntrabar ? 1 : 0)
        guard !currencies.isEmpty, index < result.conversions.count else { return }
        row.field(currencies[Int(fill.instrument.index)])
        row.field(result.conversions[index].rate)
        row.field(result.conversions[index].cost)
      }
    }
    try csv.finish()
  }

  /// Every round trip, those still open at the end marked.
  func writeTrades(to file: FileOutput) throws(FileError) {
    let header = [
      "symbol", "direction", "entry_time", "exit_time", "bars", "quantity", "entry_price",
      "exit_price", "gross_profit", "commission", "slippage", "tax", "profit", "return",
      "adverse_excursion", "favourable_excursion", "open", "marked",
    ]
    var csv = try CSVWriter(header, to: file)
    for trade in result.trades {
      try csv.row { row in
        row.field(symbol(trade.instrument))
        row.field(trade.isLong ? "long" : "short")
        row.field(trade.entryTime)
        row.field(trade.exitTime)
        row.field(trade.barCount)
        row.field(trade.quantity)
        row.field(trade.entryPrice)
        row.field(trade.exitPrice)
        row.field(trade.grossProfit)
        row.field(trade.commission)
        row.field(trade.slippage)
        row.field(trade.tax)
        row.field(trade.profit)
        row.field(trade.profitFraction)
        row.field(trade.maximumAdverseExcursion)
        row.field(trade.maximumFavourableExcursion)
        row.field(trade.isOpen ? 1 : 0)
        row.field(trade.isMarked ? 1 : 0)
      }
    }
    try csv.finish()
  }

  /// Every forecast and the logarithmic return that it met; empty where it does not count.
  func writeForecasts(to file: FileOutput) throws(FileError) {
    let header = [
      "time", "symbol", "score", "probability_up", "expected_return", "deviation", "lower", "upper",
      "outcome",
    ]
    var csv = try CSVWriter(header, to: file)
    for (forecast, outcome) in zip(result.forecasts, PairedForecasts(result).outcomes) {
      try csv.row { row in
        row.field(forecast.time)
        row.field(symbol(forecast.instrument))
        row.field(forecast.score)
        row.field(forecast.probabilityUp)
        row.field(forecast.expectedReturn)
        row.field(forecast.deviation)
        row.field(forecast.interval?.lower)
        row.field(forecast.interval?.upper)
        row.field(outcome)
      }
    }
    try csv.finish()
  }

  /// Every decision of a policy: what it wanted of an instrument, and what was held before.
  func writeDecisions(to file: FileOutput) throws(FileError) {
    var csv = try CSVWriter(
      ["time", "symbol", "action", "target_weight", "quantity", "weight"], to: file)
    for decision in result.decisions {
      try csv.row { row in
        row.field(decision.time)
        row.field(symbol(decision.instrument))
        row.field(decision.action)
        row.field(decision.targetWeight)
        row.field(decision.units)
        row.field(decision.weight)
      }
    }
    try csv.finish()
  }

  /// Every movement of cash.
  func writeLedger(to file: FileOutput) throws(FileError) {
    let header = ["time", "kind", "amount", "symbol", "order"] + currencyColumns
    var csv = try CSVWriter(header, to: file)
    let home = result.configuration.account.currency
    for entry in result.ledger {
      try csv.row { row in
        row.field(entry.time)
        row.field(entry.kind.rawValue)
        row.field(entry.amount)
        row.field(entry.instrument.map(symbol) ?? "")
        row.field(entry.order.map { Double($0.number) } ?? .nan)
        guard !currencies.isEmpty else { return }
        row.field(entry.currency?.description ?? home)
        row.field(entry.rate)
      }
    }
    try csv.finish()
  }
}

/// The folds of a walk-forward as CSV.
func writeFolds(_ walk: WalkForwardResult, to file: FileOutput) throws(FileError) {
  let names = walk.folds.first?.parameters.values.map(\.name) ?? []
  let hasSources = walk.folds.contains { $0.source != nil }
  let header =
    [
      "fold", "train_first", "train_last", "test_first", "test_last", "train_bars", "test_bars",
    ] + names + ["candidates", "in_sample", "out_of_sample", "trades", "flat_out_of_sample"]
    + (hasSources ? ["checkpoint", "checkpoint_sha256"] : [])
  var csv = try CSVWriter(header, to: file)
  for fold in walk.folds {
    try csv.row { row in
      row.field(fold.index)
      row.field(fold.trainDates.lowerBound.description)
      row.field(fold.trainDates.upperBound.description)
      row.field(fold.testDates.lowerBound.description)
      row.field(fold.testDates.upperBound.description)
      row.field(fold.train.count)
      row.field(fold.test.count)
      for parameter in fold.parameters.values { row.field(parameter.value.description) }
      row.field(fold.candidateCount)
      row.field(fold.inSample)
      row.field(fold.outOfSample)
      row.field(fold.tradeCount)
      row.field(fold.isFlatOutOfSample ? 1 : 0)
      guard hasSources else { return }
      row.field(fold.source?.path ?? "")
      row.field(fold.source?.digest ?? "")
    }
  }
  try csv.finish()
}

/// The regimes of a run as CSV, both ways of knowing them.
func writeRegimes(_ regimes: [RegimeAnalysis], to file: FileOutput) throws(FileError) {
  let header = [
    "regimes", "known", "label", "bars", "share", "runs", "trades", "total_return", "mean",
    "volatility",
    "sharpe", "worst_drawdown", "mean_lower", "mean_upper", "sharpe_lower", "sharpe_upper",
  ]
  var csv = try CSVWriter(header, to: file)
  for analysis in regimes {
    for knowledge in [RegimeKnowledge.descriptive, .causal] {
      for part in analysis.parts(knowledge) {
        try csv.row { row in
          row.field(analysis.name)
          row.field(knowledge.rawValue)
          row.field(part.name)
          row.field(part.barCount)
          row.field(part.share)
          row.field(part.runCount)
          row.field(part.tradeCount)
          row.field(part.totalReturn)
          row.field(part.mean)
          row.field(part.volatility)
          row.field(part.sharpe)
          row.field(part.worstDrawdown)
          for metric in ["mean-return", "sharpe"] {
            row.field(part.intervals?[metric]?.lower)
            row.field(part.intervals?[metric]?.upper)
          }
        }
      }
    }
  }
  try csv.finish()
}

extension OrderOutcome.Kind {
  /// Why it was refused; `nil` for other outcomes.
  var reason: String? {
    if case .rejected(let reason) = self { reason.rawValue } else { nil }
  }
}
