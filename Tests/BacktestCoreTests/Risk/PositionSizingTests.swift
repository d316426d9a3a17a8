import TestSupport
import Testing

@testable import BacktestCore

struct PositionSizingTests {
  private static func agrees(_ a: Double?, _ b: Double, within tolerance: Double = 1e-10) -> Bool {
    a.map { abs($0 - b) <= tolerance * max(1e-300, abs(b)) } ?? false
  }

  /// Realised volatility, Sharpe ratio and turnover of a volatility target, from prices on.
  @Test(arguments: [("sp500", "sp500"), ("aapl", "AAPL")])
  func volatilityTargetOfTheReference(key: String, symbol: String) throws {
    let oracle = try OracleValue("23_sizing.json")["vol_target_\(key)"]
    let input = oracle["input"]
    // The reference names the dates of the first and last return.
    let all = try AdjustedCloses(symbol, from: "0", to: input["end"].text)
    let start = try #require(all.dates.firstIndex(of: input["start"].text)) - 1
    let seed = input["seed"].integer
    var volatility = ExponentialVolatility(decay: input["lam"].number, seed: seed)
    let rule = PositionSizing.volatilityTarget(
      annual: input["target"].number, cap: input["cap"].number)
    var weights: [Double] = []
    var returns: [Double] = []
    for row in start..<all.closes.count {
      let close = all.closes[row]
      if let weight = weights.last { returns.append(weight * (close / all.closes[row - 1] - 1)) }
      guard let deviation = volatility.update(close) else { continue }
      let trade = SizingInput(
        equity: 1, price: close, annualVolatility: deviation * 252.0.squareRoot())
      weights.append(try #require(rule.weight(trade)))
    }
    weights.removeLast()
    let count = Double(weights.count)
    let mean = returns.reduce(0, +) / count
    let deviation =
      (returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
    let turnover = zip(weights.dropFirst(), weights).reduce(0) { $0 + abs($1.0 - $1.1) }
    #expect(weights.count == oracle["n"].integer)
    #expect(Self.agrees(weights.first, oracle["first_weight"].number))
    #expect(Self.agrees(weights.last, oracle["last_weight"].number))
    #expect(Self.agrees(weights.reduce(0, +) / count, oracle["mean_weight"].number))
    #expect(Self.agrees(deviation * 252.0.squareRoot(), oracle["realised_vol"].number))
    #expect(Self.agrees(mean / deviation * 252.0.squareRoot(), oracle["sharpe"].number))
    #expect(
      Self.agrees(returns.reduce(1) { $0 * (1 + $1) } - 1, oracle["total_return"].number))
    #expect(Self.agrees(turnover, oracle["turnover_sum_abs_dw"].number))
    let capped = weights.count { $0 == input["cap"].number }
    #expect(Self.agrees(Double(capped) / count, oracle["frac_capped"].number))
  }

  @Test func riskPerTradeOfTheReference() throws {
    let oracle = try OracleValue("23_sizing.json")
    let fixed = oracle["fixed_fractional"]
    let (entry, stop) = (fixed["entry"].number, fixed["stop"].number)
    let rule = PositionSizing.riskPerTrade(fixed["risk_fraction"].number)
    let long = SizingInput(equity: fixed["equity"].number, price: entry, stop: stop)
    #expect(Self.agrees(rule.quantity(long), fixed["shares"].number))
    let short = SizingInput(equity: fixed["equity"].number, price: entry, stop: 2 * entry - stop)
    #expect(Self.agrees(rule.quantity(short), -fixed["shares"].number))
    let range = oracle["atr_sizing"]
    let distance = range["k"].number * range["atr"].number
    let byRange = SizingInput(
      equity: range["equity"].number, price: 100, multiplier: 1, stop: 100 - distance)
    #expect(Self.agrees(rule.quantity(byRange), range["shares"].number))
    // A contract of 50 per point takes a fiftieth of the units.
    var contract = byRange
    contract.multiplier = 50
    #expect(Self.agrees(rule.quantity(contract), range["shares"].number / 50))
  }

  @Test func kellyOfTheReference() throws {
    let oracle = try OracleValue("23_sizing.json")["kelly"]
    #expect(
      Self.agrees(
        KellyCriterion.fraction(winProbability: 0.6, payoff: 1), oracle["coin_p60_b1"]["f"].number))
    #expect(
      Self.agrees(
        KellyCriterion.fraction(winProbability: 0.55, payoff: 1.5),
        oracle["p55_b1_5"]["f"].number))
    let thorp = oracle["thorp_sp500"]
    let fraction = KellyCriterion.fraction(
      mean: thorp["m"].number, deviation: thorp["s"].number, riskFree: thorp["r"].number)
    #expect(Self.agrees(fraction, thorp["f"].number))
    let half = PositionSizing.fractionalKelly(0.5, cap: 2)
    let input = SizingInput(equity: 100_000, price: 50, kellyFraction: fraction)
    #expect(Self.agrees(half.weight(input), fraction / 2))
    #expect(Self.agrees(half.quantity(input), fraction / 2 * 2_000))
    #expect(half.weight(SizingInput(equity: 1, price: 1, kellyFraction: -0.4)) == 0)
    #expect(half.weight(SizingInput(equity: 1, price: 1, kellyFraction: 7)) == 2)
  }

  /// Normalised to a sum of 1, the Kelly fractions are the weights of the tangency portfolio.
  @Test func kellyOfSeveralAssetsIsTheTangency() throws {
    let oracle = try OracleValue("15_allocation.json")["four_stocks_2010_2012"]
    let fractions = try KellyCriterion.fractions(
      means: oracle["mean_daily"].numbers, covariance: oracle["cov_daily"].matrix)
    let expected = oracle["weights"]["max_sharpe_unconstrained_rf0"]["w"].numbers
    let sum = fractions.reduce(0, +)
    for (fraction, weight) in zip(fractions, expected) {
      #expect(Self.agrees(fraction / sum, weight, within: 1e-9))
    }
  }

  @Test func plainRules() {
    let input = SizingInput(equity: 10_000, price: 20, multiplier: 5, probability: 0.8)
    #expect(PositionSizing.quantity(7).quantity(input) == 7)
    #expect(PositionSizing.value(3_000).quantity(input) == 30)
    #expect(PositionSizing.value(3_000).weight(input) == 0.3)
    #expect(PositionSizing.equityFraction(0.25).quantity(input) == 25)
    #expect(Self.agrees(PositionSizing.confidence(0.5).weight(input), 0.3))
    #expect(
      PositionSizing.confidence(1).weight(SizingInput(equity: 1, price: 1, probability: 0.3)) == 0)
  }

  @Test func whatIsMissingHasNoSize() {
    let bare = SizingInput(equity: 10_000, price: 20)
    #expect(PositionSizing.riskPerTrade(0.01).quantity(bare) == nil)
    #expect(PositionSizing.volatilityTarget(annual: 0.1).quantity(bare) == nil)
    #expect(PositionSizing.fractionalKelly(0.5).weight(bare) == nil)
    #expect(PositionSizing.confidence(0.5).weight(bare) == nil)
    #expect(PositionSizing.value(100).quantity(SizingInput(equity: 1, price: 0)) == nil)
    let atStop = SizingInput(equity: 10_000, price: 20, stop: 20)
    #expect(PositionSizing.riskPerTrade(0.01).quantity(atStop) == nil)
  }

  @Test func volatilitySkipsWhatIsNoPrice() {
    var plain = ExponentialVolatility(decay: 0.9, seed: 3)
    var holed = plain
    for (row, close) in [100.0, 101, 99, 100, 104, 103].enumerated() {
      let value = plain.update(close)
      if row == 4 { #expect(holed.update(.nan) == nil && holed.update(-3) == nil) }
      #expect(holed.update(close) == value)
      #expect((value != nil) == (row >= 3))
    }
  }
}
