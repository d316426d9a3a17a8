import BacktestCore
internal import Glibc

/// A real symmetric matrix and its eigenvalues.
struct SymmetricMatrix {
  private(set) var rows: [[Double]]

  /// A matrix from its rows, of which the lower triangle is read.
  init(rows: [[Double]]) { self.rows = rows }

  /// The products of each two of some columns.
  init(productsOf columns: [[Double]]) {
    rows = columns.indices.map { row in
      (0...row).map { column in
        columns[row].withUnsafeBufferPointer { a in
          columns[column].withUnsafeBufferPointer { VectorSums.product(a, $0) }
        }
      } + Array(repeating: 0, count: columns.count - row - 1)
    }
  }

  /// The eigenvalues in ascending order: Householder's reduction to three diagonals, then the
  /// implicit QL method.
  ///
  /// > H. Bowdler, R. S. Martin, C. Reinsch, J. H. Wilkinson, "The QR and QL Algorithms for
  /// > Symmetric Matrices", Numerische Mathematik 11, 1968.
  func eigenvalues() -> [Double] {
    var (diagonal, below) = tridiagonal()
    let n = diagonal.count
    for low in 0..<n {
      for _ in 0..<60 {
        var high = low
        while high < n - 1,
          abs(below[high]) > .ulpOfOne * (abs(diagonal[high]) + abs(diagonal[high + 1]))
        {
          high += 1
        }
        if high == low { break }
        rotate(&diagonal, &below, low: low, high: high)
      }
    }
    return diagonal.sorted()
  }

  /// One implicit QL step on the rows from `low` to `high`, which do not split.
  private func rotate(
    _ diagonal: inout [Double], _ below: inout [Double], low: Int, high: Int
  ) {
    let slope = (diagonal[low + 1] - diagonal[low]) / (2 * below[low])
    let length = hypot(slope, 1)
    var shifted =
      diagonal[high] - diagonal[low] + below[low] / (slope + (slope >= 0 ? length : -length))
    var (sine, cosine, change) = (1.0, 1.0, 0.0)
    for row in stride(from: high - 1, through: low, by: -1) {
      let product = sine * below[row]
      let other = cosine * below[row]
      let radius = hypot(product, shifted)
      below[row + 1] = radius
      guard radius != 0 else {
        diagonal[row + 1] -= change
        below[high] = 0
        return
      }
      sine = product / radius
      cosine = shifted / radius
      let distance = diagonal[row + 1] - change
      let mixed = (diagonal[row] - distance) * sine + 2 * cosine * other
      change = sine * mixed
      diagonal[row + 1] = distance + change
      shifted = cosine * mixed - other
    }
    diagonal[low] -= change
    below[low] = shifted
    below[high] = 0
  }

  /// The diagonal, and what lies below it, of a similar matrix that has nothing else.
  private func tridiagonal() -> (diagonal: [Double], below: [Double]) {
    var matrix = rows
    let n = rows.count
    var below = [Double](repeating: 0, count: n)
    for column in 0..<max(n - 2, 0) {
      var reflector = (column + 1..<n).map { matrix[$0][column] }
      let length = reflector.compensatedSum { $0 * $0 }.squareRoot()
      guard length > 0 else { continue }
      let target = reflector[0] > 0 ? -length : length
      below[column] = target
      reflector[0] -= target
      let square = reflector.compensatedSum { $0 * $0 }
      guard square > 0 else { continue }
      SymmetricMatrix.reflect(&matrix, from: column + 1, along: reflector, square: square)
    }
    if n >= 2 { below[n - 2] = matrix[n - 1][n - 2] }
    return (matrix.indices.map { matrix[$0][$0] }, below)
  }

  /// Applies the reflection along a vector to the rows and columns from `start` on, of which the
  /// lower triangle is kept.
  private static func reflect(
    _ matrix: inout [[Double]], from start: Int, along vector: [Double], square: Double
  ) {
    let size = vector.count
    var image = [Double](repeating: 0, count: size)
    for row in 0..<size {
      let values = matrix[start + row]
      var sum = values[start + row] * vector[row]
      for column in 0..<row {
        sum += values[start + column] * vector[column]
        image[column] += values[start + column] * vector[row]
      }
      image[row] += sum
    }
    for row in 0..<size { image[row] *= 2 / square }
    let along = zip(image, vector).compensatedSum { $0.0 * $0.1 } / square
    for row in 0..<size { image[row] -= along * vector[row] }
    for row in 0..<size {
      for column in 0...row {
        matrix[start + row][start + column] -=
          vector[row] * image[column] + image[row] * vector[column]
      }
    }
  }
}
