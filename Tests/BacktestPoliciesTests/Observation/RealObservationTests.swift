@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// Observations that training environments gave to real policies, rebuilt from raw bars.
@Suite struct RealObservationTests {
  /// The instant of a date in the S&P 500 fixture, or in the intersection of the four shares.
  private func dates(_ file: String) throws -> [String] {
    try Fixture.table("prices/\(file).csv").dropFirst().map { String($0[0]) }
  }

  /// The steps of a rollout whose observations an oracle holds: 64, evenly over the first 400.
  private var steps: [Int] {
    (0..<64).map { $0 == 63 ? 399 : Int(Double($0) * (399.0 / 63)) }
  }

  /// Policies of 17 features, the key of their observations before normalisation, and the scale.
  @Test(arguments: [("ppo_discrete", "obs_raw", 1.0), ("td3_box", "obs", 20.0)])
  func seventeenFeaturesAreRebuilt(_ name: String, _ key: String, _ scale: Double) throws {
    let observed = try Observed.oracle(name, key)
    let (date, weights) = try Observed.rollout(name, ["target_weight"])
    let first = try #require(try dates("sp500").firstIndex(of: date))
    let feed = try Observed.feed(try MarketBuilder.standardAndPoors500())
    let rows = try Observed.rows(try Observed.definition(name), feed) { instant in
      instant <= first ? nil : Observed.stated(weights[min(instant - first, weights.count) - 1][0])
    }
    for (case_, step) in zip(64..., steps) {
      let row = try #require(rows[first + step])
      #expect(Observed.difference(row[..<16], observed[case_][..<16]) <= 1e-7 * scale)
      #expect(row[16] == observed[case_][16])
    }
    #expect(rows.firstIndex { $0 != nil } == 49)
  }

  @Test func aWindowKeepsThePositionsOfItsBars() throws {
    let observed = try Observed.oracle("a2c_window_d5", "obs")
    let (date, weights) = try Observed.rollout("a2c_window_d5", ["target_weight"])
    let first = try #require(try dates("sp500").firstIndex(of: date))
    let feed = try Observed.feed(try MarketBuilder.standardAndPoors500())
    let definition = try Observed.definition("a2c_window_d5")
    let rows = try Observed.rows(definition, feed) { instant in
      instant <= first ? nil : Observed.stated(weights[min(instant - first, weights.count) - 1][0])
    }
    for (case_, step) in zip(64..., steps) {
      let row = try #require(rows[first + step])
      // Features in percent: a float of theirs has fewer digits.
      #expect(Observed.difference(row, observed[case_]) <= 1e-6)
      for bar in 0..<10 { #expect(row[bar * 5 + 4] == observed[case_][bar * 5 + 4]) }
    }
  }

  @Test func aPortfolioIsRebuilt() throws {
    let observed = try Observed.oracle("ppo_portfolio4", "obs_raw")
    let names = ["w0", "w1", "w2", "w3"]
    let (date, weights) = try Observed.rollout("ppo_portfolio4", names)
    let first = try #require(try dates("GOOG").firstIndex(of: date))
    let symbols = ["AAPL", "GOOG", "IBM", "MSFT"]
    let feed = Feed(try Universe(try symbols.map { try adjusted($0, since: "2004-08-19") }))
    let rows = try Observed.rows(try Observed.definition("ppo_portfolio4"), feed) { instant in
      var state = PolicyAccountState(assetCount: 4)
      let step = min(instant - first, weights.count)
      for asset in 0..<4 {
        state.assets[asset].targetWeight = step <= 0 ? 0.25 : weights[step - 1][asset]
      }
      return state
    }
    for (case_, step) in zip(64..., steps) {
      let row = try #require(rows[first + step])
      #expect(Observed.difference(row[..<24], observed[case_][..<24]) <= 1e-7)
      #expect(Observed.difference(row[24...], observed[case_][24...]) == 0)
    }
  }

  private func adjusted(_ symbol: String, since date: String) throws -> BarSeries {
    let rows = try Fixture.table("prices/\(symbol).csv").dropFirst()
      .filter { $0[0] >= Substring(date) }
    return try MarketBuilder.series(
      rows.map { row in
        let price = Double(row[5])!
        return (price, price, price, price)
      }, symbol: symbol)
  }

  @Test func twentySixFeaturesAreRebuiltAndNormalised() throws {
    let definition = try Observed.definition("cnn_lstm_19843")
    let raw = try Observed.oracle("cnn_lstm_19843", "raw_window_first_real")
    let series = try Observed.oracle("cnn_lstm_19843", "series_real")
    let first = try #require(try dates("sp500").firstIndex(of: "2013-01-02"))
    let feed = try Observed.feed(try MarketBuilder.standardAndPoors500())
    let rows = try Observed.rows(definition, feed)
    // The largest are about 20, which 32 bits round by 1e-6.
    let window = try #require(rows[first])
    #expect(window.count == raw.joined().count)
    for (number, expected) in zip(window, raw.joined()) {
      #expect(abs(number - expected) <= 1e-6 * max(1, abs(expected)))
    }
    for step in 0..<64 {
      var numbers = try #require(rows[first + step])
      numbers.withUnsafeMutableBufferPointer { definition.normaliser.apply(to: $0) }
      #expect(numbers.count == series[step..<step + 10].joined().count)
      for (number, expected) in zip(numbers, series[step..<step + 10].joined()) {
        #expect(abs(number - expected) <= max(2 * Double(Float(expected).ulp), 1e-12))
      }
    }
  }
}
