public import BacktestCore

/// What a cross-validation found: each split with its choice, the paths that join test folds to
/// histories, and how the figures are spread over them.
///
///     let result = try study.run()
///     let sharpe = result.distribution(of: "sharpe")
///     print(sharpe?.lowerQuartile ?? .nan, sharpe?.median ?? .nan, result.losingShare ?? .nan)
///
/// None of the paths is the result, and least of all the best of them.
public struct CrossValidationResult: Sendable {
  /// The name of the strategy.
  public var strategy: String
  /// What was asked for.
  public var plan: CrossValidationPlan
  /// The values that were searched.
  public var grid: ParameterGrid
  /// The rules of each run.
  public var configuration: BacktestConfiguration
  /// The metric by which parameters were chosen.
  public var objective: MetricDefinition
  /// The markets: one, or one for each asset or timeframe.
  public var markets: [CrossValidationMarket]
  /// Every set of parameters that the strategy accepts, in grid order.
  public var candidates: [StrategyParameters]
  /// The number of combinations of the grid that the strategy does not accept.
  public var infeasibleCount: Int
  /// The splits, in lexicographic order of their test folds, or in the order of groups.
  public var splits: [CrossValidationSplitResult]
  /// The paths: several for `combinatorial`, one for the other methods that cut one history, and
  /// none where whole markets are left out.
  public var paths: [CrossValidationPath]
  /// What the regimes are called, for `by-regime`.
  public var regimes: String?
  /// The objective of each candidate on the train bars of each split, split by split; empty where
  /// nothing was chosen, and where they are too many to keep.
  package var trainScores: [[Double?]] = []
  /// How the paths grew; `nil` where whole markets are left out.
  package var growth: PathGrowth?
  /// The probability that the choice among the candidates is overfitted, by their returns over all
  /// bars; `nil` where there is nothing to choose, or where there are several markets.
  public var overfitting: Result<OverfittingProbability, StatisticAbsence>?

  /// Whether nothing was chosen, because there is one candidate.
  package var choosesNothing: Bool { candidates.count == 1 }
  /// The number of different sets of parameters that splits chose.
  public var distinctChoices: Int { Set(splits.map(\.choice)).count }
}

/// A market of a cross-validation.
public struct CrossValidationMarket: Sendable {
  /// The asset or the timeframe; empty where there is one market.
  public var name: String
  /// The number of bars after the warm-up.
  public var barCount: Int
  /// The number of bars before them.
  public var skip: Int
  /// The longest warm-up of all candidates.
  public var warmup: Int
  /// The session dates of the first and last bar.
  public var dates: ClosedRange<CivilDate>
  /// Bars in a year, by which ratios were annualised.
  public var barsPerYear: Double?
  /// The session date of each bar.
  package var barDates: [CivilDate] = []
}

/// One split: what was chosen on its train bars, and how that did on its test bars.
public struct CrossValidationSplitResult: Sendable {
  /// The number of the split, from 0.
  public var index: Int
  /// What it tests: `folds 1, 3`, `bear`, `2008`, `AAPL`.
  public var name: String
  /// The bars after the warm-up that are tested and trained on; `nil` where whole markets are left
  /// out.
  public var rows: CrossValidationSplit?
  /// The session dates of the first and last test bar.
  public var testDates: ClosedRange<CivilDate>
  /// The number of bars to train on, over all markets.
  public var trainCount: Int
  /// The number of bars to test on.
  public var testCount: Int
  /// The position of the chosen parameters among all candidates.
  public var choice: Int
  /// The chosen parameters, complete.
  public var parameters: StrategyParameters
  /// The number of candidates without an objective on the train bars; they rank below all others.
  public var nullCount: Int
  /// The objective of the chosen parameters on the train bars; where whole markets are left out,
  /// its mean over the others. `nil` where it does not exist.
  public var inSample: Double?
  /// How the chosen parameters did on the test bars.
  public var test: CrossValidationFigures
}

/// One history, joined from the test folds of several splits.
public struct CrossValidationPath: Sendable {
  /// The number of the path, from 0.
  public var index: Int
  /// The split that tests each fold or group.
  public var splits: [Int]
  /// The chosen parameters of each, as positions among all candidates.
  public var choices: [Int]
  /// How the history did as a whole.
  public var test: CrossValidationFigures
}

/// The figures of some out-of-sample returns.
public struct CrossValidationFigures: Sendable {
  /// The objective; `nil` where it does not exist.
  public var objective: Double?
  /// The main figures.
  public var ratios: CoreRatios
}

extension OverfittingProbability.Degradation {
  /// The line through pairs that have both values; `nil` with fewer than three of them.
  init?(_ pairs: [(inSample: Double?, outOfSample: Double?)]) {
    let known = pairs.compactMap { pair in
      pair.inSample.flatMap { x in pair.outOfSample.map { (x, $0) } }
    }
    guard known.count >= 3 else { return nil }
    self.init(inSample: known.map(\.0), outOfSample: known.map(\.1))
  }
}

// The spread of figures
extension CrossValidationResult {
  /// The line through the objectives of the splits out of sample over those in sample; `nil` with
  /// fewer than three splits that have both, or where nothing was chosen.
  public var degradation: OverfittingProbability.Degradation? {
    guard !choosesNothing else { return nil }
    return OverfittingProbability.Degradation(splits.map { ($0.inSample, $0.test.objective) })
  }

  /// Over what figures are spread: `path`, or what was left out, such as `year`.
  public var unit: String { paths.count > 1 ? "path" : plan.method.unit }

  /// The figures of each path or, where there are not several, of each split.
  package var figures: [CrossValidationFigures] {
    paths.count > 1 ? paths.map(\.test) : splits.map(\.test)
  }

  /// The names of the figures that have a distribution, the objective first.
  package var figureNames: [String] {
    let names = CoreRatios.valueNames
    return names.contains(objective.name)
      ? [objective.name] + names.filter { $0 != objective.name } : [objective.name] + names
  }

  /// The values of a metric, one for each path or group in which it exists.
  package func values(of metric: String) -> [Double] {
    figures.compactMap { figure in
      metric == objective.name ? figure.objective : figure.ratios.values[metric] ?? nil
    }
  }

  /// How a metric is spread over the paths or, where there are not several, over the splits; `nil`
  /// where it exists in none, or is neither the objective nor one of the main figures.
  public func distribution(of metric: String) -> ValueDistribution? {
    ValueDistribution(values(of: metric))
  }

  /// The share of paths, or of splits, that lost money, from 0 to 1; `nil` where there is no
  /// return.
  public var losingShare: Double? {
    let returns = values(of: "total-return")
    return returns.isEmpty ? nil : Double(returns.count { $0 < 0 }) / Double(returns.count)
  }

  /// The mean over splits of the in-sample objective of the chosen parameters.
  public var meanInSample: Double? {
    let values = splits.compactMap(\.inSample)
    return values.isEmpty ? nil : values.compensatedSum { $0 } / Double(values.count)
  }
}

extension CoreRatios {
  /// The names of the figures in the catalogue of metrics.
  package static let valueNames = [
    "sharpe", "sortino", "calmar", "total-return", "cagr", "volatility", "max-drawdown",
  ]

  /// The figures by name.
  package var values: [String: Double?] {
    [
      "sharpe": sharpe, "sortino": sortino, "calmar": calmar, "total-return": totalReturn,
      "cagr": cagr, "volatility": volatility, "max-drawdown": maxDrawdown,
    ]
  }
}

extension CrossValidationResult {
  /// The hash of all choices and of all figures out of sample: equal results have equal ones.
  package var fingerprint: String {
    var digest = ContentDigest()
    func add(_ text: String) {
      let bytes = Array(text.utf8) + [0]
      bytes.withUnsafeBytes { digest.update($0) }
    }
    func add(_ figures: CrossValidationFigures) {
      let values = CoreRatios.valueNames.map { figures.ratios.values[$0] ?? nil }
      for value in values + [figures.objective] { add("\(value ?? .nan)") }
    }
    for split in splits {
      add("\(split.name) \(split.choice)")
      add(split.test)
    }
    for path in paths { add(path.test) }
    return digest.value.hexadecimal
  }
}
