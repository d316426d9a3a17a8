public import BacktestCore

/// One fold of a walk-forward: what was chosen on the train window, and how it did on the test
/// window.
public struct WalkForwardFold: Sendable {
  /// The number of the fold, from 0.
  public var index: Int
  /// The train window as bars of the evaluation axis.
  public var train: Range<Int>
  /// The test window as bars of the evaluation axis.
  public var test: Range<Int>
  /// The session dates of the first and last bar of the train window.
  public var trainDates: ClosedRange<CivilDate>
  /// The session dates of the first and last bar of the test window.
  public var testDates: ClosedRange<CivilDate>
  /// Where the strategy of the fold comes from, where folds have their own.
  public var source: FoldSource?
  /// The position of the chosen parameters among all candidates.
  public var choice: Int
  /// The chosen parameters, complete.
  public var parameters: StrategyParameters
  /// The number of candidates that were tried.
  public var candidateCount: Int
  /// The number of candidates tried for which the objective does not exist on the train window;
  /// they rank below all others.
  public var nullCount: Int
  /// The objective of the chosen parameters on the train window; `nil` where it does not exist.
  public var inSample: Double?
  /// The objective of the chosen parameters on the test window; `nil` where it does not exist.
  public var outOfSample: Double?
  /// Whether the chosen parameters' returns on the train window are all the same, so that an
  /// objective that does not exist counts as 0 in the mean over folds.
  public var isFlatInSample: Bool
  /// Whether the returns on the test window are all the same, so that an objective that does not
  /// exist counts as 0 in the mean over folds.
  public var isFlatOutOfSample: Bool
  /// The run on the test window; `nil` when an earlier fold had lost all money.
  public var result: BacktestResult?
  /// How the run on the test window did.
  public var metrics: PerformanceMetrics?

  /// Whether no candidate had an objective, so that the first was taken.
  public var isArbitraryChoice: Bool { nullCount == candidateCount }
  /// The trades that the test window closed.
  public var tradeCount: Int { result?.trades.count { !$0.isOpen } ?? 0 }
}
