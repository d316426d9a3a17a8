public import BacktestNetworks
internal import Glibc

/// Turns actions into what they want of each asset, by the meaning that the trainer's environment
/// gave to them.
///
///     var interpreter = try ActionInterpreter(manifest.action!)
///     try interpreter.interpret(decision.action, state, limits: .none, into: &intents)
///
/// It knows nothing of a market or an engine. Intents come in the order in which they are to be
/// carried out. Interpreting allocates nothing once `intents` has room for each asset.
public struct ActionInterpreter: Sendable {
  /// What the actions mean.
  public let definition: ActionDefinition
  /// The number of assets that an action is about; at least 1.
  public let assetCount: Int
  /// Money per price unit and unit of quantity of each asset; 1 unless said.
  public var multipliers: ContiguousArray<Double>
  // Room for the order in which units are traded.
  var order: ContiguousArray<Int>
  var units: ContiguousArray<Double>

  /// An interpreter of a definition.
  ///
  /// - Throws: `PolicyError` where the number of choices does not say which assets they are about,
  ///   or a choice has no target.
  public init(_ definition: ActionDefinition) throws(PolicyError) {
    self.definition = definition
    assetCount = max(definition.assets.count, 1)
    order = ContiguousArray(0..<assetCount)
    units = ContiguousArray(repeating: 0, count: assetCount)
    multipliers = ContiguousArray(repeating: 1, count: assetCount)
    if let problem { throw PolicyError(problem) }
  }

  /// Whether actions state shares of equity, and not units to trade.
  public var statesWeights: Bool {
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
      return "an action of \(definition.componentCount) components cannot be about "
        + "\(assetCount) assets"
    }
    return nil
  }

  /// What an action wants of the assets.
  ///
  /// - Parameters:
  ///   - action: the number of each choice, or the components of a box.
  ///   - state: the account, in the policy's order of assets.
  ///   - limits: the shares of equity that are allowed.
  ///   - intents: overwritten; at most one an asset.
  /// - Throws: `PolicyRefusal` where the action is none of the definition's.
  public mutating func interpret(
    _ action: ContiguousArray<Double>, _ state: PolicyAccountState, limits: WeightLimits,
    into intents: inout ContiguousArray<PolicyIntent>
  ) throws(PolicyRefusal) {
    intents.removeAll(keepingCapacity: true)
    try check(action)
    precondition(state.assetCount == assetCount, "an account of the policy's assets")
    switch definition.meaning {
    case .targetWeights(let table):
      for asset in 0..<assetCount {
        let weight =
          definition.kind == .box ? action[asset] : table[choice(action, asset)][asset]
        intents.append(PolicyIntent(asset: asset, .target(limits.clamped(weight))))
      }
    case .softmaxWeights: softmax(action, limits, into: &intents)
    case .onChangeTargets(let table):
      for asset in 0..<assetCount {
        let weight = limits.clamped(table[choice(action, asset)])
        guard weight != state.targetWeight[asset] else { continue }
        intents.append(PolicyIntent(asset: asset, .rebalance(weight)))
      }
    case .positionCommands(let table):
      for asset in 0..<assetCount {
        let weight = state.realWeight[asset]
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
        throw PolicyRefusal("the action \(value) is none of 0...\(size - 1)")
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
    for value in action { sum += exp(value - greatest) }
    for asset in 0..<assetCount {
      let weight = exp(action[asset] - greatest) / sum
      intents.append(PolicyIntent(asset: asset, .target(limits.clamped(weight))))
    }
  }
}

extension ActionDefinition.CommandTable {
  /// The side to which a command leads: 1 long, 0 flat, -1 short; `nil` where it is none that the
  /// environment carries out from this side.
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
