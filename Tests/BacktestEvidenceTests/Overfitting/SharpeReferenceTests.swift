@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Probabilistic and deflated Sharpe ratios, track records and standard errors against values
/// computed with 30 digits, and against those of the papers.
struct SharpeReferenceTests {
  private static var oracle: StatisticsOracle { try! StatisticsOracle("05_psr_dsr_mintrl.json") }

  private static func estimate(_ input: StatisticsOracle) -> SharpeEstimate {
    let periods = input.has("periods") ? input["periods"].number : 1
    let ratio =
      input.has("sr")
      ? input["sr"].number
      : input.has("mean")
        ? input["mean"].number / input["sd"].number
        : input.has("sr_annual") ? input["sr_annual"].number / periods.squareRoot() : 0
    return SharpeEstimate(
      ratio: ratio, count: input.has("T") ? Int(input["T"].number) : 2,
      skewness: input.has("skew") ? input["skew"].number : 0,
      kurtosis: input.has("kurt") ? input["kurt"].number : 3)
  }

  private static func threshold(_ input: StatisticsOracle) -> Double {
    if input.has("sr0") { return input["sr0"].number }
    guard input.has("sr0_annual") else { return 0 }
    return input["sr0_annual"].number / input["periods"].number.squareRoot()
  }

  private static func value(_ id: String, _ input: StatisticsOracle) throws -> Double? {
    let estimate = estimate(input)
    switch id {
    case "psr_bldp2012_nonnormal", "psr_bldp2012_as_if_normal", "psr_from_raw_moments",
      "mlfinlab_psr":
      return estimate.probability(above: threshold(input))
    case "se_2012":
      return estimate.standardError.map { $0 * (24.0 / 23).squareRoot() }
    case "mintrl_daily_years_SR2_vs_1", "mintrl_weekly_years_SR2_vs_1",
      "mintrl_monthly_years_SR2_vs_1", "mintrl_monthly_hedge_years", "mintrl_monthly_SR3_vs_2.5":
      return estimate.minimumTrackRecord(
        above: threshold(input), confidence: input["prob"].number
      ).map { $0 / input["periods"].number }
    case "mlfinlab_mintrl":
      return estimate.minimumTrackRecord(
        above: threshold(input), confidence: input["prob"].number)
    case "dsr_example_SR0_daily", "dsr_example_DSR", "dsr_example_N46", "dsr_example_normal_N88",
      "dsr_example_normal_N100":
      let deflated = try DeflatedSharpeRatio.estimate(
        estimate, variance: input["var_sr_annual"].number / 250,
        trials: TrialCount(.counted, input["N"].number)
      ).get()
      return id.hasSuffix("SR0_daily") ? deflated.threshold : deflated.probability
    case "dsr_example_expected_max_std_normals_N100":
      return DeflatedSharpeRatio.expectedMaximum(ofNormals: 100)
    case "minbtl_N45_target1_years":
      return MinimumBacktestLength.years(trials: 45, expectedMaximum: 1)
    case "minbtl_N7_target1_years":
      return MinimumBacktestLength.years(trials: 7, expectedMaximum: 1)
    case "minbtl_upper_bound_N45":
      return MinimumBacktestLength.upperBound(trials: 45, expectedMaximum: 1)
    case "p2025_se_nonnormal": return estimate.standardError
    case "p2025_se_normal":
      return SharpeEstimate(ratio: estimate.ratio, count: estimate.count).standardError
    case "p2025_psr_0": return estimate.probability(above: 0, .atThreshold(autocorrelation: 0))
    case "p2025_psr_0.1": return estimate.probability(above: 0.1, .atThreshold(autocorrelation: 0))
    case "p2025_psr_0_rho0.2":
      return estimate.probability(above: 0, .atThreshold(autocorrelation: 0.2))
    case "p2025_mintrl_0":
      return estimate.minimumTrackRecord(above: 0, .atThreshold(autocorrelation: 0))
    case "mlfinlab_dsr_ddof0", "mlfinlab_dsr_ddof1_for_contrast":
      let trials = Dispersion(input["trials"].numbers)
      return try DeflatedSharpeRatio.estimate(
        estimate, variance: trials.squares / (3 - input["ddof"].number),
        trials: TrialCount(.counted, 3)
      ).get().probability
    default: return nil
    }
  }

  @Test func formulasEqualThirtyDigits() throws {
    let cases = Self.oracle["formula_cases"].list
    #expect(cases.count == 28)
    for one in cases {
      let id = one["id"].text
      let found = try Self.value(id, one["input"])
      let expected = one["value"].number
      #expect(
        found.map { abs($0 - expected) <= 1e-12 * max(1, abs(expected)) } ?? false,
        "\(id): \(found ?? .nan), expected \(expected)")
    }
  }

  @Test func trackRecordTablesAreReproduced() {
    let tables = Self.oracle["mintrl_tables_years"]
    let shapes = [
      "daily_250_normal": (250.0, 0.0, 3.0), "weekly_52_normal": (52, 0, 3),
      "monthly_12_normal": (12, 0, 3), "monthly_12_skew_m0_72_kurt_5_78": (12, -0.72, 5.78),
    ]
    var compared = 0
    for (name, (periods, skewness, kurtosis)) in shapes {
      for row in tables[name].keys {
        for column in tables[name][row].keys {
          let ratio = Double(row.dropFirst("true_SR_".count))! / periods.squareRoot()
          let threshold = Double(column.dropFirst("vs_".count))! / periods.squareRoot()
          let found = SharpeEstimate(
            ratio: ratio, count: 2, skewness: skewness, kurtosis: kurtosis
          ).minimumTrackRecord(above: threshold).map { $0 / periods }
          let expected = tables[name][row][column]
          #expect(expected.isNull ? found == nil : isNear(found, expected.number, relative: 1e-12))
          compared += 1
        }
      }
    }
    #expect(compared == 400)
  }

  @Test(arguments: [
    ("sp500_full", "sp500", "1999-01-04", "2018-12-31"),
    ("aapl_2005_2012", "AAPL", "2005-01-03", "2012-12-31"),
    ("sp500_2009_2018", "sp500", "2009-01-02", "2018-12-31"),
  ])
  func realReturnsEqualReference(name: String, file: String, from: String, to: String) throws {
    let oracle = Self.oracle["real_data"][name]
    let returns = try CrossoverReturns(
      "prices/\(file).csv", from: from, to: to, fast: [1], slow: [1]
    ).market
    let estimate = try #require(SharpeEstimate(returns: returns))
    #expect(estimate.count == Int(oracle["T"].number))
    let half = 0.5 / 252.0.squareRoot()
    let expected: [(Double?, String)] = [
      (estimate.ratio, "sr_daily"), (estimate.skewness, "skew_population"),
      (estimate.kurtosis, "kurtosis_population"), (estimate.probability(), "psr_0"),
      (estimate.probability(above: half), "psr_sr0_annual_0.5"),
      (estimate.probability(above: 0, .atThreshold(autocorrelation: 0)), "psr2025_0"),
      (estimate.minimumTrackRecord(), "mintrl_0_95_obs"),
    ]
    for (found, key) in expected {
      #expect(isNear(found, oracle[key].number, relative: 1e-10), "\(key) \(found ?? .nan)")
    }
  }

  @Test(arguments: ["sp500_longflat", "sp500_longshort", "nasdaq_longshort"])
  func bestCrossoverIsDeflated(name: String) throws {
    let oracle = try StatisticsOracle("39_dsr_grid.json")[name]
    let columns = try CrossoverReturns(
      name.hasPrefix("nasdaq") ? "oracles/nasdaq_adj_close.csv" : "prices/sp500.csv",
      short: name.hasSuffix("short")
    ).columns
    var summary = try SearchSummary(rows: columns[0].count)
    for column in columns { try summary.add(column) }
    let best = try #require(columns.indices.max { summary.ratios[$0] < summary.ratios[$1] })
    let chosen = try #require(SharpeEstimate(returns: columns[best]))
    let (mean, variance) = try summary.spread.get()
    #expect(isNear(chosen.ratio, oracle["sr_daily"].number, relative: 1e-9))
    #expect(isNear(variance, oracle["var_sr_ddof1"].number, relative: 1e-9))
    #expect(isNear(mean, oracle["mean_sr"].number, relative: 1e-9))
    #expect(isNear(chosen.probability(), oracle["psr_0"].number, relative: 1e-9))
    let counts: [(String, TrialCount)] = [
      ("N64", TrialCount(.counted, 64)),
      ("N_eff_correlation", try summary.effectiveTrials.get()),
      ("N_effective_rank", try TrialCount.effectiveRank(of: columns).get()),
    ]
    for (key, count) in counts {
      for (null, suffix) in [
        (DeflatedSharpeRatio.Null.zero, "mean0"), (.meanOfTrials, "mean_of_trials"),
      ] {
        let expected = oracle["dsr_\(key)_\(suffix)"]
        #expect(isNear(count.value, expected["N"].number, relative: 1e-9), "\(key) \(count)")
        let found = try DeflatedSharpeRatio.estimate(
          chosen, variance: variance, mean: mean, trials: count, null: null
        ).get()
        #expect(isNear(found.threshold, expected["sr0_daily"].number, relative: 1e-9))
        #expect(isNear(found.probability, expected["dsr"].number, relative: 1e-9))
        #expect(found.trials == count && found.null == null)
      }
    }
  }

  @Test func inferenceEqualsReference() throws {
    let oracle = try StatisticsOracle("36_sharpe_inference.json")
    let market = try CrossoverReturns(fast: [1], slow: [1]).market
    let errors = oracle["sp500"]
    for (lags, key) in [(0, "gmm_L0"), (5, "gmm_L5"), (9, "gmm_L9"), (21, "gmm_L21")] {
      let found = SharpeEstimate.standardError(of: market, lags: lags)
      #expect(isNear(found, errors[key].number, relative: 1e-9), "\(key)")
    }
    let nasdaq = try CrossoverReturns("oracles/nasdaq_adj_close.csv", fast: [1], slow: [1]).market
    let comparison = try SharpeComparison.test(market, nasdaq).get()
    let expected = oracle["jobson_korkie_memmel_sp500_vs_nasdaq"]
    #expect(isNear(comparison.correlation, expected["rho"].number, relative: 1e-9))
    #expect(isNear(comparison.standardError, expected["se"].number, relative: 1e-9))
    #expect(isNear(comparison.statistic, expected["z"].number, relative: 1e-9))
    #expect(isNear(comparison.pValue, expected["p_two_sided"].number, relative: 1e-9))
    #expect(
      isNear(
        comparison.difference, expected["sr_a"].number - expected["sr_b"].number, relative: 1e-9))
  }

  /// Kurtosis is that of a normal distribution plus 3: the usual mistake gives the second number.
  @Test func kurtosisIsNotExcess() throws {
    let one = SharpeEstimate(ratio: 0.2, count: 60, skewness: -1, kurtosis: 8).probability()
    #expect(try abs(#require(one) - 0.91359) < 5e-6)
    let two = SharpeEstimate(ratio: 0.3, count: 24, skewness: -1.5, kurtosis: 8).probability()
    #expect(try abs(#require(two) - 0.87177) < 5e-6)
    for (count, value) in [(2.0, 0.51976), (10, 1.57460), (100, 2.53060), (1_000, 3.25512)] {
      #expect(abs(DeflatedSharpeRatio.expectedMaximum(ofNormals: count) - value) < 5e-6)
    }
  }
}
