internal import BacktestCore

/// Which trials of a search beat a benchmark, with the probability of naming even one wrongly held
/// at a level.
///
///     let found = try StepwiseTest.run(trials: columns, benchmark: index, level: 0.05).get()
///     found.superior   // positions of trials
///
/// The Reality Check says only whether the best trial is better. Here the trials that beat its
/// critical value are set aside and the rest are tested again with their own, smaller one, until
/// none is added. Figures are divided by their standard errors.
/// > J. Romano, M. Wolf, "Stepwise Multiple Testing as Formalized Data Snooping", Econometrica
/// > 73(4), 2005.
public struct StepwiseTest: Hashable, Sendable {
  /// The trials that are better than the benchmark, in order of position.
  public let superior: [Int]
  /// What sqrt(n) d / w had to exceed in each step.
  public let criticalValues: [Double]
  /// The probability of naming at least one trial wrongly.
  public let level: Double

  /// The test of trials.
  ///
  /// - Parameters:
  ///   - trials: the simple returns of each, all of the same rows.
  ///   - benchmark: the returns on the same rows, net of the same costs; `nil` is cash at 0.
  ///   - level: the probability of naming at least one trial wrongly.
  ///   - scheme: how rows are drawn; `nil` is stationary with a mean block of the cube root of the
  ///     number of rows.
  ///   - draws: the number of resamples.
  ///   - seed: of the stream `superiority`.
  ///   - threads: how many work at a time; `nil` takes one for each processor.
  /// - Throws: `EvidenceError` when trials, benchmark, level or draws cannot be used.
  public static func run(
    trials: [[Double]], benchmark: [Double]? = nil, level: Double = 0.05,
    scheme: ResamplingScheme? = nil, draws: Int = 2_000, seed: UInt64 = 1, threads: Int? = nil
  ) throws(EvidenceError) -> Result<StepwiseTest, StatisticAbsence> {
    guard draws >= 1 else { throw .tooFewDraws(draws) }
    let columns = try ExcessColumns(trials: trials, benchmark: benchmark)
    let scheme = scheme ?? .forRows(columns.rows)
    try scheme.check()
    return try run(
      columns, level: level, .scheme(scheme, draws: draws, seed: seed), threads: threads)
  }

  /// The test on given resamples.
  static func run(
    _ columns: ExcessColumns, level: Double, _ resamples: Resamples, threads: Int?
  ) throws(EvidenceError) -> Result<StepwiseTest, StatisticAbsence> {
    guard level > 0, level < 1 else { throw .invalidLevel(level) }
    guard columns.rows >= 3 else { return .failure(.tooFewReturns(columns.rows, needed: 3)) }
    var rest = columns.statistics(resamples.scheme)
    guard !rest.isEmpty else { return .failure(.noDispersion) }
    var superior: [Int] = []
    var criticalValues: [Double] = []
    while !rest.isEmpty {
      let maxima = columns.maxima(of: rest, resamples, threads: threads).values[2].sorted()
      let limit = maxima.sortedQuantile(1 - level)
      criticalValues.append(limit)
      let better = rest.filter { $0.studentised > limit }
      if better.isEmpty { break }
      superior += better.map(\.index)
      rest.removeAll { $0.studentised > limit }
    }
    return .success(
      StepwiseTest(
        superior: superior.sorted(), criticalValues: criticalValues, level: level))
  }
}
