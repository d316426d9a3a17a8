import BacktestKit
import Strategies

extension EvidenceStatistics {
  /// All 12,870 splits of 16 folds of which 8 are tested, over 5,030 days.
  static func combinatorialSplits(_ sample: EvidenceSample, repeats: Int) throws -> Measurement {
    let before = ProcessMemory.peakMegabytes
    var measurement = try seconds("cpcv_16_8_splits", repeats: repeats) {
      let splits = try CombinatorialSplits(
        barCount: sample.returns.count, foldCount: 16, testFoldCount: 8,
        purging: Purging(purge: 5, embargo: 10))
      let trained = splits.reduce(0) { $0 + $1.trainCount }
      return [("splits", Double(splits.count)), ("train_bars", Double(trained))]
    }
    measurement.extras.append(("peak_growth_mb", ProcessMemory.peakMegabytes - before))
    return measurement
  }

  /// Combinatorial cross-validation of 2 of 6 folds, each split choosing among 64 crossovers of the
  /// S&P 500, from the prices in memory to the paths.
  static func crossValidation(_ sample: EvidenceSample, repeats: Int) throws -> Measurement {
    var plan = CrossValidationPlan(.combinatorial)
    plan.purging = Purging(purge: 5, embargo: 10)
    var study = CrossValidation(
      SMACrossover.definition,
      grid: ParameterGrid([
        "fast": [5, 10, 15, 20, 25, 30, 40, 50],
        "slow": [60, 80, 100, 120, 150, 180, 200, 250],
      ]), on: Feed(try Universe([try standardAndPoors500()])), plan: plan)
    study.configuration.execution.commission = BasisPointCommission(basisPoints: 2)
    let ready = study
    return try seconds("cpcv_6_2_of_64_sets", repeats: repeats) {
      let result = try ready.run(threads: 1)
      return [
        ("paths", Double(result.paths.count)),
        ("median_sharpe", result.distribution(of: "sharpe")?.median ?? .nan),
      ]
    }
  }

  /// 5,031 daily bars from 1999 to 2018.
  private static func standardAndPoors500() throws -> BarSeries {
    let parts = #filePath.split(separator: "/").dropLast(5)
    var options = CSVReadOptions()
    options.priceBasis = .adjusted
    return try BarSeries(
      csv: "/" + parts.joined(separator: "/") + "/Fixtures/prices/sp500.csv", calendar: .xnys,
      options: options)
  }
}
