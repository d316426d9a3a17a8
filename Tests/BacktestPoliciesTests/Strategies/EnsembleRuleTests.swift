@testable import BacktestPolicies
import Testing

/// How weights become one, computed by hand.
struct EnsembleRuleTests {
  private static func combined(
    _ rule: EnsembleRule, _ votes: [(Double, Double)], last: Double = 9
  ) -> Double {
    rule.combined(
      ContiguousArray(votes.map { EnsembleRule.MemberVote(weight: $0.0, strength: $0.1) }),
      last: last)
  }

  private static func plain(_ weights: Double...) -> [(Double, Double)] { weights.map { ($0, 0) } }

  @Test func theMean() {
    #expect(Self.combined(.mean, Self.plain(1, 0, -0.25)) == 0.25)
    #expect(Self.combined(.mean, []) == 9)
  }

  @Test func theDirectionOfMost() {
    let rule = EnsembleRule.vote(targets: [])
    #expect(Self.combined(rule, Self.plain(0.1, 0.9, -1)) == 1)
    #expect(Self.combined(rule, Self.plain(-0.1, 0, -1)) == -1)
    #expect(Self.combined(rule, Self.plain(0, 0, 1)) == 0)
    // One each, or two each: the last weight stays.
    #expect(Self.combined(rule, Self.plain(1, -1)) == 9)
    #expect(Self.combined(rule, Self.plain(1, 0, -1)) == 9)
    #expect(Self.combined(rule, Self.plain(1, 0, -1, 1, -1)) == 9)
    // A tie behind the most is none.
    #expect(Self.combined(rule, Self.plain(1, 0, -1, 1)) == 1)
    #expect(Self.combined(rule, Self.plain(0, -1, 1, 1)) == 1)
  }

  @Test func theNearestTargetOfMost() {
    let rule = EnsembleRule.vote(targets: [0, 0.5, 1])
    #expect(Self.combined(rule, Self.plain(0.3, 0.6, 1)) == 0.5)
    // Half-way between two the first counts.
    #expect(Self.combined(rule, Self.plain(0.25, -3, 1)) == 0)
    #expect(Self.combined(rule, Self.plain(0, 0.5, 1)) == 9)
  }

  @Test func theMoreSureTheMoreItCounts() {
    let rule = EnsembleRule.confidence(.inverseVariance)
    // Deviations of 0.5 and 1: four times as much as once.
    #expect(Self.combined(rule, [(1, 4), (-1, 1)]) == 0.6)
    #expect(Self.combined(rule, [(1, 0), (-0.5, 0)]) == 0.25)
    #expect(Self.combined(rule, [(1, 0), (-0.5, 2)]) == -0.5)
  }

  @Test func disagreementIsTheDeviationOfTheWeights() {
    func disagreement(_ weights: Double...) -> Double {
      EnsembleRule.disagreement(
        of: ContiguousArray(weights.map { EnsembleRule.MemberVote(weight: $0) }))
    }
    #expect(disagreement(1, -1) == 1 && disagreement(0.5) == 0 && disagreement(1, 1, 1) == 0)
    #expect(abs(disagreement(0, 0.5, 1) - 0.408248290463863) < 1e-15)
    var options = EnsembleOptions()
    options.maximumDisagreement = -1
    #expect(options.problem?.contains("must be 0 or more") == true)
  }

  @Test func whoDidBest() {
    let rule = EnsembleRule.bestRecent(bars: 5)
    #expect(Self.combined(rule, [(1, 0.9), (-0.5, 1.1), (0, 1)]) == -0.5)
    #expect(Self.combined(rule, [(1, 1), (0, 1)]) == 1)
  }
}
