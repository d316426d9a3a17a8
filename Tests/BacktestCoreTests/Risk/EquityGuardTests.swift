import TestSupport
import Testing

@testable import BacktestCore

/// What drawdowns, losses and moves of prices lead to.
struct EquityGuardTests {
  /// Bars that open where the one before closed.
  private static func series(_ closes: [Double], symbol: String = "A") throws -> BarSeries {
    try MarketBuilder.series(
      zip([closes[0]] + closes, closes).map { open, close in
        (open, max(open, close), min(open, close), close)
      }, symbol: symbol)
  }

  private static func run(
    _ series: [BarSeries], always: @escaping ScriptedStrategy.Decision,
    _ adjust: (inout RiskRules) -> Void
  ) throws -> BacktestResult {
    try runScript(series, ScriptedStrategy(always: always)) {
      $0.account.initialCash = 1_000
      adjust(&$0.risk)
    }
  }

  private static let holdAll: ScriptedStrategy.Decision = { _, trading in
    trading.target(.first, quantity: 10)
  }

  /// Ten units from 100: 10 % down at 90 halves the target, 20 % down at 80 closes everything; two
  /// sessions later it may buy again.
  @Test func drawdownReducesThenHaltsThenResumes() throws {
    let closes = [100.0, 100, 95, 90, 90, 60, 60, 60, 60, 60, 60]
    let result = try Self.run([Self.series(closes)], always: Self.holdAll) {
      $0.drawdown = DrawdownGuard(reduceAt: 0.1, scale: 0.5, haltAt: 0.2, coolDownSessions: 2)
    }
    // Equity 1,000; 950; 900 (reduce: sell 5 at 90); 750 (halt: sell 5 at 60).
    let sales = result.fills.map { ($0.quantity, $0.reference) }
    #expect(sales.map(\.0) == [10, -5, -5, 10])
    #expect(sales.map(\.1) == [100, 90, 60, 60])
    let events = result.riskBreaches.filter { $0.order == nil }
    #expect(events.map(\.limit) == [.drawdownReduce, .drawdownHalt, .drawdownHalt])
    #expect(events.map(\.action) == [.reduced, .closed, .resumed])
    #expect(abs(events[0].value - 0.1) < 1e-12 && events[0].bound == 0.1)
    #expect(abs(events[1].value - 0.25) < 1e-12 && events[1].bound == 0.2)
    func day(_ breach: RiskBreach) -> Int64 {
      (breach.time.nanoseconds - MarketBuilder.start.nanoseconds) / 86_400_000_000_000 - 1
    }
    // The halt is seen at bar 5; sessions 6 and 7 rest, and session 8 decides again.
    #expect(events.map(day) == [3, 5, 8])
    #expect(result.fills[3].row == 9)
  }

  @Test func whatRecoversIsRestored() throws {
    let closes = [100.0, 100, 88, 88, 99, 99, 99]
    let result = try runScript([Self.series(closes)], ScriptedStrategy(always: Self.holdAll)) {
      $0.account.initialCash = 2_000
      $0.risk.drawdown = DrawdownGuard(reduceAt: 0.05, scale: 0.5)
    }
    // At 88 equity is 1,880 and five are sold; at 99 it is 1,935, 3.25 % down: five are bought.
    #expect(result.fills.map(\.quantity) == [10, -5, 5])
    #expect(result.riskBreaches.map(\.action) == [.reduced, .restored])
  }

  @Test func ordersDuringAHaltAreRefused() throws {
    let closes = [100.0, 100, 70, 70, 70, 70]
    let result = try Self.run(
      [Self.series(closes)], always: { _, trading in trading.submit(Order(.first, quantity: 1)) }
    ) { $0.drawdown = DrawdownGuard(haltAt: 0.02, coolDownSessions: 50) }
    // One unit a bar: 30 % of two units at the third bar are a drawdown of 3 % and more.
    let refused = result.outcomes.filter { $0.kind == .rejected(.drawdownHalt) }
    #expect(refused.count == 4)
    #expect(result.fills.map(\.quantity) == [1, 1, -2])
    #expect(result.riskBreaches.filter { $0.order != nil }.allSatisfy { $0.action == .rejected })
  }

  @Test func theKillSwitchEndsTrading() throws {
    let closes = [100.0, 100, 60, 100, 200, 300, 300]
    let result = try Self.run([Self.series(closes)], always: Self.holdAll) { $0.killSwitch = 0.3 }
    #expect(result.fills.map(\.quantity) == [10, -10])
    #expect(result.fills[1].reference == 60)
    #expect(result.account.positions[0].isFlat)
    #expect(result.riskBreaches[0].limit == .killSwitch && result.riskBreaches[0].action == .closed)
    #expect(abs(result.riskBreaches[0].value - 0.4) < 1e-12)
    let ordering = try Self.run(
      [Self.series(closes)], always: { _, trading in trading.submit(Order(.first, quantity: 9)) }
    ) { $0.killSwitch = 0.3 }
    #expect(ordering.fills.map(\.quantity) == [9, 1, -10])
    #expect(ordering.outcomes.contains { $0.kind == .rejected(.killSwitch) })
  }

  /// Nothing is stated after the purchase, and no order waits.
  @Test func aPositionThatIsLeftAloneIsWatched() throws {
    let result = try runScript(
      Self.series([100, 100, 100, 60, 60, 60]),
      [0: { _, trading in trading.target(.first, quantity: 10) }]
    ) {
      $0.account.initialCash = 1_000
      $0.risk.killSwitch = 0.3
    }
    #expect(result.fills.map(\.quantity) == [10, -10] && result.fills[1].row == 4)
  }

  /// Exits that wait for an entry, and entries that wait for a price, end with the halt; nothing
  /// comes back afterwards.
  @Test func waitingEntriesAreWithdrawn() throws {
    let closes = [100.0, 100, 70, 69, 50, 50, 50]
    let result = try runScript(
      Self.series(closes),
      [
        0: { _, trading in
          trading.submit(Order(.first, quantity: 5))
          trading.submit(Order(.first, quantity: 3, kind: .limit(55)))
        }
      ]
    ) {
      $0.account.initialCash = 1_000
      $0.risk.drawdown = DrawdownGuard(haltAt: 0.1, coolDownSessions: 20)
    }
    #expect(result.outcomes(of: 2) == [.cancelled])
    #expect(result.fills.map(\.quantity) == [5, -5])
  }

  @Test func aMoveOfAnInstrumentStopsItsEntries() throws {
    let a = try Self.series([100, 100, 112, 112, 112, 112])
    let b = try Self.series([100, 100, 100, 100, 100, 100], symbol: "B")
    let result = try Self.run(
      [a, b],
      always: { _, trading in
        for index in 0..<2 { trading.submit(Order(InstrumentID(index), quantity: 1)) }
      }
    ) { $0.circuitBreaker = CircuitBreaker(move: 0.1, bars: 1, haltBars: 2) }
    let refused = result.riskBreaches
    #expect(refused.map(\.instrument) == [InstrumentID(0), InstrumentID(0)])
    #expect(refused.allSatisfy { $0.limit == .circuitBreaker && $0.action == .rejected })
    #expect(refused.allSatisfy { abs($0.value - 0.12) < 1e-12 && $0.bound == 0.1 })
    // Refused at the close of the move and at the one after it.
    #expect(result.fills.count { $0.instrument == InstrumentID(0) } == 3)
    #expect(result.fills.count { $0.instrument == InstrumentID(1) } == 5)
  }

  /// 90 / 100 - 1 is a little less than 0.1 in binary.
  @Test func aMoveOfExactlyTheSizeCounts() throws {
    let series = try Self.series([100, 100, 90, 90, 90, 90])
    for scope in [CircuitBreaker.Scope.instrument, .universe] {
      let result = try Self.run(
        [series], always: { _, trading in trading.submit(Order(.first, quantity: 1)) }
      ) { $0.circuitBreaker = CircuitBreaker(move: 0.1, bars: 1, haltBars: 1, scope: scope) }
      #expect(result.riskBreaches.count == 1)
    }
  }

  @Test func aMoveOfTheUniverseStopsAllEntries() throws {
    let a = try Self.series([100, 80, 80, 80, 80])
    let b = try Self.series([100, 96, 96, 96, 96], symbol: "B")
    func refusals(_ move: Double) throws -> Int {
      try Self.run(
        [a, b],
        always: { _, trading in trading.submit(Order(InstrumentID(1), quantity: 1)) }
      ) { $0.circuitBreaker = CircuitBreaker(move: move, bars: 1, haltBars: 1, scope: .universe) }
      .riskBreaches.count
    }
    // The mean fell by 12 %.
    #expect(try refusals(0.119) == 1)
    #expect(try refusals(0.121) == 0)
  }

  /// Watching equity leaves a run as it is where no level is reached.
  @Test func watchingChangesNothing() throws {
    let series = try MarketBuilder.standardAndPoors500()
    let strategy = ScriptedStrategy(always: { bars, trading in
      trading.target(.first, weight: bars[0].map { Int($0.close) % 2 == 0 } ?? false ? 1 : 0.3)
    })
    let plain = try runScript([series], strategy) { _ in }
    let watched = try runScript([series], strategy) {
      $0.risk.drawdown = DrawdownGuard(haltAt: 1)
      $0.risk.killSwitch = 1
      $0.risk.leverage = 50
    }
    #expect(plain.fingerprint == watched.fingerprint && watched.riskBreaches.isEmpty)
  }

  /// A checkpoint keeps what the guard knows.
  @Test func aCheckpointKeepsTheGuard() throws {
    let series = try Self.series([100, 100, 95, 90, 90, 60, 60, 60, 60, 60, 60])
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = 1_000
    configuration.risk.drawdown = DrawdownGuard(
      reduceAt: 0.1, scale: 0.5, haltAt: 0.2, coolDownSessions: 2)
    var engine = Engine(feed: Feed(try Universe([series])), configuration: configuration)
    func finish() {
      while case .bars = engine.advance() { engine.trading.target(.first, quantity: 10) }
    }
    for _ in 0..<5 where engine.advance() == .bars { engine.trading.target(.first, quantity: 10) }
    let checkpoint = engine.checkpoint()
    finish()
    let first = engine.result(strategy: "a")
    engine.restore(checkpoint)
    finish()
    let second = engine.result(strategy: "a")
    #expect(first.fingerprint == second.fingerprint)
    #expect(first.riskBreaches == second.riskBreaches && !first.riskBreaches.isEmpty)
  }
}
