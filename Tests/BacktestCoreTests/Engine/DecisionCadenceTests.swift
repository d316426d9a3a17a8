@testable import BacktestCore
import TestSupport
import Testing

/// One decision a session, whatever the hours of the exchanges.
struct DecisionCadenceTests {
  /// A daily series whose bars open and close at some hours of the given days.
  private func series(
    _ symbol: String, days: [Int], from open: Int64, to close: Int64
  ) throws -> BarSeries {
    let times = days.map { day in
      let midnight = MarketBuilder.start + .days(Int64(day))
      return (open: midnight + .hours(open), close: midnight + .hours(close))
    }
    return try MarketBuilder.series(
      days.map { day -> MarketBuilder.Prices in
        let price = 100 + Double(day)
        return (price, price + 1, price, price + 1)
      }, volume: nil, times: times, timeframe: .session, instrument: Instrument(symbol: symbol),
      calendar: AlwaysOpenCalendar())
  }

  /// East closes before west opens; west rests on day 2. B trades around the clock.
  private func exchanges() throws -> [BarSeries] {
    [
      try series("EAST", days: [0, 1, 2, 3], from: 0, to: 6),
      try series("WEST", days: [0, 1, 3], from: 14, to: 21),
    ]
  }

  @Test func oneCallASessionWithAllItsBars() throws {
    let strategy = ScriptedStrategy(always: { bars, trading in
      let closed = bars.map { "\($0.instrument.index):\(Int($0.close))" }
      trading.note(closed.joined(separator: " "))
    })
    let each = try runScript(try exchanges(), strategy)
    #expect(
      each.notes.map(\.text) == ["0:101", "1:101", "0:102", "1:102", "0:103", "0:104", "1:104"])
    let once = try runScript(try exchanges(), strategy) { $0.decisions = .allClosed }
    #expect(once.notes.map(\.text) == ["0:101 1:101", "0:102 1:102", "0:103", "0:104 1:104"])
    let hours = once.notes.map { $0.time.nanoseconds / 3_600_000_000_000 % 24 }
    #expect(hours == [21, 21, 6, 21])
    #expect(once.curve == each.curve && once.equity.count == 7)
  }

  @Test func ordersFillAtTheNextOpensOfTheirOwn() throws {
    let strategy = ScriptedStrategy([
      0: { bars, trading in
        #expect(bars[0]?.close == 101 && bars[.second]?.close == 101)
        trading.submit(Order(.first, quantity: 1))
        trading.submit(Order(.second, quantity: 1))
      },
      1: { _, trading in
        #expect(trading.position(.first).quantity == 1)
        trading.submit(Order(.second, quantity: 1))
      },
    ])
    let result = try runScript(try exchanges(), strategy) { $0.decisions = .allClosed }
    #expect(result.fillPrices == [101, 101, 103])
    let opens = result.fills.map { $0.time.nanoseconds / 3_600_000_000_000 % 24 }
    #expect(opens == [0, 14, 14])
    // East's close of day 1 marks the account although nothing is decided there.
    #expect(result.equity[2] == 1_000_001)
  }

  @Test func onOneGridOfSessionsItIsTheSame() throws {
    let series = try MarketBuilder.standardAndPoors500()
    func run(_ cadence: BacktestConfiguration.DecisionCadence) throws -> BacktestResult {
      var configuration = BacktestConfiguration()
      configuration.decisions = cadence
      configuration.account.funding = .margin(leverage: 2)
      var trader = RandomTrader(seed: 4)
      trader.usesTimers = false
      return Backtest(trader, on: try Universe([series]), configuration: configuration).run()
    }
    let (each, once) = (try run(.eachClose), try run(.allClosed))
    #expect(each.fingerprint == once.fingerprint && once.fills.count > 50)
  }

  @Test(arguments: [1, 2, 5]) func checkpointsKeepTheSession(moment: Int) throws {
    var random = TestRandom(seed: 21)
    let feed = Feed(
      try Universe([
        try RandomMarket.series("A", bars: 90, every: .hours(8), &random),
        try RandomMarket.series("B", bars: 30, every: .days(1), &random),
      ]))
    var configuration = BacktestConfiguration()
    configuration.decisions = .allClosed
    func step(_ engine: inout Engine, _ seen: inout [[Bar]]) -> Bool {
      guard case .bars = engine.advance() else { return false }
      seen.append(Array(engine.bars))
      engine.trading.target(.first, quantity: Double(seen.count % 3))
      return true
    }
    var engine = Engine(feed: feed, configuration: configuration)
    var straight: [[Bar]] = []
    while step(&engine, &straight) {}
    #expect(straight.count == 30 && straight.allSatisfy { $0.count == 2 })
    let whole = engine.result(strategy: "")
    engine = Engine(feed: feed, configuration: configuration)
    var seen: [[Bar]] = []
    for _ in 0..<moment { _ = step(&engine, &seen) }
    let (checkpoint, saved) = (engine.checkpoint(), seen)
    for _ in 0..<7 { _ = step(&engine, &seen) }
    engine.restore(checkpoint)
    seen = saved
    while step(&engine, &seen) {}
    #expect(seen == straight && engine.result(strategy: "").fingerprint == whole.fingerprint)
  }
}
