extension ActionInterpreter {
  /// Units to buy and sell as FinRL's environment for stocks deals with them: sales first, from the
  /// largest on; then purchases from the largest on, each as far as the cash that is left pays for
  /// it with its cost.
  ///
  /// Source: X. Liu et al., "FinRL: A Deep Reinforcement Learning Library for Automated Stock
  /// Trading in Quantitative Finance", 2020, and its `StockTradingEnv`. The product of action and
  /// limit is rounded to 32 bits before it is rounded toward zero, because the environment's is.
  mutating func tradeShares(
    _ action: ContiguousArray<Double>, _ state: PolicyAccountState,
    _ rule: ActionDefinition.ShareDeltas, _ limits: WeightLimits,
    into intents: inout ContiguousArray<PolicyIntent>
  ) {
    for asset in 0..<assetCount {
      let wanted = Double(Float(action[asset]) * Float(rule.limit)).rounded(.towardZero)
      let isTradable = unitPrice(asset, state) > 0
      units[asset] = isTradable && abs(wanted) > rule.deadZone ? wanted : 0
    }
    sortByUnits()
    var cash = state.cash
    for asset in order where units[asset] < 0 {
      let held = max(state.shares[asset], 0)
      let isLimited = !(rule.allowsShorts && limits.allowsShorts)
      let sold = isLimited ? min(-units[asset], held) : -units[asset]
      guard sold > 0 else { continue }
      cash += sold * unitPrice(asset, state) * (1 - rule.cost)
      intents.append(PolicyIntent(asset: asset, .trade(-sold)))
    }
    for asset in order.reversed() where units[asset] > 0 {
      let price = unitPrice(asset, state) * (1 + rule.cost)
      let bought = min(units[asset], wholeUnits(for: cash, at: price))
      guard bought > 0 else { continue }
      cash -= bought * price
      intents.append(PolicyIntent(asset: asset, .trade(bought)))
    }
  }

  /// Assets in ascending order of units; equal ones stay in the policy's order, so that of equal
  /// purchases the last asset comes first.
  private mutating func sortByUnits() {
    for place in order.indices {
      order[place] = place
      var at = place
      while at > 0, units[order[at - 1]] > units[order[at]] {
        order.swapAt(at - 1, at)
        at -= 1
      }
    }
  }

  /// The whole units that so much money pays for, by the floor of Python's division, which looks at
  /// the remainder and so never rounds up.
  private func wholeUnits(for cash: Double, at price: Double) -> Double {
    guard cash >= price else { return 0 }
    let whole = (cash - cash.truncatingRemainder(dividingBy: price)) / price
    return whole.rounded()
  }

  /// Proportions of cash to buy with, and of holdings to sell, in the policy's order of assets.
  mutating func tradeProportions(
    _ action: ContiguousArray<Double>, _ state: PolicyAccountState,
    _ table: ActionDefinition.ProportionTable, _ limits: WeightLimits,
    into intents: inout ContiguousArray<PolicyIntent>
  ) {
    var cash = max(state.cash, 0)
    for asset in 0..<assetCount {
      let command = choice(action, asset)
      let (price, held) = (unitPrice(asset, state), state.shares[asset])
      guard command > 0, price > 0 else { continue }
      let proportion = Double((command - 1) / 2 + 1) / Double(table.steps)
      if command.isMultiple(of: 2) {
        let sold = proportion * max(held, 0)
        if sold > 0 { intents.append(PolicyIntent(asset: asset, .trade(-sold))) }
      } else if cash > 0 {
        let spent = proportion * cash
        cash -= spent
        intents.append(PolicyIntent(asset: asset, .trade(spent / price)))
      }
    }
  }

  /// The money that one unit costs.
  private func unitPrice(_ asset: Int, _ state: PolicyAccountState) -> Double {
    state.lastClose[asset] * multipliers[asset]
  }
}
