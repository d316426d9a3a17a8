import BacktestCore

/// What has to be kept of the trials of a search to say afterwards how much of the best one's
/// result is luck: their Sharpe ratios, the moments of blocks and one column, but no returns.
///
///     var summary = try SearchSummary(rows: 2_520)
///     for candidate in candidates { try summary.add(returns(of: candidate)) }
///     let evidence = try SearchEvidence(summary, chosen: 17, returns: returns(of: candidates[17]))
///
/// A trial takes 264 bytes with 16 blocks. Parts of a search can be summed up apart and put
/// together; results do not depend on the threads as long as the parts and their order do not.
public struct SearchSummary: Sendable {
  /// The number of returns of each trial.
  public let rows: Int
  /// The Sharpe ratio per bar of each trial; not a number where its returns do not vary.
  public private(set) var ratios: [Double] = []
  /// The moments of blocks; `nil` where there are too few rows for them.
  public private(set) var moments: BlockMoments?
  /// The mean correlation.
  public private(set) var correlation: AverageCorrelation

  /// A summary of trials of `rows` returns, none of them yet.
  ///
  /// - Throws: `EvidenceError` when the number of blocks is odd, below 2 or above 24.
  public init(rows: Int, blocks: Int = 16) throws(EvidenceError) {
    self.rows = rows
    correlation = AverageCorrelation(rows: rows)
    moments =
      rows >= 2 * blocks || blocks < 2
      ? try BlockMoments(rows: rows, blocks: blocks)
      : nil
  }

  /// The number of trials.
  public var count: Int { ratios.count }

  /// Adds the simple returns of a trial.
  ///
  /// - Throws: `EvidenceError` when there are not `rows` of them, or one is not finite.
  public mutating func add(_ returns: [Double]) throws(EvidenceError) {
    try checkTrial(returns, number: count, rows: rows)
    let dispersion = Dispersion(returns)
    ratios.append(RatioFormulas.quotient(dispersion.mean, dispersion.deviation()) ?? .nan)
    try moments?.add(returns)
    try correlation.add(returns)
  }

  /// Adds the trials of another summary after one's own.
  ///
  /// - Precondition: they have as many rows and blocks.
  public mutating func add(contentsOf other: SearchSummary) {
    ratios += other.ratios
    if let others = other.moments { moments?.add(contentsOf: others) }
    correlation.add(contentsOf: other.correlation)
  }

  /// All that it holds, for a journal: the ratios, the moments and the correlation.
  var words: [Double] { ratios + (moments?.values ?? []) + correlation.words }

  /// The summary of `count` trials from its `words`; `nil` where these are not of so many.
  init?(words: ArraySlice<Double>, count: Int, rows: Int, blocks: Int) {
    guard var summary = try? SearchSummary(rows: rows, blocks: blocks) else { return nil }
    let moments = summary.moments == nil ? 0 : 2 * blocks * count
    guard words.count == count + moments + rows + 1 else { return nil }
    let rest = words.dropFirst(count)
    summary.ratios = Array(words.prefix(count))
    summary.moments?.add(values: rest.prefix(moments))
    summary.correlation = AverageCorrelation(words: rest.dropFirst(moments))
    self = summary
  }

  /// The mean of the ratios per bar and their variance, n - 1.
  ///
  /// - Returns: a failure with fewer than two trials whose returns vary.
  public var spread: Result<(mean: Double, variance: Double), StatisticAbsence> {
    let finite = ratios.finiteValues
    guard finite.count >= 2 else {
      return .failure(.tooFewTrials(finite.count, needed: 2))
    }
    let dispersion = Dispersion(finite)
    return .success((dispersion.mean, dispersion.squares / Double(finite.count - 1)))
  }

  /// The number of independent trials by their mean correlation.
  public var effectiveTrials: Result<TrialCount, StatisticAbsence> {
    guard let value = correlation.value else {
      return .failure(.tooFewTrials(correlation.count, needed: 2))
    }
    return .success(.averageCorrelation(value, trials: correlation.count))
  }
}
