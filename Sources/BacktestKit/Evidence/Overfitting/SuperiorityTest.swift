internal import BacktestCore

/// Whether the best of many trials beats a benchmark by more than the luck of trying many: White's
/// Reality Check and Hansen's test of superior predictive ability, from one set of resamples.
///
///     let test = try SuperiorityTest.run(trials: columns, benchmark: index).get()
///     test.studentised.consistent   // Hansen's p-value
///     test.realityCheck             // White's
///
/// The figure of a trial is the mean d of its returns less the benchmark's. Hansen divides it by
/// its standard error w, so that a wild trial does not drown a steady one, and takes the trials
/// that are clearly worse than the benchmark out of the comparison. What is tested are all trials
/// of a search: a test of those that survived it proves nothing.
/// > H. White, "A Reality Check for Data Snooping", Econometrica 68(5), 2000.
/// > P. R. Hansen, "A Test for Superior Predictive Ability", J. Business & Economic Statistics
/// > 23(4), 2005.
public struct SuperiorityTest: Hashable, Sendable {
  /// A statistic and its p-values by where the trials are centred; lower <= consistent <= upper.
  public struct Outcome: Hashable, Sendable {
    /// The greatest of sqrt(n) d, or of sqrt(n) d / w and 0.
    public let statistic: Double
    /// The trial that has it, counted from 0.
    public let best: Int
    /// Worse trials are taken to be as bad as they look.
    public let lower: Double
    /// Trials that are worse beyond doubt are taken to be as bad as they look, others to equal the
    /// benchmark.
    public let consistent: Double
    /// All trials are taken to equal the benchmark.
    public let upper: Double
  }

  /// Hansen's test, whose p-value is the consistent one.
  public let studentised: Outcome
  /// The same without dividing by standard errors.
  public let plain: Outcome
  /// The number of trials tested.
  public let trials: Int
  /// Trials left out because they do not vary against the benchmark.
  public let flatTrials: Int
  /// The trials not worse beyond doubt.
  public let keptTrials: Int
  /// The number of resamples.
  public let draws: Int

  /// White's p-value.
  public var realityCheck: Double { plain.upper }

  /// The test of trials.
  ///
  /// - Parameters:
  ///   - trials: the simple returns of each, all of the same rows.
  ///   - benchmark: the returns on the same rows, net of the same costs; `nil` is cash at 0.
  ///   - scheme: how rows are drawn; `nil` is stationary with a mean block of the cube root of the
  ///     number of rows.
  ///   - draws: the number of resamples.
  ///   - seed: of the stream `superiority`.
  ///   - threads: how many work at a time; `nil` takes one for each processor.
  /// - Throws: `EvidenceError` when trials, benchmark or draws cannot be used.
  public static func run(
    trials: [[Double]], benchmark: [Double]? = nil, scheme: ResamplingScheme? = nil,
    draws: Int = 2_000, seed: UInt64 = 1, threads: Int? = nil
  ) throws(EvidenceError) -> Result<SuperiorityTest, StatisticAbsence> {
    guard draws >= 1 else { throw .tooFewDraws(draws) }
    let columns = try ExcessColumns(trials: trials, benchmark: benchmark)
    let scheme = scheme ?? .forRows(columns.rows)
    try scheme.check()
    return run(columns, .scheme(scheme, draws: draws, seed: seed), threads: threads)
  }

  /// The test of trials on resamples that are given as positions of rows.
  ///
  /// - Parameters:
  ///   - trials: the simple returns of each, all of the same rows.
  ///   - benchmark: the returns on the same rows; `nil` is cash at 0.
  ///   - indices: the rows of each resample, as many as there are.
  ///   - meanBlock: of the stationary bootstrap that drew them, for the standard errors.
  /// - Throws: `EvidenceError` when trials, benchmark or indices cannot be used.
  public static func run(
    trials: [[Double]], benchmark: [Double]? = nil, indices: [[Int]], meanBlock: Double
  ) throws(EvidenceError) -> Result<SuperiorityTest, StatisticAbsence> {
    let columns = try ExcessColumns(trials: trials, benchmark: benchmark)
    let scheme = ResamplingScheme.stationary(meanBlock: meanBlock)
    try scheme.check()
    try columns.check(indices)
    return run(columns, .rows(indices, scheme), threads: 1)
  }

  private static func run(
    _ columns: ExcessColumns, _ resamples: Resamples, threads: Int?
  ) -> Result<SuperiorityTest, StatisticAbsence> {
    guard columns.rows >= 3 else { return .failure(.tooFewReturns(columns.rows, needed: 3)) }
    let statistics = columns.statistics(resamples.scheme)
    guard !statistics.isEmpty else { return .failure(.noDispersion) }
    let maxima = columns.maxima(of: statistics, resamples, threads: threads)
    let outcomes = (0..<2).map { kind in
      Outcome(statistics, maxima, isStudentised: kind == 0)
    }
    return .success(
      SuperiorityTest(
        studentised: outcomes[0], plain: outcomes[1], trials: columns.columns.count,
        flatTrials: columns.columns.count - statistics.count,
        keptTrials: statistics.count { $0.isKept }, draws: resamples.count))
  }
}

extension SuperiorityTest.Outcome {
  fileprivate init(_ trials: [ExcessStatistic], _ maxima: DrawMaxima, isStudentised: Bool) {
    func figure(_ trial: ExcessStatistic) -> Double {
      isStudentised ? trial.studentised : trial.plain
    }
    var greatest = trials[0]
    for trial in trials where figure(trial) > figure(greatest) { greatest = trial }
    let observed = isStudentised ? max(figure(greatest), 0) : figure(greatest)
    func share(_ kind: Int) -> Double {
      // Where no trial does better than the benchmark, nothing speaks against the hypothesis.
      guard figure(greatest) > 0 else { return 1 }
      let values = maxima.values[(isStudentised ? 0 : 3) + kind]
      return Double(values.count { $0 > observed }) / Double(values.count)
    }
    self.init(
      statistic: observed, best: greatest.index, lower: share(0), consistent: share(1),
      upper: share(2))
  }
}

extension ResamplingScheme {
  /// The stationary scheme with a mean block of the cube root of the number of rows.
  static func forRows(_ rows: Int) -> ResamplingScheme {
    .stationary(meanBlock: max(1, Double(rows).cubeRoot))
  }
}
