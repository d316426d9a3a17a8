/// Keeps the limits of a run: looks at each order, and at equity from close to close.
struct RiskDesk: OrderReview {
  let rules: RiskRules
  private let isRestricted: [Bool]
  let initialEquity: Double
  /// Each time that a limit was met.
  private(set) var breaches: [RiskBreach] = []

  // What is held and on its way at the decision under way, in units.
  private var long: [Double]
  private var short: [Double]
  /// The value of a unit, and the money of each position.
  private var units: [Double]
  private var money: [Double]
  private var equity = 0.0
  private var gross = 0.0
  private var net = 0.0
  private var time = Timestamp.distantPast
  var isStale = true

  // What was done in the session.
  private var session: CivilDate?
  private var openingOrders = 0
  private var traded = 0.0

  private var portfolio: PortfolioReturns?
  var guards: EquityGuard

  init(_ rules: RiskRules, universe: Universe, initialEquity: Double) {
    self.rules = rules
    self.initialEquity = initialEquity
    isRestricted = universe.series.map {
      rules.restrictedSymbols.contains($0.instrument.symbol)
    }
    long = Array(repeating: 0, count: universe.count)
    short = long
    units = long
    money = long
    portfolio = rules.valueAtRisk.map(PortfolioReturns.init)
    guards = EquityGuard(rules, initialEquity: initialEquity)
  }

  /// Begins a decision.
  mutating func begin(equity: Double, session: CivilDate, at time: Timestamp) {
    if session != self.session {
      self.session = session
      (openingOrders, traded) = (0, 0)
    }
    self.time = time
    self.equity = equity
    isStale = true
  }

  mutating func take(account: some BrokerAccount, book: OrderBook, market: MarketCursor) {
    isStale = false
    (gross, net) = (0, 0)
    for index in long.indices {
      let position = account.position(of: index)
      (long[index], short[index]) = (0, 0)
      units[index] =
        market.lastClose(of: index).map {
          $0 * position.multiplier
        } ?? position.mark * position.multiplier
      hold(index, long: max(0, position.quantity), short: max(0, -position.quantity))
    }
    var slot = book.firstSlot
    while slot >= 0 {
      let live = book[slot]
      let instrument = Int(live.order.instrument.index)
      let closing = account.closingPart(of: live.remaining, in: instrument)
      // In a cash account a sale never opens anything.
      let mayOpen = !live.closesOnly && (account.allowsShorts || live.remaining > 0)
      add(
        instrument, opening: mayOpen ? live.remaining - closing : 0,
        closing: live.order.isOnItsWay ? closing : 0)
      slot = book.slot(submittedAfter: slot)
    }
  }

  mutating func accept(_ accepted: ProspectiveOpening) {
    if accepted.opening != 0, accepted.before == nil { openingOrders += 1 }
    traded += (abs(accepted.opening) + abs(accepted.closing)) * accepted.unit
    // What waits for a price may never close anything.
    add(
      accepted.instrument, opening: accepted.opening,
      closing: accepted.isMarket ? accepted.closing : 0)
  }

  /// Counts an order as if it had filled.
  private mutating func add(_ index: Int, opening: Double, closing: Double) {
    var (long, short) = (self.long[index], self.short[index])
    if closing < 0 { long = max(0, long + closing) }
    if closing > 0 { short = max(0, short - closing) }
    hold(index, long: long + max(0, opening), short: short + max(0, -opening))
  }

  private mutating func hold(_ index: Int, long: Double, short: Double) {
    let (more, less) = (long - self.long[index], short - self.short[index])
    gross += (more + less) * units[index]
    net += (more - less) * units[index]
    (self.long[index], self.short[index]) = (long, short)
  }

  mutating func review(_ opening: ProspectiveOpening, on market: MarketCursor) -> OrderVerdict {
    // A change is made whole or not at all.
    var check = LimitCheck(opening, isCutting: rules.onLimit == .cut && opening.before == nil)
    checkOrder(&check)
    checkExposure(&check)
    if let limit = rules.turnoverPerSession {
      let waited = opening.before?.remaining ?? 0
      let before = traded + (abs(opening.closing) - waited) * opening.unit
      check.keep(.turnoverPerSession, limit * equity, before: before, scale: equity)
    }
    if check.kept > 0, let limit = rules.valueAtRisk { checkValueAtRisk(&check, limit, market) }
    checkHalts(&check, market)
    // An order of which nothing may be opened still closes what is held.
    let isReduced = opening.before == nil && (check.kept > 0 || opening.closing != 0)
    for breach in check.breaches {
      breaches.append(
        RiskBreach(
          time: time, limit: breach.limit, instrument: InstrumentID(opening.instrument),
          order: opening.order, value: breach.value, bound: breach.bound,
          action: isReduced ? .cut : .rejected))
    }
    return OrderVerdict(
      kept: opening.opening < 0 ? -check.kept : check.kept,
      reason: check.breaches.last?.limit.reason)
  }

  private func checkOrder(_ check: inout LimitCheck) {
    if isRestricted[check.opening.instrument] { check.refuse(.restricted, value: 1, bound: 0) }
    if rules.isLongOnly, check.opening.opening < 0 {
      check.refuse(.longOnly, value: check.opening.opening, bound: 0)
    }
    let filled = (check.opening.before?.filled ?? 0) * check.opening.unit
    if let limit = rules.orderQuantity {
      check.keep(
        .orderQuantity, limit * check.opening.unit, before: filled, scale: check.opening.unit)
    }
    if let limit = rules.orderNotional {
      check.keep(.orderNotional, limit, before: filled, scale: 1)
    }
    if let limit = rules.ordersPerSession, check.opening.before == nil, openingOrders >= limit {
      check.refuse(.ordersPerSession, value: Double(openingOrders + 1), bound: Double(limit))
    }
  }

  private func checkExposure(_ check: inout LimitCheck) {
    let (index, unit) = (check.opening.instrument, check.opening.unit)
    let isLong = check.opening.opening > 0
    // What the same order closes is gone by then.
    let freed = abs(check.opening.closing) * unit
    if let limit = rules.position {
      let held = (isLong ? long[index] : short[index]) * unit
      check.keep(.position, limit * equity, before: held, scale: equity)
    }
    let after = gross - freed
    // The closing part moves the net exposure the same way as the opening part.
    let direction = isLong ? 1.0 : -1.0
    let side = direction * net + freed
    if let limit = rules.grossExposure {
      check.keep(.grossExposure, limit, before: after, scale: 1)
    }
    if let limit = rules.netExposure { check.keep(.netExposure, limit, before: side, scale: 1) }
    if let limit = rules.leverage {
      check.keep(.leverage, limit * equity, before: after, scale: equity)
    }
    if let limit = rules.netLeverage {
      check.keep(.netLeverage, limit * equity, before: side, scale: equity)
    }
  }

  private mutating func checkValueAtRisk(
    _ check: inout LimitCheck, _ limit: ValueAtRiskLimit, _ market: MarketCursor
  ) {
    let index = check.opening.instrument
    guard market.lastRow(of: index) >= limit.rule.window else {
      return check.refuse(.valueAtRisk, value: .infinity, bound: limit.limit)
    }
    for place in money.indices { money[place] = (long[place] - short[place]) * units[place] }
    money[index] += check.opening.closing * check.opening.unit
    portfolio?.take(money, market)
    let direction = check.opening.opening < 0 ? -1.0 : 1.0
    let opening = direction * check.kept * check.opening.unit
    guard let found = portfolio?.part(of: opening, in: index, within: limit.limit * equity, market)
    else { return }
    if found.part < 1 {
      check.cut(
        .valueAtRisk, to: found.part * check.kept, value: found.loss / equity, bound: limit.limit)
    }
  }

  private func checkHalts(_ check: inout LimitCheck, _ market: MarketCursor) {
    if let breaker = rules.circuitBreaker {
      let move =
        breaker.scope == .universe
        ? guards.universeMove : breaker.lastMove(of: check.opening.instrument, market)
      if let move { check.refuse(.circuitBreaker, value: move, bound: breaker.move) }
    }
    if guards.isHalted, let bound = rules.drawdown?.haltAt {
      check.refuse(.drawdownHalt, value: guards.haltDrawdown, bound: bound)
    }
    if guards.isKilled, let bound = rules.killSwitch {
      check.refuse(.killSwitch, value: guards.lossAtKill, bound: bound)
    }
  }

  /// Looks at equity at a close; returns what has to be done.
  mutating func watch(
    equity: Double, market: MarketCursor, session: CivilDate
  ) -> EquityGuard.Response {
    let response = guards.watch(equity: equity, market: market, session: session)
    for event in guards.takeEvents() {
      breaches.append(
        RiskBreach(
          time: market.clock, limit: event.limit, value: event.value, bound: event.bound,
          action: event.action))
    }
    return response
  }
}

/// How much of an order is left after the limits that it was held to so far.
private struct LimitCheck {
  let opening: ProspectiveOpening
  let isCutting: Bool
  /// Units that the order may still open, without sign.
  var kept: Double
  var breaches: [(limit: RiskBreach.Limit, value: Double, bound: Double)] = []

  init(_ opening: ProspectiveOpening, isCutting: Bool) {
    self.opening = opening
    self.isCutting = isCutting
    kept = abs(opening.opening)
  }

  /// Opens nothing.
  mutating func refuse(_ limit: RiskBreach.Limit, value: Double, bound: Double) {
    breaches.append((limit, value, bound))
    kept = 0
  }

  /// Opens as much as keeps a sum of money within a limit; `scale` turns the sum into the number
  /// that the limit states.
  mutating func keep(
    _ limit: RiskBreach.Limit, _ most: Double, before: Double, scale: Double
  ) {
    guard kept > 0 else { return }
    let wanted = before + kept * opening.unit
    // A weight sized to the limit must not be cut for its rounding.
    guard wanted > most + 1e-12 * max(abs(most), abs(before)) else { return }
    cut(
      limit, to: max(0, (most - before) / opening.unit), value: wanted / scale, bound: most / scale)
  }

  mutating func cut(_ limit: RiskBreach.Limit, to units: Double, value: Double, bound: Double) {
    breaches.append((limit, value, bound))
    kept = isCutting ? min(kept, units) : 0
  }
}

extension CircuitBreaker {
  /// Whether a move is as large as the breaker's, but for what rounding takes.
  func isReached(by move: Double) -> Bool { abs(move) >= self.move * (1 - 1e-12) }

  /// The last move of an instrument beyond the limit that still stops entries; `nil` where there is
  /// none. The move of the bar that has just closed stops the orders decided on it.
  func lastMove(of instrument: Int, _ market: MarketCursor) -> Double? {
    let last = market.lastRow(of: instrument)
    let close = market.columns[instrument].close
    for age in 0..<haltBars where last - age > 0 {
      let row = last - age
      for back in 1...bars where row - back >= 0 && close[row - back] > 0 {
        let move = close[row] / close[row - back] - 1
        if isReached(by: move) { return move }
      }
    }
    return nil
  }
}
