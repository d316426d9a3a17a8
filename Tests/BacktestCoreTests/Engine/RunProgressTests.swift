@testable import BacktestCore
import Synchronization
import TestSupport
import Testing

/// Progress is reported from the beginning of a run to its end, and changes nothing.
struct RunProgressTests {
  private final class Reports: Sendable {
    let all = Mutex<[Int]>([])
  }

  private static func run(every interval: Int?, _ reports: Reports) throws -> BacktestResult {
    let prices = (0..<500).map { bar -> MarketBuilder.Prices in
      let price = 100 + Double(bar * 7 % 13)
      return (price, price + 1, price - 1, price)
    }
    let market = try Universe([
      try MarketBuilder.series(prices, symbol: "A", every: .minutes(1))
    ])
    var engine = Engine(feed: Feed(market), configuration: BacktestConfiguration())
    engine.reportProgress(every: interval) { done, total in
      #expect(total == 500)
      reports.all.withLock { $0.append(done) }
    }
    var decisions = 0
    while case .bars = engine.advance() {
      if decisions % 97 == 0 {
        engine.trading.target(InstrumentID(0), weight: decisions % 2 == 0 ? 0.5 : 0)
      }
      decisions += 1
    }
    return engine.result(strategy: "test")
  }

  @Test func reportsAscendAndChangeNothing() throws {
    var results: [BacktestResult] = []
    for (interval, expected) in [(1, 500), (100, 5), (1_000_000, 1)] {
      let reports = Reports()
      results.append(try Self.run(every: interval, reports))
      let seen = reports.all.withLock { $0 }
      #expect(seen == stride(from: 0, to: 500, by: interval).map { $0 } && seen.count == expected)
    }
    #expect(results[0].fills.count > 3)
    #expect(Set(results.map(\.fingerprint)).count == 1)
  }
}
