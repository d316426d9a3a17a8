@testable import BacktestCore
import TestSupport
import Testing

/// A protective stop and a profit target in one bar: which of them fills, and never both.
struct IntrabarPathTests {
  /// Buys `quantity` at the close of the first bar at `entry`, places the pair, and plays a bar.
  private func exit(
    _ path: ExecutionRules.IntrabarPath, bar: MarketBuilder.Prices, entry: Double, stop: Double,
    limit: Double
  ) throws -> BacktestResult {
    let flat = (entry, entry, entry, entry)
    return try runScript(
      try MarketBuilder.series([flat, flat, bar]),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in
          trading.submitOneCancelsOther([
            Order(.first, quantity: -100, kind: .stop(stop)),
            Order(.first, quantity: -100, kind: .limit(limit)),
          ])
        },
      ]
    ) { $0.execution.intrabarPath = path }
  }

  private func exitPrice(
    _ path: ExecutionRules.IntrabarPath, _ bar: MarketBuilder.Prices, entry: Double = 100,
    stop: Double = 95,
    limit: Double = 105
  ) throws -> Double {
    let result = try exit(path, bar: bar, entry: entry, stop: stop, limit: limit)
    #expect(result.fills.count == 2, "one exit, never both")
    #expect(result.account.positions[0].isFlat)
    return result.fills.last!.price
  }

  @Test func stopAndTargetOfTheTrapsTable() throws {
    let bar = (100.0, 106.0, 94.0, 101.0)
    #expect(try exitPrice(.pessimistic, bar) == 95)
    #expect(try exitPrice(.openHighLowClose, bar) == 105)
    #expect(try exitPrice(.openLowHighClose, bar) == 95)
    #expect(try exitPrice(.nearestExtremeFirst, bar) == 95, "a tie: the low first")
    #expect(try exitPrice(.nearestExtremeFirst, (100, 105.5, 94, 101)) == 105)
  }

  @Test func nearestExtremeGoesFirst() throws {
    let first = try exitPrice(.nearestExtremeFirst, (100, 101, 97, 99), stop: 97.5, limit: 100.5)
    #expect(first == 100.5)
    let second = try exitPrice(.nearestExtremeFirst, (100, 103, 99, 101), stop: 99.5, limit: 102)
    #expect(second == 99.5)
  }

  @Test func oneCancelsOtherFromFifty() throws {
    let high = (50.0, 54.0, 47.0, 50.0)
    let low = (50.0, 53.0, 46.0, 50.0)
    for path in [ExecutionRules.IntrabarPath.pessimistic, .nearestExtremeFirst] {
      #expect(try exitPrice(path, high, entry: 50, stop: 48, limit: 53) == 48)
    }
    #expect(try exitPrice(.pessimistic, low, entry: 50, stop: 48, limit: 53) == 48)
    #expect(try exitPrice(.nearestExtremeFirst, low, entry: 50, stop: 48, limit: 53) == 53)
  }

  @Test(arguments: ExecutionRules.IntrabarPath.allCases)
  func ambiguousBarsAreCountedUnderEveryPath(path: ExecutionRules.IntrabarPath) throws {
    let both = try exit(path, bar: (100, 106, 94, 101), entry: 100, stop: 95, limit: 105)
    #expect(both.counts.ambiguousBars == 1)
    let one = try exit(path, bar: (100, 104, 94, 101), entry: 100, stop: 95, limit: 105)
    #expect(one.counts.ambiguousBars == 0)
    let gap = try exit(path, bar: (94, 106, 93, 101), entry: 100, stop: 95, limit: 105)
    #expect(gap.counts.ambiguousBars == 0 && gap.fills.last!.price == 94)
  }

  @Test func independentOrdersThatBothFillAreNotAmbiguous() throws {
    let result = try runScript(
      try MarketBuilder.series([(100, 100, 100, 100), (100, 106, 94, 101)]),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 1, kind: .limit(95)))
          trading.submit(Order(.first, quantity: 1, kind: .stop(105)))
        }
      ])
    #expect(result.fillPrices == [105, 95], "pessimistic: the stop before the limit")
    #expect(result.counts.ambiguousBars == 0)
  }

  @Test func theOtherOrderIsCancelledAtThatInstant() throws {
    let result = try exit(
      .pessimistic, bar: (100, 106, 94, 101), entry: 100, stop: 95, limit: 105)
    #expect(result.outcomes(of: 2) == [.filled])
    #expect(result.outcomes(of: 3) == [.cancelledByGroup])
    let times = Set(result.outcomes.filter { $0.order > OrderID(1) }.map(\.time))
    #expect(times == [result.fills.last!.time])
  }

  @Test func aPartialFillCancelsTheOthersToo() throws {
    let result = try runScript(
      try MarketBuilder.series(
        [(100, 100, 100, 100), (100, 106, 94, 101), (94, 94, 94, 94)], volume: [1000, 100, 1000]),
      [
        0: { _, trading in
          trading.submitOneCancelsOther([
            Order(.first, quantity: 50, kind: .limit(95)),
            Order(.first, quantity: 50, kind: .stop(105)),
          ])
        }
      ]
    ) { $0.execution.participation = 0.2 }
    #expect(result.fillQuantities == [20, 30])
    #expect(result.fillPrices == [105, 94], "the rest of a triggered stop is a market order")
    #expect(result.outcomes(of: 1) == [.cancelledByGroup])
  }

  @Test func stopsNearestToTheOpenFillFirst() throws {
    let result = try runScript(
      try MarketBuilder.series([(100, 100, 100, 100), (100, 100, 90, 92)]),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: -1, kind: .stop(92)))
          trading.submit(Order(.first, quantity: -1, kind: .stop(97)))
          trading.submit(Order(.first, quantity: 1, kind: .limit(91)))
          trading.submit(Order(.first, quantity: 1, kind: .limit(99)))
        }
      ]
    ) { $0.account.funding = .margin(leverage: 2) }
    #expect(result.fillPrices == [97, 92, 99, 91])
  }

  @Test func aLimitThatTheOpenOnlyTouchedIsReachedOnItsOwnSide() throws {
    // Under "through" an open at the limit is no fill. A sell limit there needs the way up, a buy
    // limit the way down.
    let result = try runScript(
      try MarketBuilder.series([(100, 100, 100, 100), (100, 102, 98, 100)], tick: 1),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 1, kind: .limit(100)))
          trading.submit(Order(.first, quantity: -1, kind: .limit(100)))
        }
      ]
    ) {
      $0.account.funding = .margin(leverage: 2)
      $0.execution.limitFill = .through(ticks: 1)
      $0.execution.intrabarPath = .openHighLowClose
    }
    #expect(result.fillQuantities == [-1, 1])
  }

  @Test func anyFillInsideTheBarMayWakeAnExit() throws {
    // The sale at the open leaves the exit nothing to close; the limit gives it something, after
    // the high, and the way to the close comes to it.
    let result = try runScript(
      try MarketBuilder.series([(33, 33, 33, 33), (33, 35, 30, 34.5)]),
      [
        0: { _, trading in
          trading.submitBracket(
            Order(.first, quantity: 10), exits: [Order(.first, quantity: -10, kind: .limit(34))])
          trading.submit(Order(.first, quantity: -10))
          trading.submit(Order(.first, quantity: 10, kind: .limit(31)))
        }
      ]
    ) { $0.execution.intrabarPath = .openHighLowClose }
    #expect(result.fillPrices == [33, 33, 31, 34])
    #expect(result.account.positions[0].isFlat)
  }
}
