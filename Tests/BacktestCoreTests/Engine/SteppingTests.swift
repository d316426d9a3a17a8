@testable import BacktestCore
import TestSupport
import Testing

/// A run by steps, by copies and by checkpoints is the same run.
struct SteppingTests {
  private let feed: Feed
  private let configuration: BacktestConfiguration

  init() throws {
    var random = TestRandom(seed: 11)
    let universe = try Universe([
      try RandomMarket.series("A", bars: 150, every: .hours(12), &random),
      try RandomMarket.series("B", bars: 75, every: .days(1), &random),
    ])
    feed = Feed(universe)
    var configuration = BacktestConfiguration()
    configuration.account.funding = .margin(leverage: 2)
    configuration.execution.participation = 0.2
    configuration.execution.slippage = BasisPointSlippage(basisPoints: 4)
    configuration.execution.commission = PerShareCommission(perShare: 0.01, minimumPerOrder: 1)
    configuration.execution.latency = .minutes(30)
    self.configuration = configuration
  }

  private func expectSame(_ a: BacktestResult, _ b: BacktestResult) {
    #expect(a.fills == b.fills && a.fills.count > 50)
    #expect(a.orders == b.orders && a.outcomes == b.outcomes)
    #expect(a.trades == b.trades && a.ledger == b.ledger && a.notes == b.notes)
    #expect(a.curve == b.curve && a.counts == b.counts)
    #expect(a.account.cash == b.account.cash && a.account.positions == b.account.positions)
    #expect(a.fingerprint == b.fingerprint)
  }

  /// What the loop of `run()` does, with the strategy outside.
  private func step(_ engine: inout Engine, _ strategy: inout RandomTrader) -> Bool {
    switch engine.advance() {
    case .bars:
      while let fill = engine.nextUnreportedFill() { strategy.onFill(fill, &engine.trading) }
      strategy.onBars(engine.bars, &engine.trading)
    case .timer(let tag): strategy.onTimer(tag, &engine.trading)
    case .finished: return false
    }
    return true
  }

  private var whole: BacktestResult {
    Backtest(RandomTrader(seed: 3), on: feed, configuration: configuration, name: "").run()
  }

  @Test func byStep() {
    var engine = Engine(feed: feed, configuration: configuration)
    var strategy = RandomTrader(seed: 3)
    while step(&engine, &strategy) {}
    expectSame(engine.result(strategy: ""), whole)
    #expect(engine.advance() == .finished, "the end stays the end")
  }

  @Test func resumedFromACopy() {
    var engine = Engine(feed: feed, configuration: configuration)
    var strategy = RandomTrader(seed: 3)
    for _ in 0..<90 { _ = step(&engine, &strategy) }
    var copy = engine
    var copied = strategy
    // The original goes its own way; the copy does not notice.
    engine.trading.target(.first, weight: -1)
    while engine.advance() != .finished {}
    while step(&copy, &copied) {}
    expectSame(copy.result(strategy: ""), whole)
  }

  @Test(arguments: [1, 2, 37, 90, 149])
  func resumedFromACheckpointAgainAndAgain(moment: Int) {
    var engine = Engine(feed: feed, configuration: configuration)
    var strategy = RandomTrader(seed: 3)
    for _ in 0..<moment { _ = step(&engine, &strategy) }
    let checkpoint = engine.checkpoint()
    let saved = strategy
    for detour in [1, 5, 40, 400] {
      for k in 0..<detour {
        guard engine.advance() != .finished else { break }
        if k.isMultiple(of: 3) {
          engine.trading.rebalance(.first, weight: k.isMultiple(of: 2) ? 1 : -1)
        }
        engine.trading.note("a way that is left")
      }
      engine.restore(checkpoint)
    }
    var copy = engine
    strategy = saved
    while step(&engine, &strategy) {}
    expectSame(engine.result(strategy: ""), whole)
    // A copy may go back as well, also once its original is done.
    copy.restore(checkpoint)
    strategy = saved
    while step(&copy, &strategy) {}
    expectSame(copy.result(strategy: ""), whole)
  }

  @Test(arguments: [1, 2, 30])
  func goingBackWithoutATradeForgetsLaterPrices(detour: Int) {
    func engine() -> Engine {
      var engine = Engine(feed: feed, configuration: configuration)
      _ = engine.advance()
      engine.trading.target(.first, quantity: 500)
      for _ in 0..<20 { _ = engine.advance() }
      return engine
    }
    var straight = engine()
    while straight.advance() != .finished {}
    var winding = engine()
    let checkpoint = winding.checkpoint()
    for _ in 0..<detour { _ = winding.advance() }
    winding.restore(checkpoint)
    while winding.advance() != .finished {}
    let expected = straight.result(strategy: "").curve
    #expect(winding.result(strategy: "").curve == expected && Set(expected.equity).count > 20)
  }

  @Test func aCheckpointBetweenTimersOfOneInstantIsItsOwnMoment() {
    var engine = Engine(feed: feed, configuration: configuration)
    _ = engine.advance()
    for tag in 1...3 { engine.trading.schedule(at: engine.trading.now, tag: tag) }
    #expect(engine.advance() == .timer(1))
    let first = engine.checkpoint()
    engine.trading.submit(Order(.first, quantity: 5))
    #expect(engine.advance() == .timer(2))
    let second = engine.checkpoint()
    #expect(engine.advance() == .timer(3))
    engine.restore(second)
    #expect(engine.advance() == .timer(3))
    engine.restore(first)
    #expect(engine.advance() == .timer(2) && engine.trading.openOrders(.first).isEmpty)
  }

  @Test func checkpointsNestLikeTheStepsOfASearch() {
    var engine = Engine(feed: feed, configuration: configuration)
    var strategy = RandomTrader(seed: 3)
    var saved: [(Engine.Checkpoint, RandomTrader)] = []
    for k in 0..<120 {
      if k.isMultiple(of: 30) { saved.append((engine.checkpoint(), strategy)) }
      _ = step(&engine, &strategy)
    }
    for (checkpoint, then) in saved.reversed() {
      engine.restore(checkpoint)
      strategy = then
      for _ in 0..<20 { _ = step(&engine, &strategy) }
    }
    while step(&engine, &strategy) {}
    expectSame(engine.result(strategy: ""), whole)
  }

  @Test func aResultOnTheWayHoldsThePointsSoFar() {
    var engine = Engine(feed: feed, configuration: configuration)
    var strategy = RandomTrader(seed: 3)
    let base = engine.result(strategy: "")
    #expect(base.equity == [1_000_000])
    for _ in 0..<60 { _ = step(&engine, &strategy) }
    let early = engine.result(strategy: "")
    #expect(early.curve.times.last == engine.trading.now)
    #expect(early.curve.equity.last == engine.trading.equity)
    #expect(early.equity.allSatisfy { $0 > 0 })
    while step(&engine, &strategy) {}
    expectSame(engine.result(strategy: ""), whole)
    let points = early.equity.dropLast()
    #expect(Array(whole.equity.prefix(points.count)) == Array(points))
  }

  @Test func aCheckpointHoldsNothingThatOnlyGrows() {
    var engine = Engine(feed: feed, configuration: configuration)
    for _ in 0..<10 {
      _ = engine.advance()
      engine.trading.note("on the way")
      engine.trading.forecast(.first, score: 1)
    }
    let checkpoint = engine.checkpoint()
    #expect(checkpoint.noteCount == 10 && checkpoint.forecastCount == 10)
    #expect(checkpoint.trading.notes.isEmpty && checkpoint.trading.forecasts.isEmpty)
  }

  private struct FillReader: Strategy {
    var quantities: [Double] = []

    mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
      quantities.append(fill.quantity)
    }
    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {}
  }

  @Test func fillsThatAStepLeavesGoToTheRun() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(10, count: 6))
    var engine = Engine(feed: Feed(try Universe([series])), configuration: BacktestConfiguration())
    for _ in 0..<2 { _ = engine.advance() }
    for quantity in 1...3 {
      engine.trading.submit(Order(.first, quantity: Double(quantity)))
    }
    _ = engine.advance()
    #expect(engine.nextUnreportedFill()?.quantity == 1)
    var reader = FillReader()
    engine.run(&reader)
    #expect(reader.quantities == [2, 3])
  }
}
