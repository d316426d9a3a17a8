/// How returns vary together: variances on the diagonal, covariances beside it, per period.
public struct CovarianceMatrix: Hashable, Sendable {
  /// The number of instruments.
  public let count: Int
  /// `count` x `count` values, row after row.
  public let values: [Double]

  /// A matrix from its rows.
  ///
  /// - Precondition: it is square and symmetric.
  public init(rows: [[Double]]) {
    precondition(rows.allSatisfy { $0.count == rows.count }, "a square matrix")
    for row in rows.indices {
      precondition((0..<row).allSatisfy { rows[row][$0] == rows[$0][row] }, "a symmetric matrix")
    }
    count = rows.count
    values = rows.flatMap(\.self)
  }

  init(count: Int, values: [Double]) {
    self.count = count
    self.values = values
  }

  /// The covariance of two instruments.
  public subscript(row: Int, column: Int) -> Double { values[row * count + column] }

  /// The variance of each instrument.
  public var variances: [Double] { (0..<count).map { self[$0, $0] } }

  /// The standard deviation of each instrument.
  public var deviations: [Double] { variances.map { $0.squareRoot() } }

  /// The variance of a portfolio.
  ///
  /// - Parameter weights: the weight of each instrument.
  public func variance(of weights: [Double]) -> Double {
    zip(weights, product(with: weights)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The share of a portfolio's variance that comes from each instrument:
  /// `w_i (C w)_i / (w' C w)`. The shares sum to 1.
  ///
  /// - Parameter weights: the weight of each instrument.
  public func riskContributions(of weights: [Double]) -> [Double] {
    let marginal = product(with: weights)
    let parts = zip(weights, marginal).map { $0 * $1 }
    let total = parts.reduce(0, +)
    return parts.map { $0 / total }
  }

  /// The matrix times a vector.
  func product(with vector: [Double]) -> [Double] {
    precondition(vector.count == count, "one weight for each instrument")
    return values.withUnsafeBufferPointer { values in
      vector.withUnsafeBufferPointer { vector in
        (0..<count).map { row in
          let part = UnsafeBufferPointer(rebasing: values[row * count..<(row + 1) * count])
          return VectorSums.product(part, vector)
        }
      }
    }
  }

  /// The correlation of two instruments, from -1 to 1.
  func correlation(_ row: Int, _ column: Int) -> Double {
    if row == column { return 1 }
    let correlation = self[row, column] / (self[row, row] * self[column, column]).squareRoot()
    return min(1, max(-1, correlation))
  }
}

/// The lower triangle whose product with its transpose is a positive definite matrix. It is made
/// anew for one matrix after another, in the same memory.
struct CholeskyFactor {
  private let stride: Int
  private var rows: [Double]
  private var size = 0

  /// Room for matrices of up to so many rows.
  init(capacity: Int) {
    stride = capacity
    rows = [Double](repeating: 0, count: capacity * capacity)
  }

  /// Factors the rows and columns of a matrix that are chosen.
  ///
  /// - Parameter diagonal: what is added to each chosen diagonal element.
  /// - Returns: whether the matrix is positive definite beyond rounding.
  mutating func factor(
    _ matrix: CovarianceMatrix, at chosen: [Int], adding diagonal: [Double]? = nil
  ) -> Bool {
    size = chosen.count
    return rows.withUnsafeMutableBufferPointer { rows in
      matrix.values.withUnsafeBufferPointer { values in
        for i in 0..<size {
          let source = chosen[i] * matrix.count
          for j in 0...i {
            let known = VectorSums.product(
              UnsafeBufferPointer(rebasing: rows[i * stride..<i * stride + j]),
              UnsafeBufferPointer(rebasing: rows[j * stride..<j * stride + j]))
            let element = values[source + chosen[j]]
            guard i == j else {
              rows[i * stride + j] = (element - known) / rows[j * stride + j]
              continue
            }
            let square = element + (diagonal?[i] ?? 0) - known
            guard square > element * 1e-13 else { return false }
            rows[i * stride + i] = square.squareRoot()
          }
        }
        return true
      }
    }
  }

  /// Solves for a vector, in place.
  func solve(_ vector: inout [Double]) {
    rows.withUnsafeBufferPointer { rows in
      for i in 0..<size {
        var value = vector[i]
        for j in 0..<i { value -= rows[i * stride + j] * vector[j] }
        vector[i] = value / rows[i * stride + i]
      }
      for i in (0..<size).reversed() {
        let value = vector[i] / rows[i * stride + i]
        vector[i] = value
        for j in 0..<i { vector[j] -= rows[i * stride + j] * value }
      }
    }
  }
}
