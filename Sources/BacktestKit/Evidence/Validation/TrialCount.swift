/// The number of trials behind a result, and what is left of its Sharpe ratio once they are counted.
///
/// A trial is one evaluation of one configuration (a set of parameters under the same rules) on one
/// period of the same data. Evaluations of one configuration on several periods, such as the train
/// windows of a walk-forward, are several trials and one configuration: their returns are joined by
/// date, because trying a configuration again on more data is not another search.
public struct TrialCount: Hashable, Sendable {
  /// What is counted together: the strategy, the instruments and the timeframe.
  public var family: String
  /// The store in which they were counted, as seen from the folder of the study.
  public var store: String
  /// The number of different trials.
  public var counted: Int
  /// The number of trials that were removed from the store and its count.
  public var forgotten: Int
  /// The number of different configurations among them.
  public var configurations: Int
  /// The mean correlation of the daily returns of two configurations, over the days that they have
  /// in common; `nil` with fewer than two that have some.
  public var meanCorrelation: Double?
  /// The variance over configurations of the Sharpe ratio of one session, n - 1; `nil` with fewer
  /// than two ratios.
  public var sharpeVariance: Double?
  /// The probability that the Sharpe ratio is above what the best of `effective` trials without
  /// any edge would be expected to have; `nil` where the ratio or its variance has no value.
  public var deflatedSharpe: Double?

  /// A count.
  package init(
    family: String, store: String, counted: Int, forgotten: Int, configurations: Int,
    meanCorrelation: Double? = nil, sharpeVariance: Double? = nil
  ) {
    self.family = family
    self.store = store
    self.counted = counted
    self.forgotten = forgotten
    self.configurations = configurations
    self.meanCorrelation = meanCorrelation
    self.sharpeVariance = sharpeVariance
  }
}

/// Whether the trials behind a result were counted.
public enum TrialCounting: Hashable, Sendable {
  /// They were.
  case counted(TrialCount)
  /// They were not, and why.
  case notCounted(reason: String)

  /// The count; `nil` where there is none.
  public var count: TrialCount? {
    if case .counted(let count) = self { return count }
    return nil
  }

  /// Nobody asked for a count.
  package static let withoutStore = TrialCounting.notCounted(reason: "no store was used")
}
