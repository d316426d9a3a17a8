internal import Glibc

/// How a covariance matrix is estimated from a window of returns.
public enum CovarianceEstimate: Hashable, Sendable {
  /// The sample covariance, with divisor n - 1.
  case sample
  /// Exponentially weighted: it begins with the sample covariance of the first `seed` returns, and
  /// each later return x gives `C = decay C + (1 - decay) x x'`, without subtracting a mean.
  ///
  /// > J.P. Morgan/Reuters, "RiskMetrics: Technical Document", 4th edition, 1996.
  case exponentiallyWeighted(decay: Double = 0.94, seed: Int = 20)
  /// The sample covariance with divisor n, shrunk towards a target by the intensity that minimises
  /// the expected squared error.
  ///
  /// > O. Ledoit, M. Wolf, "A Well-Conditioned Estimator for Large-Dimensional Covariance
  /// > Matrices", J. Multivariate Analysis 88, 2004; "Honey, I Shrunk the Sample Covariance
  /// > Matrix", J. Portfolio Management 30(4), 2004.
  case ledoitWolf(ShrinkageTarget)

  /// What the sample covariance is shrunk towards.
  public enum ShrinkageTarget: String, Hashable, Sendable, CaseIterable {
    /// Uncorrelated instruments that all have the mean variance.
    case identity
    /// The variances of the sample, and the mean of its correlations for each pair.
    case constantCorrelation = "constant-correlation"
  }

  /// The estimate from a window of returns.
  ///
  /// - Precondition: the window has at least two returns, of which exponential weights need `seed`.
  public func matrix(of window: ReturnsWindow) -> CovarianceMatrix {
    precondition(window.count >= 2, "a covariance needs at least two returns")
    switch self {
    case .sample: return sample(window, divisor: window.count - 1)
    case .exponentiallyWeighted(let decay, let seed):
      return exponentiallyWeighted(window, decay: decay, seed: seed)
    case .ledoitWolf(let target): return shrunk(window, target).covariance
    }
  }

  /// How far a Ledoit-Wolf estimate is shrunk: 0 is the sample, 1 the target; 0 for the others.
  public func shrinkage(of window: ReturnsWindow) -> Double {
    guard case .ledoitWolf(let target) = self else { return 0 }
    return shrunk(window, target).intensity
  }

  /// The fewest returns from which there is an estimate.
  var minimumCount: Int {
    if case .exponentiallyWeighted(_, let seed) = self { return max(2, seed) }
    return 2
  }
}

extension CovarianceEstimate {
  private func sample(_ window: ReturnsWindow, divisor: Int) -> CovarianceMatrix {
    let products = window.centred.products()
    return CovarianceMatrix(
      count: window.instrumentCount, values: products.map { $0 / Double(divisor) })
  }

  /// Each return is scaled by the root of the weight that it has left at the end, so that the
  /// estimate is one sum of products.
  private func exponentiallyWeighted(
    _ window: ReturnsWindow, decay: Double, seed: Int
  ) -> CovarianceMatrix {
    precondition(decay > 0 && decay < 1, "a decay between 0 and 1")
    precondition(seed >= 2 && seed <= window.count, "a seed of at least two returns of the window")
    let (size, rest) = (window.instrumentCount, window.count - seed)
    let first = ReturnsWindow((0..<size).map { Array(window[$0].prefix(seed)) })
    let start = sample(first, divisor: seed - 1)
    guard rest > 0 else { return start }
    let scales = (0..<rest).map { ((1 - decay) * pow(decay, Double(rest - 1 - $0))).squareRoot() }
    let later = ReturnsWindow(
      (0..<size).map { zip(window[$0].dropFirst(seed), scales).map { $0 * $1 } })
    let left = pow(decay, Double(rest))
    return CovarianceMatrix(
      count: size, values: zip(start.values, later.products()).map { left * $0 + $1 })
  }

  private func shrunk(
    _ window: ReturnsWindow, _ target: ShrinkageTarget
  ) -> (covariance: CovarianceMatrix, intensity: Double) {
    let centred = window.centred
    let n = Double(window.count)
    let sample = CovarianceMatrix(
      count: window.instrumentCount, values: centred.products().map { $0 / n })
    let goal: [Double]
    let intensity: Double
    switch target {
    case .identity: (goal, intensity) = identity(sample, centred)
    case .constantCorrelation: (goal, intensity) = constantCorrelation(sample, centred)
    }
    let values = zip(goal, sample.values).map { intensity * $0 + (1 - intensity) * $1 }
    return (CovarianceMatrix(count: sample.count, values: values), intensity)
  }

  private func identity(
    _ sample: CovarianceMatrix, _ centred: ReturnsWindow
  ) -> (goal: [Double], intensity: Double) {
    let (size, n) = (sample.count, Double(centred.count))
    let mean = sample.variances.reduce(0, +) / Double(size)
    var goal = [Double](repeating: 0, count: size * size)
    for row in 0..<size { goal[row * size + row] = mean }
    let distance = squaredDistance(sample.values, goal)
    let norm = sample.values.reduce(0) { $0 + $1 * $1 }
    // The sum over returns x of |x x' - S| squared is that of |x|^4, less n |S| squared.
    var lengths = [Double](repeating: 0, count: centred.count)
    for column in 0..<size {
      for (row, value) in centred[column].enumerated() { lengths[row] += value * value }
    }
    let fourth = lengths.reduce(0) { $0 + $1 * $1 }
    let error = (fourth / n - norm) / n
    return (goal, distance > 0 ? min(max(error, 0), distance) / distance : 1)
  }

  private func constantCorrelation(
    _ sample: CovarianceMatrix, _ centred: ReturnsWindow
  ) -> (goal: [Double], intensity: Double) {
    let (size, n) = (sample.count, Double(centred.count))
    guard size > 1 else { return (sample.values, 0) }
    let deviations = sample.deviations
    var correlations = 0.0
    for row in 1..<size {
      for column in 0..<row {
        correlations += sample[row, column] / (deviations[row] * deviations[column])
      }
    }
    let mean = correlations / Double(size * (size - 1) / 2)
    var goal = sample.values
    for row in 0..<size {
      for column in 0..<size where row != column {
        goal[row * size + column] = mean * deviations[row] * deviations[column]
      }
    }
    let squares = centred.map { $0 * $0 }.products()
    let cubes = centred.map { $0 * $0 * $0 }.products(with: centred)
    var (variance, shared) = (0.0, 0.0)
    for row in 0..<size {
      for column in 0..<size {
        let place = row * size + column
        let one = squares[place] / n - sample.values[place] * sample.values[place]
        variance += one
        guard row != column else {
          shared += one
          continue
        }
        let third = cubes[place] / n - sample[row, row] * sample.values[place]
        shared += mean * deviations[column] / deviations[row] * third
      }
    }
    let distance = squaredDistance(sample.values, goal)
    guard distance > 0 else { return (goal, 1) }
    return (goal, min(1, max(0, (variance - shared) / distance / n)))
  }

  private func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }
}
