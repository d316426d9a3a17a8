public import BacktestCore

/// When a fold trains and when it tests: all that is known before its strategy is made.
public struct FoldPeriod: Hashable, Sendable {
  /// The number of the fold, from 0.
  public var index: Int
  /// The session dates of the first and last bar of the train window, without the gap.
  public var trainDates: ClosedRange<CivilDate>
  /// The session dates of the first and last bar of the test window.
  public var testDates: ClosedRange<CivilDate>
}

/// The strategy of one fold, where each fold has its own: one that was made from the train window
/// by other means than a search of parameters, such as a network trained on it.
public struct FoldStrategy: Sendable {
  /// The strategy; its parameters and its warm-up are those of the walk-forward's own definition.
  public var definition: StrategyDefinition
  /// Where it comes from; `nil` where there is nothing to tell.
  public var source: FoldSource?

  /// A strategy and where it comes from.
  public init(_ definition: StrategyDefinition, source: FoldSource? = nil) {
    self.definition = definition
    self.source = source
  }
}

/// The file from which the strategy of a fold was made.
public struct FoldSource: Hashable, Sendable {
  /// The file as the user named it.
  public var path: String
  /// The SHA-256 digest of its bytes, in hexadecimal digits.
  public var digest: String
  /// The last day of the data from which it was made; `nil` where nobody says it.
  public var trainedUntil: CivilDate?

  /// A file, its digest, and how much of history it knows.
  public init(path: String, digest: String, trainedUntil: CivilDate? = nil) {
    self.path = path
    self.digest = digest
    self.trainedUntil = trainedUntil
  }
}

extension WalkForwardStudy {
  /// Makes the strategy of each fold, in order of time and one at a time: what makes it may use
  /// all processors itself.
  mutating func prepareStrategies(
    progress: (Int) -> Void
  ) throws(WalkForwardError) {
    guard let make = request.strategyOfFold else { return }
    for fold in folds.indices {
      let strategy = try make(period(fold))
      strategies[fold] = strategy
      for candidate in candidates {
        warmup = max(warmup, strategy.definition.make(candidate).warmup)
      }
      progress(fold + 1)
    }
  }

  /// The dates of a fold.
  func period(_ fold: Int) -> FoldPeriod {
    let windows = folds[fold]
    return FoldPeriod(
      index: fold,
      trainDates: dates[windows.train.lowerBound]...dates[windows.train.upperBound - 1],
      testDates: dates[windows.test.lowerBound]...dates[windows.test.upperBound - 1])
  }
}
