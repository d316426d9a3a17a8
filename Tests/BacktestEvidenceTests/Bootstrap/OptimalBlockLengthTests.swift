@testable import BacktestEvidence
import Glibc
import TestSupport
import Testing

@Suite("Optimal block length")
struct OptimalBlockLengthTests {
  @Test(
    "The lengths are those of arch 8.0.0",
    arguments: [
      ("sp500", "prices/sp500.csv", "adj_close"), ("AAPL", "prices/AAPL.csv", "adj_close"),
      ("nasdaq", "oracles/nasdaq_adj_close.csv", "adj_close"),
    ])
  func reference(name: String, file: String, column: String) throws {
    let oracle = try Fixture.json("oracles/08_block_length.json")
    let cases = try #require(oracle[name] as? JSONObject)
    let returns = try PriceColumn(file, column: column).sample().returns
    let series = [
      "returns": returns, "abs_returns": returns.map(abs),
      "squared_returns": returns.map { $0 * $0 },
    ]
    for (kind, values) in series {
      let expected = try #require(cases[kind] as? JSONObject)
      #expect(expected["n"] as? Int == values.count)
      let found = try #require(OptimalBlockLength(values))
      let stationary = try #require(expected["arch_stationary"] as? Double)
      let circular = try #require(expected["arch_circular"] as? Double)
      #expect(agrees(found.stationary, stationary, relative: 1e-8), "\(name) \(kind)")
      #expect(agrees(found.circular, circular, relative: 1e-8), "\(name) \(kind)")
    }
  }

  @Test("A deterministic series with memory has long blocks")
  func autoregression() throws {
    let oracle = try Fixture.json("oracles/08_block_length.json")
    let expected = try #require(oracle["pseudo_ar1"] as? JSONObject)
    var level = 0.0
    let values = (1...1_000).map { step in
      let noise = sin(Double(step) * 12.9898) * 43_758.5453
      level = 0.7 * level + noise - noise.rounded(.down) - 0.5
      return level
    }
    let found = try #require(OptimalBlockLength(values))
    #expect(
      agrees(found.stationary, try #require(expected["arch_stationary"] as? Double), relative: 1e-8)
    )
    #expect(
      agrees(found.circular, try #require(expected["arch_circular"] as? Double), relative: 1e-8))
  }

  @Test("There is none without dispersion, with few values or with one that is not finite")
  func degenerate() {
    #expect(OptimalBlockLength([]) == nil)
    #expect(OptimalBlockLength([0.01, -0.01, 0.02]) == nil)
    #expect(OptimalBlockLength(Array(repeating: 0.1, count: 100)) == nil)
    #expect(OptimalBlockLength((0..<50).map { $0 == 7 ? .nan : Double($0) }) == nil)
  }

  @Test("Alternating values give a length within its bounds")
  func alternating() throws {
    let values = (0..<100).map { $0 % 2 == 0 ? 1.0 : -1 }
    let found = try #require(OptimalBlockLength(values))
    #expect((1...30).contains(found.stationary) && (1...30).contains(found.circular))
  }
}
