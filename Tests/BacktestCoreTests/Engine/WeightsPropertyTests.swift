@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Weights accounting against an obvious loop, and its steps, copies, windows and folds.
struct WeightsPropertyTests {
  /// States random weights at random moments, none of them where its seed says so.
  private struct RandomWeights: Strategy {
    var random: TestRandom

    init(seed: UInt64) { random = TestRandom(seed: seed) }

    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      for index in 0..<bars.instrumentCount where random.below(3) == 0 {
        let weight = Double(random.below(9) - 3) / 8
        if random.below(2) == 0 {
          trading.target(InstrumentID(index), weight: weight)
        } else {
          trading.rebalance(InstrumentID(index), weight: weight)
        }
      }
    }
  }

  private static let steps: [TimeSpan] = [.hours(12), .days(1), .hours(16)]

  private func feed(seed: UInt64) throws -> Feed {
    var random = TestRandom(seed: seed)
    let series = try Self.steps.enumerated().map { index, step in
      try RandomMarket.series(["A", "B", "C"][index], bars: 60, every: step, &random)
    }
    return Feed(try Universe(series))
  }

  private func configuration(
    _ initial: AccountingRule.InitialWeights = .equal
  ) -> BacktestConfiguration {
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 1_000
    configuration.accounting = .weights(fee: 0.002, initialWeights: initial)
    return configuration
  }

  /// Equity, fees and traded money, with the last close of each instrument in a dictionary.
  private func naive(
    _ feed: Feed, seed: UInt64, firstDecision: Int, end: Int, initial: Double
  ) -> (equity: [Double], fees: Double) {
    var random = TestRandom(seed: seed)
    var (last, held, stated) = ([Int: Double](), [Int: Double](), [Int: Double]())
    for index in 0..<3 { (held[index], stated[index]) = (initial, initial) }
    var (equity, fees) = ([1_000.0], 0.0)
    for instant in 0..<end {
      let bars = BarSlice(feed: feed, instant: instant, since: instant)
      var gain = 0.0
      for index in 0..<3 {
        guard let bar = bars[index] else { continue }
        if let before = last[index] { gain += stated[index]! * (bar.close / before - 1) }
        last[index] = bar.close
      }
      if instant > firstDecision {
        let change = (0..<3).reduce(0) { $0 + abs(stated[$1]! - held[$1]!) }
        fees += equity.last! * 0.002 * change
        equity.append(equity.last! * (1 + gain - 0.002 * change))
        held = stated
      }
      for index in 0..<3 where random.below(3) == 0 {
        let weight = Double(random.below(9) - 3) / 8
        _ = random.below(2)
        if instant >= firstDecision { stated[index] = weight }
      }
    }
    return (equity, fees)
  }

  @Test(arguments: 1...12)
  func againstAnObviousLoop(seed: UInt64) throws {
    let feed = try feed(seed: seed)
    let warmup = Int(seed % 3) * 7
    var rules = configuration()
    rules.warmup = warmup
    let result = Backtest(RandomWeights(seed: seed), on: feed, configuration: rules).run()
    let expected = naive(
      feed, seed: seed, firstDecision: warmup, end: feed.instants.count, initial: 1.0 / 3)
    let found = result.equity.dropFirst(warmup == 0 ? 0 : 1)
    #expect(found.count == expected.equity.count && found.count > 60)
    for (a, b) in zip(found, expected.equity) {
      #expect(agrees(a, b, within: 1e-12), "seed \(seed)")
    }
    let account = result.account
    #expect(agrees(account.commissionPaid, expected.fees, within: 1e-12))
    #expect(
      agrees(account.cash, 1_000 + account.priceProfit - account.commissionPaid, within: 1e-12))
    #expect(agrees(result.ledger.reduce(0) { $0 + $1.amount }, account.cash, within: 1e-12))
    #expect(account.positions.allSatisfy { $0.isFlat })
  }

  @Test(arguments: [3..<40, 1..<90, 17..<18])
  func windows(_ window: Range<Int>) throws {
    let feed = try feed(seed: 5)
    var rules = configuration(.zero)
    rules.window = window
    let result = Backtest(RandomWeights(seed: 2), on: feed, configuration: rules).run()
    let expected = naive(
      feed, seed: 2, firstDecision: window.lowerBound - 1, end: window.upperBound, initial: 0)
    #expect(result.equity.count == window.count + 1)
    #expect(zip(result.equity, expected.equity).allSatisfy { agrees($0, $1, within: 1e-12) })
    #expect(result.curve.times.first == feed.instants[window.lowerBound - 1])
  }

  @Test func anAccountThatGoesOnKeepsItsWeights() throws {
    let feed = try feed(seed: 6)
    func run(_ window: Range<Int>, after account: Account? = nil) -> BacktestResult {
      var rules = configuration(.zero)
      rules.window = window
      var engine = Engine(feed: feed, configuration: rules, account: account)
      // What is stated depends on the moment alone, so that a run can be cut anywhere.
      while case .bars = engine.advance() {
        guard engine.instant.isMultiple(of: 4) else { continue }
        engine.trading.target(.first, weight: Double(engine.instant % 5) / 5)
      }
      return engine.result(strategy: "")
    }
    let whole = run(10..<90)
    let first = run(10..<51)
    let second = run(51..<90, after: first.account)
    #expect(first.equity + second.equity.dropFirst() == whole.equity)
    #expect(second.account.commissionPaid == whole.account.commissionPaid)
    #expect(
      agrees(
        second.ledger.reduce(first.account.cash) { $0 + $1.amount }, whole.equity.last!,
        within: 1e-12))
  }

  @Test func liquidationChargesTheWayToZero() throws {
    let feed = try feed(seed: 7)
    var rules = configuration(.zero)
    rules.window = 5..<30
    let held = Backtest(RandomWeights(seed: 4), on: feed, configuration: rules).run()
    rules.onWindowEnd = .close
    let closed = Backtest(RandomWeights(seed: 4), on: feed, configuration: rules).run()
    let exposure = try #require(held.curve.grossExposure.last)
    #expect(exposure > 0 && closed.curve.grossExposure.last == 0)
    #expect(agrees(closed.equity.last!, held.equity.last! - 0.002 * exposure, within: 1e-13))
    #expect(closed.equity.dropLast() == held.equity.dropLast())
    #expect(agrees(closed.ledger.reduce(0) { $0 + $1.amount }, closed.account.cash, within: 1e-12))
  }

  @Test(arguments: [1, 5, 40])
  func copiesAndCheckpoints(moment: Int) throws {
    let feed = try feed(seed: 8)
    let whole = Backtest(RandomWeights(seed: 9), on: feed, configuration: configuration()).run()
    func step(_ engine: inout Engine, _ strategy: inout RandomWeights) -> Bool {
      guard case .bars = engine.advance() else { return false }
      strategy.onBars(engine.bars, &engine.trading)
      return true
    }
    var engine = Engine(feed: feed, configuration: configuration())
    var strategy = RandomWeights(seed: 9)
    for _ in 0..<moment { _ = step(&engine, &strategy) }
    let (checkpoint, saved, copy) = (engine.checkpoint(), strategy, engine)
    let early = engine.result(strategy: "")
    #expect(early.equity.last == engine.trading.equity)
    for detour in [1, 30, 400] {
      for _ in 0..<detour {
        engine.trading.rebalance(.second, weight: 2)
        engine.trading.submit(Order(.first, quantity: 1))
        guard engine.advance() != .finished else { break }
      }
      engine.restore(checkpoint)
    }
    for start in [engine, copy] {
      (engine, strategy) = (start, saved)
      while step(&engine, &strategy) {}
      let result = engine.result(strategy: "")
      #expect(result.curve == whole.curve && result.ledger == whole.ledger)
      #expect(result.outcomes.isEmpty && result.fingerprint == whole.fingerprint)
    }
  }

  @Test(arguments: WalkForwardPlan.Boundary.allCases, [WalkForwardPlan.Carry.equity, .returns])
  func foldsAddUp(_ boundary: WalkForwardPlan.Boundary, _ carry: WalkForwardPlan.Carry) throws {
    let definition = StrategyDefinition(
      name: "random", summary: "Draws.",
      parameters: [.integer("seed", default: 1, in: 0...99, "The seed.")],
      make: { RandomWeights(seed: UInt64($0.integer("seed"))) })
    var plan = WalkForwardPlan(train: .bars(20), test: .bars(15))
    (plan.boundary, plan.carry) = (boundary, carry)
    plan.objective = "total-return"
    if boundary == .carry, carry == .returns { return }
    let walk = try WalkForward(
      definition, grid: ParameterGrid(["seed": [1, 2, 3]]), on: try feed(seed: 10),
      configuration: configuration(.zero), plan: plan
    ).run()
    let run = walk.stitched
    #expect(walk.folds.count >= 3 && run.fills.isEmpty && run.ledger.count > 20)
    #expect(agrees(run.ledger.reduce(0) { $0 + $1.amount }, run.account.cash, within: 1e-11))
    let account = run.account
    let explained = 1_000 + account.priceProfit - account.commissionPaid
    #expect(agrees(run.equity.last!, explained, within: 1e-11))
    #expect(run.caveats.first?.code == .weightsAccounting)
  }
}
