@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// The observations of well-known environments, as manifests say them, against cases worked out by
/// hand.
@Suite struct ConventionTests {
  private func definition(_ name: String) throws -> ObservationDefinition {
    try Observed.definition("conventions/\(name)")
  }

  /// Two wandering series of as many bars.
  private func pair(_ bars: Int) throws -> Feed {
    try Observed.feed(series("AAA", bars, seed: 3), series("BBB", bars, seed: 8))
  }

  private func series(_ symbol: String, _ bars: Int, seed: UInt64) throws -> BarSeries {
    var random = TestRandom(seed: seed)
    var price = 100.0
    let prices = (0..<bars).map { _ -> MarketBuilder.Prices in
      let open = price
      price *= 1 + Double(random.below(401) - 200) / 10_000
      return (open, max(open, price) * 1.002, min(open, price) * 0.997, price)
    }
    return try MarketBuilder.series(prices, symbol: symbol, volume: prices.map { $0.0 * 10 })
  }

  @Test func finRLTradingIsCashClosesSharesThenIndicators() throws {
    let feed = try pair(80)
    var state = PolicyAccountState(assetCount: 2)
    state.cash = 12_345
    (state.assets[0].shares, state.assets[1].shares) = (7, -2)
    let rows = try Observed.rows(try definition("finrl_stock_trading"), feed) { _ in state }
    #expect(rows.firstIndex { $0 != nil } == 59)
    let row = try #require(rows[70])
    let closes = feed.universe.series.map { Array($0.close.prefix(71)) }
    #expect(Array(row[..<5]) == [12_345, closes[0][70], closes[1][70], 7, -2])
    func mean(_ values: some Collection<Double>) -> Double {
      values.reduce(0, +) / Double(values.count)
    }
    for asset in 0..<2 {
      let window = closes[asset].suffix(20)
      let middle = mean(window)
      let deviation = (window.map { ($0 - middle) * ($0 - middle) }.reduce(0, +) / 19).squareRoot()
      #expect(abs(row[7 + asset] - (middle + 2 * deviation)) < 1e-9)
      #expect(abs(row[9 + asset] - (middle - 2 * deviation)) < 1e-9)
      #expect(abs(row[17 + asset] - mean(closes[asset].suffix(30))) < 1e-9)
      #expect(abs(row[19 + asset] - mean(closes[asset].suffix(60))) < 1e-9)
      #expect((0...100).contains(row[11 + asset]) && (0...100).contains(row[15 + asset]))
    }
  }

  @Test func finRLPortfolioIsCovariancesAboveIndicators() throws {
    let feed = try pair(600)
    let rows = try Observed.rows(try definition("finrl_portfolio"), feed)
    #expect(rows.firstIndex { $0 != nil } == 252)
    for instant in [252, 300, 504, 505, 599] {
      let row = try #require(rows[instant])
      let returns = feed.universe.series.map { series in
        (instant - 251...instant).map { series.close[$0] / series.close[$0 - 1] - 1 }
      }
      let means = returns.map { $0.reduce(0, +) / 252 }
      for a in 0..<2 {
        for b in 0..<2 {
          let products = zip(returns[a], returns[b]).map { ($0 - means[a]) * ($1 - means[b]) }
          let covariance = products.reduce(0, +) / 251
          #expect(abs(row[a * 2 + b] - covariance) < 1e-15)
        }
      }
      #expect((0...100).contains(row[6]) && (0...100).contains(row[7]))
    }
  }

  @Test func anytradingIsClosesAndTheirDifferences() throws {
    let prices = (0..<14).map { Double(100 + $0 * $0) }
    let feed = try Observed.feed(try MarketBuilder.series(prices.map { ($0, $0, $0, $0) }))
    let rows = try Observed.rows(try definition("gym_anytrading"), feed)
    #expect(rows.firstIndex { $0 != nil } == 10)
    let expected = (2...11).flatMap { (bar: Int) -> [Double] in
      [Double(100 + bar * bar), Double(2 * bar - 1)]
    }
    #expect(rows[11] == expected)
  }

  @Test func tradingEnvironmentKeepsPastPositions() throws {
    let prices: [MarketBuilder.Prices] = [
      (10, 10, 10, 10), (10, 12, 8, 8), (8, 8, 8, 8), (8, 10, 6, 10), (10, 10, 5, 5),
    ]
    let weights = [0.0, 1, 1, -1, 0.5]
    let feed = try Observed.feed(try MarketBuilder.series(prices))
    let rows = try Observed.rows(try definition("gym_trading_env"), feed) { instant in
      var state = Observed.stated(weights[instant])
      state.assets[0].realWeight = weights[instant] * 0.75
      return state
    }
    #expect(rows.prefix(3).allSatisfy { $0 == nil })
    let bars: [[Double]] = [
      [8.0 / 10 - 1, 0.5, 1, 0.75], [0, 0, 1, 0.75], [10.0 / 8 - 1, 0.4, -1, -0.75],
      [-0.5, 1, 0.5, 0.375],
    ]
    #expect(rows[3] == Array(bars[..<3].joined()))
    #expect(rows[4] == Array(bars[1...].joined()))
  }

  private func zeros(_ count: Int) -> [Double] { [Double](repeating: 0, count: count) }

  @Test func tensorTradePadsWithZerosAtTheTop() throws {
    let prices: [MarketBuilder.Prices] = [
      (4, 4, 4, 4), (4, 8, 4, 5), (5, 6, 2, 6), (6, 9, 6, 9), (9, 9, 9, 9),
    ]
    let feed = try Observed.feed(try MarketBuilder.series(prices))
    let rows = try Observed.rows(try definition("tensortrade"), feed)
    let second = [0.25, 0, 0.25]
    let third = [6.0 / 5 - 1, 5, 1]
    let later: [Double] = [0.5, 20.0 / 3, 1, 0, 8, 0]
    #expect(rows[0] == zeros(12))
    #expect(rows[1] == zeros(9) + second)
    #expect(rows[2] == zeros(6) + second + third)
    #expect(rows[4] == second + third + later)
  }

  @Test func freqAIEndsABarEarlierAndTellsThePositionInEachRow() throws {
    let prices = [100.0, 104, 102, 110, 105].map { ($0, $0, $0, $0) }
    let feed = try Observed.feed(
      try MarketBuilder.series(prices, volume: [1_000, 2_000, 3_000, 4_000, 0]))
    let definition = try definition("freqai")
    let rows = try Observed.rows(definition, feed) { instant in
      var state = PolicyAccountState(assetCount: 1)
      guard instant >= 3 else { return state }
      state.assets[0].shares = -10
      state.assets[0].averageCost = 100
      state.assets[0].lastClose = prices[instant].3
      state.assets[0].entryAge = instant - 2
      return state
    }
    #expect(rows.firstIndex { $0 != nil } == 3)
    let loss = -(110.0 / 100 - 1)
    #expect(rows[3] == [104, 4, 2_000, loss, 0, 1, 102, -2, 3_000, loss, 0, 1])
    var numbers = try #require(rows[4])
    #expect(Array(numbers[..<3]) == [102, -2, 3_000] && numbers[5] == 2 && numbers[11] == 2)
    numbers.withUnsafeMutableBufferPointer { definition.normaliser.apply(to: $0) }
    let expected = [0.04, -0.2, 0.5, -0.05, 0, 2, 0.2, 0.8, 1, -0.05, 0, 2]
    #expect(Observed.difference(numbers, expected) < 1e-6)
  }
}
