import BacktestCore
import BacktestFiles

/// How a policy's outputs become actions, and what its actions mean as positions.
///
/// The rule of the training library turns outputs into an action (argmax, clip, unscale). Then the
/// meaning that its environment gave to actions turns the action into positions.
package struct ActionDefinition: Sendable, Equatable {
  /// The kind of action space.
  package var kind: Kind
  /// The number of actions of each choice (one choice where the kind is discrete), or the number of
  /// components of a box.
  package var sizes: [Int]
  /// The lowest value of each component of a box.
  package var low: [Double]
  /// The highest value of each component of a box.
  package var high: [Double]
  /// From outputs to the action.
  package var transform: Transform
  /// What the outputs of the head are.
  package var head = Head.values
  /// The number of quantiles of each discrete action's value; 1 where the head holds values.
  package var quantiles = 1
  /// Which discrete actions a position allows; `nil` where all are.
  package var masks: ActionMasks?
  /// Whether the trainer masked actions by a rule that is not known here.
  package var ignoresMasks = false
  /// From the action to positions.
  package var meaning: Meaning
  /// The assets, in the order of the action's components or of its table; empty for a policy of any
  /// one instrument.
  package var assets: [String]

  /// The kinds of action spaces.
  package enum Kind: String, Sendable, CaseIterable {
    /// One of `n` choices.
    case discrete
    /// Several choices, each one of `n`.
    case multiDiscrete = "multi_discrete"
    /// Numbers within bounds.
    case box
  }

  /// What the outputs of a head are.
  package enum Head: String, Sendable, CaseIterable {
    /// As many outputs as the action needs.
    case values
    /// Twice as many: means, then logarithms of standard deviations.
    case meanAndLogDeviation = "mean_and_log_std"
    /// For each quantile the values of all discrete actions, whose means decide.
    case quantiles
  }

  /// From outputs to an action.
  package enum Transform: String, Sendable, CaseIterable {
    /// The first of the greatest outputs.
    case argmax
    /// None: each output is the number of an action already.
    case index
    /// Clipped to the bounds (PPO, A2C).
    case clip
    /// From -1...1 to the bounds (TD3, and SAC whose network ends in its own tanh).
    case unscale = "unscale_from_unit"
    /// From -1...1 to the bounds, and then clipped to them (RLlib).
    case unsquash
    /// The hyperbolic tangent, then from -1...1 to the bounds.
    case tanh
  }

  /// From an action to positions.
  package enum Meaning: Sendable, Equatable {
    /// Shares of equity: from a table for discrete actions (a row for each action, a value for each
    /// asset), else the action's components. Set again at each decision; drift is left alone.
    case targetWeights([[Double]])
    /// Shares of equity that sum to 1: `exp(a) / sum(exp(a))`.
    case softmaxWeights
    /// Units to buy or sell: `action * limit`, rounded toward zero.
    case shareDeltas(ShareDeltas)
    /// Commands that enter and leave positions, by the table of an environment.
    case positionCommands(CommandTable)
    /// A share of equity, traded only when the action changes.
    case onChangeTargets([Double])
    /// Proportions of the wallet to buy or sell.
    case orders(ProportionTable)
  }

  /// How numbers become units to trade.
  package struct ShareDeltas: Sendable, Equatable {
    /// The units that an action of 1 trades.
    package var limit: Double
    /// Trades of this many units or fewer are not made.
    package var deadZone = 0.0
    /// The cost of a trade, a fraction, for which a purchase must leave cash.
    package var cost = 0.0
    /// Whether sales may go below zero.
    package var allowsShorts = false
  }

  /// The environments whose commands are supported.
  package enum CommandTable: String, Sendable, CaseIterable {
    /// 0 neutral, 1 buy, 2 sell.
    case freqai3
    /// 0 neutral, 1 exit, 2 enter long, 3 enter short.
    case freqai4
    /// 0 neutral, 1 enter long, 2 exit long, 3 enter short, 4 exit short.
    case freqai5
  }

  /// Orders as proportions of the wallet: action 0 does nothing, action `1 + 2 k` buys with, and
  /// `2 + 2 k` sells, the share `(k + 1) / steps` of the cash or holding.
  package struct ProportionTable: Sendable, Equatable {
    /// The number of proportions.
    package var steps: Int
  }

  /// The number of outputs that the network's head must have.
  package var outputCount: Int {
    if transform == .index { return sizes.count }
    let count = kind == .box && head == .meanAndLogDeviation ? 2 * sizes[0] : sizes.reduce(0, +)
    return count * quantiles
  }

  /// The number of components of an action: choices of a discrete one, numbers of a box.
  package var componentCount: Int { kind == .box ? sizes[0] : sizes.count }
}

extension ActionDefinition {
  init(_ table: inout DocumentTable) {
    kind = table.value("kind", .choice())
    if kind == .multiDiscrete {
      sizes = table.list("sizes", of: .integer(.within(1...100_000)))
    } else {
      sizes = [table.value("size", .integer(.within(1...100_000)))]
    }
    assets = table.optionalList("assets", of: .text) ?? []
    let isBox = kind == .box
    low = isBox ? table.list("low", of: .number()) : []
    high = isBox ? table.list("high", of: .number()) : []
    head = table.value("head", .choice(), default: .values)
    if head == .quantiles { quantiles = table.value("quantiles", .integer(.within(1...10_000))) }
    let rule: Transform? = table.optional("rule", .choice())
    transform = table.value("transform", .choice(), default: rule ?? .argmax)
    if rule == nil, table.node("transform") == nil, isBox {
      table.report(
        "a box needs a 'transform': clip, unscale_from_unit, unsquash or tanh", at: "transform")
    }
    if [.argmax, .index].contains(transform) == isBox {
      table.report(
        isBox
          ? "a box has no \(transform.rawValue); its 'transform' is clip, unscale_from_unit, "
            + "unsquash or tanh"
          : "the 'rule' of discrete actions is argmax or index", at: "transform")
    }
    if head == .quantiles ? kind != .discrete : head == .meanAndLogDeviation && !isBox {
      table.report(
        "the 'head' of discrete actions is values or quantiles, that of a box values or "
          + "mean_and_log_std", at: "head")
    }
    if transform == .index, head != .values {
      table.report("a graph that gives the number of an action has the 'head' values", at: "head")
    }
    meaning = .softmaxWeights
    readMasks(&table)
    if isBox, low.count != sizes[0] || high.count != sizes[0] {
      table.report(
        "a box of \(sizes[0]) needs \(sizes[0]) numbers in 'low' and 'high', not \(low.count) and "
          + "\(high.count)", at: "low")
    }
    if zip(low, high).contains(where: { $0 >= $1 }) {
      table.report("each 'low' must be below its 'high'", at: "low")
    }
    if Set(assets).count != assets.count { table.report("an asset is listed twice", at: "assets") }
    meaning = Meaning(&table, action: self)
  }
}

extension ActionDefinition.Meaning {
  private enum Name: String, CaseIterable {
    case targetWeights = "target_weights"
    case softmaxWeights = "softmax_weights"
    case shareDeltas = "share_deltas"
    case positionCommands = "position_commands"
    case onChangeTargets = "on_change_targets"
    case orders
  }

  fileprivate init(_ table: inout DocumentTable, action: ActionDefinition) {
    let name = table.value("meaning", .choice(of: Name.self))
    let isBox = action.kind == .box
    if isBox != [.softmaxWeights, .shareDeltas].contains(name), name != .targetWeights {
      table.report(
        isBox
          ? "the numbers of a box are target_weights, softmax_weights or share_deltas"
          : "discrete actions are target_weights, position_commands, on_change_targets or orders",
        at: "meaning")
    }
    switch name {
    case .targetWeights:
      self = .targetWeights(isBox ? [] : Self.targets(&table, action))
    case .softmaxWeights: self = .softmaxWeights
    case .shareDeltas:
      self = .shareDeltas(
        ActionDefinition.ShareDeltas(
          limit: table.value("hmax", .number(.positive)),
          deadZone: table.value("dead_zone", .number(.notNegative), default: 0),
          cost: table.value("cost", .number(.notNegative), default: 0),
          allowsShorts: table.value("shorts", .flag, default: false)))
    case .positionCommands: self = .positionCommands(table.value("table", .choice()))
    case .onChangeTargets:
      self = .onChangeTargets(Self.targets(&table, action).map { $0.first ?? 0 })
    case .orders:
      let steps = table.value("steps", .integer(.within(1...1_000)))
      self = .orders(ActionDefinition.ProportionTable(steps: steps))
    }
    checkSize(&table, action)
  }

  /// The table of targets: a number for each action, or for several assets a list for each.
  private static func targets(
    _ table: inout DocumentTable, _ action: ActionDefinition
  ) -> [[Double]] {
    let rows = table.list("targets", of: .targetRow)
    let width = max(action.assets.count, 1)
    if action.kind == .discrete, rows.count != action.sizes[0] {
      table.report(
        "\(action.sizes[0]) actions need \(action.sizes[0]) targets, not \(rows.count)",
        at: "targets")
    } else if rows.contains(where: { $0.count != width }) {
      let one =
        action.kind == .multiDiscrete ? "each row of targets, one for a choice," : "each target"
      table.report(
        "\(one) needs \(width) number\(width == 1 ? "" : "s"), one for an asset", at: "targets")
    }
    return rows
  }

  private func checkSize(_ table: inout DocumentTable, _ action: ActionDefinition) {
    let expected: Int? =
      switch self {
      case .positionCommands(.freqai3): 3
      case .positionCommands(.freqai4): 4
      case .positionCommands(.freqai5): 5
      case .orders(let orders): 1 + 2 * orders.steps
      case .targetWeights, .softmaxWeights, .shareDeltas:
        action.kind == .box ? max(action.assets.count, 1) : nil
      case .onChangeTargets: nil
      }
    if action.kind == .multiDiscrete {
      let width = max(action.assets.count, 1)
      if action.sizes.count != width {
        table.report("\(width) assets need as many 'sizes', not \(action.sizes.count)", at: "sizes")
      }
    } else if let expected, action.sizes[0] != expected {
      let named = action.assets.isEmpty ? "no assets are named" : "\(expected) assets are named"
      table.report(
        action.kind == .box
          ? "\(named), but 'size' is \(action.sizes[0]); 'assets' lists one for each component"
          : "this meaning has \(expected) actions, but 'size' is \(action.sizes[0])", at: "size")
    }
  }
}

extension DocumentRule where Value == [Double] {
  /// A number, or a list of numbers.
  fileprivate static var targetRow: DocumentRule {
    let number = DocumentRule<Double>.number()
    return DocumentRule(
      expected: "a number, or a list of numbers", placeholder: [],
      convert: { node in
        guard case .list(let items) = node.content else { return number.convert(node).map { [$0] } }
        let values = items.compactMap(number.convert)
        return values.count == items.count ? values : nil
      })
  }
}
