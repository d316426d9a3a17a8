@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import TestSupport
import Testing

/// Weights accounting on closes that can be followed by hand.
struct WeightsAccountingTests {
  private func closes(_ values: [Double], symbol: String = "A") throws -> BarSeries {
    try MarketBuilder.series(values.map { ($0, $0, $0, $0) }, symbol: symbol)
  }

  private func run(
    _ closes: [Double], _ decisions: [Int: ScriptedStrategy.Decision], fee: Double = 0,
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    try runScript(try self.closes(closes), decisions) {
      $0.account.initialCash = 1_000
      $0.accounting = .weights(fee: fee)
      adjust(&$0)
    }
  }

  private func check(_ found: [Double], _ expected: [Double]) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(agrees(a, b, within: 1e-13), "\(a), not \(b)") }
  }

  /// Half long, then half short, then left as it is.
  private func longThenShort() throws -> BacktestResult {
    try run(
      [100, 110, 99, 99],
      [
        0: { _, trading in
          #expect(trading.targetWeight(.first) == 0 && trading.weight(.first) == 0)
          trading.target(.first, weight: 0.5)
          #expect(trading.targetWeight(.first) == 0.5)
        },
        1: { _, trading in
          #expect(trading.targetWeight(.first) == 0.5)
          #expect(agrees(trading.weight(.first), 0.55 / 1.045, within: 1e-15))
          trading.rebalance(.first, weight: -0.5)
          #expect(trading.targetWeight(.first) == -0.5)
        },
        2: { _, trading in
          #expect(trading.targetWeight(.first) == -0.5)
          #expect(agrees(trading.weight(.first), -0.45 / 1.04, within: 1e-15))
        },
      ], fee: 0.01)
  }

  @Test func equityGoesFromCloseToCloseAndPaysForChanges() throws {
    let result = try longThenShort()
    // 1000 x (1 + 0.05 - 0.005) x (1 + 0.05 - 0.01) x 1
    check(result.equity, [1_000, 1_045, 1_086.8, 1_086.8])
    check(Array(result.curve.grossExposure), [0, 522.5, 543.4, 543.4])
    #expect(result.fills.isEmpty && result.trades.isEmpty && result.orders.isEmpty)
    let account = result.account
    check(
      [account.priceProfit, account.commissionPaid, account.tradedNotional],
      [102.25, 15.45, 1_545])
    check(result.ledger.map(\.amount), [1_000, -5, -10.45, 102.25])
    #expect(result.ledger.map(\.kind) == [.deposit, .commission, .commission, .priceProfit])
    #expect(result.ledger[1].time == result.curve.times[1])
    let turnover = try #require(try result.metrics.value(of: "turnover"))
    check([turnover], [772.5 / ((1_045 + 2 * 1_086.8) / 3)])
  }

  @Test func anythingButAWeightIsRefused() throws {
    let decisions: [Int: ScriptedStrategy.Decision] = [
      0: { _, trading in
        trading.submit(Order(.first, quantity: 5))
        trading.target(.first, value: 500)
      },
      1: { _, trading in
        trading.target(.first, quantity: 3)
        trading.target(.first, weight: 1)
      },
      2: { _, trading in trading.target(.first, quantity: 3) },
    ]
    let result = try run([100, 110, 121, 121], decisions)
    check(result.equity, [1_000, 1_000, 1_100, 1_100])
    #expect(result.orders.map(\.quantity).prefix(2) == [5, 5])
    #expect(result.orders.map(\.assignedID.number) == [1, 2, 3, 4])
    let refused = OrderOutcome.Kind.rejected(.weightsAccounting)
    #expect(result.outcomes.map(\.kind) == [refused, refused, refused, refused])
    #expect(result.counts.rejectedOrders == 4)
    #expect(result.caveats.contains { $0.code == .rejectedOrders })
  }

  @Test func ruinEndsAtZero() throws {
    let result = try run(
      [100, 100, 160, 100], [0: { _, trading in trading.target(.first, weight: -2) }])
    #expect(result.equity == [1_000, 1_000, 0, 0])
    #expect(result.ruinedAt == result.curve.times[2])
    check([result.account.deficitWrittenOff, result.account.priceProfit], [200, -1_200])
    #expect(abs(result.ledger.reduce(0) { $0 + $1.amount }) < 1e-9)
    #expect(result.account.cash == 0 && result.caveats.map(\.code).first == .ruined)
    // Exactly nothing left is ruin as well; a fee can bring it about.
    let fee = try run(
      [100, 100, 100], [0: { _, trading in trading.target(.first, weight: 2) }], fee: 0.5)
    #expect(fee.equity == [1_000, 0, 0] && fee.account.deficitWrittenOff == 0)
  }

  @Test func aReturnSpansTheGapBeforeIt() throws {
    let a = try closes([100, 110, 121, 133.1])
    let times = [0, 3].map { (a.openTimes[$0], a.closeTimes[$0]) }
    let b = try MarketBuilder.series(
      [(50, 50, 50, 50), (60, 60, 60, 60)], volume: nil,
      times: times.map { (open: $0.0, close: $0.1) }, timeframe: .session,
      instrument: Instrument(symbol: "B"), calendar: AlwaysOpenCalendar())
    let result = try runScript(
      [a, b],
      ScriptedStrategy([
        0: { _, trading in
          trading.target(.first, weight: 0.5)
          trading.target(.second, weight: 0.5)
        },
        1: { _, trading in
          #expect(agrees(trading.weight(.first), 0.55 / 1.05, within: 1e-15))
          #expect(agrees(trading.weight(.second), 0.5 / 1.05, within: 1e-15))
        },
        3: { _, trading in #expect(agrees(trading.weight(.second), 0.6 / 1.15, within: 1e-15)) },
      ])
    ) {
      $0.account.initialCash = 1_000
      $0.accounting = .weights(fee: 0)
    }
    check(result.equity, [1_000, 1_050, 1_102.5, 1_102.5 * 1.15])
    #expect(result.counts.stalePositions == 0)
  }

  @Test func aWeightEarnsNothingBeforeTheFirstBarAndAfterTheLast() throws {
    let long = try closes([100, 110, 121, 133.1], symbol: "B")
    let short = try MarketBuilder.series(
      [(50, 50, 50, 50), (55, 55, 55, 55)], symbol: "A", from: MarketBuilder.start + .days(1))
    let result = try runScript(
      [long, short], ScriptedStrategy([0: { _, trading in trading.target(.first, weight: 1) }])
    ) { $0.accounting = .weights(fee: 0) }
    check(result.equity.map { $0 / 1_000_000 }, [1, 1, 1.1, 1.1])
    #expect(result.counts.stalePositions == 1)
  }

  @Test func initialWeightsEarnFromTheFirstDecisionOn() throws {
    let stated = try run([100, 110, 121, 133.1, 133.1], [2: { _, _ in }], fee: 0.1) {
      $0.accounting = .weights(fee: 0.1, initialWeights: .equal)
      $0.warmup = 2
    }
    // Base at bar 1; nothing is earned up to bar 2, and what is not changed costs nothing.
    check(stated.equity, [1_000, 1_000, 1_100, 1_100])
    check(Array(stated.curve.grossExposure), [0, 1_000, 1_100, 1_100])
    let changed = try run(
      [100, 110, 121, 133.1, 133.1],
      [
        0: { _, trading in
          #expect(trading.targetWeight(.first) == 0.75 && trading.weight(.first) == 0.75)
          trading.target(.first, weight: 0)
        },
        2: { _, trading in trading.target(.first, weight: 0.5) },
      ]
    ) {
      $0.accounting = .weights(fee: 0.1, initialWeights: [0.75])
      $0.warmup = 2
    }
    check(changed.equity, [1_000, 1_000, 1_025, 1_025])
  }

  @Test func aTimerStatesWeightsForTheCloseBeforeIt() throws {
    let strategy = ScriptedStrategy(
      [0: { _, trading in trading.schedule(at: trading.now + .hours(3), tag: 1) }],
      timer: { _, trading in trading.target(.first, weight: 1) })
    let result = try runScript([try closes([100, 110, 121])], strategy) {
      $0.accounting = .weights(fee: 0)
    }
    check(result.equity.map { $0 / 1_000_000 }, [1, 1.1, 1.21])
  }

  @Test func ordinaryAccountsShowTheirWeightsToo() throws {
    let result = try runScript(
      try closes([100, 100, 125, 125]),
      [
        0: { _, trading in
          trading.target(.first, weight: 0.5)
          #expect(trading.targetWeight(.first) == 0.5 && trading.weight(.first) == 0)
        },
        2: { _, trading in
          #expect(trading.targetWeight(.first) == 0.5)
          #expect(agrees(trading.weight(.first), 0.625 / 1.125, within: 1e-12))
          trading.target(.first, quantity: 0)
          #expect(trading.targetWeight(.first) == 0)
        },
      ])
    #expect(result.fills.count == 2 && result.configuration.accounting == .orders)
  }

  @Test func theResultSaysWhatItIs() throws {
    let result = try longThenShort()
    let codes = result.caveats.map(\.code)
    #expect(codes.first == .weightsAccounting)
    #expect(!codes.contains(.sameClose) && !codes.contains(.noCosts) && !codes.contains(.fewTrades))
    let free = try run([100, 110], [0: { _, trading in trading.target(.first, weight: 1) }])
    #expect(free.caveats.map(\.code).contains(.noCosts))
    let report = String(decoding: Report(result).bytes(), as: UTF8.self)
    // The notice at the top comes before the section of assumptions.
    let parts = report.split(separator: "equity is multiplied by 1 + the sum")
    #expect(parts.count == 2 && parts[0].contains("Weights accounting, as in policy training"))
    #expect(report.contains("100 basis points of the equity"))
    #expect(!report.contains("Market orders"))
  }

  @Test func weightsOfALostAccountDriftToNothing() {
    var weights = WeightVector(fee: 0, initialWeights: [1, 0.5])
    #expect(weights.step([-1, 0]).growth == 0)
    #expect(weights[0].drifted == 0 && weights[1].drifted == 0)
  }

  /// The loop of an episode writes no points, so a run that keeps its points lends nothing.
  @Test(arguments: [true, false]) func onlyARunWithoutHistoryLendsItsAccount(keeps: Bool) throws {
    var configuration = BacktestConfiguration()
    configuration.accounting = .weights(fee: 0)
    let feed = Feed(try Universe([closes([100, 110, 99, 99, 100, 101])]))
    var engine = Engine(
      feed: feed, configuration: configuration, warmup: 0, keepsHistory: keeps)
    for _ in 0..<2 { _ = engine.advance() }
    let room = UnsafeMutablePointer<HeldWeight>.allocate(capacity: 1)
    defer { room.deallocate() }
    #expect((engine.lendAccount(room) == nil) == keeps)
  }

  @Test func anAccountOfMoneyDoesNotGoOnByWeights() async {
    await #expect(processExitsWith: .failure) {
      var configuration = BacktestConfiguration()
      configuration.accounting = .weights(fee: 0)
      let feed = Feed(try Universe([MarketBuilder.series(MarketBuilder.flat(100, count: 3))]))
      let money = Account(
        rules: configuration.account, universe: feed.universe, accounting: .orders)
      _ = Engine(feed: feed, configuration: configuration, account: money)
    }
  }
}
