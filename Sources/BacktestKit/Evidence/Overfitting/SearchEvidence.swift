internal import BacktestCore

/// What the best trial of a search is worth once it is known how many were tried.
///
///     let evidence = try SearchEvidence(trials: columns, chosen: best)
///     switch evidence.deflatedSharpe {
///     case .success(let deflated): print(deflated.probability, deflated.trials)
///     case .failure(let reason): print("no deflated Sharpe ratio: \(reason)")
///     }
///
/// Each figure is there or says why it is not.
public struct SearchEvidence: Sendable {
  /// How the evidence is computed.
  public struct Options: Hashable, Sendable {
    /// The blocks of the probability of backtest overfitting, even.
    public var blocks = 16
    /// How trials are counted for the deflated Sharpe ratio.
    public var trialCount = TrialCount.Method.averageCorrelation
    /// What worthless ratios scatter about in the deflated Sharpe ratio.
    public var null = DeflatedSharpeRatio.Null.zero
    /// The number of resamples of the test of superior predictive ability.
    public var draws = 2_000
    /// How these are drawn; `nil` is stationary with a mean block of the cube root of the number
    /// of rows.
    public var scheme: ResamplingScheme?
    /// The seed of the resamples.
    public var seed: UInt64 = 1
    /// How many threads work at a time; `nil` takes one for each processor.
    public var threads: Int?

    /// The defaults.
    public init() {}
  }

  /// The number of trials, each counted.
  public let trials: Int
  /// The position of the chosen trial.
  public let chosen: Int
  /// The number of returns of each trial.
  public let rows: Int
  /// The Sharpe ratio of the chosen trial, per bar.
  public let chosenRatio: Result<SharpeEstimate, StatisticAbsence>
  /// The variance of the ratios per bar between the trials, n - 1.
  public let ratioVariance: Result<Double, StatisticAbsence>
  /// The mean of the ratios per bar.
  public let ratioMean: Result<Double, StatisticAbsence>
  /// The number of independent trials by their mean correlation.
  public let effectiveTrials: Result<TrialCount, StatisticAbsence>
  /// The number of independent trials by the eigenvalues of their correlations.
  public let effectiveRank: Result<TrialCount, StatisticAbsence>
  /// The probability that the chosen trial is better than the luck of trying so many.
  public let deflatedSharpe: Result<DeflatedSharpeRatio, StatisticAbsence>
  /// The probability that the choice is overfitted.
  public let overfitting: Result<OverfittingProbability, StatisticAbsence>
  /// Whether the best trial beats the benchmark.
  public let superiority: Result<SuperiorityTest, StatisticAbsence>

  /// The evidence from the returns of all trials.
  ///
  /// - Parameters:
  ///   - trials: the simple returns of each, all of the same rows.
  ///   - chosen: the position of the chosen one.
  ///   - benchmark: returns on the same rows for the test of superior predictive ability; `nil` is
  ///     cash at 0.
  ///   - options: how it is computed.
  /// - Throws: `EvidenceError` when trials, benchmark or options cannot be used.
  public init(
    trials: [[Double]], chosen: Int, benchmark: [Double]? = nil, options: Options = Options()
  ) throws(EvidenceError) {
    guard trials.indices.contains(chosen) else { throw .noTrial(chosen, count: trials.count) }
    var summary = try SearchSummary(rows: trials[chosen].count, blocks: options.blocks)
    for returns in trials { try summary.add(returns) }
    let rank = try TrialCount.effectiveRank(of: trials)
    let superiority = try SuperiorityTest.run(
      trials: trials, benchmark: benchmark, scheme: options.scheme, draws: options.draws,
      seed: options.seed, threads: options.threads)
    try self.init(
      summary, chosen: chosen, returns: trials[chosen], options: options, rank: rank,
      superiority: superiority)
  }

  /// The evidence from a summary of all trials: without the figures that need all returns.
  ///
  /// - Parameters:
  ///   - summary: of all trials.
  ///   - chosen: the position of the chosen one.
  ///   - returns: the returns of the chosen one.
  ///   - options: how it is computed.
  /// - Throws: `EvidenceError` when there is no such trial, or its returns cannot be used.
  public init(
    _ summary: SearchSummary, chosen: Int, returns: [Double], options: Options = Options()
  ) throws(EvidenceError) {
    try self.init(
      summary, chosen: chosen, returns: returns, options: options,
      rank: .failure(.returnsNotKept), superiority: .failure(.returnsNotKept))
  }

  private init(
    _ summary: SearchSummary, chosen: Int, returns: [Double], options: Options,
    rank: Result<TrialCount, StatisticAbsence>,
    superiority: Result<SuperiorityTest, StatisticAbsence>
  ) throws(EvidenceError) {
    guard chosen >= 0, chosen < summary.count else {
      throw .noTrial(chosen, count: summary.count)
    }
    try checkTrial(returns, number: chosen, rows: summary.rows)
    trials = summary.count
    rows = summary.rows
    self.chosen = chosen
    effectiveTrials = summary.effectiveTrials
    effectiveRank = rank
    self.superiority = superiority
    ratioVariance = summary.spread.map(\.variance)
    ratioMean = summary.spread.map(\.mean)
    chosenRatio =
      SharpeEstimate(returns: returns).map { .success($0) }
      ?? .failure(rows < 2 ? .tooFewReturns(rows, needed: 2) : .noDispersion)
    if let moments = summary.moments {
      overfitting = OverfittingProbability.estimate(moments, threads: options.threads)
    } else {
      overfitting = .failure(.tooFewReturns(rows, needed: 2 * options.blocks))
    }
    let count: Result<TrialCount, StatisticAbsence>
    switch options.trialCount {
    case .counted: count = .success(TrialCount(.counted, Double(summary.count)))
    case .averageCorrelation: count = effectiveTrials
    case .effectiveRank: count = rank
    }
    let estimate = chosenRatio
    deflatedSharpe = summary.spread.flatMap { spread in
      count.flatMap { count in
        estimate.flatMap {
          DeflatedSharpeRatio.estimate(
            $0, variance: spread.variance, mean: spread.mean, trials: count, null: options.null)
        }
      }
    }
  }
}
