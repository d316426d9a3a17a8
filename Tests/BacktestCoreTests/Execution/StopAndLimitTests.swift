@testable import BacktestCore
import TestSupport
import Testing

/// Resting orders against single bars: gaps, touches, penetration and improvement.
struct StopAndLimitTests {
  /// Runs one order, placed at the first close, against a second bar.
  private func price(
    _ kind: Order.Kind, _ quantity: Double, on bar: MarketBuilder.Prices, previousClose: Double,
    tick: Double? = nil, _ adjust: (inout ExecutionRules) -> Void = { _ in }
  ) throws -> Double? {
    let flat = (previousClose, previousClose, previousClose, previousClose)
    let result = try runScript(
      try MarketBuilder.series([flat, bar], tick: tick),
      [0: { _, trading in trading.submit(Order(.first, quantity: quantity, kind: kind)) }]
    ) {
      $0.account.funding = .margin(leverage: 2)
      adjust(&$0.execution)
    }
    #expect(result.fills.count <= 1)
    return result.fills.first?.price
  }

  @Test func aSellStopGapsToTheOpen() throws {
    #expect(try price(.stop(100), -1, on: (90, 101, 88, 95), previousClose: 105) == 90)
    #expect(try price(.stop(100), -1, on: (90, 95, 88, 92), previousClose: 105) == 90)
    #expect(try price(.stop(100), -1, on: (102, 103, 98, 99), previousClose: 105) == 100)
    #expect(try price(.stop(100), -1, on: (102, 103, 100.5, 101), previousClose: 105) == nil)
    #expect(try price(.stop(95), -1, on: (90, 92, 89, 91), previousClose: 96) == 90)
  }

  @Test func aGappedStopPaysSlippage() throws {
    let paid = try price(.stop(95), -1, on: (90, 92, 89, 91), previousClose: 96) {
      $0.slippage = BasisPointSlippage(basisPoints: 100)
    }
    #expect(agrees(paid!, 89.1, within: 1e-14))
  }

  @Test func aBuyStopMirrorsIt() throws {
    #expect(try price(.stop(100), 1, on: (110, 112, 99, 105), previousClose: 95) == 110)
    #expect(try price(.stop(100), 1, on: (98, 102, 97, 101), previousClose: 95) == 100)
    #expect(try price(.stop(100), 1, on: (98, 99.5, 97, 99), previousClose: 95) == nil)
    #expect(try price(.stop(100), 1, on: (98, 100, 97, 99), previousClose: 95) == 100)
  }

  @Test func aBuyLimitIsBetteredByTheOpen() throws {
    #expect(try price(.limit(100), 1, on: (98, 101, 97, 100), previousClose: 105) == 98)
    let conservative = try price(.limit(100), 1, on: (98, 101, 97, 100), previousClose: 105) {
      $0.improvesOnGaps = false
    }
    #expect(conservative == 100)
    #expect(try price(.limit(100), 1, on: (98, 99, 97, 98), previousClose: 105) == 98)
  }

  @Test func aTouchFillsAndPenetrationNeedsMore() throws {
    let touched = (101.0, 102.0, 100.0, 101.0)
    let passed = (101.0, 102.0, 99.0, 101.5)
    #expect(try price(.limit(100), 1, on: touched, previousClose: 105) == 100)
    #expect(try price(.limit(100), 1, on: passed, previousClose: 105) == 100)
    let through: (inout ExecutionRules) -> Void = { $0.limitFill = .through(ticks: 1) }
    #expect(try price(.limit(100), 1, on: touched, previousClose: 105, through) == nil)
    #expect(try price(.limit(100), 1, on: passed, previousClose: 105, through) == 100)
    let nearlyOne = (101.0, 102.0, 99.995, 101.0)
    let one = (101.0, 102.0, 99.99, 101.0)
    #expect(
      try price(.limit(100), 1, on: nearlyOne, previousClose: 105, tick: 0.01, through) == nil)
    #expect(try price(.limit(100), 1, on: one, previousClose: 105, tick: 0.01, through) == 100)
    let two: (inout ExecutionRules) -> Void = { $0.limitFill = .through(ticks: 2) }
    #expect(try price(.limit(100), 1, on: one, previousClose: 105, tick: 0.01, two) == nil)
  }

  @Test func aSellLimitMirrorsIt() throws {
    #expect(try price(.limit(100), -1, on: (103, 104, 99, 101), previousClose: 95) == 103)
    #expect(try price(.limit(100), -1, on: (98, 100, 97, 99), previousClose: 95) == 100)
    #expect(try price(.limit(100), -1, on: (98, 99.9, 97, 99), previousClose: 95) == nil)
  }

  @Test func aLimitPaysNoSlippage() throws {
    let slipped: (inout ExecutionRules) -> Void = {
      $0.slippage = BasisPointSlippage(basisPoints: 50)
    }
    #expect(try price(.limit(100), 1, on: (98, 101, 97, 100), previousClose: 105, slipped) == 98)
    #expect(try price(.limit(100), 1, on: (101, 102, 99, 100), previousClose: 105, slipped) == 100)
  }

  @Test func anOrderThatBecomesLiveInsideABarWaitsForTheNext() throws {
    let result = try runScript(
      try MarketBuilder.series([
        (100, 100, 100, 100), (100, 100, 90, 100), (100, 100, 94, 100),
      ]),
      [0: { _, trading in trading.submit(Order(.first, quantity: 1, kind: .limit(95))) }]
    ) { $0.execution.latency = .hours(1) }
    #expect(result.fills.map(\.row) == [2])
  }

  @Test func triggeredStopsAndMarketsOnlyDifferInTheTrigger() throws {
    // Under next-close a stop still trades at its price on the way, not at the close.
    let paid = try price(.stop(95), -1, on: (100, 101, 90, 92), previousClose: 100) {
      $0.marketFill = .nextClose
    }
    #expect(paid == 95)
  }
}
