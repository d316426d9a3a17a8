@testable import BacktestCore
import TestSupport
import Testing

/// Entries with exits for parts of them.
struct LadderTests {
  private static let flat: MarketBuilder.Prices = (100, 100, 100, 100)

  private func run(
    _ bars: [MarketBuilder.Prices], entry: Order.Kind = .market, volume: [Double]? = nil,
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    try runScript(
      try MarketBuilder.series([Self.flat] + bars, volume: volume),
      [
        0: { _, trading in
          trading.submitLadder(
            Order(.first, quantity: 100, kind: entry),
            exits: [
              Order(.first, quantity: -100, kind: .stop(95)),
              Order(.first, quantity: -50, kind: .limit(105)),
              Order(.first, quantity: -50, kind: .limit(110)),
            ])
        }
      ], adjust)
  }

  private func sizes(of order: Int, in result: BacktestResult) -> [Double] {
    result.orderEvents.filter { $0.order == OrderID(order) && $0.kind == .modified }
      .map(\.quantity)
  }

  @Test func theStopShrinksAsProfitsAreTaken() throws {
    let result = try run([Self.flat, (100, 106, 100, 104), (100, 101, 94, 95), Self.flat])
    #expect(result.fillPrices == [100, 105, 95] && result.fillQuantities == [100, -50, -50])
    // 50 x 5 - 50 x 5 = 0.
    #expect(result.trades.map(\.profit) == [0])
    #expect(sizes(of: 2, in: result) == [-50] && sizes(of: 4, in: result) == [])
    #expect(result.outcomes(of: 4) == [.cancelledByGroup])
  }

  @Test func theLastTargetEndsTheStop() throws {
    let result = try run([Self.flat, (100, 111, 100, 110), (90, 90, 90, 90)])
    #expect(result.fillPrices == [100, 105, 110] && result.fillQuantities == [100, -50, -50])
    #expect(result.outcomes(of: 2) == [.cancelledByGroup])
  }

  @Test func aStopInPartsMakesTheTargetsSmaller() throws {
    // Half of 160 is 80: the stop sells 80 at 95, and 20 at the next open.
    let thin = try run(
      [Self.flat, (97, 97, 95, 96), (94, 94, 94, 94), Self.flat],
      volume: [1_000, 1_000, 160, 1_000, 1_000]
    ) { $0.execution.participation = 0.5 }
    #expect(thin.fillQuantities == [100, -80, -20] && thin.fillPrices == [100, 95, 94])
    #expect(sizes(of: 3, in: thin) == [-20] && sizes(of: 4, in: thin) == [-20])
    #expect(thin.outcomes(of: 3) == [.cancelledByGroup])
  }

  @Test func exitsFollowAnEntryThatFillsInParts() throws {
    // 60 units fill at one open and 40 at the next, before the first target.
    let result = try run(
      [Self.flat, (100, 105, 100, 104), (100, 100, 94, 95), Self.flat],
      volume: [1_000, 120, 1_000, 1_000, 1_000]
    ) { $0.execution.participation = 0.5 }
    #expect(result.fillQuantities == [60, 40, -50, -50])
    #expect(result.fillPrices == [100, 100, 105, 95])
  }

  @Test func aSplitKeepsTheProportions() throws {
    let bars = [
      Self.flat, Self.flat, (100, 106, 100, 104), (50, 50, 50, 50), (50, 50, 47, 48),
      (48, 48, 48, 48),
    ]
    let series = try MarketBuilder.series(bars).adding([
      CorporateAction("A", on: CivilDate("2024-01-04")!, .split(ratio: 2))
    ])
    let result = try runScript(
      series,
      [
        0: { _, trading in
          trading.submitLadder(
            Order(.first, quantity: 100),
            exits: [
              Order(.first, quantity: -100, kind: .stop(95)),
              Order(.first, quantity: -50, kind: .limit(105)),
            ])
        }
      ])
    // The stop for 50 at 95 is one for 100 at 47.5.
    #expect(result.fillQuantities == [100, -50, -100] && result.fillPrices == [100, 105, 47.5])
  }
}
