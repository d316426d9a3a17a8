@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Joins and boundaries of folds on closes that can be followed by hand.
struct WalkForwardFoldTests {
  /// Holds an instrument long from its first decision on, after it has seen some bars.
  private struct Holder: Strategy {
    var warmup = 0
    var weight: Double

    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      guard !trading.isWarmingUp else { return }
      trading.target(InstrumentID(0), weight: weight)
    }
  }

  private static let definition = StrategyDefinition(
    name: "holder", summary: "Holds.",
    parameters: [
      .number("weight", default: 1, in: -2...2, "Share of equity."),
      .integer("warmup", default: 0, in: 0...50, "Bars to see."),
    ],
    constraint: { $0.number("weight") == 0.25 ? "a quarter is not allowed" : nil },
    make: { Holder(warmup: $0.integer("warmup"), weight: $0.number("weight")) })

  /// Train on two bars, test on two; the axis begins at bar 1.
  private static func study(
    _ closes: [Double], _ grid: ParameterGrid, lot: Instrument.LotSize = .fractional,
    _ adjust: (inout WalkForward) -> Void = { _ in }
  ) throws -> WalkForward {
    let days = closes.indices.map { CivilDate("2024-01-01")!.adding(days: $0).midnight }
    let prices = Column(closes)
    let series = try BarSeries(
      instrument: Instrument(symbol: "A", lotSize: lot), timeframe: .session,
      calendar: AlwaysOpenCalendar(), openTimes: Column(days),
      closeTimes: Column(days.map { $0 + .days(1) }), open: prices, high: prices, low: prices,
      close: prices)
    var plan = WalkForwardPlan(train: .bars(2), test: .bars(2))
    plan.objective = "total-return"
    plan.boundary = .mark
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 1_000
    configuration.execution.marketFill = .sameClose
    var study = WalkForward(
      definition, grid: grid, on: Feed(try Universe([series])), configuration: configuration,
      plan: plan)
    adjust(&study)
    return study
  }

  private static let long = ParameterGrid(["weight": [1]])
  /// Rising by a tenth each bar.
  private static let rising = [100, 110, 121, 133.1, 146.41, 161.051, 177.1561]

  private func check(_ found: [Double], _ expected: [Double], _ comment: Comment? = nil) {
    #expect(found.count == expected.count, comment)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-9 * abs(b), comment) }
  }

  @Test(arguments: WalkForwardPlan.Carry.allCases) func noFoldFollowsOneThatOverflows(
    carry: WalkForwardPlan.Carry
  ) throws {
    let closes = [1, 1, 1, 1e100, 1e100, 1e200, 1e306, 1e307, 1e307, 1e307, 1e307]
    let result = try Self.study(closes, Self.long) { $0.plan.carry = carry }.run()
    // The second fold begins with 1e103 and would end with 1e309.
    let run = result.stitched
    #expect(run.ruinedAt == nil && run.overflowedAt == run.curve.times[4])
    check(run.equity, [1_000, 1e103, 1e103, 1e203, 1e203, 1e203, 1e203, 1e203, 1e203])
    #expect(run.curve.grossExposure.suffix(5).allSatisfy { $0 == 0 })
    #expect(result.caveats.contains { $0.code == .overflowed })
  }

  @Test func aFoldOfOneReturnIsNotFlat() throws {
    let result = try Self.study(Self.rising, Self.long) {
      $0.plan.windows.test = .bars(1)
      $0.plan.objective = "sharpe"
    }.run()
    let messages = result.caveats.map(\.message)
    #expect(messages.contains { $0.contains("no objective out of sample") })
    #expect(!messages.contains { $0.contains("flat out of sample") })
  }

  @Test func foldsGoOnWithTheEquitySoFar() throws {
    // Axis bars 0...5 are the feed's 1...6; tests are axis 2..<4 and 4..<6.
    let result = try Self.study(Self.rising, Self.long).run()
    #expect(result.skip == 1 && result.barCount == 6 && result.droppedTailBars == 0)
    #expect(result.folds.map(\.test) == [2..<4, 4..<6])
    #expect(result.instants(of: result.folds[0].test) == 3..<5)
    check(result.stitched.equity, [1_000, 1_100, 1_210, 1_331, 1_464.1])
    #expect(result.stitched.curve.times.count == 5)
    // Each fold buys with all it has, at the close before its first bar.
    check(result.stitched.fills.map(\.quantity), [1_000 / 121, 1_210 / 146.41])
    check(result.stitched.fills.map(\.price), [121, 146.41])
    #expect(result.stitched.orders.map(\.id) == [OrderID(1), OrderID(2)])
    #expect(result.stitched.fills.map(\.order) == [OrderID(1), OrderID(2)])
    // A position that ends with its fold is closed at the mark.
    #expect(result.stitched.trades.map(\.isOpen) == [false, false])
    #expect(result.stitched.trades.map(\.isMarked) == [true, true])
    check([try #require(result.stitchedObjective)], [0.4641])
    check([try #require(result.meanInSample)], [0.21])
    check([try #require(result.efficiency)], [0.4641 / 0.21])
  }

  @Test func returnsAreChainedOnRequest() throws {
    let result = try Self.study(Self.rising, Self.long) { $0.plan.carry = .returns }.run()
    check(result.stitched.equity, [1_000, 1_100, 1_210, 1_331, 1_464.1])
    check(result.stitched.fills.map(\.quantity), [1_000 / 121, 1_000 / 146.41])
    check(result.folds[1].result?.equity ?? [], [1_000, 1_100, 1_210])
    check([result.stitched.account.tradedNotional], [2_210])
  }

  @Test func wholeSharesDependOnTheEquitySoFar() throws {
    // 8 shares of 121 leave 32 in cash; at 146.41 the account has 32 + 8 x 146.41 = 1203.28.
    let result = try Self.study(Self.rising, Self.long, lot: .standard).run()
    #expect(result.stitched.fills.map(\.quantity) == [8, 8])
    check(
      result.stitched.equity,
      [1_000, 32 + 8 * 133.1, 32 + 8 * 146.41, 32 + 8 * 161.051, 32 + 8 * 177.1561])
  }

  /// 10 bp of each trade; a weight of 0.5, so that buying power never cuts.
  private func costly(_ boundary: WalkForwardPlan.Boundary) throws -> WalkForwardResult {
    try Self.study(Self.rising, ParameterGrid(["weight": [0.5]])) {
      $0.plan.boundary = boundary
      $0.configuration.execution.commission = BasisPointCommission(basisPoints: 10)
    }.run()
  }

  @Test func costsAtTheStartOfAFoldBelongToItsFirstReturn() throws {
    let result = try costly(.mark)
    // Buying 500 costs 0.5 after the base point was taken; at the fold's end nothing is sold.
    let first = 1_000 - 0.5 + 500 * 0.21
    check(
      result.stitched.equity,
      [1_000, 1_000 - 0.5 + 50, first, first * (1 - 0.0005 + 0.05), first * (1 - 0.0005 + 0.105)])
    #expect(result.folds.allSatisfy { $0.result?.fills.count == 1 })
  }

  @Test func positionsAreSoldUnlessThePlanSaysOtherwise() {
    #expect(WalkForwardPlan(train: .bars(2), test: .bars(2)).boundary == .liquidate)
  }

  /// Both trades are open when their fold ends: they count, at the mark and without costs of exit.
  @Test func tradesClosedAtTheMarkCount() throws {
    let result = try costly(.mark)
    let trades = try #require(result.metrics.trades)
    let second = (1_000 - 0.5 + 500 * 0.21) / 2
    #expect(trades.count == 2 && trades.openCount == 0 && trades.wins == 2 && trades.losses == 0)
    check([trades.netProfit], [500 * 0.21 - 0.5 + second * (0.21 - 0.001)])
    #expect(result.folds.map(\.tradeCount) == [1, 1])
    #expect(result.folds.map { $0.metrics?.trades?.count } == [1, 1])
    #expect(
      result.stitched.trades.map(\.exitTime) == [2, 4].map { result.stitched.curve.times[$0] })
    let message = result.caveats.first { $0.code == .markedTrades }?.message
    #expect(
      message == "2 of 2 closed round trips were open at the end of a fold and closed at the mark, "
        + "without costs; figures about trades count them.")
  }

  /// In sample as out of sample, or an objective of trades would miss the longest of them.
  @Test func anObjectiveOfTradesSeesThoseClosedAtTheMark() throws {
    var study = try Self.study(Self.rising, ParameterGrid(["weight": [0, 0.5]]))
    study.plan.objective = "trade-net-profit"
    let result = try study.run()
    #expect(result.folds.map { $0.parameters.number("weight") } == [0.5, 0.5])
    check(result.folds.map { $0.inSample ?? -9 }, [500 * 0.21, 500 * 0.21])
  }

  @Test func liquidationPaysAtTheLastClose() throws {
    let result = try costly(.liquidate)
    let first = 1_000 - 0.5 + 500 * 0.21 - 0.605
    let second = first * (1 - 0.0005 + 0.105 - 0.000605)
    check(
      result.stitched.equity,
      [1_000, 1_000 - 0.5 + 50, first, first * (1 - 0.0005 + 0.05), second])
    #expect(result.stitched.trades.map(\.isOpen) == [false, false])
    #expect(result.stitched.trades.map(\.isMarked) == [false, false])
    #expect(!result.caveats.contains { $0.code == .markedTrades })
    #expect(result.stitched.orders.map(\.assignedID.number) == [1, 2, 3, 4])
    #expect(result.stitched.account.positions[0].isFlat)
    check([result.stitched.account.cash], [second])
  }

  @Test func carriedPositionsGoOver() throws {
    let result = try costly(.carry)
    // 500/121 units, worth 605 of 1104.5 when the second fold restates its half: it sells down.
    let units = 500 / 121.0
    let atBoundary = 1_000 - 0.5 + units * 146.41 - 500
    let kept = atBoundary / 2 / 146.41
    let sold = units - kept
    let cash = 1_000 - 500 - 0.5 + sold * 146.41 * 0.999
    check(
      result.stitched.equity,
      [
        1_000, 1_000 - 0.5 + 50, atBoundary, cash + kept * 161.051, cash + kept * 177.1561,
      ])
    check(result.stitched.fills.map(\.quantity), [units, -sold])
    // One trade from the first fold to the end.
    #expect(result.stitched.trades.count == 1)
    #expect(result.stitched.trades[0].entryRow == 2 && result.stitched.trades[0].isOpen)
    #expect(!result.stitched.trades[0].isMarked && result.metrics.trades?.openCount == 1)
    check([result.stitched.trades[0].quantity], [units])
    #expect(result.folds[1].result?.curve.equity.first == result.folds[0].result?.equity.last)
    check([result.folds[1].result?.account.tradedNotional ?? 0], [sold * 146.41])
    check([result.stitched.account.tradedNotional], [500 + sold * 146.41])
  }

  @Test(arguments: WalkForwardPlan.Boundary.allCases, WalkForwardPlan.Carry.allCases)
  func cashAndEquityAreExplained(
    boundary: WalkForwardPlan.Boundary, carry: WalkForwardPlan.Carry
  ) throws {
    let study = try Self.study(Self.rising, ParameterGrid(["weight": [0.5]])) {
      $0.plan.boundary = boundary
      $0.plan.carry = carry
      $0.configuration.execution.commission = BasisPointCommission(basisPoints: 10)
      $0.configuration.execution.slippage = BasisPointSlippage(basisPoints: 7)
    }
    guard boundary != .carry || carry == .equity else {
      #expect(throws: EvidenceError.carryNeedsEquity) { try study.run() }
      return
    }
    let run = try study.run().stitched
    check([run.ledger.reduce(0) { $0 + $1.amount }], [run.account.cash])
    let explained =
      1_000 + run.account.priceProfit - run.account.commissionPaid - run.account.slippagePaid
    check([explained], [try #require(run.equity.last)])
    if carry == .equity { check([run.account.equity], [try #require(run.equity.last)]) }
    let ids = run.orders.map(\.id)
    #expect(Set(ids).count == ids.count && run.fills.allSatisfy { ids.contains($0.order) })
  }

  @Test func anAccountThatIsLostStaysLost() throws {
    // Short with all of it on margin, then the price more than doubles.
    let closes: [Double] = [100, 100, 100, 100, 250, 250, 240, 240, 240]
    let study = try Self.study(closes, ParameterGrid(["weight": [-1]])) {
      $0.configuration.account.funding = .margin(leverage: 2)
    }
    for carry in WalkForwardPlan.Carry.allCases {
      var study = study
      study.plan.carry = carry
      let result = try study.run()
      #expect(result.stitched.equity == [1_000, 1_000, 0, 0, 0, 0, 0])
      #expect(result.stitched.ruinedAt == result.stitched.curve.times[2])
      // Ten units, sold short at 100 and lost at 250.
      #expect(result.stitched.account.deficitWrittenOff == 500)
      #expect(result.folds.map { $0.result == nil } == [false, true, true])
      #expect(result.metrics.totalReturn == -1 && result.metrics.sharpe == nil)
      #expect(result.meanOutOfSample == nil)
      #expect(result.caveats.first?.code == .ruined)
    }
  }

  @Test func chosenByTrainAndJudgedByTest() throws {
    // Up in the first train window, down in its test: long is chosen and loses.
    let closes: [Double] = [100, 110, 121, 108.9, 98.01, 98.01, 98.01]
    let grid = ParameterGrid(["weight": [-1, 0, 0.25, 1]])
    let result = try Self.study(closes, grid) {
      $0.configuration.account.funding = .margin(leverage: 2)
    }.run()
    #expect(result.candidates.count == 3 && result.infeasibleCount == 1)
    #expect(result.folds.map { $0.parameters.number("weight") } == [1, -1])
    check(result.folds.map { $0.inSample ?? -9 }, [0.21, 0.19])
    check([result.folds[0].outOfSample ?? -9], [-0.19])
    #expect(result.folds[1].outOfSample == 0)
    #expect(result.distinctChoices == 2)
    #expect(result.stability[0].mostFrequent == -1 && result.stability[0].mostFrequentShare == 0.5)
    #expect(result.stability[0].meanRelativeStep == 1)
    // 0.2 was promised on average and a fifth was lost: a ratio of that says nothing.
    check([result.meanInSample ?? -9, result.stitchedObjective ?? -9], [0.2, -0.19])
    #expect(result.efficiency == nil)
    #expect(result.efficiencyAbsence == "the out-of-sample Total return is negative")
  }

  @Test func aFoldWithoutOrdersTakesNoNumber() throws {
    // Down in the first train window, so that nothing is held; up in the second.
    let grid = ParameterGrid(["weight": [0, 1]])
    let result = try Self.study([100, 90, 81, 72.9, 90, 100, 110], grid).run()
    #expect(result.folds.map { $0.parameters.number("weight") } == [0, 1])
    #expect(result.stitched.orders.map(\.id) == [OrderID(1)])
    #expect(result.stitched.fills.map(\.order) == [OrderID(1)])
  }

  @Test func equalsGoToTheFirstAndNullRanksLast() throws {
    // The price never moves: every Sharpe ratio is null, the first candidate is taken.
    let flat = try Self.study(Array(repeating: 100, count: 8), ParameterGrid(["weight": [0.5, 1]]))
    var study = flat
    study.plan.objective = "sharpe"
    let null = try study.run()
    #expect(null.folds.allSatisfy { $0.choice == 0 && $0.nullCount == 2 && $0.isArbitraryChoice })
    #expect(null.folds.allSatisfy { $0.isFlatInSample && $0.isFlatOutOfSample })
    #expect(null.meanInSample == 0 && null.meanOutOfSample == 0 && null.efficiency == nil)
    #expect(
      null.caveats.contains {
        $0.code == .arbitraryChoice && $0.message.hasPrefix("In 2 of 2 folds no candidate had")
      })
    #expect(null.efficiencyAbsence == "the mean in-sample Sharpe ratio is not positive")
    // Equal numbers: the first too.
    #expect(try flat.run().folds.map(\.choice) == [0, 0])
    // Flat against moving: a number beats none.
    var moving = try Self.study(
      [100, 101, 103, 104, 108, 109, 115, 117], ParameterGrid(["weight": [0, 1]]))
    moving.plan.objective = "sharpe"
    let result = try moving.run()
    #expect(result.folds.map(\.choice) == [1, 1] && result.folds.map(\.nullCount) == [1, 1])
  }

  @Test func lessIsBetterWhereTheMetricSaysSo() throws {
    let study = try Self.study(
      [100, 102, 101, 104, 103, 107, 108], ParameterGrid(["weight": [1, 0.5]]))
    var calm = study
    calm.plan.objective = "volatility"
    let result = try calm.run()
    #expect(result.folds.map(\.choice) == [1, 1])
    #expect(
      result.efficiency == nil && result.efficiencyAbsence == "more of Volatility is not better")
    #expect(try Metrics.named("volatility").higherIsBetter == false)
  }

  @Test func theAxisBeginsAfterTheLongestWarmup() throws {
    let grid = ParameterGrid(["warmup": [0, 1, 3]])
    let result = try Self.study(Self.rising + [190, 200], grid).run()
    #expect(result.skip == 4 && result.folds[0].train == 0..<2)
    #expect(result.folds[0].trainDates.lowerBound == CivilDate("2024-01-05"))
    #expect(result.folds[0].testDates.upperBound == CivilDate("2024-01-08"))
    var early = try Self.study(Self.rising + [190, 200], grid)
    early.plan.skip = 2
    #expect(
      try early.run().caveats.contains {
        $0.code == .unfinishedWarmup && $0.message.contains("before the end of the longest warm-up")
      })
    early.plan.skip = 0
    #expect(throws: EvidenceError.invalidSkip(0)) { try early.run() }
    early.plan.skip = 7
    #expect(throws: EvidenceError.tooFewBars(available: 2, needed: 4, skipped: 7)) {
      try early.run()
    }
  }

  @Test func aWindowBoundsTheAxis() throws {
    let result = try Self.study(Self.rising + [190, 200, 210], Self.long) {
      $0.configuration.window = 3..<8
    }.run()
    #expect(result.skip == 3 && result.barCount == 5 && result.droppedTailBars == 1)
    #expect(result.folds.count == 1)
    #expect(
      result.caveats.first { $0.code == .untestedBars }?.message
        == "1 bar after the last test window is not tested.")
  }

  /// One return has no deviation, so no candidate could be compared with another.
  @Test func trainWindowsTooShortForTheObjectiveAreRefused() throws {
    var study = try Self.study(Self.rising, ParameterGrid(["weight": [0.5, 1]])) {
      $0.plan.windows.train = .bars(1)
      $0.plan.objective = "sharpe"
    }
    let error = EvidenceError.tooShortToChoose(objective: "sharpe", returns: 1, needed: 2)
    #expect(throws: error) { try study.run() }
    #expect("\(error)".hasPrefix("sharpe needs at least 2 returns, but the longest train window"))
    // Two returns are enough, one is enough for another metric, and where there is one candidate
    // nothing is compared.
    study.plan.windows.train = .bars(2)
    #expect(try study.run().folds.count == 2)
    study.plan.windows.train = .bars(1)
    study.plan.objective = "total-return"
    #expect(try study.run().folds.count == 2)
    study.plan.objective = "sharpe"
    study.grid = Self.long
    #expect(try study.run().folds.count == 2)
  }
}
