/// Sums of products of a series with itself some rows before, for the lags 1 to 10 in one pass.
///
/// Each sum is compensated, its terms added in order of rows, so it has the bits of a sum by itself.
enum LaggedProducts {
  /// The number of lags.
  static let lagCount = 10

  /// The sum over rows of d(t) d(t - k) for the lags k from 1 to 10; 0 for lags that are too long.
  static func sums(_ distances: [Double]) -> [Double] {
    // Zeros before the first row add nothing.
    let padded = Array(repeating: 0, count: lagCount) + distances
    var near = CompensatedLanes<SIMD8<Double>>()
    var far = CompensatedLanes<SIMD2<Double>>()
    padded.withUnsafeBytes { bytes in
      let stride = MemoryLayout<Double>.stride
      for row in distances.indices {
        let value = distances[row]
        // The ten rows before it, the farthest first.
        let start = row * stride
        far.add(value * bytes.loadUnaligned(fromByteOffset: start, as: SIMD2<Double>.self))
        near.add(
          value * bytes.loadUnaligned(fromByteOffset: start + 2 * stride, as: SIMD8<Double>.self))
      }
    }
    let (nearest, farthest) = (near.value, far.value)
    return (0..<8).map { nearest[7 - $0] } + [farthest[1], farthest[0]]
  }
}

/// Compensated sums side by side, each with the bits of a `CompensatedSum`.
///
/// > D. E. Knuth, *The Art of Computer Programming*, vol. 2, 3rd ed., 1998, section 4.2.2 (the exact
/// > error of a sum without a comparison).
private struct CompensatedLanes<Lanes: SIMD> where Lanes.Scalar == Double {
  private var total = Lanes(repeating: 0)
  private var lost = Lanes(repeating: 0)

  var value: Lanes { total + lost }

  @inline(__always)
  mutating func add(_ term: Lanes) {
    let next = total + term
    let part = next - total
    lost += (total - (next - part)) + (term - part)
    total = next
  }
}
