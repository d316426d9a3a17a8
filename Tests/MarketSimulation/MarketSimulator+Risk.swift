import BacktestCore

/// Limits of a run as plain values.
struct SimulationLimits: Sendable {
  var rejects = false
  var isLongOnly = false
  var orderQuantity: Double?
  var orderNotional: Double?
  var ordersPerSession: Int?
  var position: Double?
  var leverage: Double?
  var netLeverage: Double?
  var turnover: Double?
  var killSwitch: Double?
  /// The drawdowns at which targets are halved and at which everything is closed.
  var reduceAt: Double?
  var haltAt: Double?
  var coolDown = 0

  /// The limits as the engine takes them.
  var rules: RiskRules {
    var rules = RiskRules()
    rules.onLimit = rejects ? .reject : .cut
    rules.isLongOnly = isLongOnly
    rules.orderQuantity = orderQuantity
    rules.orderNotional = orderNotional
    rules.ordersPerSession = ordersPerSession
    rules.position = position
    rules.leverage = leverage
    rules.netLeverage = netLeverage
    rules.turnoverPerSession = turnover
    rules.killSwitch = killSwitch
    if reduceAt != nil || haltAt != nil {
      rules.drawdown = DrawdownGuard(
        reduceAt: reduceAt, scale: 0.5, haltAt: haltAt, coolDownSessions: coolDown)
    }
    return rules
  }

  init(random: inout Randomness, cash: Double) {
    func some(_ values: [Double]) -> Double? {
      random.nextInteger(below: 3) > 0 ? nil : values[random.nextInteger(below: values.count)]
    }
    rejects = random.nextInteger(below: 3) == 0
    isLongOnly = random.nextInteger(below: 6) == 0
    orderQuantity = some([1, 20, 155.5])
    orderNotional = some([cash / 10, cash / 3])
    ordersPerSession = some([0, 1, 2, 3]).map { Int($0) }
    position = some([0.1, 0.35, 1.5])
    leverage = some([0.4, 0.9, 2])
    netLeverage = some([0.2, 0.7])
    turnover = some([0.3, 1])
    killSwitch = some([0.1, 0.4])
    reduceAt = some([0.02, 0.06])
    haltAt = some([0.08, 0.2])
    coolDown = random.nextInteger(below: 4)
  }
}

/// What the limits remember from one decision to the next.
struct SimulatedGuard {
  var session: CivilDate?
  var openings = 0
  var traded = 0.0
  var peak = 0.0
  var haltSession: CivilDate?
  var restedSessions: [CivilDate] = []
  var isKilled = false
  var scale = 1.0
}

// MARK: - Limits (part 16)

extension MarketSimulator {
  /// The latest session that has begun among those of all instruments: the first that ends at or
  /// after now.
  private var sessionNow: CivilDate { calendars.map { $0.sessionDate(of: now) }.min()! }

  /// What equity at this close leads to, before the strategy's requests.
  mutating func watchEquity(_ stated: inout [Int: ScriptedRequest.Stated]) {
    guard let limits = rules.limits else { return }
    let session = sessionNow
    if session != watch.session {
      watch.session = session
      watch.openings = 0
      watch.traded = 0
    }
    let worth = equity
    if watch.isKilled { return }
    if let share = limits.killSwitch, worth <= rules.cash * (1 - share) {
      watch.isKilled = true
      breaches.append("kill-switch closed")
      return giveUp()
    }
    if let halted = watch.haltSession {
      if session != halted, watch.restedSessions.last != session {
        watch.restedSessions.append(session)
      }
      guard watch.restedSessions.count > limits.coolDown else { return }
      watch.haltSession = nil
      watch.restedSessions = []
      watch.peak = worth
      watch.scale = 1
      standing = standing.map { _ in nil }
      breaches.append("drawdown-halt resumed")
      return
    }
    watch.peak = max(watch.peak, worth)
    if let depth = limits.haltAt, worth <= watch.peak * (1 - depth) {
      watch.haltSession = session
      breaches.append("drawdown-halt closed")
      return giveUp()
    }
    if let depth = limits.reduceAt {
      let scale = worth <= watch.peak * (1 - depth) ? 0.5 : 1
      guard scale != watch.scale else { return }
      watch.scale = scale
      breaches.append("drawdown-reduce \(scale < 1 ? "reduced" : "restored")")
      for (instrument, target) in standing.enumerated() { stated[instrument] = target }
    }
  }

  /// Entries are withdrawn, positions closed at the next open, and what was stated is forgotten.
  private mutating func giveUp() {
    for index in orders.indices where !orders[index].hasEnded && !orders[index].reduceOnly {
      end(index, .cancelled)
    }
    for instrument in quantities.indices where quantities[instrument] != 0 {
      let order = register(
        Order(InstrumentID(instrument), quantity: -quantities[instrument], reduceOnly: true),
        group: 0)
      check(order.number - 1)
    }
    standing = standing.map { _ in nil }
  }

  /// Holds what an order opens to the limits; `false` where the order ended.
  mutating func holdToLimits(_ index: Int) -> Bool {
    guard rules.limits != nil else { return true }
    let order = orders[index]
    let parts = parts(of: index)
    guard parts.opening > 0,
      let found = limit(on: parts, of: order, planned: planned(before: index))
    else { return true }
    var kept = floored(found.kept, order.instrument)
    if instruments[order.instrument].lotSize == nil, kept <= parts.opening * 1e-9 { kept = 0 }
    let left = parts.closing + parts.exiting + kept
    guard left > 0 else {
      end(index, .rejected(found.reason))
      return false
    }
    cut(index, to: order.isBuy ? left : -left)
    orders[index].target = nil
    return true
  }

  /// The limit that does not let an order grow to so many units, beside all other orders; `nil`
  /// where all do.
  mutating func limitOnGrowth(_ index: Int, to wanted: Double) -> RejectionReason? {
    guard rules.limits != nil else { return nil }
    let before = orders[index]
    orders[index].wanted = wanted
    let (parts, grown) = (parts(of: index), orders[index])
    orders[index].hasEnded = true
    let planned = planned(before: orders.count)
    orders[index] = before
    guard parts.opening > 0 else { return nil }
    return limit(on: parts, of: grown, planned: planned, grownFrom: before)?.reason
  }

  /// What the limits leave of what an order opens, one after the other, and the last that was met.
  private mutating func limit(
    on parts: (closing: Double, exiting: Double, opening: Double), of order: SimulatedOrder,
    planned: (long: [Double], short: [Double]), grownFrom before: SimulatedOrder? = nil
  ) -> (reason: RejectionReason, kept: Double)? {
    guard let limits = rules.limits else { return nil }
    let unit = unitValue(order.instrument)
    let (long, short) = planned
    let values = quantities.indices.map {
      lastRows[$0] < 0 ? 0 : unitValue($0)
    }
    let gross = values.indices.reduce(0) { $0 + (long[$1] + short[$1]) * values[$1] }
    let net = values.indices.reduce(0) { $0 + (long[$1] - short[$1]) * values[$1] }
    let closing = parts.closing * unit
    let filled = abs(order.filled) * unit
    let waited = before.map { abs($0.remaining) * unit } ?? 0
    // A change is made whole or not at all.
    let isWhole = limits.rejects || before != nil
    var kept = parts.opening
    var reason: RejectionReason?
    func keep(_ limit: RejectionReason, _ most: Double?, _ before: Double) {
      guard let most, kept > 0 else { return }
      guard before + kept * unit > most + 1e-12 * max(abs(most), abs(before)) else { return }
      kept = isWhole ? 0 : min(kept, max(0, (most - before) / unit))
      reason = limit
      breaches.append(limit.rawValue)
    }
    func refuse(_ limit: RejectionReason, _ refuses: Bool) {
      guard refuses else { return }
      kept = 0
      reason = limit
      breaches.append(limit.rawValue)
    }
    let worth = equity
    refuse(.longOnly, limits.isLongOnly && !order.isBuy)
    keep(.orderQuantity, limits.orderQuantity.map { $0 * unit }, filled)
    keep(.orderNotional, limits.orderNotional, filled)
    refuse(
      .ordersPerSession,
      before == nil && limits.ordersPerSession.map { watch.openings >= $0 } ?? false)
    let side = order.isBuy ? long[order.instrument] : short[order.instrument]
    keep(.position, limits.position.map { $0 * worth }, side * unit)
    keep(.leverage, limits.leverage.map { $0 * worth }, gross - closing)
    keep(.netLeverage, limits.netLeverage.map { $0 * worth }, (order.isBuy ? net : -net) + closing)
    keep(
      .turnoverPerSession, limits.turnover.map { $0 * worth }, watch.traded + closing - waited)
    refuse(.drawdownHalt, watch.haltSession != nil)
    refuse(.killSwitch, watch.isKilled)
    return reason.map { ($0, kept) }
  }

  /// Takes note of an order that was accepted.
  mutating func noteAccepted(_ index: Int) {
    guard rules.limits != nil, !orders[index].hasEnded else { return }
    let parts = parts(of: index)
    if parts.opening > 0 { watch.openings += 1 }
    watch.traded += (parts.opening + parts.closing) * unitValue(orders[index].instrument)
  }

  /// What an order closes, what it can only close later, and what it opens, without signs.
  private func parts(of index: Int) -> (closing: Double, exiting: Double, opening: Double) {
    let order = orders[index]
    let asked = abs(order.remaining)
    if order.parent > 0, !order.isOther { return (0, asked, 0) }
    let closing = closingPart(of: order.remaining, order.instrument)
    var rest = asked - closing
    if closing > 0, isNothing(rest, of: asked) { rest = 0 }
    if order.reduceOnly { return (closing, rest, 0) }
    guard isCash, !order.isBuy else { return (closing, 0, rest) }
    // What purchases that wait will bring can be sold as well.
    let waiting = orders[..<index].filter {
      !$0.hasEnded && $0.instrument == order.instrument && $0.isBuy
    }
    let exiting = min(rest, waiting.reduce(0) { $0 + $1.remaining })
    return (closing, exiting, rest - exiting)
  }

  /// What would be held long and short if every order before had filled: all that open something,
  /// and of those that close only those at market.
  private func planned(before index: Int) -> (long: [Double], short: [Double]) {
    var long = quantities.map { max(0, $0) }
    var short = quantities.map { max(0, -$0) }
    for other in orders[..<index] where !other.hasEnded {
      let parts = parts(of: other.number - 1)
      let place = other.instrument
      // The order of a roll trades at the next open.
      let isRoll = other.kind == .marketOnOpen && other.isTriggered
      if isRoll || other.kind == .market, other.parent == 0 {
        if other.isBuy {
          short[place] = max(0, short[place] - parts.closing)
        } else {
          long[place] = max(0, long[place] - parts.closing)
        }
      }
      if other.isBuy {
        long[place] += parts.opening
      } else if !isCash {
        // A sale that a cash account has accepted opens nothing.
        short[place] += parts.opening
      }
    }
    return (long, short)
  }
}
