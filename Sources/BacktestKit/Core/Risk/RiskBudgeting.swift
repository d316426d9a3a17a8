/// Weights of which each contributes its share of the variance.
///
/// The weights are y / sum(y) for the y that minimises y' C y / 2 - sum(b ln y), a convex function
/// whose gradient C y - b / y is zero exactly where contributions are as the budgets b. Newton's
/// method, damped while it is far away.
/// > S. Maillard, T. Roncalli, J. Teïletche, "The Properties of Equally Weighted Risk Contribution
/// > Portfolios", J. Portfolio Management 36(4), 2010; F. Spinu, "An Algorithm for Computing Risk
/// > Parity Weights", 2013.
enum RiskBudgeting {
  static func weights(
    _ covariance: CovarianceMatrix, budgets: [Double]?
  ) throws(AllocationError) -> [Double] {
    let size = covariance.count
    let given = budgets ?? Array(repeating: 1, count: size)
    guard given.count == size, given.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .impossibleBudgets
    }
    let sum = given.reduce(0, +)
    let budgets = given.map { $0 / sum }
    let deviations = covariance.deviations
    // In units of each deviation the matrix is one of correlations, whatever the scales are.
    let scaled = CovarianceMatrix(
      count: size,
      values: (0..<size * size).map { covariance.correlation($0 / size, $0 % size) })
    var point = budgets.map { $0.squareRoot() }
    var factor = CholeskyFactor(capacity: size)
    let all = Array(0..<size)
    for _ in 0..<200 {
      let image = scaled.product(with: point)
      var step = (0..<size).map { budgets[$0] / point[$0] - image[$0] }
      let gradient = step
      guard
        factor.factor(scaled, at: all, adding: zip(budgets, point).map { $0 / ($1 * $1) })
      else { throw .singularCovariance }
      factor.solve(&step)
      // The decrement measures how far the minimum is; below 1/4 full steps converge quadratically.
      let decrement = max(0, zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }).squareRoot()
      // The log terms of small budgets bend more sharply than the theory of equal ones assumes.
      let reach = zip(step, point).reduce(0) { max($0, abs($1.0 / $1.1)) }
      let length = reach < 0.25 ? 1 : 1 / (1 + max(decrement, reach))
      for index in all { point[index] += length * step[index] }
      if reach < 1e-13 { break }
    }
    let weights = zip(point, deviations).map { $0 / $1 }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }
}
