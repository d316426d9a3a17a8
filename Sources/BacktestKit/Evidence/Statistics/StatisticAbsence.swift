internal import BacktestCore

/// Why a statistic of a search has no value.
public enum StatisticAbsence: Error, Hashable, Sendable, CustomStringConvertible {
  /// There are only that many returns.
  case tooFewReturns(Int, needed: Int)
  /// There are only that many trials with a Sharpe ratio.
  case tooFewTrials(Int, needed: Int)
  /// There are more trials than it can be computed for.
  case tooManyTrials(Int, limit: Int)
  /// The returns are all equal.
  case noDispersion
  /// Skewness and kurtosis leave the Sharpe ratio's variance no positive value.
  case negativeVariance
  /// The returns of the trials were not kept.
  case returnsNotKept

  /// The reason in a few words.
  public var description: String {
    switch self {
    case .tooFewReturns(let count, let needed):
      "too few returns (\(NumberText.grouped(count)), \(NumberText.grouped(needed)) are needed)"
    case .tooFewTrials(let count, let needed):
      "too few trials with a Sharpe ratio (\(NumberText.grouped(count)), "
        + "\(NumberText.grouped(needed)) are needed)"
    case .tooManyTrials(let count, let limit):
      "too many trials (\(NumberText.grouped(count)), at most \(NumberText.grouped(limit)))"
    case .noDispersion: "the returns do not vary"
    case .negativeVariance: "skewness and kurtosis give the Sharpe ratio a negative variance"
    case .returnsNotKept: "the returns of the trials were not kept"
    }
  }
}
