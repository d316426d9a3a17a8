@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// Runs of scripted policies that decide together, computed by hand.
struct EnsembleStrategyTests {
  private static func member(
    _ policy: ScriptedPolicy, _ manifest: PolicyManifest,
    _ adjust: (inout PolicyOptions) -> Void = { _ in }
  ) -> PolicyMember {
    var options = PolicyOptions()
    adjust(&options)
    var policy = policy
    policy.observationCount = manifest.observation.count
    return PolicyMember(policy, manifest: manifest, options: options)
  }

  private static func run(
    _ members: [PolicyMember], _ rule: EnsembleRule, _ series: [BarSeries],
    _ options: EnsembleOptions = EnsembleOptions(),
    adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    let universe = try Universe(series)
    let strategy = try EnsembleStrategy(members, rule: rule, universe: universe, options: options)
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 1_000
    configuration.account.funding = .margin(leverage: 2)
    configuration.execution.marketFill = .sameClose
    adjust(&configuration)
    return Backtest(strategy, on: universe, configuration: configuration).run()
  }

  private static func weights(_ weights: Double...) -> ScriptedPolicy {
    ScriptedPolicy(weights.map { .act([$0]) })
  }

  @Test(arguments: EnsembleOptions.MemberState.allCases)
  func theMeanIsTraded(_ memberState: EnsembleOptions.MemberState) throws {
    let (first, second) = (Self.weights(1, 1, 0), Self.weights(0, -1, -0.5))
    var options = EnsembleOptions()
    options.memberState = memberState
    let result = try Self.run(
      try [first, second].map { Self.member($0, try .weighing()) }, .mean,
      [try PolicyStrategyTests.market([100, 100, 100])], options)
    #expect(result.fillQuantities == [5, -5, -2.5])
    switch memberState {
    case .own:
      #expect(first.log.seen == [[0], [1], [1]])
      #expect(second.log.seen == [[0], [0], [-1]])
    case .shared:
      #expect(first.log.seen == [[0], [0.5], [0]])
      #expect(second.log.seen == [[0], [0.5], [0]])
    }
  }

  @Test func copiesVoteOnSharesOfTheirPart() throws {
    let members = try [Self.weights(1, 1), Self.weights(0.5, -1), Self.weights(-1, 0)].map {
      Self.member($0, try .weighing())
    }
    // Up by two to one, with half of the equity in each; then one each, so that it stays.
    let result = try Self.run(
      members, .vote(targets: []),
      [
        try PolicyStrategyTests.market([100, 100], "A"),
        try PolicyStrategyTests.market([50, 50], "B"),
      ])
    #expect(result.fillQuantities == [5, 10])
  }

  @Test func theBestOfLateIsFollowed() throws {
    // One is always long, the other always short; the market falls, then rises.
    let members = try [Self.weights(1), Self.weights(-1)].map {
      Self.member($0, try .weighing())
    }
    let closes = [100.0, 90, 81, 90, 120]
    let result = try Self.run(
      members, .bestRecent(bars: 1), [try PolicyStrategyTests.market(closes)])
    // Long first, being named first; short from 90 on, with an equity of 900; at 90 again, where
    // 10 short from 90 earned nothing, long with 900.
    #expect(result.fillPrices == [100, 90, 90])
    #expect(result.fillQuantities == [10, -20, 20])
    // Over three bars the fall still counts at 90: 0.9 against 1.1 x 1.1 x (1 - 9 / 81). At 120 the
    // long one has 120 / 90, and the short one 1.1 x (1 - 1 / 9) x (1 - 1 / 3).
    let patient = try Self.run(
      members, .bestRecent(bars: 3), [try PolicyStrategyTests.market(closes)])
    #expect(patient.fillPrices == [100, 90, 120])
  }

  @Test func feesCountForTheBest() throws {
    // In a flat market the one that turns all the time pays for it.
    let members = [
      Self.member(Self.weights(1, -1, 1, -1, 1), try .weighing()),
      Self.member(Self.weights(0.5), try .weighing()),
    ]
    let market = [try PolicyStrategyTests.market([100, 100, 100, 100])]
    var options = EnsembleOptions()
    options.fee = 0.001
    let result = try Self.run(members, .bestRecent(bars: 10), market, options)
    // The first is followed as long as nothing was paid; both pay at the second bar, it more.
    #expect(result.fillQuantities == [10, -5])
    let free = try Self.run(members, .bestRecent(bars: 10), market)
    #expect(free.fillQuantities == [10, -20, 20, -20])
  }

  @Test func thosePredictingSurelyCountMore() throws {
    let output =
      "{\"kind\": \"gaussian\", \"unit\": \"log_return\", \"fields\": [\"mean\", \"log_variance\"]}"
    let members = try [(0.01, 0.5), (-0.01, 1)].map { mean, deviation in
      Self.member(
        ScriptedPolicy([.predict(PolicyPrediction(expectedReturn: mean, deviation: deviation))]),
        try .scripted(output: output))
    }
    let result = try Self.run(
      members, .confidence(.inverseVariance), [try PolicyStrategyTests.market([100, 100])])
    // (4 - 1) / 5 of 1,000.
    #expect(result.fills.count == 1 && abs(result.fills[0].quantity - 6) < 1e-12)
  }

  @Test func whoIsGoneCountsNoMore() throws {
    let steps: [ScriptedPolicy.Step] = [.act([1]), .refuse("gone")]
    let market = [try PolicyStrategyTests.market([100, 100, 100])]
    func run(_ rule: PolicyOptions.RefusalRule) throws -> BacktestResult {
      try Self.run(
        [
          Self.member(ScriptedPolicy(steps), try .weighing()) { $0.onRefusal = rule },
          Self.member(Self.weights(0.5), try .weighing()),
        ], .mean, market)
    }
    #expect(try run(.hold).fillQuantities == [7.5])
    #expect(try run(.flat).fillQuantities == [7.5, -5])
    #expect(try run(.stop).fillQuantities == [7.5, -2.5])
    #expect(try run(.stop).notes.count == 1)
  }

  @Test func thresholdsAndLimitsAreThoseOfTheEnsemble() throws {
    var options = EnsembleOptions()
    options.weights.rebalanceThreshold = 0.25
    options.weights.maximumWeight = 0.75
    options.weights.isLongOnly = true
    let result = try Self.run(
      [Self.member(Self.weights(1, 0.6, -1), try .weighing())], .mean,
      [try PolicyStrategyTests.market([100, 100, 100])], options)
    #expect(result.fillQuantities == [7.5, -7.5])
  }

  @Test func portfoliosAndUnitsAreWeightsToo() throws {
    // 0.5 of A; and all of the cash of its own in B, by an order for all that there is.
    let units = try PolicyManifest.scripted(
      action: "{\"kind\": \"discrete\", \"size\": 3, \"rule\": \"argmax\", \"meaning\": \"orders\","
        + " \"steps\": 1, \"assets\": [\"B\"]}")
    let result = try Self.run(
      [
        Self.member(Self.weights(0.5), try .weighing(["A"])),
        Self.member(ScriptedPolicy([.act([1]), .act([0])]), units),
      ], .mean,
      [
        try PolicyStrategyTests.market([100, 100], "A"),
        try PolicyStrategyTests.market([50, 50], "B"),
      ])
    #expect(result.fills.map(\.instrument) == [.first, .second])
    #expect(result.fillQuantities == [2.5, 10])
  }

  @Test func unsuitableEnsemblesAreErrors() throws {
    let universe = try Universe([try PolicyStrategyTests.market([1, 1])])
    let one = Self.member(Self.weights(1), try .weighing())
    let portfolio = Self.member(Self.weights(1), try .weighing(["A"]))
    let network = try PolicyManifest(path: Fixture.path("policies/ppo_box1"))
    var mute = one
    mute.manifest.network = network.network
    let cases: [([PolicyMember], EnsembleRule, Double, String)] = [
      ([], .mean, 0, "at least one"), ([one], .bestRecent(bars: 0), 0, "1 bar or more"),
      ([one, portfolio], .vote(targets: []), 0, "cannot vote together"),
      ([mute], .confidence(.inverseVariance), 0, "predicts no deviation"),
      ([one], .mean, -1, "the fee must be 0 or more"),
    ]
    for (members, rule, fee, message) in cases {
      var options = EnsembleOptions()
      options.fee = fee
      do throws(PolicyError) {
        _ = try EnsembleStrategy(members, rule: rule, universe: universe, options: options)
        Issue.record("\(message) was accepted")
      } catch {
        #expect("\(error)".contains(message), "\(error)")
      }
    }
  }
}
