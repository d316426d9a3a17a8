@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Every value of the reference file, each by the definition that stands beside it.
struct MetricReferenceTests {
  /// Our names of the reference's keys; the rest are checked one by one below.
  static let names: [String: String] = [
    "n_returns": "return-count", "total_return": "total-return", "cagr_252": "cagr",
    "cagr_calendar_365_25": "calendar-cagr", "mean_daily": "mean-return",
    "geometric_mean_daily": "geometric-mean-return", "median_daily": "median-return",
    "mean_annual_arithmetic": "annual-mean-return", "std_daily_ddof1": "standard-deviation",
    "std_daily_ddof0": "population-deviation", "vol_annual": "volatility",
    "sharpe_rf0": "sharpe", "sharpe_se_iid_normal_annual": "sharpe-standard-error",
    "autocorr_lag1": "autocorrelation", "autocorr_lag1_pearson": "lag-correlation",
    "sharpe_lo_5lag_annual": "sharpe-lo",
    "downside_dev_daily_target0": "downside-deviation-per-bar",
    "downside_dev_annual": "downside-deviation",
    "downside_dev_daily_negonly": "downside-deviation-negatives-only",
    "semi_deviation_daily": "semideviation",
    "semi_deviation_daily_ddof1": "sample-semideviation", "sortino_rf0": "sortino",
    "sortino_negonly": "sortino-negatives-only", "max_drawdown": "max-drawdown",
    "max_drawdown_excl_base": "max-drawdown-without-base", "calmar": "calmar",
    "calmar_36m": "calmar-36-months", "avg_drawdown_all_bars": "average-underwater",
    "n_drawdown_episodes": "drawdown-count", "avg_drawdown_episodes": "average-drawdown",
    "max_drawdown_duration_bars": "max-drawdown-bars",
    "max_drawdown_duration_days": "max-drawdown-days",
    "time_underwater_fraction": "time-underwater", "ulcer_index": "ulcer-index",
    "ulcer_index_nminus1": "ulcer-index-sample", "martin_ratio": "martin",
    "pain_ratio": "pain-ratio", "sterling_ratio_5": "sterling", "burke_ratio_5": "burke",
    "recovery_factor": "recovery-factor", "omega_0": "omega",
    "gain_to_pain_daily": "gain-to-pain-bars", "gain_to_pain_monthly": "gain-to-pain",
    "kappa3_0": "kappa-3", "skew_population": "skewness", "skew_sample": "sample-skewness",
    "kurtosis_excess_population": "excess-kurtosis",
    "kurtosis_excess_sample": "sample-excess-kurtosis", "jarque_bera": "jarque-bera",
    "jarque_bera_p": "jarque-bera-p", "ljung_box_10": "ljung-box-10",
    "ljung_box_10_p": "ljung-box-10-p", "var_hist_95": "var-95",
    "var_hist_95_lower": "var-95-lower", "cvar_hist_95": "cvar-95",
    "cvar_empyrical_95": "cvar-95-discrete", "cvar_acerbi_tasche_95": "expected-shortfall-95",
    "var_gauss_95": "var-95-gaussian", "cvar_gauss_95": "cvar-95-gaussian",
    "var_cornish_fisher_95": "var-95-cornish-fisher", "var_hist_99": "var-99",
    "var_hist_99_lower": "var-99-lower", "cvar_hist_99": "cvar-99",
    "cvar_empyrical_99": "cvar-99-discrete", "cvar_acerbi_tasche_99": "expected-shortfall-99",
    "var_gauss_99": "var-99-gaussian", "cvar_gauss_99": "cvar-99-gaussian",
    "var_cornish_fisher_99": "var-99-cornish-fisher", "tail_ratio": "tail-ratio",
    "stability_r2": "stability", "k_ratio_1996": "k-ratio-1996",
    "k_ratio_2003": "k-ratio-2003", "k_ratio_2013": "k-ratio", "win_rate_nonzero": "win-rate",
    "win_rate_all": "win-rate-all", "n_zero_returns": "zero-count", "avg_win": "average-win",
    "avg_loss": "average-loss", "payoff_ratio": "payoff", "profit_factor": "profit-factor",
    "expectancy": "expectancy", "kelly_discrete": "kelly",
    "kelly_continuous": "kelly-continuous", "best_day": "best-return",
    "worst_day": "worst-return", "best_month": "best-month", "worst_month": "worst-month",
    "best_year": "best-year", "worst_year": "worst-year",
    "positive_months_fraction": "positive-months",
    "max_consecutive_wins": "longest-win-streak",
    "max_consecutive_losses": "longest-loss-streak",
    "common_sense_ratio": "common-sense-ratio", "cpc_index": "cpc-index", "beta": "beta",
    "alpha_annual_arith": "alpha", "alpha_annual_compound": "alpha-compounded",
    "correlation": "correlation", "r_squared": "r-squared",
    "tracking_error_annual": "tracking-error",
    "information_ratio_annual": "information-ratio",
    "information_ratio_daily": "information-ratio-per-bar", "treynor_annual": "treynor",
    "m2_annual": "m-squared", "up_capture_empyrical": "up-capture-compounded",
    "down_capture_empyrical": "down-capture-compounded", "up_capture_arith": "up-capture",
    "down_capture_arith": "down-capture", "batting_average": "batting-average",
  ]

  static let benchmarkFiles = [
    "nasdaq": "oracles/nasdaq_adj_close.csv", "sp500": "prices/sp500.csv",
  ]

  @Test(arguments: ["sp500_1999_2018", "aapl_2005_2012", "msft_2010_2012"])
  func everyMetricAgrees(name: String) throws {
    let cases = try #require(try Fixture.json("oracles/01_metrics.json")["cases"] as? JSONObject)
    let one = try #require(cases[name] as? JSONObject)
    let input = try #require(one["input"] as? [String: String])
    let expected = try #require(one["metrics"] as? [String: JSONObject])
    let (start, end) = (try #require(input["price_start"]), try #require(input["price_end"]))
    let column = try PriceColumn("prices/\(try #require(input["file"]))", from: start, to: end)
    let sample = try column.sample()
    let file = try #require(input["benchmark"].flatMap { Self.benchmarkFiles[$0] })
    let other = try PriceColumn(file, from: start, to: end)
    let aligned = try AlignedReturns(
      sample, benchmarkPrices: other.prices, dates: other.dates)
    #expect(aligned.droppedReturns == 0)
    let metrics = PerformanceMetrics(sample, benchmark: aligned)
    let all = Dictionary(uniqueKeysWithValues: metrics.all.map { ($0.metric.name, $0.value) })
    var special = try variants(column, metrics)
    var checked = 0
    for (key, entry) in expected {
      checked += 1
      if let date = entry["value"] as? String {
        let found = key == "best_day_date" ? metrics.bestReturn : metrics.worstReturn
        #expect(found?.date?.description == date, "\(key)")
        continue
      }
      let value = try #require(entry["value"] as? Double, "\(key)")
      let found = special.removeValue(forKey: key) ?? Self.names[key].flatMap { all[$0] ?? nil }
      let tolerance = key.hasSuffix("_p") ? 1e-8 : 1e-10
      #expect(
        agrees(found, value, relative: tolerance),
        "\(key): \(String(describing: found)), not \(value)")
    }
    #expect(checked == 114 && special.isEmpty)
    #expect(metrics.sharpe == all["sharpe"] && metrics.calmar == all["calmar"])
  }

  /// The reference's values that our catalogue reaches with other settings.
  private func variants(
    _ column: PriceColumn, _ metrics: PerformanceMetrics
  ) throws -> [String: Double?] {
    let yearly = try column.sample(riskFree: .annual(0.02))
    let perBar = try column.sample(riskFree: .perBar(0.02 / 252))
    let series = try column.sample(
      riskFree: .series(Array(repeating: 0.02 / 252, count: column.prices.count - 1)))
    let target = try column.sample(minimumAcceptableReturn: 0.05)
    let constant = try #require(PerformanceMetrics(perBar).sharpe)
    #expect(agrees(PerformanceMetrics(series).sharpe, constant, relative: 1e-9))
    return [
      "sharpe_rf2pct_geo": PerformanceMetrics(yearly).sharpe,
      "sharpe_rf2pct_arith": PerformanceMetrics(perBar).sharpe,
      "omega_5pct": try PerformanceMetrics(target).value(of: "omega"),
    ]
  }
}
