/// The number of some returns, their mean, and the sum of squared deviations from it.
package struct TrialMoments: Hashable, Sendable {
  /// The number of returns.
  package private(set) var count = 0
  /// Their mean; 0 without returns.
  package private(set) var mean = 0.0
  /// The sum of their squared deviations from the mean.
  package private(set) var squares = 0.0

  /// The moments of nothing.
  package init() {}

  /// Moments from their parts.
  package init(count: Int, mean: Double, squares: Double) {
    (self.count, self.mean, self.squares) = (count, mean, squares)
  }

  /// The moments of some numbers.
  package init(_ values: [Double]) {
    let dispersion = Dispersion(values)
    (count, squares) = (dispersion.count, dispersion.squares)
    mean = values.isEmpty ? 0 : dispersion.mean
  }

  /// Takes in the returns of another period.
  package mutating func add(_ other: TrialMoments) {
    guard other.count > 0 else { return }
    let total = Double(count + other.count)
    let distance = other.mean - mean
    squares += other.squares + distance * distance * Double(count) * Double(other.count) / total
    mean += distance * Double(other.count) / total
    count += other.count
  }

  private var dispersion: Dispersion { Dispersion(count: count, mean: mean, squares: squares) }

  /// The variance, n - 1; `nil` of fewer than two numbers.
  package var variance: Double? { dispersion.deviation().map { $0 * $0 } }

  /// The Sharpe ratio of one return; `nil` where they are too few or do not scatter.
  package var sharpe: Double? {
    guard count > 1, let deviation = dispersion.deviation(), deviation > 0, mean.isFinite else {
      return nil
    }
    return mean / deviation
  }
}

extension Trial {
  /// The moments of its returns.
  package var moments: TrialMoments { TrialMoments(returns.map(Double.init)) }
}
