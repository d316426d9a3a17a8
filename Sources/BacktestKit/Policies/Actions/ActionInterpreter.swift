import BacktestCore

/// Turns actions into intents for each asset, by the meaning that the trainer's environment gave
/// them.
///
///     var interpreter = try ActionInterpreter(definition)
///     try interpreter.interpret(decision.action, state, limits: .none, into: &intents)
///
/// It depends on no market or engine. Intents come in the order in which to carry them out.
/// Interpreting allocates nothing once `intents` has room for each asset.
struct ActionInterpreter: Sendable {
  /// What the actions mean.
  let definition: ActionDefinition
  /// The number of assets that an action is about; at least 1.
  let assetCount: Int
  /// Money per price unit and unit of quantity of each asset; 1 by default.
  var multipliers: ContiguousArray<Double>
  /// The weights that actions state; `nil` where they do something else.
  let statedWeights: StatedWeights?
  // Scratch space for the order in which units are traded.
  var order: ContiguousArray<Int>
  var units: ContiguousArray<Double>

  /// An interpreter of a definition.
  ///
  /// - Throws: `PolicyError` where the number of choices does not say which assets they are about,
  ///   or a choice has no target.
  init(_ definition: ActionDefinition) throws(PolicyError) {
    self.definition = definition
    assetCount = max(definition.assets.count, 1)
    order = ContiguousArray(0..<assetCount)
    units = ContiguousArray(repeating: 0, count: assetCount)
    multipliers = ContiguousArray(repeating: 1, count: assetCount)
    statedWeights = StatedWeights(definition, assetCount: assetCount)
    if let problem { throw PolicyError(problem) }
  }

  /// Whether actions set shares of equity, rather than units to trade.
  var setsTargetWeights: Bool {
    switch definition.meaning {
    case .shareDeltas, .orders: false
    default: true
    }
  }

  private var problem: String? {
    let choices = definition.sizes.max() ?? 0
    let isOneChoice = definition.kind == .discrete
    switch definition.meaning {
    case .targetWeights(let table) where definition.kind != .box:
      if table.count < choices { return "\(choices) choices need as many targets" }
      if table.contains(where: { $0.count != assetCount }) {
        return "each target needs \(assetCount) numbers"
      }
    case .onChangeTargets(let table):
      if table.count < choices { return "\(choices) choices need as many targets" }
      if isOneChoice, assetCount > 1 {
        return "one choice cannot say which of \(assetCount) assets it is about; give "
          + "target_weights, or a choice for each asset"
      }
    case .positionCommands, .orders:
      if isOneChoice, assetCount > 1 {
        return "one command cannot say which of \(assetCount) assets it is about; give a choice "
          + "for each asset"
      }
    default: break
    }
    if !isOneChoice, definition.componentCount != assetCount {
      return "an action of \(definition.componentCount) components does not fit "
        + "\(assetCount) assets"
    }
    return nil
  }

  /// The intents of an action.
  ///
  /// - Parameters:
  ///   - action: the number of each choice, or the components of a box.
  ///   - state: the account, in the policy's order of assets.
  ///   - limits: the shares of equity that are allowed.
  ///   - intents: overwritten; at most one an asset.
  /// - Throws: `PolicyRefusal` where the action is not one of the definition's.
  mutating func interpret(
    _ action: ContiguousArray<Double>, _ state: PolicyAccountState, limits: WeightLimits,
    into intents: inout ContiguousArray<PolicyIntent>
  ) throws(PolicyRefusal) {
    intents.removeAll(keepingCapacity: true)
    try check(action)
    precondition(state.assetCount == assetCount, "an account of the policy's assets")
    switch definition.meaning {
    case .targetWeights:
      guard let statedWeights else { preconditionFailure("actions state weights") }
      for asset in 0..<assetCount {
        let weight = action.withUnsafeBufferPointer { statedWeights.weight(of: asset, by: $0) }
        intents.append(PolicyIntent(asset: asset, .target(limits.clamped(weight))))
      }
    case .softmaxWeights: softmax(action, limits, into: &intents)
    case .onChangeTargets(let table):
      for asset in 0..<assetCount {
        let weight = limits.clamped(table[choice(action, asset)])
        guard weight != state.assets[asset].targetWeight else { continue }
        intents.append(PolicyIntent(asset: asset, .rebalance(weight)))
      }
    case .positionCommands(let table):
      for asset in 0..<assetCount {
        let weight = state.assets[asset].realWeight
        let side = weight == 0 ? 0 : weight > 0 ? 1 : -1
        guard
          let wanted = table.side(
            after: choice(action, asset), from: side, allowsShorts: limits.allowsShorts)
        else { continue }
        intents.append(PolicyIntent(asset: asset, .rebalance(limits.clamped(Double(wanted)))))
      }
    case .shareDeltas(let rule):
      tradeShares(action, state, rule, limits, into: &intents)
    case .orders(let table):
      tradeProportions(action, state, table, limits, into: &intents)
    }
  }

  private func check(_ action: ContiguousArray<Double>) throws(PolicyRefusal) {
    guard action.count == definition.componentCount else {
      throw PolicyRefusal(
        "an action of \(action.count) components, expected \(definition.componentCount)")
    }
    for component in action.indices {
      let value = action[component]
      if !value.isFinite { throw PolicyRefusal("the action is not a finite number") }
      guard definition.kind != .box else { continue }
      let size = definition.sizes[component]
      guard value >= 0, value < Double(size), value == value.rounded() else {
        throw PolicyRefusal("the action \(value) is not in 0...\(size - 1)")
      }
    }
  }

  /// The choice about an asset.
  func choice(_ action: ContiguousArray<Double>, _ asset: Int) -> Int {
    Int(action[definition.kind == .discrete ? 0 : asset])
  }

  private func softmax(
    _ action: ContiguousArray<Double>, _ limits: WeightLimits,
    into intents: inout ContiguousArray<PolicyIntent>
  ) {
    var greatest = action[0]
    for value in action { greatest = max(greatest, value) }
    var sum = 0.0
    for value in action { sum += (value - greatest).exponential }
    for asset in 0..<assetCount {
      let weight = (action[asset] - greatest).exponential / sum
      intents.append(PolicyIntent(asset: asset, .target(limits.clamped(weight))))
    }
  }
}

/// The weights that actions state, where they do nothing else.
struct StatedWeights: Sendable {
  /// Those of discrete actions, a row for each: reading a list of lists counts references. None for
  /// a box, whose components are the weights.
  private let targets: Column<Double>
  private let assetCount: Int
  private let isBox: Bool
  private let isOneChoice: Bool

  /// - Returns: `nil` where actions do not state weights.
  init?(_ definition: ActionDefinition, assetCount: Int) {
    guard case .targetWeights(let table) = definition.meaning else { return nil }
    targets = Column(Array(table.joined()))
    self.assetCount = assetCount
    isBox = definition.kind == .box
    isOneChoice = definition.kind == .discrete
  }

  /// The weight that a valid action states for an asset.
  @inline(__always)
  func weight(of asset: Int, by action: UnsafeBufferPointer<Double>) -> Double {
    if isBox { return action[asset] }
    return targets[Int(action[isOneChoice ? 0 : asset]) &* assetCount &+ asset]
  }
}

extension ActionDefinition.CommandTable {
  /// The side that a command leads to: 1 long, 0 flat, -1 short; `nil` where the environment
  /// ignores the command on this side.
  ///
  /// Source: freqtrade's environments with 3, 4 and 5 actions. With 4 and 5 a position is left
  /// before the other side is entered; with 3 a command for the other side turns the position.
  func side(after command: Int, from side: Int, allowsShorts: Bool) -> Int? {
    let entry: Int
    switch (self, command) {
    case (.freqai3, 1): return side == 1 ? nil : 1
    case (.freqai3, 2):
      let wanted = allowsShorts ? -1 : 0
      return side == -1 || side == wanted ? nil : wanted
    case (.freqai4, 1): return side == 0 ? nil : 0
    case (.freqai5, 2): return side == 1 ? 0 : nil
    case (.freqai5, 4): return side == -1 ? 0 : nil
    case (.freqai4, 2), (.freqai5, 1): entry = 1
    case (.freqai4, 3), (.freqai5, 3): entry = -1
    default: return nil
    }
    return side == 0 && (entry == 1 || allowsShorts) ? entry : nil
  }
}

extension ActionInterpreter {
  /// Buys and sells units as FinRL's environment for stocks does: sales first, the largest first;
  /// then purchases, the largest first, each limited to what the remaining cash pays for with
  /// costs.
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
      let held = max(state.assets[asset].shares, 0)
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

  /// Sorts assets by units, ascending. Equal ones keep the policy's order, so of equal purchases
  /// the last asset comes first.
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

  /// The whole units that the cash pays for, by Python's floor division, which uses the remainder
  /// and so never rounds up.
  private func wholeUnits(for cash: Double, at price: Double) -> Double {
    guard cash >= price else { return 0 }
    let whole = (cash - cash.truncatingRemainder(dividingBy: price)) / price
    return whole.rounded()
  }

  /// Trades proportions of cash and of holdings, in the policy's order of assets.
  mutating func tradeProportions(
    _ action: ContiguousArray<Double>, _ state: PolicyAccountState,
    _ table: ActionDefinition.ProportionTable, _ limits: WeightLimits,
    into intents: inout ContiguousArray<PolicyIntent>
  ) {
    var cash = max(state.cash, 0)
    for asset in 0..<assetCount {
      let command = choice(action, asset)
      let (price, held) = (unitPrice(asset, state), state.assets[asset].shares)
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
    state.assets[asset].lastClose * multipliers[asset]
  }
}

/// What an action asks for in one asset, before limits of the account and rules of execution.
struct PolicyIntent: Hashable, Sendable, BitwiseCopyable {
  /// The position of the asset among those of the policy.
  var asset: Int
  /// What is asked for.
  var kind: Kind

  /// What an action can ask for.
  enum Kind: Hashable, Sendable, BitwiseCopyable {
    /// A position worth this share of equity; drift is left alone.
    case target(Double)
    /// Trading to this share of equity now, and leaving the position alone afterwards.
    case rebalance(Double)
    /// Buying this number of units, or selling where it is negative.
    case trade(Double)
  }

  /// An intent from its parts.
  init(asset: Int, _ kind: Kind) {
    self.asset = asset
    self.kind = kind
  }
}

/// The shares of equity that a policy may give to an asset.
struct WeightLimits: Hashable, Sendable, BitwiseCopyable {
  /// The lowest share; 0 forbids short positions.
  var lowest: Double
  /// The highest share.
  var highest: Double

  /// Any share.
  static let none = WeightLimits(lowest: -.infinity, highest: .infinity)

  /// Limits from their parts.
  ///
  /// - Precondition: `lowest <= 0 <= highest`.
  init(lowest: Double, highest: Double) {
    precondition(lowest <= 0 && highest >= 0, "being flat is always allowed")
    self.lowest = lowest
    self.highest = highest
  }

  /// The nearest share within the limits.
  func clamped(_ weight: Double) -> Double { min(max(weight, lowest), highest) }
  /// Whether positions may go below zero.
  var allowsShorts: Bool { lowest < 0 }
}
