@testable import BacktestCore
import TestSupport
import Testing

/// Exits that go out together with the entry that they protect.
struct EntryWithExitsTests {
  private func enter(_ trading: inout TradingContext, _ kind: Order.Kind = .market) {
    trading.submit(Order(.first, quantity: 100, kind: kind))
    trading.submitOneCancelsOther([
      Order(.first, quantity: -100, kind: .stop(95), reduceOnly: true),
      Order(.first, quantity: -100, kind: .limit(105), reduceOnly: true),
    ])
  }

  @Test(arguments: [AccountRules.Funding.cash, .margin(leverage: 1)])
  func theEntryBarIsProtected(funding: AccountRules.Funding) throws {
    let series = try MarketBuilder.series([
      (100, 100, 100, 100), (100, 106, 94, 101), (101, 101, 101, 101),
    ])
    let result = try runScript(series, [0: { _, trading in self.enter(&trading) }]) {
      // Not enough for the entry and another position beside it.
      $0.account = AccountRules(initialCash: 10_500, funding: funding)
    }
    #expect(result.fillPrices == [100, 95])
    #expect(result.outcomes(of: 2) == [.filled])
    #expect(result.outcomes(of: 3) == [.cancelledByGroup])
    #expect(result.trades.map(\.profit) == [-500] && result.counts.ambiguousBars == 1)
  }

  @Test(arguments: [AccountRules.Funding.cash, .margin(leverage: 2)])
  func anExitWithoutItsEntryWaits(funding: AccountRules.Funding) throws {
    let series = try MarketBuilder.series([
      (100, 100, 100, 100), (100, 101, 94, 95), (95, 96, 94, 95), (95, 95, 89, 94),
      (94, 94, 94, 94),
    ])
    let result = try runScript(series, [0: { _, trading in self.enter(&trading, .limit(90)) }]) {
      $0.account = AccountRules(initialCash: 100_000, funding: funding)
    }
    // The stop at 95 is reached on every bar, but acts only behind the entry, and then at the price
    // at which the market is.
    #expect(result.fillPrices == [90, 90] && result.trades.map(\.isLong) == [true])
    #expect(result.fills.map(\.row) == [3, 3])
  }

  /// A buy limit at 49 with a stop at 48 and a limit at 53: (open, high, low, close), and the
  /// prices that fill under each path.
  @Test(arguments: [
    ((50.0, 54.0, 48.5, 50.0), ExecutionRules.IntrabarPath.pessimistic, [49.0]),
    ((50, 54, 47, 50), .pessimistic, [49, 48]),
    ((50, 54, 48.5, 50), .openHighLowClose, [49]),
    ((50, 54, 48.5, 53.5), .openHighLowClose, [49, 53]),
    ((50, 54, 48.5, 50), .openLowHighClose, [49, 53]),
    ((50, 54, 47, 50), .openLowHighClose, [49, 48]),
    ((50, 54, 47, 50), .nearestExtremeFirst, [49, 48]),
    ((50, 53, 46, 53), .nearestExtremeFirst, [49, 48]),
  ])
  func exitsFillBehindAnEntryInsideTheBar(
    bar: MarketBuilder.Prices, path: ExecutionRules.IntrabarPath, expected: [Double]
  ) throws {
    let series = try MarketBuilder.series([(50, 50, 50, 50), bar])
    let result = try runScript(
      series,
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 10, kind: .limit(49)))
          trading.submitOneCancelsOther([
            Order(.first, quantity: -10, kind: .stop(48)),
            Order(.first, quantity: -10, kind: .limit(53)),
          ])
        }
      ]
    ) { $0.execution.intrabarPath = path }
    #expect(result.fillPrices == expected)
  }

  /// An entry that fills inside a bar, its exit, the bar, and the prices that fill under each path
  /// in the order of `allCases`: pessimistic, high first, low first, nearest extreme first.
  private struct EntryBar: CustomTestStringConvertible {
    var entry: Order
    var exit: Order.Kind
    var bar: MarketBuilder.Prices
    var expected: [[Double]]

    init(
      _ side: Double, _ entry: Order.Kind, _ exit: Order.Kind, _ bar: MarketBuilder.Prices,
      _ expected: [[Double]]
    ) {
      self.entry = Order(.first, quantity: side * 10, kind: entry)
      (self.exit, self.bar, self.expected) = (exit, bar, expected)
    }

    var testDescription: String { "\(entry.quantity) \(entry.kind) \(exit) \(bar)" }
  }

  private static let entryBars: [EntryBar] = [
    EntryBar(
      1, .stop(105), .stop(103), (100, 106, 99, 104), [[105, 103], [105, 103], [105], [105]]),
    EntryBar(
      -1, .limit(103), .limit(102), (100, 104, 99, 100),
      [[103], [103, 102], [103, 102], [103, 102]]),
    EntryBar(
      1, .limit(92), .limit(95), (100, 101, 90, 97), [[92], [92, 95], [92, 95], [92, 95]]),
    // Mirrored.
    EntryBar(
      -1, .stop(95), .stop(97), (100, 101, 94, 96), [[95, 97], [95], [95, 97], [95]]),
    EntryBar(
      1, .limit(97), .limit(98), (100, 101, 96, 100), [[97], [97, 98], [97, 98], [97, 98]]),
    EntryBar(
      -1, .limit(108), .limit(105), (100, 110, 99, 103),
      [[108], [108, 105], [108, 105], [108, 105]]),
    // The market is beyond the exit when the entry fills.
    EntryBar(
      1, .stop(105), .limit(104), (100, 106, 99, 104),
      [[105], [105, 105], [105, 105], [105, 105]]),
    EntryBar(
      1, .limit(90), .stop(95), (100, 101, 89, 94), Array(repeating: [90, 90], count: 4)),
    EntryBar(
      -1, .stop(95), .limit(96), (100, 101, 94, 96), [[95], [95, 95], [95, 95], [95, 95]]),
    EntryBar(
      -1, .limit(110), .stop(105), (100, 111, 99, 104), Array(repeating: [110, 110], count: 4)),
    // The bar comes to the exit, but only before the entry.
    EntryBar(1, .limit(95), .limit(102), (100, 103, 94, 96), [[95], [95], [95, 102], [95]]),
  ]

  @Test(arguments: entryBars.indices, ExecutionRules.IntrabarPath.allCases)
  func onlyThePathBehindTheEntryCounts(
    index: Int, path: ExecutionRules.IntrabarPath
  ) throws {
    let one = Self.entryBars[index]
    let place = try #require(ExecutionRules.IntrabarPath.allCases.firstIndex(of: path))
    let series = try MarketBuilder.series([(100, 100, 100, 100), one.bar])
    for isBracket in [false, true] {
      let result = try runScript(
        series,
        [
          0: { _, trading in
            var exit = Order(.first, quantity: -one.entry.quantity, kind: one.exit)
            if isBracket {
              trading.submitBracket(one.entry, exits: [exit])
            } else {
              exit.reduceOnly = true
              trading.submit(one.entry)
              trading.submit(exit)
            }
          }
        ]
      ) {
        $0.account.funding = .margin(leverage: 2)
        $0.execution.intrabarPath = path
      }
      #expect(result.fillPrices == one.expected[place], "\(one.testDescription) \(isBracket)")
    }
  }

  @Test func withoutGapImprovementALimitBehindItsEntryFillsAtItsPrice() throws {
    let series = try MarketBuilder.series([(100, 100, 100, 100), (100, 106, 99, 104)])
    let result = try runScript(
      series,
      [
        0: { _, trading in
          trading.submitBracket(
            Order(.first, quantity: 10, kind: .stop(105)),
            exits: [Order(.first, quantity: -10, kind: .limit(104))])
        }
      ]
    ) {
      $0.execution.intrabarPath = .openHighLowClose
      $0.execution.improvesOnGaps = false
    }
    #expect(result.fillPrices == [105, 104])
  }

  @Test func withoutTheWordAStopBelowTheMarketOpensAShort() throws {
    let series = try MarketBuilder.series([(100, 100, 100, 100), (100, 101, 94, 95)])
    let result = try runScript(
      series,
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 10, kind: .stop(110)))
          trading.submit(Order(.first, quantity: -10, kind: .stop(95)))
        }
      ]
    ) { $0.account.funding = .margin(leverage: 2) }
    #expect(result.fillQuantities == [-10])
  }

  @Test func exitsNeedNoBuyingPowerAndFreeNone() throws {
    let first = try MarketBuilder.series(MarketBuilder.flat(100, count: 4), symbol: "A")
    let second = try MarketBuilder.series(MarketBuilder.flat(100, count: 4), symbol: "B")
    let strategy = ScriptedStrategy([
      0: { _, trading in
        self.enter(&trading)
        trading.submit(Order(.second, quantity: 60))
      }
    ])
    let result = try runScript([first, second], strategy) {
      $0.account = AccountRules(initialCash: 15_000)
    }
    // 15,000 less the entry's 10,000 carry 50 of the 60; the exits change nothing about that.
    #expect(result.fillQuantities == [100, 50])
    #expect(result.outcomes(of: 4) == [.cut(to: 50), .filled])
  }
}
