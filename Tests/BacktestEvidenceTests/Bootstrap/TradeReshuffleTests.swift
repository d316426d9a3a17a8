@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

@Suite("Reshuffled trades")
struct TradeReshuffleTests {
  private func isWithin(_ found: Double, _ band: JSONObject) throws -> Bool {
    let mean = try #require(band["mean"] as? Double)
    let deviation = try #require(band["sd"] as? Double)
    return abs(found - mean) <= max(5 * deviation * (4.0 / 3).squareRoot(), 0.002)
  }

  @Test("Drawdowns and totals lie in the bands of another program's draws")
  func reference() throws {
    let oracle = try Fixture.json("oracles/25_trade_reshuffle.json")
    let returns = try #require(oracle["trade_returns"] as? [Double])
    let reshuffle = try TradeReshuffle(returns: returns)
    let total = try #require(oracle["invariant_total"] as? Double)
    #expect(agrees(reshuffle.totalReturn, total, relative: 1e-12))
    #expect(
      agrees(
        reshuffle.maxDrawdown, try #require(oracle["observed_mdd"] as? Double), relative: 1e-12))

    let permuted = reshuffle.permuted(draws: 20_000, seed: 4)
    #expect(permuted.totalReturns.allSatisfy { agrees($0, total, relative: 1e-12) })
    let drawn = reshuffle.drawnWithReplacement(draws: 20_000, seed: 4)
    for (key, found) in [
      ("permutation_mdd", permuted.drawdown), ("bootstrap_mdd", drawn.drawdown),
      ("bootstrap_total_return", drawn.totalReturn),
    ] {
      for (share, band) in try #require(oracle[key] as? [String: JSONObject]) {
        let value = found(try #require(Double(share)))
        #expect(try isWithin(value, band), "\(key) \(share) \(value)")
      }
    }
    let asDeep = try #require(oracle["p_mdd_le_observed"] as? [Double])
    #expect(abs(permuted.shareAsDeep - asDeep.reduce(0, +) / 3) < 0.012)
    let losses = try #require(oracle["bootstrap_prob_loss"] as? [Double])
    #expect(abs(drawn.shareOfLosses - losses.reduce(0, +) / 3) < 0.015)
  }

  @Test("The number of threads changes nothing, the seed does")
  func determinism() throws {
    let reshuffle = try TradeReshuffle(returns: (0..<60).map { Double($0 % 7) * 0.01 - 0.025 })
    let one = reshuffle.permuted(draws: 333, seed: 1, threads: 1)
    #expect(one == reshuffle.permuted(draws: 333, seed: 1, threads: 3))
    #expect(one != reshuffle.permuted(draws: 333, seed: 2, threads: 3))
    #expect(one.maxDrawdowns.count == 333)
  }

  @Test("Trades that overlap are refused, and so is a return that is no number")
  func refused() throws {
    #expect(throws: EvidenceError.self) { try TradeReshuffle(returns: [0.1, .nan]) }
    let prices: [Double] = (0..<40).map { 100 + Double($0 % 9) }
    func series(_ symbol: String) throws -> BarSeries {
      try MarketBuilder.series(
        prices.map { ($0, $0 + 1, $0 - 1, $0) }, symbol: symbol, every: .days(1))
    }
    let alone = Backtest(EveryFewBars(), on: try Universe([series("AAA")])).run()
    let reshuffle = try TradeReshuffle(alone)
    #expect(reshuffle.returns.count == alone.trades.filter { !$0.isOpen }.count)
    #expect(reshuffle.returns.count > 3)
    // One position at a time, so the trades compound to the change of the account.
    let flat = try #require(alone.curve.equity.last)
    #expect(agrees(1 + reshuffle.totalReturn, flat / alone.curve.equity[0], relative: 1e-9))
    let both = Backtest(
      EveryFewBars(), on: try Universe([series("AAA"), series("BBB")])
    ).run()
    #expect(throws: EvidenceError.self) { try TradeReshuffle(both) }
  }
}

/// Buys every fourth bar and sells two bars later, all instruments at once.
private struct EveryFewBars: Strategy {
  private var count = 0

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    count += 1
    guard count < 36 else { return }
    for bar in bars {
      if count % 4 == 1 { trading.target(bar.instrument, quantity: 10) }
      if count % 4 == 3 { trading.target(bar.instrument, quantity: 0) }
    }
  }
}
