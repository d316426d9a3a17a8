package import BacktestCore

/// Proposes what a tuning tries next, knowing what came of earlier trials.
package protocol ParameterSampler: Sendable {
  /// Values for a trial, one for each dimension; `nil` where there are no more.
  ///
  /// - Parameters:
  ///   - trial: its number, from 0.
  ///   - attempt: how often this trial was asked for before, because the strategy did not accept
  ///     the values, or they had been tried already.
  ///   - history: the trials of earlier batches, in order.
  /// - Throws: `EvidenceError` where it fails.
  func ask(
    _ trial: Int, attempt: Int, _ history: [TuningTrial]
  ) throws(EvidenceError) -> [ParameterValue]?

  /// Learns what came of a trial.
  func tell(_ trial: TuningTrial) throws(EvidenceError)
}

extension ParameterSampler {
  package func tell(_ trial: TuningTrial) throws(EvidenceError) {}
}

/// All combinations, one after the other.
package struct GridSampler: ParameterSampler {
  private let space: SearchSpace
  private let count: Int

  /// The combinations of a space.
  ///
  /// - Throws: `EvidenceError` where there is no end of them.
  package init(_ space: SearchSpace) throws(EvidenceError) {
    guard let count = space.count else {
      throw .tuning(
        "the grid has no end, because a number without a 'step' has infinitely many values; give "
          + "a list of values, or use the sampler 'tpe' or 'random'")
    }
    self.space = space
    self.count = count
  }

  package func ask(
    _ trial: Int, attempt: Int, _ history: [TuningTrial]
  ) throws(EvidenceError) -> [ParameterValue]? {
    // What a strategy does not accept takes the place of a trial, and is reported as such.
    trial < count && attempt == 0 ? space.combination(trial) : nil
  }
}

/// Every combination as likely as every other.
package struct RandomSampler: ParameterSampler {
  private let space: SearchSpace
  private let seed: UInt64

  /// The random stream `tune/<trial>` of a seed.
  package init(_ space: SearchSpace, seed: UInt64) {
    self.space = space
    self.seed = seed
  }

  package func ask(
    _ trial: Int, attempt: Int, _ history: [TuningTrial]
  ) throws(EvidenceError) -> [ParameterValue]? {
    var random = Randomness(seed: seed, stream: "tune/\(trial)/\(attempt)")
    return space.dimensions.map { $0.range.value(at: random.nextUnit()) }
  }
}
