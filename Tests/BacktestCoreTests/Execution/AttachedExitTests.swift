@testable import BacktestCore
import TestSupport
import Testing

/// Exits that the run attaches to positions: prices are worked out by hand.
struct AttachedExitTests {
  private typealias Path = ExecutionRules.IntrabarPath
  private static let flat: MarketBuilder.Prices = (100, 100, 100, 100)

  /// Trades 100 units at the open of the second bar, at 100, and plays bars from there on.
  private func run(
    _ bars: [MarketBuilder.Prices], units: Double = 100, path: Path = .pessimistic,
    _ exits: (inout ExitRules) -> Void
  ) throws -> BacktestResult {
    var rules = ExitRules()
    exits(&rules)
    return try runScript(
      try MarketBuilder.series([Self.flat] + bars),
      [0: { _, trading in trading.submit(Order(.first, quantity: units)) }]
    ) {
      $0.account = AccountRules(initialCash: 100_000, funding: .margin(leverage: 2))
      $0.execution.intrabarPath = path
      $0.exits = rules
    }
  }

  @Test func aGapThroughTheStopFillsAtTheOpen() throws {
    // 5 % below 100 is 95; the bar after opens at 90.
    let result = try run([Self.flat, (90, 92, 88, 91), Self.flat]) { $0.stopLoss = .percent(5) }
    #expect(result.fillPrices == [100, 90] && result.fillQuantities == [100, -100])
    #expect(result.orders.map(\.exitRule) == [nil, .stopLoss])
    #expect(result.orders[1].kind == .stop(95) && result.orders[1].reduceOnly)
    #expect(result.trades.map(\.profit) == [-1_000])
    #expect(result.outcomes(of: 2) == [.filled])
  }

  @Test func anExitIsAsFarAsStatedFromTheLastDigitOfItsEntry() throws {
    // 27.75 x 5.4 / 5.4 is a bit more than 27.75, and 28 is the high of the bar.
    var rules = ExitRules()
    rules.takeProfit = .amount(0.25)
    let result = try runScript(
      try MarketBuilder.series(
        [Self.flat, (27.75, 28, 27.75, 27.75)], lot: .units(0.1)),
      [0: { _, trading in trading.submit(Order(.first, quantity: 5.4)) }]
    ) { $0.exits = rules }
    #expect(result.fillPrices == [27.75, 28])
  }

  @Test func theEntryBarIsProtected() throws {
    let result = try run([(100, 101, 94, 96), Self.flat]) { $0.stopLoss = .percent(5) }
    #expect(result.fillPrices == [100, 95] && result.fills[1].row == 1)
  }

  @Test func stopAndTargetInOneBarUnderEachPath() throws {
    // The stop is at 95 and the limit at 105; a bar reaches both.
    func exit(_ path: Path, _ bar: MarketBuilder.Prices) throws -> [Double] {
      let result = try run([Self.flat, bar, Self.flat], path: path) {
        $0.stopLoss = .percent(5)
        $0.takeProfit = .percent(5)
      }
      #expect(result.account.positions[0].isFlat && result.counts.ambiguousBars == 1)
      return Array(result.fillPrices.dropFirst())
    }
    let bar = (100.0, 106.0, 94.0, 101.0)
    #expect(try exit(.pessimistic, bar) == [95])
    #expect(try exit(.openHighLowClose, bar) == [105])
    #expect(try exit(.openLowHighClose, bar) == [95])
    #expect(try exit(.nearestExtremeFirst, bar) == [95], "a tie: the low first")
    #expect(try exit(.nearestExtremeFirst, (100, 105.5, 94, 101)) == [105])
  }

  @Test func oneExitEndsTheOthers() throws {
    let result = try run([Self.flat, (100, 106, 99, 105), Self.flat]) {
      $0.stopLoss = .amount(5)
      $0.takeProfit = .amount(4)
    }
    #expect(result.fillPrices == [100, 104])
    #expect(result.outcomes(of: 2) == [.cancelledByGroup] && result.outcomes(of: 3) == [.filled])
  }

  @Test func shortsAreMirrored() throws {
    // A short at 100: the stop buys at 105, the limit at 90.
    let up = try run([Self.flat, (107, 108, 106, 107)], units: -100) { $0.stopLoss = .percent(5) }
    #expect(up.fillPrices == [100, 107] && up.orders[1].kind == .stop(105))
    let down = try run([Self.flat, (95, 96, 89, 91)], units: -100) { $0.takeProfit = .percent(10) }
    #expect(down.fillPrices == [100, 90] && down.fillQuantities == [-100, 100])
  }
}
