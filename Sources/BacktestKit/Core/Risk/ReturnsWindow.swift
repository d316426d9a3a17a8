/// Simple returns of several instruments over the same periods, oldest first.
///
///     let window = trading.returns(of: instruments, count: 252)
///     let covariance = window.map { CovarianceEstimate.ledoitWolf(.identity).matrix(of: $0) }
public struct ReturnsWindow: Hashable, Sendable {
  /// The number of returns of each instrument.
  public let count: Int
  /// The number of instruments.
  public let instrumentCount: Int
  /// Instrument after instrument.
  let values: [Double]

  /// Returns of several instruments, one column each, as fractions.
  ///
  /// - Precondition: there is at least one column, and all have the same length.
  public init(_ columns: [[Double]]) {
    precondition(!columns.isEmpty, "returns of at least one instrument")
    count = columns[0].count
    instrumentCount = columns.count
    precondition(columns.allSatisfy { [count] in $0.count == count }, "columns of one length")
    values = columns.flatMap(\.self)
  }

  /// Returns that are laid out instrument after instrument.
  init(count: Int, values: [Double]) {
    self.count = count
    instrumentCount = values.count / count
    self.values = values
  }

  /// The returns of an instrument, oldest first.
  public subscript(instrument: Int) -> ArraySlice<Double> {
    precondition(instrument >= 0 && instrument < instrumentCount, "outside the window")
    return values[instrument * count..<(instrument + 1) * count]
  }

  /// The mean return of each instrument.
  public var means: [Double] {
    values.withUnsafeBufferPointer { values in
      (0..<instrumentCount).map { column in
        let rows = UnsafeBufferPointer(rebasing: values[column * count..<(column + 1) * count])
        return VectorSums.sum(rows) / Double(count)
      }
    }
  }

  /// Whether every return is a finite number.
  var isFinite: Bool { values.allSatisfy(\.isFinite) }

  /// The returns less the mean of each instrument.
  var centred: ReturnsWindow {
    var values = values
    for (column, mean) in means.enumerated() {
      for row in column * count..<(column + 1) * count { values[row] -= mean }
    }
    return ReturnsWindow(count: count, values: values)
  }

  /// The products of each two columns, which may belong to another window of the same size: row
  /// after row, a row for each column of this one.
  func products(with other: ReturnsWindow) -> [Double] {
    let size = instrumentCount
    var products = [Double](repeating: 0, count: size * size)
    values.withUnsafeBufferPointer { left in
      other.values.withUnsafeBufferPointer { right in
        for a in 0..<size {
          let first = UnsafeBufferPointer(rebasing: left[a * count..<(a + 1) * count])
          for b in 0..<size {
            let second = UnsafeBufferPointer(rebasing: right[b * count..<(b + 1) * count])
            products[a * size + b] = VectorSums.product(first, second)
          }
        }
      }
    }
    return products
  }

  /// The products of each two columns: row after row, a symmetric matrix.
  func products() -> [Double] {
    let size = instrumentCount
    var products = [Double](repeating: 0, count: size * size)
    values.withUnsafeBufferPointer { values in
      for a in 0..<size {
        let first = UnsafeBufferPointer(rebasing: values[a * count..<(a + 1) * count])
        for b in 0...a {
          let second = UnsafeBufferPointer(rebasing: values[b * count..<(b + 1) * count])
          let product = VectorSums.product(first, second)
          products[a * size + b] = product
          products[b * size + a] = product
        }
      }
    }
    return products
  }

  /// The window with a function applied to each return.
  func map(_ transform: (Double) -> Double) -> ReturnsWindow {
    ReturnsWindow(count: count, values: values.map(transform))
  }
}
