import BacktestCore
import BacktestEvidence
@testable import BacktestPolicies
import TestSupport
import Testing

/// Look-ahead analyses of policies: the trained ones of the fixtures know nothing too early, and
/// what is fitted to later bars shows in their observations.
@Suite struct LookaheadPolicyTests {
  /// The folders of trained policies: one of each kind by default.
  static let trained = Torture.isFull ? all : ["cleanrl_ppo_box1", "dqn_d3", "rppo_lstm_d3"]

  private static let all = [
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
    _ definition: StrategyDefinition, on universe: Universe,
    cuts: Int = Torture.size(of: 1, full: 3)
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
    #expect(!verdict.cuts.isEmpty)
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
}
