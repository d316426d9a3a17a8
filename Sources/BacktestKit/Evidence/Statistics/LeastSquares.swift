/// A linear regression by ordinary least squares, from a QR decomposition by Householder's
/// reflections.
struct LeastSquares {
  /// One coefficient for each column.
  let coefficients: [Double]
  /// What the columns do not explain of each row.
  let residuals: [Double]
  /// The inverse of the product of the columns with one another, row after row.
  let inverseProduct: [Double]
  /// The sum of squared residuals.
  var squaredResiduals: Double { residuals.compensatedSum { $0 * $0 } }

  /// The regression of values on columns of the same length.
  ///
  /// - Returns: `nil` where there are fewer rows than columns, or a column depends on the others.
  init?(_ values: [Double], on columns: [[Double]]) {
    let (rows, size) = (values.count, columns.count)
    guard size > 0, rows >= size, columns.allSatisfy({ $0.count == rows }) else { return nil }
    var matrix = columns
    var right = values
    var diagonal = [Double](repeating: 0, count: size)
    for k in 0..<size {
      let whole = matrix[k].compensatedSum { $0 * $0 }.squareRoot()
      let rest = matrix[k][k...].compensatedSum { $0 * $0 }.squareRoot()
      guard rest > whole * 1e-12, whole.isFinite else { return nil }
      diagonal[k] = matrix[k][k] > 0 ? -rest : rest
      // The reflector lies where the column was.
      matrix[k][k] -= diagonal[k]
      let scale = -diagonal[k] * matrix[k][k]
      for other in k + 1..<max(size, k + 1) {
        Self.reflect(&matrix[other], along: matrix[k], from: k, scale: scale)
      }
      Self.reflect(&right, along: matrix[k], from: k, scale: scale)
    }
    var inverse = [Double](repeating: 0, count: size * size)
    for column in 0..<size {
      for row in (0...column).reversed() {
        var value = row == column ? 1.0 : 0
        for k in row + 1..<max(column + 1, row + 1) {
          value -= matrix[k][row] * inverse[k * size + column]
        }
        inverse[row * size + column] = value / diagonal[row]
      }
    }
    coefficients = (0..<size).map { row in
      (row..<size).compensatedSum { inverse[row * size + $0] * right[$0] }
    }
    residuals = (0..<rows).map { [coefficients] row in
      var value = values[row]
      for k in 0..<size { value -= coefficients[k] * columns[k][row] }
      return value
    }
    inverseProduct = (0..<size * size).map { place in
      let (a, b) = (place / size, place % size)
      return (max(a, b)..<size).compensatedSum { inverse[a * size + $0] * inverse[b * size + $0] }
    }
  }

  private static func reflect(
    _ column: inout [Double], along reflector: [Double], from start: Int, scale: Double
  ) {
    var product = 0.0
    for row in start..<column.count { product += reflector[row] * column[row] }
    let factor = product / scale
    for row in start..<column.count { column[row] -= factor * reflector[row] }
  }
}

extension LeastSquares {
  /// The covariance of the coefficients where residuals are correlated over time and vary in size:
  /// Bartlett weights `1 - l / (lags + 1)`, no correction for few rows.
  ///
  /// > W. K. Newey, K. D. West, "A Simple, Positive Semi-Definite, Heteroskedasticity and
  /// > Autocorrelation Consistent Covariance Matrix", Econometrica 55(3), 1987.
  func robustCovariance(columns: [[Double]], lags: Int) -> [Double] {
    let (size, rows) = (columns.count, residuals.count)
    let scores = columns.map { zip($0, residuals).map { $0 * $1 } }
    var middle = [Double](repeating: 0, count: size * size)
    for lag in 0...min(lags, rows - 1) {
      let weight = 1 - Double(lag) / Double(lags + 1)
      for a in 0..<size {
        for b in 0..<size {
          let sum = (lag..<rows).compensatedSum { scores[a][$0] * scores[b][$0 - lag] }
          middle[a * size + b] += weight * sum
          if lag > 0 { middle[b * size + a] += weight * sum }
        }
      }
    }
    return multiplied(multiplied(inverseProduct, middle, size), inverseProduct, size)
  }

  private func multiplied(_ a: [Double], _ b: [Double], _ size: Int) -> [Double] {
    (0..<size * size).map { place in
      let (row, column) = (place / size, place % size)
      return (0..<size).compensatedSum { a[row * size + $0] * b[$0 * size + column] }
    }
  }
}
