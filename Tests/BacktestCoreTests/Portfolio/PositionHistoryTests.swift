import BacktestCore
import TestSupport
import Testing

/// Average cost and first in, first out; cash and net exposure at the points.
struct PositionHistoryTests {
  private func run(
    _ closes: [Double], _ decisions: [Int: ScriptedStrategy.Decision],
    _ actions: [CorporateAction] = [],
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    let series = try MarketBuilder.series(closes.map { ($0, $0, $0, $0) }).adding(actions)
    return try runScript(series, decisions) {
      $0.account.funding = .margin(leverage: 2)
      adjust(&$0)
    }
  }

  @Test func bothSplitTheSameTotal() throws {
    let result = try run(
      [10, 10, 12, 13],
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        2: { _, trading in trading.submit(Order(.first, quantity: -150)) },
      ])
    let last = try #require(result.positionHistory.last)
    #expect(last.quantity == 50 && last.mark == 13 && last.value == 650)
    #expect(last.averageCost.price == 11 && last.averageCost.realized == 300)
    #expect(last.averageCost.unrealized == 100)
    #expect(last.firstInFirstOut.price == 12 && last.firstInFirstOut.realized == 350)
    #expect(last.firstInFirstOut.unrealized == 50)
  }

  @Test func aReversalBeginsAnew() throws {
    let result = try run(
      [10, 10, 12, 9],
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -150)) },
        2: { _, trading in trading.submit(Order(.first, quantity: 50)) },
      ])
    let history = result.positionHistory
    #expect(history.map(\.quantity) == [100, -50, 0])
    #expect(history.map(\.averageCost.realized) == [0, 200, 350])
    #expect(history.map(\.firstInFirstOut.realized) == [0, 200, 350])
    #expect(history[1].averageCost.price == 12 && history[2].averageCost.price == 0)
  }

  @Test func aSplitKeepsWhatWasPaid() throws {
    let split = CorporateAction(
      "A", on: CivilDate("2024-01-04")!, .split(ratio: 1.5))
    let result = try run(
      [30, 30, 60, 40, 40],
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 101)) },
        3: { _, trading in trading.submit(Order(.first, quantity: -151)) },
      ], [split])
    let history = result.positionHistory
    #expect(history.map(\.quantity) == [101, 151, 0])
    #expect(history[1].averageCost.price == 20 && history[1].mark == 40)
    // 151.5 units of 20 became 20 in cash and 6,040.
    #expect(agrees(history[2].averageCost.realized, 3_030, within: 1e-9))
    #expect(agrees(history[2].firstInFirstOut.realized, 3_030, within: 1e-9))
  }

  @Test(arguments: ExecutionRules.MarketFill.allCases)
  func cashAndNetExposureAtEachPoint(fill: ExecutionRules.MarketFill) throws {
    let dividend = CorporateAction(
      "A", on: CivilDate("2024-01-05")!, .dividend(1), payDate: CivilDate("2024-01-07"))
    var seen: [(cash: Double, net: Double)] = []
    let decisions: [Int: ScriptedStrategy.Decision] = [
      0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
      2: { _, trading in trading.submit(Order(.first, quantity: -300)) },
      5: { _, trading in trading.submit(Order(.first, quantity: 250)) },
    ]
    let closes: [Double] = [10, 11, 12, 13, 14, 15, 16, 17]
    let result = try run(closes, decisions, [dividend]) {
      $0.execution.marketFill = fill
      $0.account.financing = FinancingRules()
      $0.account.financing?.creditRate = 0.1
    }
    // The account at each point, seen from runs that end there.
    for count in 1...closes.count {
      let part = try run(Array(closes.prefix(count)), decisions, [dividend]) {
        $0.execution.marketFill = fill
        $0.account.financing = FinancingRules()
        $0.account.financing?.creditRate = 0.1
      }
      seen.append((part.account.cash, part.account.positions[0].value))
    }
    let curve = try #require(result.cashCurve)
    #expect(curve.cash.count == closes.count)
    for row in closes.indices.dropFirst() {
      #expect(agrees(curve.cash[row], seen[row].cash, within: 1e-9), "\(fill) \(row)")
      #expect(agrees(curve.netExposure[row], seen[row].net, within: 1e-6), "\(fill) \(row)")
    }
    #expect(curve.cash[0] == 1_000_000 && curve.netExposure[0] == 0)
  }
}
