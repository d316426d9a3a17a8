@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// Accounts that are nothing but stated weights: what a policy is told of them, computed by hand.
struct StatedAccountTests {
  @Test func aMembersAccountEarnsWhatItsWeightsEarn() throws {
    let feed = Feed(try Universe([try PolicyStrategyTests.market([100, 110, 99, 99])]))
    func bars(_ instant: Int) -> BarSlice { BarSlice(feed: feed, instant: instant) }
    for (span, growth) in [(1, 0.95), (2, 0.99275), (9, 0.99275)] {
      var account = MemberAccount(instrumentCount: 1, fee: 0.01, span: span)
      #expect(account.lastClose(.first) == nil && account.growth == 1)
      account.close(bars(0))
      account.begin(equity: 1_000)
      account.state(0, weight: 0.5)
      account.close(bars(1))
      // 1 + 0.5 x 0.1 - 0.01 x 0.5; the weight has drifted with its price.
      #expect(abs(account.equity - 1_045) < 1e-9)
      #expect(abs(account.weight(.first) - 0.55 / 1.045) < 1e-12)
      #expect(account.lastClose(.first) == 110)
      account.state(0, weight: 0.5)
      account.close(bars(2))
      #expect(abs(account.equity - 992.75) < 1e-9)
      #expect(abs(account.growth - growth) < 1e-12, "over \(span) bars")
    }
  }

  @Test func statementsTellWhenAndAtWhatPriceAPositionWasEntered() {
    var state = PolicyAccountState(assetCount: 1)
    state.assets[0].lastClose = 100
    state.assets[0].setTarget(0.5)
    #expect(state.assets[0].averageCost == 100 && state.assets[0].barsSinceTrade == 0)
    state.assets[0].ageOneBar()
    #expect(state.assets[0].entryAge == 1 && state.assets[0].barsSinceTrade == 1)
    (state.assets[0].lastClose, state.assets[0].realWeight) = (120, 0.6)
    state.assets[0].setTarget(0.5)
    #expect(state.assets[0].averageCost == 100 && state.assets[0].barsSinceTrade == 1)
    // Three parts bought at 100 and one at 120.
    state.assets[0].setTarget(0.8)
    #expect(abs(state.assets[0].averageCost - 105) < 1e-12)
    #expect(state.assets[0].entryAge == 1 && state.assets[0].barsSinceTrade == 0)
    state.assets[0].realWeight = 0.8
    state.assets[0].setTarget(-0.1)
    #expect(state.assets[0].averageCost == 120 && state.assets[0].entryAge == 0)
  }

  @Test func aPolicyIsToldOfAnAccountOfWeights() throws {
    let manifest = try PolicyManifest.scripted(
      action: "{\"kind\": \"discrete\", \"size\": 2, \"rule\": \"argmax\", "
        + "\"meaning\": \"target_weights\", \"targets\": [0, 1]}",
      shape: [4],
      features: "{\"state\": \"unrealized_return\"}, {\"state\": \"trade_duration\"}, "
        + "{\"state\": \"real_position\"}, {\"state\": \"shares\"}")
    let policy = ScriptedPolicy(choices: [1, 1, 0])
    let result = try PolicyStrategyTests.run(
      policy, manifest, [try PolicyStrategyTests.market([100, 125, 150, 150])]
    ) {
      $0.accounting = .weights(fee: 0)
    }
    #expect(policy.log.seen == [[0, 0, 0, 0], [0.25, 1, 1, 10], [0.5, 2, 1, 10], [0, 0, 0, 0]])
    #expect(result.equity.last == 1_500)
  }
}
