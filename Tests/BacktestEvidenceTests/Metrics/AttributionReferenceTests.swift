import TestSupport
import Testing

@testable import BacktestCore
@testable import BacktestEvidence

struct FactorRegressionTests {
  private static func agrees(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * abs(b) }

  /// Both series over their common dates, each with the returns of its own calendar.
  private static func pair(
    _ symbol: String, from first: String, to last: String
  ) throws -> (stock: [Double], market: [Double]) {
    let stock = try AdjustedCloses(symbol, from: first, to: last)
    let market = try AdjustedCloses("sp500", from: first, to: last)
    let known = Dictionary(
      uniqueKeysWithValues: zip(market.dates.dropFirst(), market.returns))
    let rows = zip(stock.dates.dropFirst(), stock.returns).compactMap { date, value in
      known[date].map { (value, $0) }
    }
    return (rows.map(\.0), rows.map(\.1))
  }

  @Test(arguments: [("AAPL", "aapl_on_sp500_2005_2012"), ("MSFT", "msft_on_sp500_2010_2012")])
  func regressionsOfTheReference(symbol: String, key: String) throws {
    let oracle = try OracleValue("17_hac_regression.json")[key]
    let input = oracle["input"]
    let (stock, market) = try Self.pair(
      symbol, from: input["start"].text, to: input["end"].text)
    let cases = oracle.keys.filter {
      $0.hasPrefix("HAC") && !$0.hasSuffix("use_t")
    }
    #expect(cases.count >= 6 && stock.count == oracle["n"].integer)
    for name in cases {
      let parts = name.split(separator: "_")
      let fit = try FactorRegression(
        stock, on: [("sp500", market)], lags: Int(parts[1].dropFirst())!,
        correctsForFewReturns: parts[2].hasSuffix("True"))
      let both = [fit.alpha] + fit.factors
      for (place, one) in both.enumerated() {
        #expect(Self.agrees(one.value, oracle["coef"].numbers[place]), "\(name)")
        #expect(Self.agrees(one.standardError, oracle[name]["se"].numbers[place]), "\(name)")
        #expect(Self.agrees(one.statistic, oracle[name]["z"].numbers[place]), "\(name)")
        let expected = oracle[name]["p_normal"].numbers[place]
        #expect(abs(one.pValue - expected) <= 1e-6 * expected + 1e-300, "\(name)")
      }
      #expect(Self.agrees(fit.rSquared, oracle["r2"].number))
      #expect(Self.agrees(fit.adjustedRSquared, oracle["r2_adj"].number))
      let mean = stock.reduce(0, +) / Double(stock.count)
      #expect(abs(both.reduce(0) { $0 + $1.contribution } - mean) < 1e-15)
    }
    let automatic = try FactorRegression(stock, on: [("sp500", market)])
    #expect(automatic.lags == input["auto_lag"].integer)
  }

  /// IBM's monthly returns less the risk-free rate on three factors.
  @Test func threeFactorsOfTheReference() throws {
    let oracle = try OracleValue("17_hac_regression.json")["ibm_ff3_2001_2012"]
    let prices = try AdjustedCloses("IBM", from: "2000-12-01", to: "2012-12-31")
    var ends: [(month: Substring, close: Double)] = []
    for (date, close) in zip(prices.dates, prices.closes) {
      if ends.last?.month == date.prefix(7) { ends.removeLast() }
      ends.append((date.prefix(7), close))
    }
    let table = try Fixture.table("oracles/17_ff3_monthly.csv").dropFirst().map { row in
      row.dropFirst().map { Double($0)! / 100 }
    }
    let returns = zip(zip(ends.dropFirst(), ends), table).map {
      $0.0.close / $0.1.close - 1 - $1[3]
    }
    #expect(returns.count == 144)
    for lags in [3, 4] {
      let fit = try FactorRegression(
        returns,
        on: [
          ("mkt_rf", table.map { $0[0] }), ("smb", table.map { $0[1] }),
          ("hml", table.map { $0[2] }),
        ], lags: lags)
      let expected = oracle["HAC_L\(lags)_correctionFalse"]
      for (place, one) in ([fit.alpha] + fit.factors).enumerated() {
        #expect(one.name == oracle["names"].list[place].text)
        #expect(Self.agrees(one.value, oracle["coef"].numbers[place]))
        #expect(Self.agrees(one.standardError, expected["se"].numbers[place]))
        let contribution = oracle["attribution_mean_monthly"][one.name].number
        #expect(abs(one.contribution - contribution) < 1e-15)
      }
      #expect(Self.agrees(fit.rSquared, oracle["r2"].number))
      #expect(Self.agrees(fit.adjustedRSquared, oracle["r2_adj"].number))
    }
  }

  @Test func meanOfTheIndexByLags() throws {
    let oracle = try OracleValue("17_hac_regression.json")["sp500_mean_hac"]
    let returns = try AdjustedCloses("sp500", from: "0", to: "9").returns
    for key in oracle.keys {
      let fit = try FactorRegression(returns, on: [], lags: Int(key.dropFirst())!)
      #expect(Self.agrees(fit.alpha.value, oracle[key]["mean"].number), "\(key)")
      #expect(Self.agrees(fit.alpha.standardError, oracle[key]["se"].number), "\(key)")
    }
  }

  /// Several factors: a plane that is known, with noise that does not touch it.
  @Test func severalFactors() throws {
    let rows = 0..<200
    let a = rows.map { Double($0 % 5) - 2 }
    let b = rows.map { Double($0 % 7) - 3 }
    let returns = rows.map { 0.001 + 0.5 * a[$0] - 0.25 * b[$0] }
    let fit = try FactorRegression(returns, on: [("a", a), ("b", b)])
    #expect(abs(fit.alpha.value - 0.001) < 1e-14)
    #expect(abs(fit.factors[0].value - 0.5) < 1e-14 && abs(fit.factors[1].value + 0.25) < 1e-14)
    #expect(abs(fit.rSquared - 1) < 1e-14)
  }

  @Test func whatHasNoSolutionIsRefused() {
    let values = (0..<20).map { Double($0 % 3) }
    #expect(throws: FactorRegressionError.dependentFactors) {
      try FactorRegression(values, on: [("a", values), ("b", values.map { 2 * $0 })])
    }
    #expect(throws: FactorRegressionError.dependentFactors) {
      try FactorRegression(values, on: [("constant", Array(repeating: 3, count: 20))])
    }
    #expect(throws: FactorRegressionError.tooFewReturns(2, needed: 3)) {
      try FactorRegression([1, 2], on: [("a", [1, 3])])
    }
    #expect(throws: FactorRegressionError.unequalLengths) {
      try FactorRegression(values, on: [("a", [1])])
    }
  }
}

struct BrinsonAttributionTests {
  @Test func effectsOfTheExample() throws {
    let oracle = try OracleValue("21_attribution.json")["bacon"]
    let input = oracle["input"]
    let attribution = BrinsonAttribution(
      (0..<3).map {
        BrinsonAttribution.Segment(
          name: ["UK", "Japan", "US"][$0], weight: input["wp"].numbers[$0],
          benchmarkWeight: input["wb"].numbers[$0], return: input["rp"].numbers[$0],
          benchmarkReturn: input["rb"].numbers[$0])
      })
    func expect(_ values: [Double], _ key: String) {
      for (value, expected) in zip(values, oracle[key].numbers) {
        #expect(abs(value - expected) <= 1e-15, "\(key)")
      }
    }
    expect(attribution.segments.map(\.allocation), "BF_allocation")
    expect(attribution.segments.map(\.selection), "selection")
    expect(attribution.segments.map(\.interaction), "interaction")
    #expect(abs(attribution.portfolioReturn - oracle["portfolio"].number) <= 1e-15)
    #expect(abs(attribution.benchmarkReturn - oracle["benchmark"].number) <= 1e-15)
    #expect(abs(attribution.total.total - oracle["active"].number) <= 1e-15)
    for (value, key) in [
      (attribution.total.allocation, "allocation"), (attribution.total.selection, "selection"),
      (attribution.total.interaction, "interaction"),
    ] {
      #expect(abs(value - oracle["totals"][key].number) <= 1e-15, "\(key)")
    }
  }

  /// A second period whose effects are those of the reference.
  @Test func linkedEffectsOfTheExample() throws {
    let oracle = try OracleValue("21_attribution.json")
    let input = oracle["bacon"]["input"]
    let first = BrinsonAttribution(
      (0..<3).map {
        BrinsonAttribution.Segment(
          name: "\($0)", weight: input["wp"].numbers[$0],
          benchmarkWeight: input["wb"].numbers[$0], return: input["rp"].numbers[$0],
          benchmarkReturn: input["rb"].numbers[$0])
      })
    // These give 4 % on 1 %, allocation 1 %, selection 1.5 % and interaction 0.5 %.
    let second = BrinsonAttribution([
      .init(name: "0", weight: 1, benchmarkWeight: 0.75, return: 0.04, benchmarkReturn: 0.02),
      .init(name: "1", weight: 0, benchmarkWeight: 0.25, return: -0.02, benchmarkReturn: -0.02),
    ])
    #expect(abs(second.portfolioReturn - 0.04) < 1e-15)
    #expect(abs(second.benchmarkReturn - 0.01) < 1e-15)
    for (value, expected) in [
      (second.total.allocation, 0.01), (second.total.selection, 0.015),
      (second.total.interaction, 0.005),
    ] {
      #expect(abs(value - expected) < 1e-15)
    }
    let linked = LinkedAttribution([first, second])
    let expected = oracle["carino"]
    #expect(abs(linked.portfolioReturn - expected["R"].number) <= 1e-15)
    #expect(abs(linked.benchmarkReturn - expected["Rb"].number) <= 1e-15)
    for (value, key) in [
      (linked.total.allocation, "allocation"), (linked.total.selection, "selection"),
      (linked.total.interaction, "interaction"),
    ] {
      #expect(abs(value - expected["linked"][key].number) <= 1e-15, "\(key)")
    }
    #expect(abs(linked.total.total - expected["active"].number) <= 1e-15)
  }
}
