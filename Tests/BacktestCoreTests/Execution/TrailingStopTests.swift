@testable import BacktestCore
import TestSupport
import Testing

struct TrailingStopTests {
  private typealias Path = ExecutionRules.IntrabarPath

  /// Holds a unit from 100 and trails it from the close of the second bar on.
  private func exits(
    _ bars: [MarketBuilder.Prices], trail: Order.Trail = .percent(5), path: Path = .pessimistic,
    rule: ExecutionRules.TrailRule = .closedBars
  ) throws -> [Double] {
    let flat = (100.0, 100.0, 100.0, 100.0)
    let result = try runScript(
      try MarketBuilder.series([flat, flat] + bars),
      [
        0: { _, trading in trading.buy(.first, 1) },
        1: { _, trading in trading.sell(.first, 1, trail: trail) },
      ]
    ) {
      $0.execution.intrabarPath = path
      $0.execution.trail = rule
    }
    return result.fills.dropFirst().map(\.price)
  }

  @Test func theTrapsTable() throws {
    let bar = [(100.0, 102.0, 96.0, 99.0)]
    let high = try exits(bar, path: .openHighLowClose, rule: .intrabar)
    #expect(high.count == 1 && agrees(high[0], 96.9, within: 1e-14))
    #expect(try exits(bar, path: .openLowHighClose, rule: .intrabar) == [])
    #expect(try exits(bar, path: .pessimistic, rule: .intrabar) == [])
    for path in Path.allCases { #expect(try exits(bar, path: path) == []) }
  }

  @Test func closedBarsMoveTheStopAndNothingMovesItBack() throws {
    let bars = [
      (100.0, 110.0, 99.0, 108.0), (107.0, 108.0, 105.0, 106.0), (106.0, 107.0, 104.0, 105.0),
    ]
    #expect(try exits(bars) == [104.5], "5 % below 110")
    #expect(try exits(bars, trail: .amount(5)) == [105])
    #expect(try exits([bars[0], (103, 104, 102, 103)]) == [103], "a gap")
    #expect(try exits([(100, 100, 95.5, 96), (96, 97, 95, 96)]) == [95])
  }

  @Test func theLastLegReachesWhatTheHighHasMoved() throws {
    // Up to 110, so that the stop is at 104.5, and down to a close of 104.
    let bar = [(100.0, 110.0, 99.0, 104.0)]
    #expect(try exits(bar, path: .openLowHighClose, rule: .intrabar) == [104.5])
    #expect(try exits(bar, path: .pessimistic, rule: .intrabar) == [104.5])
    #expect(try exits(bar, path: .openHighLowClose, rule: .intrabar) == [104.5])
    #expect(try exits(bar, path: .openHighLowClose) == [])
  }

  @Test func anExitThatAFillWakesSeesThePriceOfThatFill() throws {
    func run(_ path: Path) throws -> BacktestResult {
      try runScript(
        try MarketBuilder.series([(100, 100, 100, 100), (110, 112, 98, 100)]),
        [
          0: { _, trading in
            trading.buy(.first, 1, limit: 104)
            trading.submit(
              Order(.first, quantity: -1, kind: .trailingStop(.amount(5)), reduceOnly: true))
          }
        ]
      ) {
        $0.execution.intrabarPath = path
        $0.execution.trail = .intrabar
      }
    }
    // From the close of 100 the stop is at 95, which the low of 98 does not reach. The purchase at
    // 104, on the way down, moves it to 99; the open and the high were before it held anything.
    for path in [Path.openHighLowClose, .openLowHighClose, .nearestExtremeFirst] {
      #expect(try run(path).fillPrices == [104, 99])
    }
    // The pessimistic path has no way on which a price is seen, and differs from the others.
    let pessimistic = try run(.pessimistic)
    #expect(pessimistic.fillPrices == [104])
    #expect(pessimistic.counts.ambiguousBars == 1)
  }

  @Test func aBuyMirrorsIt() throws {
    let bars = [(100.0, 101.0, 90.0, 92.0), (92.0, 95.0, 91.0, 94.0)]
    let result = try runScript(
      try MarketBuilder.series([(100, 100, 100, 100)] + bars),
      [0: { _, trading in trading.buy(.first, 1, trail: .amount(4)) }])
    #expect(result.fillPrices == [94] && result.fills[0].row == 2)
  }

  @Test func anExitTrailsFromTheFillOfItsEntry() throws {
    func run(_ entry: Order.Kind, _ bars: [MarketBuilder.Prices]) throws -> [Double] {
      try runScript(
        try MarketBuilder.series([(120, 120, 120, 120)] + bars),
        [
          0: { _, trading in
            trading.submitBracket(
              Order(.first, quantity: 1, kind: entry),
              exits: [Order(.first, quantity: -1, kind: .trailingStop(.amount(5)))])
          }
        ]
      ).fillPrices
    }
    // At the open: the whole bar moves it.
    #expect(try run(.market, [(100, 108, 99, 107), (104, 105, 102, 103)]) == [100, 103])
    // Inside: only the close does, since the high may have come before.
    #expect(
      try run(.limit(100), [(110, 112, 99, 101), (101, 102, 97, 98), (98, 98, 90, 91)])
        == [100, 97])
    // In the bar of the entry under the pessimistic path, when the low is beyond it.
    #expect(try run(.limit(100), [(110, 112, 94, 101)]) == [100, 95])
  }
}
