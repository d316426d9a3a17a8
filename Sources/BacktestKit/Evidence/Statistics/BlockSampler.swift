internal import Glibc
package import BacktestCore

/// Draws resamples of a series by a scheme.
///
///     let sampler = BlockSampler(.stationary(meanBlock: 10), rows: 5_030)
///     var random = Randomness(seed: 7, stream: "bootstrap")
///     sampler.draw(using: &random) { block in
///       sum += prefix[block.upperBound] - prefix[block.lowerBound]
///     }
package struct BlockSampler: Sendable {
  private let rows: Int
  private let lengths: BlockLengths

  /// A sampler of a series with so many rows.
  package init(_ scheme: ResamplingScheme, rows: Int) {
    self.rows = rows
    lengths = BlockLengths(scheme)
  }

  /// Draws a resample as ranges of rows, in the order in which they follow; a block that goes on at
  /// the beginning comes as two ranges.
  package func draw(using random: inout Randomness, _ body: (Range<Int>) -> Void) {
    var remaining = rows
    while remaining > 0 {
      var start = random.nextInteger(below: rows)
      var length = min(lengths.next(using: &random), remaining)
      remaining -= length
      while length > 0 {
        let end = min(start + length, rows)
        body(start..<end)
        length -= end - start
        start = 0
      }
    }
  }
}

/// The lengths of the blocks of a scheme.
private enum BlockLengths {
  case fixed(Int)
  case geometric(GeometricLengths)

  init(_ scheme: ResamplingScheme) {
    switch scheme {
    case .stationary(let mean) where mean > 1: self = .geometric(GeometricLengths(mean: mean))
    case .circular(let block): self = .fixed(max(block, 1))
    case .stationary, .independent: self = .fixed(1)
    }
  }

  /// The length of the next block, at least 1.
  func next(using random: inout Randomness) -> Int {
    switch self {
    case .fixed(let length): length
    case .geometric(let lengths): lengths.length(at: random.nextUnit())
    }
  }
}

/// Geometric numbers of rows: how many until the first success with probability 1 / mean.
///
/// The length rises with a uniform number: it is `1 + log(1 - u) / log(1 - 1 / mean)` without its
/// fraction. So wherever it is the same at both ends of a bucket of numbers it is known without the
/// logarithm, which is most of the time where blocks are short.
private struct GeometricLengths {
  private static let bucketCount = 2048
  private let scale: Double
  /// The length of all numbers of a bucket; 0 where there is more than one.
  private let known: [Int32]

  init(mean: Double) {
    let scale = 1 / log1p(-1 / mean)
    self.scale = scale
    let edges = (0...Self.bucketCount).map { bucket in
      Self.exactLength(Double(bucket) / Double(Self.bucketCount), scale)
    }
    known = (0..<Self.bucketCount).map { bucket in
      let (low, high) = (edges[bucket], edges[bucket + 1])
      // Next to a whole number the last bit of the logarithm decides.
      let isClear = low - low.rounded(.down) > 1e-9 && high - high.rounded(.down) > 1e-9
      let isOne = low.rounded(.down) == high.rounded(.down)
      return isOne && (isClear || bucket == 0) && high < 1e9 ? Int32(low) : 0
    }
  }

  private static func exactLength(_ unit: Double, _ scale: Double) -> Double {
    1 + log(1 - unit) * scale
  }

  /// The length at a number from 0 up to but not including 1.
  func length(at unit: Double) -> Int {
    let length = known[Int(unit * Double(Self.bucketCount))]
    if length > 0 { return Int(length) }
    let exact = Self.exactLength(unit, scale)
    return exact < 1e9 ? Int(exact) : 1_000_000_000
  }
}
