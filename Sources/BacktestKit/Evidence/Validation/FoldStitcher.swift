import BacktestCore

/// Joins the runs of test windows that lie side by side into one run.
struct FoldStitcher {
  private let plan: WalkForwardPlan
  private let configuration: BacktestConfiguration
  private let feed: Feed
  private let firstInstant: Int

  private var equity: [Double]
  private var grossExposure: [Double] = [0]
  private var orders: [Order] = []
  private var outcomes: [OrderOutcome] = []
  private var orderEvents: [OrderEvent] = []
  private var fills: [Fill] = []
  private var conversions: [FillConversion] = []
  private var trades: [RoundTrip] = []
  private var ledger: [LedgerEntry] = []
  private var counts = RunCounts()
  private var marginCalls: [MarginCall] = []
  private var actions: [AppliedAction] = []
  private var openTrades: [RoundTrip] = []
  private var notes: [StrategyNote] = []
  private var forecasts: [StrategyForecast] = []
  private var decisions: [DecisionRecord] = []
  private var tallies: [DecisionTally] = []
  private var riskBreaches: [RiskBreach] = []
  private var account: Account
  private var ruinedAt: Timestamp?
  private var overflowedAt: Timestamp?
  private var orderOffset = 0
  private var groupOffset: Int32 = 0
  /// The account at the end of the last run.
  private var left: Account?

  /// A stitcher for windows of the feed that begin at an instant.
  init(
    plan: WalkForwardPlan, configuration: BacktestConfiguration, feed: Feed, firstInstant: Int
  ) {
    self.plan = plan
    self.configuration = configuration
    self.feed = feed
    self.firstInstant = firstInstant
    equity = [configuration.account.initialCash]
    account = Account(
      rules: configuration.account, universe: feed.universe,
      accounting: configuration.accounting)
  }

  /// Adds the run of the next window; none leaves the curve where it is for so many bars.
  mutating func append(_ run: BacktestResult?, barCount: Int) {
    guard let run, overflowedAt == nil else {
      let last = ruinedAt == nil ? equity[equity.count - 1] : 0
      equity += Array(repeating: last, count: barCount)
      grossExposure += Array(repeating: 0, count: barCount)
      return
    }
    let initial = configuration.account.initialCash
    let scale = plan.carry == .returns ? equity[equity.count - 1] / initial : 1
    appendCurve(of: run, scale: scale)
    appendLedger(of: run)
    appendOrders(of: run)
    appendTrades(of: run)
    let base = run.curve.times[0]
    notes += run.notes.filter { $0.time >= base }
    forecasts += run.forecasts
    decisions += run.decisions
    for tally in run.decisionTallies { add(tally) }
    account.addSums(of: run.account, scale: scale)
    marginCalls += run.marginCalls
    for var action in run.actions {
      action.fillsBefore += fills.count - run.fills.count
      actions.append(action)
    }
    ruinedAt = ruinedAt ?? run.ruinedAt
    overflowedAt = overflowedAt ?? run.overflowedAt
    left = run.account
  }

  /// Adds the points of a run. Runs that begin anew are finite each, and yet their product may not
  /// be: from there on the curve is constant.
  private mutating func appendCurve(of run: BacktestResult, scale: Double) {
    for row in 1..<run.curve.times.count {
      let (worth, gross) = (run.curve.equity[row] * scale, run.curve.grossExposure[row] * scale)
      if !(worth.isFinite && gross.isFinite) {
        overflowedAt = overflowedAt ?? run.curve.times[row]
      }
      equity.append(overflowedAt == nil ? worth : equity[equity.count - 1])
      grossExposure.append(overflowedAt == nil ? gross : 0)
    }
  }

  /// The joined run.
  func result(strategy: String) -> BacktestResult {
    var (account, configuration) = (account, configuration)
    if let left {
      account.cash = left.cash
      account.takePositions(of: left)
    }
    let instants = (firstInstant - 1)..<(firstInstant - 1 + equity.count)
    configuration.warmup = nil
    configuration.window = firstInstant..<instants.upperBound
    var result = BacktestResult(
      strategy: strategy, configuration: configuration, universe: feed.universe,
      curve: EquityCurve(
        times: feed.instants.rows(instants), equity: Column(equity),
        grossExposure: Column(grossExposure)),
      orders: orders, fills: fills, notes: notes,
      forecasts: forecasts, decisions: decisions, account: account, counts: counts,
      decisionTallies: tallies, riskBreaches: riskBreaches, ruinedAt: ruinedAt,
      overflowedAt: overflowedAt,
      tables: RunTables(
        trades: trades + openTrades, outcomes: outcomes, orderEvents: orderEvents, ledger: ledger))
    result.conversions = conversions
    result.marginCalls = marginCalls
    result.actions = actions
    return result
  }

  /// Cash moves so that the entries always add up to the cash of the run under way: a position that
  /// ends with its fold turns into cash at its mark.
  private mutating func appendLedger(of run: BacktestResult) {
    let base = run.curve.times[0]
    if plan.boundary != .carry, let left {
      for (index, position) in left.positions.enumerated()
      where !position.isFlat && feed.universe.series[index].instrument.assetClass.paysNotional {
        ledger.append(
          LedgerEntry(
            time: base, kind: .trade, amount: position.value, instrument: InstrumentID(index)))
      }
      // What was held in other currencies is the new account's own money.
      for balance in left.balances.dropFirst() {
        let amount = balance.amount * balance.rate
        ledger.append(
          LedgerEntry(
            time: base, kind: .conversion, amount: -amount,
            currency: CurrencyCode(balance.currency), rate: balance.rate))
        ledger.append(LedgerEntry(time: base, kind: .conversion, amount: amount))
      }
      if plan.carry == .returns {
        ledger.append(
          LedgerEntry(
            time: base, kind: .deposit, amount: configuration.account.initialCash - left.equity))
      }
    }
    for var entry in run.ledger {
      if entry.kind == .deposit, left != nil { continue }
      entry.order = entry.order.map(shifted)
      ledger.append(entry)
    }
  }

  private mutating func appendOrders(of run: BacktestResult) {
    var (lastOrder, lastGroup) = (0, Int32(0))
    for var order in run.orders {
      lastOrder = max(lastOrder, Int(order.assignedID.number))
      lastGroup = max(lastGroup, abs(order.group))
      order.assignedID = shifted(order.assignedID)
      if order.parent.number != 0 { order.parent = shifted(order.parent) }
      if order.group != 0 { order.group += order.group < 0 ? -groupOffset : groupOffset }
      orders.append(order)
    }
    for var outcome in run.outcomes {
      outcome.order = shifted(outcome.order)
      outcomes.append(outcome)
    }
    for var event in run.orderEvents {
      event.order = shifted(event.order)
      orderEvents.append(event)
    }
    for var fill in run.fills {
      fill.order = shifted(fill.order)
      fills.append(fill)
    }
    for var breach in run.riskBreaches {
      breach.order = breach.order.map(shifted)
      riskBreaches.append(breach)
    }
    conversions += run.conversions
    counts.add(run.counts)
    orderOffset += lastOrder
    groupOffset += lastGroup
  }

  /// Closed trades follow each other in order of exit; those that are open go on in the next fold
  /// or, at the end, are listed after them.
  private mutating func appendTrades(of run: BacktestResult) {
    openTrades = []
    for trade in run.trades {
      if trade.isOpen { openTrades.append(trade) } else { trades.append(trade) }
    }
  }

  private mutating func add(_ tally: DecisionTally) {
    guard let place = tallies.firstIndex(where: { $0.policy == tally.policy }) else {
      tallies.append(tally)
      return
    }
    var sum = tallies[place].firstTime == nil ? tally : tallies[place]
    sum.asked = tallies[place].asked + tally.asked
    sum.refused = tallies[place].refused + tally.refused
    tallies[place] = sum
  }

  private func shifted(_ order: OrderID) -> OrderID {
    OrderID(Int(order.number) + orderOffset)
  }
}

extension Account {
  fileprivate mutating func addSums(of run: Account, scale: Double) {
    priceProfit += run.priceProfit * scale
    commissionPaid += run.commissionPaid * scale
    slippagePaid += run.slippagePaid * scale
    taxPaid += run.taxPaid * scale
    deficitWrittenOff += run.deficitWrittenOff * scale
    tradedNotional += run.tradedNotional * scale
    income.add(run.income, scale: scale)
    addExchange(of: run, scale: scale)
  }
}

extension RunCounts {
  fileprivate mutating func add(_ other: RunCounts) {
    ambiguousBars += other.ambiguousBars
    cutOrders += other.cutOrders
    cutShortSales += other.cutShortSales
    cutUnborrowable += other.cutUnborrowable
    rejectedOrders += other.rejectedOrders
    stalePositions += other.stalePositions
  }
}
