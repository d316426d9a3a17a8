@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import AllocationCounter
import Testing

/// Deciding asks for no memory.
struct DecisionAllocationTests {
  /// Follows what it observes, and asks for no memory itself.
  private struct Follower: Policy {
    var observationCount = 2
    func makeDecision() -> PolicyDecision { PolicyDecision(actionCount: 1, outputCount: 0) }
    mutating func reset() {}
    mutating func decide(
      _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
    ) throws(PolicyRefusal) {
      decision.action[0] = observation[0] > 0 ? 0.25 : observation[1]
      decision.prediction.signal = observation[0]
    }
  }

  private static func market(bars: Int) throws -> Universe {
    try Universe(
      [
        try PolicyStrategyTests.market((0..<bars).map { 100 + Double($0 % 7) }, "A"),
        try PolicyStrategyTests.market((0..<bars).map { 100 + Double($0 % 5) }, "B"),
      ])
  }

  private static func manifest() throws -> PolicyManifest {
    try .scripted(
      action: "{\"kind\": \"box\", \"size\": 1, \"low\": [-1], \"high\": [1], "
        + "\"transform\": \"clip\", \"meaning\": \"target_weights\"}",
      shape: [2], features: "{\"name\": \"log_return\"}, {\"state\": \"position_weight\"}")
  }

  /// Allocations of the decisions alone: orders and fills are written down in columns that grow.
  private static func allocations(
    bars: Int, _ make: (Universe) throws -> some Strategy
  ) throws -> Int {
    let universe = try market(bars: bars)
    var strategy = try make(universe)
    var configuration = BacktestConfiguration()
    configuration.accounting = .weights(fee: 0)
    var engine = Engine(feed: Feed(universe), configuration: configuration)
    let before = allocation_count()
    engine.run(&strategy)
    return allocation_count() - before
  }

  @Test(
    .enabled(if: TestBuild.isOptimised, "without optimisation accesses to arrays ask for frames"))
  func aHundredTimesTheDecisionsAskForNoMoreMemory() throws {
    let member = PolicyMember(Follower(), manifest: try Self.manifest())
    func alone(_ bars: Int) throws -> Int {
      try Self.allocations(bars: bars) { try PolicyStrategy(member, universe: $0) }
    }
    func together(_ bars: Int) throws -> Int {
      try Self.allocations(bars: bars) {
        try EnsembleStrategy([member, member], rule: .mean, universe: $0)
      }
    }
    _ = (try alone(100), try together(100))
    #expect(try alone(20_000) <= alone(200) + 64)
    #expect(try together(20_000) <= together(200) + 64)
  }
}
