import BacktestCore

/// Replays a script through the public interface.
private struct ScriptReplay: Strategy {
  var script: [Int: [ScriptedRequest]]
  /// The number of each order that was asked for; none of those asked for during warm-up.
  var submitted: [OrderID?] = []
  var instant = 0

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for request in script[instant] ?? [] { make(request, &trading) }
    instant += 1
  }

  private mutating func make(_ request: ScriptedRequest, _ trading: inout TradingContext) {
    switch request {
    case .submit(let order): submitted.append(trading.submit(order))
    case .oneCancelsOther(let orders):
      note(trading.submitOneCancelsOther(orders), of: orders.count)
    case .bracket(let entry, let exits):
      note(trading.submitBracket(entry, exits: exits), of: 1 + exits.count)
    case .ladder(let entry, let exits):
      note(trading.submitLadder(entry, exits: exits), of: 1 + exits.count)
    case .oneTriggersOther(let first, let others):
      note(trading.submitOneTriggersOther(first, then: others), of: 1 + others.count)
    case .modify(let index, let change):
      guard submitted.indices.contains(index) else { break }
      trading.modify(
        submitted[index], quantity: change.quantity, limit: change.limit, stop: change.trigger)
    case .cancelAll(let instrument): trading.cancelAll(instrument.map { InstrumentID($0) })
    case .close(let instrument): trading.close(InstrumentID(instrument))
    case .cancel(let index):
      if submitted.indices.contains(index) { trading.cancel(submitted[index]) }
    case .target(let instrument, let stated):
      let id = InstrumentID(instrument)
      switch stated {
      case .weight(let weight): trading.target(id, weight: weight)
      case .value(let value): trading.target(id, value: value)
      case .quantity(let quantity): trading.target(id, quantity: quantity)
      }
    case .rebalance(let instrument, let weight):
      trading.rebalance(InstrumentID(instrument), weight: weight)
    }
  }

  private mutating func note(_ orders: [OrderID], of count: Int) {
    submitted += orders
    submitted += Array(repeating: nil, count: count - orders.count)
  }
}

extension SimulatedContractMargin {
  fileprivate var rates: MarginRates {
    var rates = MarginRates(
      initialLong: initialLong, initialShort: initialShort, maintenanceLong: maintenanceLong,
      maintenanceShort: maintenanceShort)
    rates.basis = .contract
    return rates
  }
}

extension SimulationRules {
  /// The rules as the engine takes them.
  ///
  /// - Parameter symbols: those of the instruments, in order.
  func configuration(for symbols: [String]) -> BacktestConfiguration {
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = cash
    if let leverage { configuration.account.funding = .margin(leverage: leverage) }
    if let margin = terms.margin {
      var rules = MarginRules(margin)
      rules.check = terms.checksBars ? .bar : .session
      for (place, amounts) in terms.contractMargin {
        rules.bySymbol[symbols[place]] = amounts.rates
      }
      configuration.account.funding = .requirements(rules)
    }
    if terms.hasFinancing {
      var financing = FinancingRules()
      financing.debitRate = terms.debitRate
      financing.creditRate = terms.creditRate
      financing.borrowing.rate = terms.borrowRate
      financing.dayCount = terms.yearDays == 360 ? .actual360 : .actual365
      configuration.account.financing = financing
    }
    configuration.account.foreignExchange = ForeignExchangeRules(
      cash: holdsCurrencies ? .hold : .convert, costBasisPoints: conversionPoints)
    configuration.warmup = warmup
    configuration.onSeriesEnd = closesEndedSeries ? .close : .hold
    configuration.decisions = decidesOncePerSession ? .allClosed : .eachClose
    var execution = ExecutionRules()
    execution.marketFill = marketFill
    execution.intrabarPath = path
    execution.improvesOnGaps = improvesOnGaps
    execution.limitFill = throughTicks.map { .through(ticks: $0) } ?? .touch
    execution.participation = participation
    execution.trail = trailsIntrabar ? .intrabar : .closedBars
    execution.latency = latency
    execution.sizing = sizesAtFill ? .atFill : .atDecision
    execution.shortfall = rejectsShortfalls ? .reject : .cut
    applyCosts(to: &execution)
    configuration.execution = execution
    if let limits { configuration.risk = limits.rules }
    configuration.exits = exits
    return configuration
  }
}

extension Scenario {
  /// What the engine makes of it.
  func replay() throws -> SimulationTape {
    let strategy = ScriptReplay(script: script)
    let configuration = rules.configuration(for: market.map(\.instrument.symbol))
    let result = Backtest(strategy, on: try universe, configuration: configuration).run()
    var tape = SimulationTape()
    tape.fills = result.fills.map { fill in
      SimulationTape.Fill(
        order: Int(fill.order.number), instrument: Int(fill.instrument.index),
        row: Int(fill.row), time: fill.time, isIntrabar: fill.isIntrabar,
        quantity: fill.quantity, reference: fill.reference, price: fill.price,
        slippage: fill.slippage, commission: fill.commission, tax: fill.tax)
    }
    tape.outcomes = Array(repeating: [], count: result.orders.count)
    for outcome in result.outcomes {
      let index = Int(outcome.order.number) - 1
      guard tape.outcomes.indices.contains(index) else { continue }
      tape.outcomes[index].append(
        SimulationTape.Outcome(
          kind: outcome.kind, time: outcome.time, filled: outcome.filledQuantity))
    }
    tape.events = Array(repeating: [], count: result.orders.count)
    for event in result.orderEvents {
      let reason = event.kind.reason.map { " \($0.rawValue)" } ?? ""
      tape.events[Int(event.order.number) - 1].append(
        SimulationTape.Event(
          name: event.kind.word + reason, time: event.time, quantity: event.quantity))
    }
    tape.equity = Array(result.curve.equity)
    tape.cash = result.account.settledCash
    tape.payments = result.ledger.compactMap { entry in
      guard let instrument = entry.instrument.map({ Int($0.index) }) else { return nil }
      switch entry.kind {
      case .settlement: return .init("settlement", instrument, entry.time, entry.amount)
      case .funding: return .init("funding", instrument, entry.time, entry.amount)
      default: return nil
      }
    }
    tape.quantities = result.account.positions.map(\.quantity)
    tape.ambiguousBars = result.counts.ambiguousBars
    tape.breaches = result.riskBreaches.map { breach in
      breach.order == nil
        ? "\(breach.limit.rawValue) \(breach.action.rawValue)" : breach.limit.rawValue
    }
    return tape
  }
}
