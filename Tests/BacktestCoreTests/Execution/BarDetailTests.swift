import BacktestCore
import TestSupport
import Testing

/// Finer bars inside coarser ones decide in what order orders are reached.
struct BarDetailTests {
  /// Two days: one to decide on, and one from 100 to 110, 90 and 100, in some order.
  private static let days: [MarketBuilder.Prices] = [
    (100, 100, 100, 100), (100, 110, 90, 100), (100, 100, 100, 100),
  ]

  private static func daily(
    _ finer: [MarketBuilder.Prices], hours: Int64 = 8, volume: [Double]? = nil
  ) throws -> BarSeries {
    let start = MarketBuilder.start + .days(1)
    let parts = try MarketBuilder.series(
      finer, volume: volume, every: .hours(hours), from: start)
    return try MarketBuilder.series(days).detailed(by: parts)
  }

  /// Buys 10 at the first open, with a stop at 95 and a limit at 105.
  private func exits(
    _ series: BarSeries, _ path: ExecutionRules.IntrabarPath = .pessimistic
  ) throws -> BacktestResult {
    try runScript(
      series,
      [
        0: { _, trading in
          trading.submitBracket(
            Order(.first, quantity: 10),
            exits: [
              Order(.first, quantity: -10, kind: .stop(95)),
              Order(.first, quantity: -10, kind: .limit(105)),
            ])
        }
      ]
    ) { $0.execution.intrabarPath = path }
  }

  @Test(arguments: ExecutionRules.IntrabarPath.allCases)
  func theFinerBarsSayWhichExitCameFirst(path: ExecutionRules.IntrabarPath) throws {
    let rise = try Self.daily([(100, 110, 100, 108), (108, 108, 90, 92), (92, 100, 92, 100)])
    #expect(try exits(rise, path).fillPrices == [100, 105])
    let fall = try Self.daily([(100, 101, 90, 92), (92, 110, 92, 108), (108, 108, 100, 100)])
    #expect(try exits(fall, path).fillPrices == [100, 95])
    // None of the paths has anything to decide.
    #expect(try exits(rise, path).counts.ambiguousBars == 0)
    let alone = try MarketBuilder.series(Self.days)
    #expect(try exits(alone, path).counts.ambiguousBars == 1)
  }

  @Test func aFinerBarThatOpensBeyondAStopFillsThere() throws {
    // The second part opens at 93.
    let gap = try Self.daily([(100, 101, 98, 99), (93, 94, 90, 92), (92, 110, 92, 100)])
    #expect(try exits(gap).fillPrices == [100, 93])
  }

  @Test(arguments: ExecutionRules.IntrabarPath.allCases)
  func aFinerBarThatOpensBeyondALimitFillsThereBeforeItsStop(
    path: ExecutionRules.IntrabarPath
  ) throws {
    // The second part opens at 107 and falls through the stop.
    let gap = try Self.daily([(100, 101, 98, 99), (107, 107, 90, 92), (92, 110, 92, 100)])
    #expect(try exits(gap, path).fillPrices == [100, 107])
  }

  @Test(arguments: ExecutionRules.IntrabarPath.allCases)
  func atAFinerOpenAnExitThatAFillWakesComesInOrderOfSubmission(
    path: ExecutionRules.IntrabarPath
  ) throws {
    // The second part opens at 92, below all three orders.
    let gap = try Self.daily([(100, 101, 98, 99), (92, 93, 90, 92), (92, 110, 92, 100)])
    let result = try runScript(
      gap,
      [
        0: { _, trading in
          trading.buy(.first, 10, limit: 95)
          trading.submit(Order(.first, quantity: -15, kind: .stop(94), reduceOnly: true))
          trading.buy(.first, 5, limit: 96)
        }
      ]
    ) { $0.execution.intrabarPath = path }
    // The exit has 10 to close at its turn; what was submitted after it is bought after it. What
    // the exit has left goes on at the next open.
    #expect(result.fills.prefix(3).map(\.order.number) == [1, 2, 3])
    #expect(result.fillQuantities == [10, -10, 5, -5])
    #expect(result.fillPrices == [92, 92, 92, 100])
  }

  @Test func theFillIsOfTheWholeBar() throws {
    let result = try exits(
      try Self.daily([(100, 101, 98, 99), (93, 94, 90, 92), (92, 110, 92, 100)]))
    #expect(result.fills[1].row == 1)
    #expect(result.fills[1].time == MarketBuilder.start + .days(2))
  }

  @Test func aPartWithoutVolumeTradesNothing() throws {
    let series = try Self.daily(
      [(100, 101, 90, 100), (100, 110, 100, 108), (108, 108, 100, 100)], volume: [0, 5, 5])
    #expect(try exits(series).fillPrices == [100, 105])
  }

  @Test func barsWithoutFinerOnesTakeTheAssumedPath() throws {
    let parts = try MarketBuilder.series([(100, 100, 100, 100)], every: .days(1))
    let series = try MarketBuilder.series(Self.days).detailed(by: parts)
    #expect(try exits(series, .openHighLowClose).fillPrices == [100, 105])
    #expect(try exits(series, .openLowHighClose).fillPrices == [100, 95])
    #expect(series.detailedCount == 1)
  }

  @Test func aTrailingStopFollowsThePartsThatAreOver() throws {
    // 4 below the best: 106 after the first part, which the second part reaches from 108.
    let series = try Self.daily([(100, 110, 100, 108), (108, 108, 90, 92), (92, 100, 92, 100)])
    let result = try runScript(
      series,
      [
        0: { _, trading in
          trading.submitBracket(
            Order(.first, quantity: 10),
            exits: [Order(.first, quantity: -10, kind: .trailingStop(.amount(4)))])
        }
      ])
    #expect(result.fillPrices == [100, 106])
  }

  @Test func strategiesDoNotSeeFinerBars() throws {
    let series = try Self.daily([(100, 110, 100, 108), (108, 108, 90, 92), (92, 100, 92, 100)])
    let result = try exits(series)
    #expect(result.equity.count == (try exits(MarketBuilder.series(Self.days))).equity.count)
  }

  /// A bar cut into the three ways of an assumed path fills like that path.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func partsAlongAPathFillLikeThatPath(seed: UInt64) throws {
    var random = Randomness(seed: seed, stream: "detail")
    let rises = random.nextInteger(below: 2) == 0
    var (coarse, fine): ([MarketBuilder.Prices], [MarketBuilder.Prices]) = ([], [])
    var last = 100.0
    func step(_ size: Int) -> Double { 0.25 * Double(random.nextInteger(below: size)) }
    for _ in 0..<60 {
      let open = last + step(9) - 1
      let close = open + step(13) - 1.5
      let (high, low) = (max(open, close) + step(7), min(open, close) - step(7))
      coarse.append((open, high, low, close))
      let (first, second) = rises ? (high, low) : (low, high)
      let corners = [open, first, second, close]
      fine += zip(corners, corners.dropFirst()).map { ($0, max($0, $1), min($0, $1), $1) }
      last = close
    }
    let whole = try MarketBuilder.series(coarse, every: .days(1))
    let parts = try MarketBuilder.series(fine, every: .hours(8))
    var decisions: [Int: ScriptedStrategy.Decision] = [:]
    for row in stride(from: 0, to: 55, by: 3) {
      let (away, isBuy) = (step(9) + 0.25, random.nextInteger(below: 2) == 0)
      let close = coarse[row].3
      let sign = isBuy ? 1.0 : -1.0
      let isLimit = random.nextInteger(below: 2) == 0
      decisions[row] = { _, trading in
        let entry =
          isLimit
          ? Order(.first, quantity: sign * 10, kind: .limit(close - sign * away))
          : Order(.first, quantity: sign * 10, kind: .stop(close + sign * away))
        trading.submitBracket(
          entry,
          exits: [
            Order(.first, quantity: -sign * 10, kind: .stop(close - sign * (away + 2))),
            Order(.first, quantity: -sign * 10, kind: .limit(close + sign * (away + 2))),
          ])
      }
    }
    func fills(_ series: BarSeries) throws -> [Fill] {
      let result = try runScript([series], ScriptedStrategy(decisions)) {
        $0.execution.intrabarPath = rises ? .openHighLowClose : .openLowHighClose
        $0.account.funding = .margin(leverage: 10)
      }
      return result.fills
    }
    let expected = try fills(whole)
    #expect(expected.count > 5)
    #expect(try fills(whole.detailed(by: parts)) == expected)
  }
}

/// Finer bars that do not belong to their bars.
struct BarDetailErrorTests {
  private func problem(_ prices: [MarketBuilder.Prices], symbol: String = "A", shift: TimeSpan)
    -> String
  {
    do {
      let bars = try MarketBuilder.series([(100, 110, 90, 100), (100, 110, 90, 100)])
      let finer = try MarketBuilder.series(
        prices, symbol: symbol, every: .hours(8), from: MarketBuilder.start + shift)
      _ = try bars.detailed(by: finer)
      return ""
    } catch { return "\(error)" }
  }

  @Test func whatDoesNotFitIsRefused() {
    let flat = MarketBuilder.flat(100, count: 3)
    #expect(problem(flat, shift: .zero) == "")
    #expect(problem(flat, symbol: "B", shift: .zero).contains("need one symbol"))
    #expect(problem(flat, shift: .hours(20)).contains("lies across the bar"))
    #expect(problem(flat, shift: .days(7)).contains("none of its finer bars"))
    #expect(
      problem(MarketBuilder.flat(120, count: 3), shift: .zero).contains("outside its bar's 90.0"))
  }
}
