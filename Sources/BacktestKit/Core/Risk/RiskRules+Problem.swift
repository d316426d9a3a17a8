extension RiskRules {
  /// What is wrong with the values themselves; `nil` when nothing is.
  package var problem: String? {
    let sizes: [(String, Double?)] = [
      ("orderQuantity", orderQuantity), ("orderNotional", orderNotional), ("position", position),
      ("grossExposure", grossExposure), ("netExposure", netExposure), ("leverage", leverage),
      ("netLeverage", netLeverage), ("turnoverPerSession", turnoverPerSession),
      ("valueAtRisk.limit", valueAtRisk?.limit), ("circuitBreaker.move", circuitBreaker?.move),
    ]
    for (name, size) in sizes {
      if let size, !(size > 0 && size.isFinite) {
        return "risk.\(name) must be above 0 and finite, not \(size); nil is no limit"
      }
    }
    let shares: [(String, Double?)] = [
      ("killSwitch", killSwitch), ("drawdown.reduceAt", drawdown?.reduceAt),
      ("drawdown.haltAt", drawdown?.haltAt),
    ]
    for (name, share) in shares {
      if let share, !(share > 0 && share <= 1) {
        return "risk.\(name) must be above 0 and at most 1, not \(share); nil is no limit"
      }
    }
    if let count = ordersPerSession, count < 0 {
      return "risk.ordersPerSession must be 0 or more, not \(count)"
    }
    if let breaker = circuitBreaker, breaker.bars < 1 || breaker.haltBars < 1 {
      return "risk.circuitBreaker needs at least one bar for the move and one for the halt"
    }
    return drawdown?.problem
  }
}

extension DrawdownGuard {
  fileprivate var problem: String? {
    if !(scale >= 0 && scale <= 1) {
      return "risk.drawdown.scale must be from 0 to 1, not \(scale)"
    }
    if coolDownSessions < 0 {
      return "risk.drawdown.coolDownSessions must be 0 or more, not \(coolDownSessions)"
    }
    if reduceAt == nil, haltAt == nil {
      return "risk.drawdown needs a level at which it reduces or halts"
    }
    if let reduceAt, let haltAt, reduceAt >= haltAt {
      return "risk.drawdown must reduce before it halts, not at \(reduceAt) and \(haltAt)"
    }
    return nil
  }
}
