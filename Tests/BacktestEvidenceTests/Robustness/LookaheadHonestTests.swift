import BacktestCore
import BacktestEvidence
import TestSupport
import Testing

/// Strategies that know nothing too early: none may be accused, whatever the rules of the run are.
@Suite struct LookaheadHonestTests {
  /// Rules that treat the end of bars, of series and of sessions in their own ways.
  static let rules: [(String, @Sendable (inout BacktestConfiguration) -> Void)] = [
    ("defaults", { _ in }),
    ("all closed", { $0.decisions = .allClosed }),
    ("series end", { $0.onSeriesEnd = .close }),
    (
      "all closed, series end",
      {
        $0.decisions = .allClosed
        $0.onSeriesEnd = .close
      }
    ),
    ("same close", { $0.execution.marketFill = .sameClose }),
    ("next close", { $0.execution.marketFill = .nextClose }),
    ("latency", { $0.execution.latency = .hours(7) }),
    ("participation", { $0.execution.participation = 0.02 }),
    ("costs", { $0.execution.commission = BasisPointCommission(basisPoints: 10) }),
    ("weights", { $0.accounting = .weights(fee: 0.001, initialWeights: .equal) }),
    ("warm-up", { $0.warmup = 40 }),
    ("window", { $0.window = 50..<110 }),
    ("margin", { $0.account.funding = .margin(leverage: 3) }),
  ]

  @Test(arguments: 0..<rules.count) func randomTraderIsHonest(_ rule: Int) throws {
    let markets = [
      try LookaheadMarkets.one(200), try LookaheadMarkets.three(120),
      try LookaheadMarkets.mixed(90),
    ]
    for (index, market) in markets.enumerated() {
      let trader = StrategyDefinition(name: "trader", summary: "") { _ in
        RandomTrader(seed: UInt64(index))
      }
      let verdict = try lookahead(
        trader, on: market, cuts: Torture.size(of: 4, full: 20), seed: UInt64(rule),
        Self.rules[rule].1)
      #expect(
        verdict.violations.isEmpty,
        "\(Self.rules[rule].0), market \(index): \(verdict.violations.first!)")
      #expect(verdict.cuts.reduce(0) { $0 + $1.momentCount } > Torture.size(of: 80, full: 500))
    }
  }

  /// Strategies that do not look at bars are no violation, but a program that reads tomorrow's
  /// prices from elsewhere looks the same, so that the verdict says it.
  @Test func strategiesThatIgnoreBarsAreSaid() throws {
    let market = try LookaheadMarkets.one(200)
    let closes = Array(market[.first].close)
    let elsewhere = everyClose("file of its own") { _ in
      { bars, trading in
        let row = trading.row()
        guard row + 1 < closes.count else { return }
        trading.target(.first, weight: closes[row + 1] > closes[row] ? 1 : 0)
      }
    }
    let even = everyClose("by the calendar") { _ in
      { bars, trading in trading.target(.first, weight: trading.row() % 2 == 0 ? 1 : 0) }
    }
    let follower = everyClose("by the last close") { _ in
      { bars, trading in trading.target(.first, weight: bars[0]!.close > bars[0]!.open ? 1 : 0) }
    }
    let holder = everyClose("held") { _ in
      { bars, trading in if trading.row() == 0 { trading.target(.first, weight: 1) } }
    }
    for (strategy, ignores) in [
      (elsewhere, true), (even, true), (follower, false), (holder, false),
    ] {
      let verdict = try lookahead(strategy, on: market, cuts: 8)
      #expect(verdict.violations.isEmpty, "\(strategy.name)")
      #expect(verdict.ignoresBars == ignores, "\(strategy.name)")
    }
  }

  @Test(arguments: ["2024-01-02", "2024-06-24"]) func dayOrdersAndBracketsAreHonest(
    _ date: String
  ) throws {
    var random = TestRandom(seed: 8)
    let plain = try RandomMarket.series("A", bars: 250, every: .days(1), &random)
    let series = try MarketBuilder.sessions(
      (0..<250).map { (plain.open[$0], plain.high[$0], plain.low[$0], plain.close[$0]) },
      from: date)
    let trader = everyClose("brackets") { _ in
      { bars, trading in
        let bar = bars[0]!
        guard trading.openOrders(.first).isEmpty, trading.position(.first).isFlat else { return }
        trading.submitBracket(
          Order(
            .first, quantity: 10, kind: .limit(bar.low), timeInForce: .day),
          exits: [
            Order(.first, quantity: -10, kind: .stop(bar.low * 0.97)),
            Order(.first, quantity: -10, kind: .limit(bar.close * 1.02)),
          ])
        trading.note("\(bar.close)")
      }
    }
    for cadence in BacktestConfiguration.DecisionCadence.allCases {
      let count = Torture.size(of: 12, full: 60)
      let verdict = try lookahead(trader, on: Universe([series]), cuts: count) {
        $0.decisions = cadence
      }
      #expect(verdict.cuts.count == count)
      #expect(verdict.violations.isEmpty)
    }
  }

  @Test func timersAndRebalancesAreHonest() throws {
    let trader = StrategyDefinition(name: "timers", summary: "") { _ in
      ScriptedStrategy(
        always: { bars, trading in
          for bar in bars {
            trading.rebalance(
              bar.instrument, weight: 0.2 + bar.close.truncatingRemainder(dividingBy: 1) / 10)
          }
          trading.schedule(at: trading.now + .hours(30), tag: 7)
        },
        start: { $0.schedule(at: MarketBuilder.start + .days(20), tag: 1) },
        timer: { tag, trading in trading.note("timer \(tag) at \(trading.equity)") })
    }
    for market in [try LookaheadMarkets.three(80), try LookaheadMarkets.mixed(40)] {
      let verdict = try lookahead(trader, on: market, cuts: 12)
      #expect(verdict.violations.isEmpty)
    }
  }

  @Test func ruinedRunIsCutBeforeItsEnd() throws {
    let prices = MarketBuilder.flat(100, count: 30) + MarketBuilder.flat(10, count: 30)
    let series = try MarketBuilder.series(prices)
    let trader = everyClose("bold") { _ in { _, trading in trading.target(.first, weight: 3) } }
    let verdict = try lookahead(trader, on: Universe([series])) {
      $0.account.funding = .margin(leverage: 4)
    }
    #expect(!verdict.hasLookahead)
    #expect(verdict.cuts.last!.time <= series.closeTimes[30])
  }

  @Test func negativePricesAreShuffledByDifferences() throws {
    let prices = (0..<80).map { row -> MarketBuilder.Prices in
      let level = Double((row * 7) % 23) - 11
      return (level, level + 1, level - 1, level + 0.5)
    }
    let series = try MarketBuilder.series(
      prices, assetClass: .future, allowsNonPositivePrices: true)
    let trader = everyClose("sign") { _ in
      { bars, trading in trading.target(.first, quantity: bars[0]!.close > 0 ? 1 : -1) }
    }
    let verdict = try lookahead(
      trader, on: Universe([series]), cuts: Torture.size(of: 20, full: 100)
    ) {
      $0.account.funding = .margin(leverage: 4)
    }
    #expect(!verdict.hasLookahead)
  }

  @Test func resultDependsOnSeedAndNotOnThreads() throws {
    let market = try LookaheadMarkets.one(100)
    let leak = LookaheadLeakTests.leaks[3]
    let one = try lookahead(leak, on: market, seed: 4, threads: 1)
    let four = try lookahead(leak, on: market, seed: 4, threads: 4)
    #expect(one.cuts.map(\.time) == four.cuts.map(\.time))
    #expect(one.violations == four.violations)
    let other = try lookahead(leak, on: market, seed: 5)
    #expect(one.cuts.map(\.time) != other.cuts.map(\.time))
  }

  @Test func cutsAreSpreadOverTheRun() throws {
    let market = try LookaheadMarkets.one(250)
    let idle = everyClose("idle", warmup: 100) { _ in { _, _ in } }
    let verdict = try lookahead(idle, on: market)
    #expect(verdict.cuts.count == 50)
    let rows = verdict.cuts.map { market[.first].closeTimes.firstIndex(of: $0.time)! }
    for (part, row) in rows.enumerated() {
      #expect((100 + 149 * part / 50..<100 + 149 * (part + 1) / 50).contains(row))
    }
  }

  @Test func errorsSayWhatToDo() throws {
    let market = try LookaheadMarkets.one(30)
    let late = everyClose("late", warmup: 29) { _ in { _, _ in } }
    #expect(throws: LookaheadError.tooFewBars(available: 30, warmup: 29)) {
      try lookahead(late, on: market)
    }
    let unable = StrategyDefinition(name: "pair", summary: "") { _, _ in
      throw StrategyError("it trades a pair")
    }
    #expect(throws: LookaheadError.self) { try lookahead(unable, on: market) }
    let calls = CallCounter()
    let moody = everyClose("moody") { _ in
      let call = calls.next()
      return { _, trading in trading.target(.first, weight: call == 1 ? 1 : 0.5) }
    }
    do {
      _ = try lookahead(moody, on: market)
      Issue.record("a strategy that differs between runs was judged")
    } catch let error as LookaheadError {
      guard case .notReproducible = error else {
        Issue.record("\(error)")
        return
      }
    }
  }
}
