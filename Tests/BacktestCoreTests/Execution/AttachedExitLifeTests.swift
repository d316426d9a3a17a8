@testable import BacktestCore
import TestSupport
import Testing

/// What becomes of attached exits as a position and time go on: numbers are worked out by hand.
struct AttachedExitLifeTests {
  private static let flat: MarketBuilder.Prices = (100, 100, 100, 100)
  private typealias Script = [Int: ScriptedStrategy.Decision]

  private func run(
    _ bars: [MarketBuilder.Prices], _ script: Script, volume: [Double]? = nil,
    _ exits: (inout ExitRules) -> Void, _ more: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    var rules = ExitRules()
    exits(&rules)
    return try runScript(try MarketBuilder.series(bars, volume: volume), script) {
      $0.account = AccountRules(initialCash: 100_000, funding: .margin(leverage: 2))
      $0.exits = rules
      more(&$0)
    }
  }

  /// Buys 100 units at the open of the second bar.
  private let buy: Script = [0: { _, trading in trading.buy(.first, 100) }]

  @Test func aTrailingStopFollowsTheClosedBars() throws {
    // From the entry at 100 it is at 95; the high of 110 moves it to 104.5 once that bar is closed.
    let result = try run(
      [Self.flat, (100, 110, 99, 109), (108, 109, 104, 105), Self.flat], buy
    ) { $0.trailingStop = .percent(5) }
    #expect(result.fillPrices == [100, 104.5] && result.fills[1].row == 2)
    #expect(result.orders[1].exitRule == .trailingStop)
  }

  @Test func theStopMovesToTheEntryPriceAfterAGain() throws {
    // The high of 104 is a gain of 4 %; the bar after falls through 100 without reaching 95.
    let bars = [Self.flat, (100, 104, 99, 102), (102, 102, 98, 99), Self.flat]
    let result = try run(bars, buy) {
      $0.stopLoss = .percent(5)
      $0.breakEven = .percent(4)
    }
    #expect(result.fillPrices == [100, 100] && result.fills[1].row == 2)
    #expect(result.orders.map(\.exitRule) == [nil, .stopLoss])
    let moved = result.orderEvents.filter { $0.kind == .modified }
    #expect(moved.count == 1 && moved[0].price == 100 && moved[0].order == OrderID(2))
    // Without a stop-loss it is a stop of its own, which begins then.
    let alone = try run(bars, buy) { $0.breakEven = .percent(4) }
    #expect(alone.fillPrices == [100, 100] && alone.orders[1].exitRule == .breakEven)
    #expect(alone.orders[1].submitted == alone.fills[1].time - .days(1))
    // 3.99 % is not enough.
    let short = try run([Self.flat, (100, 103.99, 99, 102), (102, 102, 98, 99)], buy) {
      $0.breakEven = .percent(4)
    }
    #expect(short.fills.count == 1)
  }

  @Test func timeEndsAPosition() throws {
    // Bars 1, 2 and 3 are held; the order is sent at the close of bar 3 and fills at the next open.
    let bars = [Self.flat, Self.flat, Self.flat, Self.flat, (97, 98, 96, 97), Self.flat]
    let result = try run(bars, buy) { $0.timeExit = .bars(3) }
    #expect(result.fillPrices == [100, 97] && result.fills[1].row == 4)
    #expect(result.trades[0].barCount == 3 && result.orders[1].exitRule == .timeExit)
    // At the same close the decision's bar does not count, and the last bar's close is the exit.
    let same = try run(
      bars, buy, { $0.timeExit = .bars(4) }, { $0.execution.marketFill = .sameClose })
    #expect(same.fillPrices == [100, 97] && same.trades[0].barCount == 4)
    // Bought at the close of bar 1, bars 2 and 3 are held; the order fills at the close of bar 4.
    let next = try run(
      bars, buy, { $0.timeExit = .bars(2) }, { $0.execution.marketFill = .nextClose })
    #expect(next.fills.map(\.row) == [1, 4])
  }

  @Test func sessionsAreCountedByTheCalendar() throws {
    // Six bars of eight hours are two days; the entry is in the first, which ends with bar 2.
    let series = try MarketBuilder.series(
      [Self.flat, Self.flat, Self.flat, (98, 98, 98, 98), Self.flat, Self.flat],
      every: .hours(8))
    let result = try runScript(series, buy) { $0.exits.timeExit = .sessions(1) }
    #expect(result.fillPrices == [100, 98] && result.fills[1].row == 3)
  }

  @Test func aLadderClosesPartsAndTheStopShrinks() throws {
    // 40 at 105, 30 at 110; the last 30 stop at 95.
    let bars = [
      Self.flat, Self.flat, (100, 106, 100, 105), (106, 111, 106, 110), (100, 100, 94, 95),
      Self.flat,
    ]
    let result = try run(bars, buy) {
      $0.stopLoss = .percent(5)
      $0.scaleOut = [
        PartialExit(at: .percent(5), share: 0.4), PartialExit(at: .percent(10), share: 0.3),
      ]
    }
    #expect(result.fillPrices == [100, 105, 110, 95])
    #expect(result.fillQuantities == [100, -40, -30, -30])
    // 40 x 5 + 30 x 10 - 30 x 5 = 350.
    #expect(result.trades.map(\.profit) == [350])
    let stop = result.orderEvents.filter { $0.order == OrderID(2) && $0.kind == .modified }
    #expect(stop.map(\.quantity) == [-60, -30])
  }

  @Test func takeProfitClosesWhatTheLadderLeaves() throws {
    // Of 5 shares, 40 % are 2; the rest is 3.
    let script: Script = [0: { _, trading in trading.buy(.first, 5) }]
    let result = try run([Self.flat, Self.flat, (100, 112, 99, 110), Self.flat], script) {
      $0.takeProfit = .percent(10)
      $0.scaleOut = [PartialExit(at: .percent(5), share: 0.5)]
    }
    #expect(result.fillPrices == [100, 105, 110] && result.fillQuantities == [5, -2, -3])
  }

  @Test func aGrowingPositionMovesItsExitsToTheAverage() throws {
    // 100 at 100 and 100 at 110 are 200 at 105: the stop moves from 90 to 94.5.
    let bars = [
      Self.flat, Self.flat, (110, 110, 110, 110), (100, 100, 94, 95), Self.flat,
    ]
    let script: Script = [
      0: { _, trading in trading.buy(.first, 100) }, 1: { _, trading in trading.buy(.first, 100) },
    ]
    let result = try run(bars, script) { $0.stopLoss = .percent(10) }
    #expect(result.fillPrices == [100, 110, 94.5] && result.fillQuantities == [100, 100, -200])
    let moved = try #require(result.orderEvents.first { $0.kind == .modified })
    #expect(moved.quantity == -200 && moved.price == 94.5)
  }

  @Test func aReversalChangesSides() throws {
    // Long 100 at 100, then short 100 at 100: the stop of the short is above.
    let bars = [Self.flat, Self.flat, Self.flat, (100, 106, 94, 100), Self.flat]
    let script: Script = [
      0: { _, trading in trading.buy(.first, 100) },
      1: { _, trading in trading.sell(.first, 200) },
    ]
    let result = try run(bars, script) { $0.stopLoss = .percent(5) }
    #expect(result.fillPrices == [100, 100, 105] && result.fillQuantities == [100, -200, 100])
    #expect(result.outcomes(of: 2) == [.nothingToReduce])
  }

  @Test func aSplitMovesExitsWithThePosition() throws {
    // 2:1 before bar 3: 200 at 50, the stop at 47.5 and the limit 2.5 above, at 52.5.
    let date = CivilDate("2024-01-04")!
    let bars = [
      Self.flat, Self.flat, Self.flat, (50, 51, 49, 50), (50, 53, 50, 52), (52, 52, 52, 52),
    ]
    let series = try MarketBuilder.series(bars).adding([
      CorporateAction("A", on: date, .split(ratio: 2))
    ])
    let result = try runScript(series, buy) {
      $0.exits.stopLoss = .percent(5)
      $0.exits.takeProfit = .amount(5)
    }
    #expect(result.fillPrices == [100, 52.5] && result.fillQuantities == [100, -200])
    #expect(result.trades.map(\.profit) == [500])
    #expect(!result.orderEvents.contains { $0.kind == .modified })
  }

  @Test func rangesAreOfTheUnitsOfTheDay() throws {
    // A range of 4 before the entry at 100. 2:1 before bar 3 makes it 2: from the high of 55 the
    // stop moves to 53.
    let bars: [MarketBuilder.Prices] = [
      (100, 102, 98, 100), (100, 100, 99, 100), (100, 100, 99, 100), (50, 55, 50, 54),
      (54, 54, 50, 50), (50, 50, 50, 50),
    ]
    let series = try MarketBuilder.series(bars).adding([
      CorporateAction("A", on: CivilDate("2024-01-04")!, .split(ratio: 2))
    ])
    let result = try runScript(series, buy) {
      $0.exits.trailingStop = .averageTrueRanges(1)
      $0.exits.rangeBars = 1
    }
    #expect(result.fillPrices == [100, 53] && result.fillQuantities == [100, -200])
  }

  @Test func volumeFillsAStopInPartsAndTheLimitShrinks() throws {
    // Half of 80 is 40 a bar: the stop sells 40 at 95, 40 at the open of 94 and 20 of 93.
    let bars = [
      Self.flat, Self.flat, (97, 97, 95, 96), (94, 94, 94, 94), (93, 93, 93, 93), Self.flat,
    ]
    let result = try run(
      bars, buy, volume: [80, 1_000, 80, 80, 80, 80],
      {
        $0.stopLoss = .percent(5)
        $0.takeProfit = .percent(5)
      }, { $0.execution.participation = 0.5 })
    #expect(result.fillPrices == [100, 95, 94, 93])
    #expect(result.fillQuantities == [100, -40, -40, -20])
    let limit = result.orderEvents.filter { $0.order == OrderID(3) && $0.kind == .modified }
    #expect(limit.map(\.quantity) == [-60, -20])
  }

  @Test func theRangeIsThatOfClosedBars() throws {
    // True ranges of 2 and 4 before the entry at 100: their mean is 3, and the stop at 100 - 2 x 3.
    // The entry bar's own range of 20 comes later.
    let bars = [
      (100.0, 101.0, 100.0, 100.0), (100, 101, 99, 100), (100, 102, 98, 100), (100, 112, 95, 100),
      (100, 100, 93, 95), Self.flat,
    ]
    let script: Script = [2: { _, trading in trading.buy(.first, 100) }]
    let result = try run(bars, script) {
      $0.stopLoss = .averageTrueRanges(2)
      $0.rangeBars = 2
    }
    #expect(result.fillPrices == [100, 94] && result.orders[1].kind == .stop(94))
    // An entry inside the bar knows no more of it than one at its open.
    let limit: Script = [2: { _, trading in trading.buy(.first, 100, limit: 99) }]
    let inside = try run(bars, limit) {
      $0.stopLoss = .averageTrueRanges(2); $0.rangeBars = 2
    }
    #expect(inside.orders[1].kind == .stop(93) && inside.fillPrices == [99, 93])
  }

  @Test func anEntryInsideTheBarIsProtectedFromThereOn() throws {
    // A limit at 98 on the way down to 90: the stop at 93.1 is beyond it on the same way. The high
    // came before, so the target at 102.9 does not fill there.
    func exits(_ path: ExecutionRules.IntrabarPath) throws -> [Double] {
      try run(
        [Self.flat, (100, 104, 90, 95), (95, 95, 95, 95)],
        [0: { _, trading in trading.buy(.first, 100, limit: 98) }],
        {
          $0.stopLoss = .percent(5)
          $0.takeProfit = .percent(5)
        }, { $0.execution.intrabarPath = path }
      ).fillPrices
    }
    #expect(try exits(.openHighLowClose) == [98, 93.1])
    #expect(try exits(.openLowHighClose) == [98, 93.1])
    #expect(try exits(.pessimistic) == [98, 93.1])
  }

  @Test func noOrderClosesTheSameUnitsTwice() throws {
    // The stop takes the 100 at the open of 90, so the sale of 250 that waits for the close is left
    // with 150.
    let bars = [Self.flat, Self.flat, Self.flat, (90, 91, 89, 90), (90, 91, 89, 90)]
    let script: Script = [
      0: { _, trading in trading.buy(.first, 100) },
      2: { _, trading in trading.submit(Order(.first, quantity: -250, kind: .marketOnClose)) },
    ]
    let result = try run(bars, script) { $0.stopLoss = .percent(5) }
    #expect(result.fillPrices == [100, 90, 90] && result.fillQuantities == [100, -100, -150])
    let changes = result.orderEvents.filter { $0.order == OrderID(3) && $0.kind == .modified }
    #expect(changes.map(\.quantity) == [-150])
  }

  @Test func aTakeProfitNeedsSharesThatAreLeft() throws {
    let universe = try Universe([try MarketBuilder.series([Self.flat, Self.flat])])
    func isRefused(_ shares: [Double], takeProfit: ExitDistance?) -> Bool {
      var configuration = BacktestConfiguration()
      configuration.exits.takeProfit = takeProfit
      configuration.exits.scaleOut = shares.map { PartialExit(at: .percent(5), share: $0) }
      do throws(ConfigurationError) {
        try configuration.validate(for: universe)
        return false
      } catch { return error.description.contains("a take-profit closes what partial exits leave") }
    }
    #expect(isRefused([0.5, 0.5], takeProfit: .percent(10)))
    #expect(!isRefused([0.5, 0.25], takeProfit: .percent(10)))
    #expect(!isRefused([0.5, 0.5], takeProfit: nil))
  }

  @Test func theStrategyDoesNotSeeThem() throws {
    let script: Script = [
      0: { _, trading in trading.buy(.first, 100) },
      1: { _, trading in
        #expect(trading.openOrders(.first).isEmpty)
        trading.cancelAll()
        trading.cancel(OrderID(2))
        trading.modify(OrderID(2), stop: 50)
      },
    ]
    let result = try run([Self.flat, Self.flat, (95, 96, 94, 95), Self.flat], script) {
      $0.stopLoss = .percent(5)
    }
    #expect(result.fillPrices == [100, 95])
  }
}

/// When a target is traded again from which an exit has traded away.
struct ReentryTests {
  /// States weights at closes; bar 2 gaps through the stop at 95.
  private func run(
    _ rule: ReentryRule, _ weights: [Int: Double], rebalances: Bool = false
  ) throws -> [Double] {
    let flat = (100.0, 100.0, 100.0, 100.0)
    let low = (90.0, 90.0, 90.0, 90.0)
    var script: [Int: ScriptedStrategy.Decision] = [:]
    for (instant, weight) in weights {
      script[instant] = { _, trading in
        if rebalances {
          trading.rebalance(.first, weight: weight)
        } else {
          trading.target(.first, weight: weight)
        }
      }
    }
    let result = try runScript(
      try MarketBuilder.series([flat, flat, low, low, low, low, low]), script
    ) {
      $0.account = AccountRules(initialCash: 10_000, funding: .margin(leverage: 1))
      $0.exits.stopLoss = .percent(5)
      $0.exits.reentry = rule
    }
    return result.fillQuantities
  }

  // 100 bought at 100 and sold at 90 leave 9,000: half of it is 50 at 90, all of it 100.
  @Test func aStandingTargetStaysFlatUntilADifferentOneIsStated() throws {
    #expect(try run(.newTarget, [0: 1, 3: 1]) == [100, -100])
    #expect(try run(.newTarget, [0: 1, 2: 1, 3: 1], rebalances: true) == [100, -100])
    #expect(try run(.newTarget, [0: 1, 3: 0.5]) == [100, -100, 50])
    #expect(try run(.newTarget, [0: 1, 3: 0.5, 4: 1]) == [100, -100, 50, 50])
    #expect(try run(.newTarget, [0: 1, 3: 0, 4: 1]) == [100, -100, 100])
  }

  @Test func theSameTargetAfterASplitIsInNewUnits() throws {
    // 100 at 100 stop out at 90; 2:1 before bar 4, and 200 at 45 are what 100 were.
    func run(_ units: Double) throws -> [Double] {
      let (flat, low, half) = (100.0, 90.0, 45.0)
      let bars = [flat, flat, low, low, half, half, half].map { ($0, $0, $0, $0) }
      let split = CorporateAction("A", on: CivilDate("2024-01-05")!, .split(ratio: 2))
      return try runScript(
        try MarketBuilder.series(bars).adding([split]),
        [
          0: { _, trading in trading.target(.first, quantity: 100) },
          4: { _, trading in trading.target(.first, quantity: units) },
        ]
      ) {
        $0.exits.stopLoss = .percent(5)
        $0.exits.reentry = .newTarget
      }.fillQuantities
    }
    #expect(try run(200) == [100, -100])
    #expect(try run(100) == [100, -100, 100])
  }

  @Test func aNewDirectionIsZeroOrTheOtherSide() throws {
    #expect(try run(.newDirection, [0: 1, 3: 0.5, 4: 0.25]) == [100, -100])
    #expect(try run(.newDirection, [0: 1, 3: 0, 4: 0.5]) == [100, -100, 50])
    #expect(try run(.newDirection, [0: 1, 3: -0.5]) == [100, -100, -50])
  }

  @Test func atOnceIsTheNextClose() throws {
    // Stopped at the open of bar 2, stated anew at its close, bought at the open of bar 3.
    #expect(try run(.atOnce, [0: 1]) == [100, -100, 100])
    #expect(try run(.atOnce, [0: 1, 2: 0]) == [100, -100])
  }

  @Test func neverIsNever() throws {
    #expect(try run(.never, [0: 1, 3: 0, 4: 0.5, 5: -1]) == [100, -100])
  }

  @Test func aTargetThatMeetsAnExitAtAnOpenIsWithdrawnOrReduced() throws {
    // Decided at the close of bar 1, before the gap: more of the same side stays out, and a
    // reversal does not sell the 100 again.
    #expect(try run(.newTarget, [0: 0.5, 1: 1]) == [50, -50])
    #expect(try run(.newTarget, [0: 0.5, 1: -0.5]) == [50, -50, -50])
    #expect(try run(.newTarget, [0: 0.5, 1: 0]) == [50, -50])
  }
}
