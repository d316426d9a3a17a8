@testable import BacktestPolicies
import TestSupport
import Testing

/// What actions mean, computed by hand.
struct ActionInterpreterTests {
  private static func action(_ text: String) throws -> ActionDefinition {
    try #require(try PolicyManifest.scripted(action: text).action)
  }

  private static func discrete(_ size: Int, _ rest: String) throws -> ActionDefinition {
    try action("{\"kind\": \"discrete\", \"size\": \(size), \"rule\": \"argmax\", \(rest)}")
  }

  private static func box(_ size: Int, _ rest: String) throws -> ActionDefinition {
    let low = Array(repeating: -1, count: size)
    let high = Array(repeating: 1, count: size)
    return try action(
      "{\"kind\": \"box\", \"size\": \(size), \"low\": \(low), \"high\": \(high), "
        + "\"transform\": \"clip\", \(rest)}")
  }

  /// The account of some assets: close, units, stated weight and weight of each.
  private static func account(
    cash: Double = 0, _ assets: [(close: Double, units: Double, stated: Double, weight: Double)]
  ) -> PolicyAccountState {
    var state = PolicyAccountState(assetCount: assets.count)
    state.cash = cash
    for (index, asset) in assets.enumerated() {
      state.assets[index].lastClose = asset.close
      state.assets[index].shares = asset.units
      state.assets[index].targetWeight = asset.stated
      state.assets[index].realWeight = asset.weight
    }
    return state
  }

  private static func intents(
    _ definition: ActionDefinition, _ action: [Double], _ state: PolicyAccountState? = nil,
    limits: WeightLimits = .none
  ) throws -> [PolicyIntent] {
    var interpreter = try ActionInterpreter(definition)
    var intents: ContiguousArray<PolicyIntent> = []
    let state = state ?? PolicyAccountState(assetCount: interpreter.assetCount)
    try interpreter.interpret(ContiguousArray(action), state, limits: limits, into: &intents)
    return Array(intents)
  }

  private static func targets(_ weights: Double...) -> [PolicyIntent] {
    weights.enumerated().map { PolicyIntent(asset: $0, .target($1)) }
  }

  @Test func aTableOfTargetsIsLookedUp() throws {
    let one = try Self.discrete(3, "\"meaning\": \"target_weights\", \"targets\": [0, 1, -1]")
    #expect(try Self.intents(one, [2]) == Self.targets(-1))
    #expect(
      try Self.intents(one, [2], limits: WeightLimits(lowest: 0, highest: 1)) == Self.targets(0))
    let two = try Self.discrete(
      2,
      "\"meaning\": \"target_weights\", \"assets\": [\"A\", \"B\"], "
        + "\"targets\": [[0.5, 0.5], [1, 0]]")
    #expect(try Self.intents(two, [1]) == Self.targets(1, 0))
    let each = try Self.action(
      "{\"kind\": \"multi_discrete\", \"sizes\": [2, 2], \"rule\": \"argmax\", "
        + "\"meaning\": \"target_weights\", \"assets\": [\"A\", \"B\"], "
        + "\"targets\": [[0, 0], [0.25, 0.75]]}")
    #expect(try Self.intents(each, [1, 0]) == Self.targets(0.25, 0))
    #expect(try Self.intents(each, [0, 1]) == Self.targets(0, 0.75))
  }

  @Test func aBoxStatesItsOwnComponents() throws {
    let box = try Self.box(2, "\"meaning\": \"target_weights\", \"assets\": [\"A\", \"B\"]")
    #expect(try Self.intents(box, [0.25, -0.5]) == Self.targets(0.25, -0.5))
    let limits = WeightLimits(lowest: -0.1, highest: 0.1)
    #expect(try Self.intents(box, [0.25, -0.5], limits: limits) == Self.targets(0.1, -0.1))
  }

  @Test func softmaxWeightsAreThoseOfNumpy() throws {
    let box = try Self.box(3, "\"meaning\": \"softmax_weights\", \"assets\": [\"A\", \"B\", \"C\"]")
    // numpy.exp(a) / numpy.exp(a).sum() for a = [0, 0.5, 1].
    let expected = [0.18632372322584756, 0.3071958857184984, 0.506480391055654]
    let intents = try Self.intents(box, [0, 0.5, 1])
    #expect(intents.count == expected.count)
    for (intent, weight) in zip(intents, expected) {
      guard case .target(let found) = intent.kind else { return #expect(Bool(false)) }
      #expect(abs(found - weight) <= 1e-15)
    }
    // Without taking off the greatest this would be infinity over infinity.
    #expect(try Self.intents(box, [1_000, 1_000, -1_000]) == Self.targets(0.5, 0.5, 0))
  }

  private static func trades(_ trades: (Int, Double)...) -> [PolicyIntent] {
    trades.map { PolicyIntent(asset: $0.0, .trade($0.1)) }
  }

  private static func shares(_ size: Int, _ rest: String = "") throws -> ActionDefinition {
    let names = ["\"A\"", "\"B\"", "\"C\""].prefix(size).joined(separator: ", ")
    return try box(
      size, "\"meaning\": \"share_deltas\", \"hmax\": 100, \"assets\": [\(names)]" + rest)
  }

  @Test func sharesAreSoldBeforeSharesAreBought() throws {
    let definition = try Self.shares(3, ", \"cost\": 0.001")
    let state = Self.account(
      cash: 1_000, [(10, 30, 0, 0), (20, 0, 0, 0), (50, 5, 0, 0)])
    // A wants to sell 50 and has 30. B wants 29 in 32 bits (28.999… in 64) and C 3.7, so 3.
    #expect(
      try Self.intents(definition, [-0.5, 0.29, 0.037], state)
        == Self.trades((0, -30), (1, 29), (2, 3)))
    // Toward zero on both sides, and nothing for less than one unit.
    #expect(
      try Self.intents(definition, [-0.019, 0.009, -0.0299], state)
        == Self.trades((2, -2), (0, -1)))
  }

  @Test func cashGoesToTheLargestPurchaseFirst() throws {
    let definition = try Self.shares(2)
    let state = Self.account(cash: 100, [(10, 0, 0, 0), (20, 0, 0, 0)])
    // 5 of A cost 50; the other 50 buy 2 of B and not 3.
    #expect(try Self.intents(definition, [0.05, 0.03], state) == Self.trades((0, 5), (1, 2)))
    // Of equal purchases the last asset is first: numpy's order, read backwards.
    let same = Self.account(cash: 100, [(10, 0, 0, 0), (10, 0, 0, 0)])
    #expect(try Self.intents(definition, [0.1, 0.1], same) == Self.trades((1, 10)))
    // What is sold pays: 10 x 20 x 0.999 = 199.8, and 199.8 / 10.01 = 19.96.
    let costly = try Self.shares(2, ", \"cost\": 0.001")
    let held = Self.account(cash: 0, [(10, 0, 0, 0), (20, 10, 0, 0)])
    #expect(try Self.intents(costly, [1, -1], held) == Self.trades((1, -10), (0, 19)))
    // Python: 1.0 // 0.1 is 9.
    let cheap = Self.account(cash: 1, [(0.1, 0, 0, 0), (1, 0, 0, 0)])
    #expect(try Self.intents(definition, [1, 0], cheap) == Self.trades((0, 9)))
  }

  @Test func shortsDeadZonesAndMissingPrices() throws {
    let state = Self.account(cash: 1_000, [(10, 5, 0, 0), (0, 0, 0, 0)])
    let shorting = try Self.shares(2, ", \"shorts\": true")
    #expect(try Self.intents(shorting, [-0.2, 0.2], state) == Self.trades((0, -20)))
    #expect(
      try Self.intents(shorting, [-0.2, 0], state, limits: WeightLimits(lowest: 0, highest: 1))
        == Self.trades((0, -5)))
    let patient = try Self.shares(2, ", \"dead_zone\": 10")
    #expect(try Self.intents(patient, [0.1, 0], state).isEmpty)
    #expect(try Self.intents(patient, [0.11, 0], state) == Self.trades((0, 11)))
  }

  @Test func proportionsOfCashAndHolding() throws {
    let definition = try Self.discrete(9, "\"meaning\": \"orders\", \"steps\": 4")
    let state = Self.account(cash: 1_000, [(20, 8, 0, 0)])
    #expect(try Self.intents(definition, [0], state).isEmpty)
    #expect(try Self.intents(definition, [1], state) == Self.trades((0, 12.5)))
    #expect(try Self.intents(definition, [2], state) == Self.trades((0, -2)))
    #expect(try Self.intents(definition, [7], state) == Self.trades((0, 50)))
    #expect(try Self.intents(definition, [8], state) == Self.trades((0, -8)))
    let flat = Self.account(cash: -5, [(20, -3, 0, 0)])
    #expect(try Self.intents(definition, [8], flat).isEmpty)
    #expect(try Self.intents(definition, [7], flat).isEmpty)
  }

  /// The side to which a command leads from short, flat and long; `nil` where it is ignored.
  @Test(
    arguments: [
      ("freqai3", 0, [nil, nil, nil]), ("freqai3", 1, [1, 1, nil]), ("freqai3", 2, [nil, -1, -1]),
      ("freqai4", 0, [nil, nil, nil]), ("freqai4", 1, [0, nil, 0]), ("freqai4", 2, [nil, 1, nil]),
      ("freqai4", 3, [nil, -1, nil]), ("freqai5", 0, [nil, nil, nil]),
      ("freqai5", 1, [nil, 1, nil]), ("freqai5", 2, [nil, nil, 0]), ("freqai5", 3, [nil, -1, nil]),
      ("freqai5", 4, [0, nil, nil]),
    ] as [(String, Int, [Double?])])
  func commands(_ table: String, _ command: Int, _ sides: [Double?]) throws {
    let size = try #require(Int(String(table.last!)))
    let definition = try Self.discrete(
      size, "\"meaning\": \"position_commands\", \"table\": \"\(table)\"")
    for (weight, side) in zip([-0.9, 0, 1.1], sides) {
      let state = Self.account([(10, 0, 0, weight)])
      let expected = side.map { [PolicyIntent(asset: 0, .rebalance($0))] } ?? []
      #expect(try Self.intents(definition, [Double(command)], state) == expected)
    }
  }

  @Test func withoutShortsThreeCommandsSellToFlat() throws {
    let definition = try Self.discrete(
      3, "\"meaning\": \"position_commands\", \"table\": \"freqai3\"")
    let limits = WeightLimits(lowest: 0, highest: 0.5)
    let long = Self.account([(10, 1, 0.5, 0.6)])
    let flat = Self.account([(10, 0, 0, 0)])
    #expect(
      try Self.intents(definition, [2], long, limits: limits)
        == [PolicyIntent(asset: 0, .rebalance(0))])
    #expect(try Self.intents(definition, [2], flat, limits: limits).isEmpty)
    #expect(
      try Self.intents(definition, [1], flat, limits: limits)
        == [PolicyIntent(asset: 0, .rebalance(0.5))])
  }

  @Test func onlyAnotherExposureIsTraded() throws {
    let definition = try Self.discrete(
      3, "\"meaning\": \"on_change_targets\", \"targets\": [-1, 0, 1]")
    let long = Self.account([(10, 0, 1, 1.3)])
    #expect(try Self.intents(definition, [2], long).isEmpty)
    #expect(
      try Self.intents(definition, [0], long) == [PolicyIntent(asset: 0, .rebalance(-1))])
    #expect(try Self.intents(definition, [1], Self.account([(10, 0, 0, 0)])).isEmpty)
  }

  @Test func actionsThatAreNoneAreRefused() throws {
    let definition = try Self.discrete(2, "\"meaning\": \"target_weights\", \"targets\": [0, 1]")
    for action in [[2.0], [-1], [0.5], [.nan], [.infinity], [], [0, 0]] {
      #expect(throws: PolicyRefusal.self) { try Self.intents(definition, action) }
    }
    let box = try Self.box(1, "\"meaning\": \"target_weights\"")
    #expect(throws: PolicyRefusal.self) { try Self.intents(box, [.nan]) }
  }

  @Test func oneChoiceCannotBeAboutTwoAssets() throws {
    for rest in [
      "\"meaning\": \"position_commands\", \"table\": \"freqai3\"",
      "\"meaning\": \"orders\", \"steps\": 1",
    ] {
      let definition = try Self.discrete(3, rest + ", \"assets\": [\"A\", \"B\"]")
      #expect(throws: PolicyError.self) { try ActionInterpreter(definition) }
    }
  }

  /// Whatever is asked for, no more is sold than is held and no more spent than there is.
  @Test func nothingIsTradedThatIsNotThere() throws {
    var random = TestRandom(seed: 20_261_121)
    for round in 0..<2_000 {
      let isShares = random.below(2) == 0
      let cost = Double(random.below(30)) / 1_000
      let definition =
        isShares
        ? try Self.shares(3, ", \"cost\": \(cost)")
        : try Self.action(
          "{\"kind\": \"multi_discrete\", \"sizes\": [9, 9, 9], \"rule\": \"argmax\", "
            + "\"meaning\": \"orders\", \"steps\": 4, \"assets\": [\"A\", \"B\", \"C\"]}")
      let action = (0..<3).map { _ in
        isShares ? Double(random.below(2_001) - 1_000) / 1_000 : Double(random.below(9))
      }
      let state = Self.account(
        cash: Double(random.below(400_000) - 20_000) / 7,
        (0..<3).map { _ in
          (Double(random.below(50_000)) / 97, Double(random.below(200) - 20), 0, 0)
        })
      var cash = state.cash
      var units = state.assets.map(\.shares)
      for intent in try Self.intents(definition, action, state) {
        guard case .trade(let quantity) = intent.kind else { return #expect(Bool(false)) }
        let price = state.assets[intent.asset].lastClose
        #expect(price > 0)
        let paid = isShares ? cost : 0
        cash -= quantity * price + abs(quantity) * price * paid
        units[intent.asset] += quantity
        if quantity < 0 { #expect(units[intent.asset] >= 0, "round \(round)") }
        if quantity > 0 { #expect(cash >= -1e-9 * max(1, state.cash), "round \(round)") }
        if isShares { #expect(quantity == quantity.rounded(), "round \(round)") }
      }
    }
  }
}
