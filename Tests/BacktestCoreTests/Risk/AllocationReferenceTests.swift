import TestSupport
import Testing

@testable import BacktestCore

/// Exact weights of an independent implementation, with prices as the input.
struct AllocationReferenceTests {
  private static let stocks = ["AAPL", "GOOG", "IBM", "MSFT"]

  private static func window() throws -> ReturnsWindow {
    ReturnsWindow(
      try stocks.map { try AdjustedCloses($0, from: "2010-01-04", to: "2012-12-31").returns })
  }

  private static func expectEqual(
    _ weights: [Double], _ expected: OracleValue, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = zip(weights, expected.numbers).map { abs($0 - $1) }.max() ?? .infinity
    let isEqual = weights.count == expected.numbers.count && error <= 1e-8
    #expect(isEqual, "\(what): \(weights), off by \(error)", sourceLocation: sourceLocation)
  }

  private static let cases: [(String, Allocation)] = [
    ("equal_weight", Allocation(.equalWeight)),
    ("inverse_vol", Allocation(.inverseVolatility)),
    ("min_variance_long_only", Allocation(.minimumVariance)),
    ("min_variance_unconstrained", Allocation(.minimumVariance, bounds: .all(-100...100))),
    ("max_sharpe_long_only_rf0", Allocation(.maximumSharpe)),
    ("max_sharpe_unconstrained_rf0", Allocation(.maximumSharpe, bounds: .all(-100...100))),
    ("max_diversification_long_only", Allocation(.maximumDiversification)),
    ("erc", Allocation(.riskParity)),
    ("hrp_single_double", Allocation(.hierarchicalRiskParity)),
    (
      "min_variance_long_only_LWidentity",
      Allocation(.minimumVariance, covariance: .ledoitWolf(.identity))
    ),
    (
      "min_variance_long_only_LWconstcorr",
      Allocation(.minimumVariance, covariance: .ledoitWolf(.constantCorrelation))
    ),
    ("erc_LWidentity", Allocation(.riskParity, covariance: .ledoitWolf(.identity))),
    ("erc_ewma", Allocation(.riskParity, covariance: .exponentiallyWeighted())),
  ]

  @Test func weightsOfFourStocksFromTheirPrices() throws {
    let expected = try OracleValue("15_allocation.json")["four_stocks_2010_2012"]["weights"]
    let window = try Self.window()
    #expect(window.count == 753)
    for (name, allocation) in Self.cases {
      Self.expectEqual(try allocation.weights(for: window), expected[name]["w"], name)
    }
    var budgets = Allocation(.riskParity)
    budgets.riskBudgets = [4, 3, 2, 1]
    Self.expectEqual(
      try budgets.weights(for: window), expected["risk_budget_linear"]["w"], "budgets")
  }

  @Test func estimatesOfFourStocksFromTheirPrices() throws {
    let oracle = try OracleValue("15_allocation.json")["four_stocks_2010_2012"]
    let window = try Self.window()
    let estimates: [(CovarianceEstimate, OracleValue)] = [
      (.sample, oracle["cov_daily"]),
      (.exponentiallyWeighted(), oracle["ewma_cov_094"]["cov"]),
      (.ledoitWolf(.identity), oracle["ledoit_wolf_identity"]["cov"]),
      (.ledoitWolf(.constantCorrelation), oracle["ledoit_wolf_constant_correlation"]["cov"]),
    ]
    for (estimate, expected) in estimates {
      let worst =
        zip(estimate.matrix(of: window).values, expected.list.flatMap(\.numbers))
        .map { abs($0 / $1 - 1) }.max() ?? .infinity
      #expect(worst <= 1e-9, "\(estimate)")
    }
    for (target, key) in [
      (CovarianceEstimate.ShrinkageTarget.identity, "ledoit_wolf_identity"),
      (.constantCorrelation, "ledoit_wolf_constant_correlation"),
    ] {
      let shrinkage = CovarianceEstimate.ledoitWolf(target).shrinkage(of: window)
      #expect(abs(shrinkage - oracle[key]["delta"].number) <= 1e-9)
    }
    for (mean, expected) in zip(window.means, oracle["mean_daily"].numbers) {
      #expect(abs(mean - expected) <= 1e-15)
    }
  }

  /// Seven assets of which three are not in the fixtures: their covariances and means are given.
  @Test func weightsOfSevenAssets() throws {
    let oracle = try OracleValue("15_allocation.json")["seven_assets_2010_2012"]
    let expected = oracle["weights"]
    let means = oracle["mean_daily"].numbers
    for (name, allocation) in Self.cases {
      let covariance =
        switch allocation.covariance {
        case .sample: oracle["cov_daily"].matrix
        case .exponentiallyWeighted: oracle["ewma_cov_094"]["cov"].matrix
        case .ledoitWolf(.identity): oracle["ledoit_wolf_identity"]["cov"].matrix
        case .ledoitWolf: oracle["ledoit_wolf_constant_correlation"]["cov"].matrix
        }
      let weights = try allocation.weights(covariance: covariance, means: means)
      Self.expectEqual(weights, expected[name]["w"], name)
      let contributions = oracle["cov_daily"].matrix.riskContributions(of: weights)
      Self.expectEqual(contributions, expected[name]["risk_contribution"], "\(name): risk")
    }
    var budgets = Allocation(.riskParity)
    budgets.riskBudgets = oracle["risk_budget_linear_targets"].numbers
    let weights = try budgets.weights(covariance: oracle["cov_daily"].matrix, means: means)
    Self.expectEqual(weights, expected["risk_budget_linear"]["w"], "budgets")
    #expect(
      HierarchicalRiskParity.clusterOrder(oracle["cov_daily"].matrix)
        == oracle["hrp_order_single_double"].list.map(\.integer))
  }

  /// The table of the paper: only single linkage over distances between whole columns gives it.
  @Test(arguments: ["paper_cols", "python3_random_cols"])
  func weightsOfThePaper(simulation: String) throws {
    let oracle = try OracleValue("15_allocation.json")["hrp_paper_simulation"][simulation]
    let covariance = oracle["cov"].matrix
    let means = [Double](repeating: 0, count: covariance.count)
    func weights(_ method: Allocation.Method) throws -> [Double] {
      try Allocation(method).weights(covariance: covariance, means: means)
    }
    Self.expectEqual(try weights(.hierarchicalRiskParity), oracle["hrp_double"], "HRP")
    Self.expectEqual(
      try weights(.minimumVariance), oracle["cla_min_variance_long_only"], "minimum variance")
    #expect(
      HierarchicalRiskParity.clusterOrder(covariance).map { $0 + 1 }
        == oracle["order_double"].list.map(\.integer))
  }
}
