/// Sums over long columns in one documented order: eight interleaved partial sums (lane k adds the
/// values at k, k+8, k+16, ...), folded pairwise (0+4, 1+5, 2+6, 3+7, then halves again), then the
/// up to seven values that are left, in order.
///
/// The order is fixed, so a result is the same on every machine; eight chains instead of one let
/// the processor add several values a cycle and lose fewer digits.
package enum VectorSums {
  /// The sum of the values.
  package static func sum(_ values: UnsafeBufferPointer<Double>) -> Double {
    var lanes = SIMD8<Double>.zero
    let full = eachBlock(of: values) { lanes += $0 }
    var total = folded(lanes)
    for row in full..<values.count { total += values[row] }
    return total
  }

  /// The sum of x - center, and of its square.
  package static func deviations(
    _ values: UnsafeBufferPointer<Double>, from center: Double
  ) -> (sum: Double, squares: Double) {
    var sums = SIMD8<Double>.zero
    var squares = SIMD8<Double>.zero
    let full = eachBlock(of: values) { block in
      let distance = block - center
      sums += distance
      squares += distance * distance
    }
    var total = (sum: folded(sums), squares: folded(squares))
    for row in full..<values.count {
      let distance = values[row] - center
      total.sum += distance
      total.squares += distance * distance
    }
    return total
  }

  /// The sum of the products of two columns of one length.
  package static func product(
    _ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>
  ) -> Double {
    precondition(a.count == b.count, "columns of one length")
    let (left, right) = (UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
    var lanes = SIMD8<Double>.zero
    let full = a.count & ~7
    for row in stride(from: 0, to: full, by: 8) {
      lanes +=
        left.loadUnaligned(fromByteOffset: row * 8, as: SIMD8<Double>.self)
        * right.loadUnaligned(fromByteOffset: row * 8, as: SIMD8<Double>.self)
    }
    var total = folded(lanes)
    for row in full..<a.count { total += a[row] * b[row] }
    return total
  }

  /// The sum of min(x - target, 0) squared.
  package static func squaredShortfalls(
    _ values: UnsafeBufferPointer<Double>, below target: Double
  ) -> Double {
    var lanes = SIMD8<Double>.zero
    let full = eachBlock(of: values) { block in
      let distance = block - target
      let shortfall = distance.replacing(with: 0, where: distance .> 0)
      lanes += shortfall * shortfall
    }
    var total = folded(lanes)
    for row in full..<values.count {
      let shortfall = min(values[row] - target, 0)
      total += shortfall * shortfall
    }
    return total
  }

  /// Calls `body` with each full block of eight values; returns the row after the last of them.
  @inline(__always)
  private static func eachBlock(
    of values: UnsafeBufferPointer<Double>, _ body: (SIMD8<Double>) -> Void
  ) -> Int {
    let bytes = UnsafeRawBufferPointer(values)
    let full = values.count & ~7
    var row = 0
    while row < full {
      body(bytes.loadUnaligned(fromByteOffset: row * 8, as: SIMD8<Double>.self))
      row += 8
    }
    return full
  }

  private static func folded(_ lanes: SIMD8<Double>) -> Double {
    let four = lanes.lowHalf + lanes.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }
}
