@testable import BacktestCore
import TestSupport
import Testing

/// What a fingerprint depends on, and what not.
struct FingerprintTests {
  private func series() throws -> [BarSeries] {
    var random = TestRandom(seed: 5)
    return try ["A", "B", "C"].map {
      try RandomMarket.series($0, bars: 80, every: .days(1), &random)
    }
  }

  private func run(_ series: [BarSeries], name: String = "x") throws -> BacktestResult {
    var configuration = BacktestConfiguration()
    configuration.execution.commission = BasisPointCommission(basisPoints: 3)
    let feed = Feed(try Universe(series))
    return Backtest(RandomTrader(seed: 9), on: feed, configuration: configuration, name: name).run()
  }

  @Test func equalRunsHaveEqualFingerprints() throws {
    let result = try run(try series())
    #expect(result.fills.count > 20)
    #expect(result.fingerprint == (try run(try series(), name: "another")).fingerprint)
    #expect(result.fingerprint == (try run(try series().reversed())).fingerprint)
  }

  /// Strings and sets hash differently in each process; this text was written by another one.
  @Test func itIsTheSameInEveryProcess() throws {
    let result = try runScript(
      try MarketBuilder.series([(10, 10, 10, 10), (11, 12, 10, 12), (13, 13, 13, 13)]),
      [0: { _, trading in trading.submit(Order(.first, quantity: 7)) }])
    #expect("\(result.fingerprint)" == "110c3e9f52483dccd490c577c624f7eb")
    #expect(RunFingerprint("\(result.fingerprint)") == result.fingerprint)
    #expect(RunFingerprint("\(result.fingerprint)".uppercased()) == result.fingerprint)
  }

  @Test func theLastBitOfAFillCounts() throws {
    let result = try run(try series())
    var variants = Array(repeating: result, count: 5)
    variants[1].fills[3].price = result.fills[3].price.nextUp
    variants[2].fills[3].quantity = result.fills[3].quantity.nextUp
    variants[3].fills[3].commission = result.fills[3].commission.nextUp
    variants[4].fills[3].slippage = result.fills[3].slippage.nextUp
    #expect(Set(variants.map(\.fingerprint)).count == variants.count)
  }

  @Test func timesInstrumentsAndEquityCount() throws {
    let result = try run(try series())
    var later = result
    later.fills[0].time = later.fills[0].time + TimeSpan(nanoseconds: 1)
    var other = result
    other.fills[0].instrument = InstrumentID((Int(other.fills[0].instrument.index) + 1) % 3)
    var richer = result
    var equity = result.equity
    equity[40] = equity[40].nextUp
    richer.curve.equity = Column(equity)
    var shorter = result
    shorter.fills.removeLast()
    let all = [result, later, other, richer, shorter].map(\.fingerprint)
    #expect(Set(all).count == all.count)
  }

  @Test func textThatIsNoFingerprintIsNone() {
    #expect(RunFingerprint("") == nil)
    #expect(RunFingerprint(String(repeating: "0", count: 31)) == nil)
    #expect(RunFingerprint(String(repeating: "g", count: 32)) == nil)
    #expect(RunFingerprint("+" + String(repeating: "0", count: 31)) == nil)
    #expect(RunFingerprint(String(repeating: "0", count: 31) + "é") == nil)
  }
}
