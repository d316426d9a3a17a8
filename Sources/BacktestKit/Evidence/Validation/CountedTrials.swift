package import BacktestCore

/// The number of trials behind a result, and what is left of its Sharpe ratio once they are
/// counted.
///
/// A trial is one evaluation of one configuration (a set of parameters under the same rules) on one
/// period of the same data. Evaluations of one configuration on several periods, such as the train
/// windows of a walk-forward, are several trials and one configuration: their returns are joined by
/// date, because trying a configuration again on more data is not another search.
public struct CountedTrials: Hashable, Sendable {
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

extension CountedTrials {
  /// The number of independent trials by the mean correlation of configurations, which is taken as
  /// 0 where it is unknown; 0 of none.
  public var effective: Double {
    guard configurations > 0 else { return 0 }
    return TrialCount.averageCorrelation(meanCorrelation ?? 0, trials: configurations).value
  }

  /// The count with the Sharpe ratio of some session returns deflated by it.
  ///
  /// - Parameter riskFree: what a session earns without risk.
  package func deflating(_ returns: [Double], riskFree: Double) -> CountedTrials {
    var count = self
    count.deflatedSharpe = nil
    // A single trial has no variance, and nothing to be the best of.
    let variance = configurations > 1 ? sharpeVariance : 0
    guard let variance, configurations > 0,
      let estimate = SharpeEstimate(returns: returns.map { $0 - riskFree })
    else { return count }
    let trials = TrialCount(.averageCorrelation, effective)
    let deflated = DeflatedSharpeRatio.estimate(estimate, variance: variance, trials: trials)
    count.deflatedSharpe = (try? deflated.get())?.probability
    return count
  }

  /// The count with the Sharpe ratio of a run deflated by it.
  package func deflating(_ run: BacktestResult) -> CountedTrials {
    let sample = run.sessionSample
    guard let riskFree = sample.riskFree.meanPerBar(barsPerYear: sample.barsPerYear) else {
      return self
    }
    return deflating(sample.returns, riskFree: riskFree)
  }
}

/// Whether the trials behind a result were counted.
public enum TrialCounting: Hashable, Sendable {
  /// They were.
  case counted(CountedTrials)
  /// They were not, and why.
  case notCounted(reason: String)

  /// The count; `nil` where there is none.
  public var count: CountedTrials? {
    if case .counted(let count) = self { return count }
    return nil
  }

  /// Why there is no count where nobody named a store.
  package static let noStore = "no store was used"

  /// Nobody asked for a count.
  package static let withoutStore = TrialCounting.notCounted(reason: noStore)
}

extension TrialCounting {
  /// The count in words: `42 trials counted (12 configurations, 3.1 effective), …`.
  package var text: String {
    switch self {
    case .notCounted(let reason): return "trials not counted: \(reason)"
    case .counted(let count):
      let effective = NumberFormat.number(decimals: 1).text(count.effective)
      let deflated =
        count.deflatedSharpe.map {
          "; deflated Sharpe ratio \(NumberFormat.probability.text($0))"
        } ?? ""
      let forgotten =
        count.forgotten > 0 ? ", \(NumberText.grouped(count.forgotten)) more forgotten" : ""
      return
        "\(NumberText.count(count.counted, "trial")) counted in \(count.store) "
        + "(\(NumberText.count(count.configurations, "configuration")), \(effective) effective"
        + "\(forgotten))\(deflated)"
    }
  }
}
