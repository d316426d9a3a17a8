import BacktestCore
import BacktestEvidence
@testable import BacktestPolicies
import TestSupport
import Testing

/// Look-ahead analyses of policies: the trained ones of the fixtures know nothing too early, and
/// what is fitted to later bars shows in their observations.
@Suite struct LookaheadPolicyTests {
  /// The folders of trained policies.
  static let trained = [
    "a2c_window_d5", "a3c_lstmcell_d3", "cleanrl_ppo_box1", "cnn_gru_bn_ln", "cnn_lstm_19843",
    "dqn_d3", "ppo_box1", "ppo_box1_sde", "ppo_discrete", "ppo_portfolio4", "rllib_ppo_d3",
    "rppo_lstm2_box", "rppo_lstm_d3", "sac_box", "sac_sde", "td3_box",
  ]

  private static func universe(_ symbols: [String], bars: Int) throws -> Universe {
    var random = TestRandom(seed: 11)
    return try Universe(
      try symbols.map {
        try RandomMarket.series($0, bars: bars, every: .days(1), &random, lot: .fractional)
      })
  }

  private static func verdict(
    _ definition: StrategyDefinition, on universe: Universe, cuts: Int = 3
  ) throws -> LookaheadVerdict {
    var configuration = BacktestConfiguration()
    configuration.account.funding = .margin(leverage: 2)
    var proof = LookaheadProof(
      definition, try definition.parameters([:]), on: universe, configuration: configuration)
    proof.cutCount = cuts
    return try proof.run(threads: 1)
  }

  @Test(arguments: trained) func trainedPolicyIsHonest(_ name: String) throws {
    let policy = try TrainedPolicy(path: Fixture.path("policies/\(name)"))
    let assets = policy.manifest.action?.assets ?? []
    let universe = try Self.universe(assets.isEmpty ? ["SPX"] : assets, bars: 330)
    let definition = StrategyDefinition(name: name, summary: "") { _, universe in
      try PolicyStrategy(policy, manifest: policy.manifest, universe: universe)
    }
    let verdict = try Self.verdict(definition, on: universe)
    #expect(verdict.violations.isEmpty)
    #expect(verdict.cuts.count == 3)
  }

  @Test func ensembleIsHonest() throws {
    let members = try ["ppo_discrete", "dqn_d3"].map {
      let policy = try TrainedPolicy(path: Fixture.path("policies/\($0)"))
      return PolicyMember(policy, manifest: policy.manifest)
    }
    let definition = StrategyDefinition(name: "ensemble", summary: "") { _, universe in
      try EnsembleStrategy(members, rule: .bestRecent(bars: 21), universe: universe)
    }
    let verdict = try Self.verdict(definition, on: Self.universe(["SPX"], bars: 150))
    #expect(verdict.violations.isEmpty)
  }

  @Test func normaliserFittedToAllBarsIsFound() throws {
    let manifest = try PolicyManifest.choosing(
      [0, 1], features: "{\"name\": \"log_return\", \"lag\": 0}")
    let definition = StrategyDefinition(name: "fitted", summary: "") { _, universe in
      let closes = universe.series[0].close
      let largest = zip(closes.dropFirst(), closes).map { abs($0 / $1 - 1) }.max() ?? 1
      let policy = ScaledPolicy(factor: 1 / max(largest, 1e-6))
      return try PolicyStrategy(policy, manifest: manifest, universe: universe)
    }
    let verdict = try Self.verdict(definition, on: Self.universe(["A"], bars: 200), cuts: 20)
    #expect(verdict.hasLookahead)
    #expect(verdict.violations.allSatisfy { $0.kind == .decision })
    let honest = StrategyDefinition(name: "given", summary: "") { _, universe in
      try PolicyStrategy(ScaledPolicy(factor: 20), manifest: manifest, universe: universe)
    }
    #expect(try !Self.verdict(honest, on: Self.universe(["A"], bars: 200)).hasLookahead)
  }

  @Test func programInAnotherProcessIsAnalysedTheSameWay() throws {
    // It answers by the sign of what it observes, and counts messages, which a new run resets.
    let script =
      TestPolicies.ready
      + #"while read line; do case "$line" in *reset*) n=0;; esac; n=$((n+1)); "#
      + #"case "$line" in *-0.*) echo '{"action":0}';; *) echo '{"action":1}';; esac; done"#
    let manifest = try TestPolicies.manifest()
    let program = try ExternalPolicy(["sh", "-c", script], manifest: manifest)
    try program.start()
    let definition = StrategyDefinition(name: "program", summary: "") { _, universe in
      try PolicyStrategy(program, manifest: manifest, universe: universe)
    }
    let verdict = try Self.verdict(definition, on: Self.universe(["A"], bars: 60), cuts: 5)
    #expect(program.failure == nil)
    #expect(verdict.violations.isEmpty)
  }
}

/// Chooses by whether an observation, multiplied by a factor, lies above a quarter.
private struct ScaledPolicy: Policy {
  var factor: Double
  var observationCount: Int { 1 }

  func makeDecision() -> PolicyDecision { PolicyDecision(actionCount: 1, outputCount: 0) }

  mutating func reset() {}

  mutating func decide(
    _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
  ) throws(PolicyRefusal) {
    decision.action[0] = observation[0] * factor > 0.25 ? 1 : 0
  }
}
