@testable import BacktestCore
import TestSupport
import Testing

/// A rotation out of one instrument into another.
struct RotationTests {
  @Test(arguments: ExecutionRules.MarketFill.allCases)
  func whatIsSoldPaysForWhatIsBoughtWhateverTheNames(fill: ExecutionRules.MarketFill) throws {
    let flat = MarketBuilder.flat(100, count: 5)
    let series = [
      try MarketBuilder.series(flat, symbol: "A"), try MarketBuilder.series(flat, symbol: "B"),
    ]
    let strategy = ScriptedStrategy([
      0: { _, trading in trading.target(.second, weight: 1) },
      2: { _, trading in
        trading.target(.first, weight: 1)
        trading.target(.second, weight: 0)
      },
    ])
    let result = try runScript(series, strategy) {
      $0.account = AccountRules(initialCash: 1_000)
      $0.execution.marketFill = fill
    }
    #expect(result.fillQuantities == [10, -10, 10])
    #expect(result.counts.cutOrders == 0 && result.counts.rejectedOrders == 0)
  }
}
