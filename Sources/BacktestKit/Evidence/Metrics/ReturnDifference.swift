/// Whether an account earned more than a benchmark by more than chance would have it: the mean
/// difference of their returns and its standard error.
///
/// The t-statistic is that of the paired differences (Student, 1908) and takes them as independent
/// from bar to bar. Returns that follow each other make it too large, and it knows nothing of how
/// many policies were tried before this one.
public struct ReturnDifference: Hashable, Sendable {
  /// The number of common bars.
  public var count: Int
  /// The mean of account less benchmark, a bar.
  public var mean: Double
  /// The standard error of the mean.
  public var standardError: Double

  /// The difference of returns that stand side by side; `nil` of fewer than two.
  public init?(_ aligned: AlignedReturns) {
    guard aligned.count >= 2 else { return nil }
    let differences = zip(aligned.returns, aligned.benchmark).map { $0 - $1 }
    let size = Double(differences.count)
    let center = differences.compensatedSum { $0 } / size
    let squares = differences.compensatedSum { ($0 - center) * ($0 - center) }
    count = differences.count
    mean = center
    standardError = (squares / (size - 1) / size).squareRoot()
  }

  /// The mean over its standard error; `nil` where every difference is the same.
  public var statistic: Double? { standardError > 0 ? mean / standardError : nil }

  /// The bounds between which the mean lies with 95 % confidence, by the normal distribution.
  public var interval: ClosedRange<Double> {
    let margin = 1.96 * standardError
    return (mean - margin)...(mean + margin)
  }

  /// Whether the whole interval lies above zero.
  public var isAboveZero: Bool { interval.lowerBound > 0 }
}
