internal import Glibc
public import BacktestCore

/// How a resample of a series is drawn: its rows in blocks, so that what depends on the row before
/// stays together.
///
///     var random = Randomness(seed: 7, stream: "bootstrap")
///     ResamplingScheme.stationary(meanBlock: 10).drawBlocks(of: 5_030, using: &random) { block in
///       sum += prefix[block.upperBound] - prefix[block.lowerBound]
///     }
///
/// A draw has as many rows as the series. Blocks are circular: one that reaches the end goes on at
/// the beginning.
/// > D. Politis, J. Romano, "The Stationary Bootstrap", JASA 89(428), 1994 (stationary).
/// > D. Politis, J. Romano, "A Circular Block-Resampling Procedure for Stationary Data", 1992.
/// > B. Efron, "Bootstrap Methods", Annals of Statistics 7(1), 1979 (independent).
public enum ResamplingScheme: Hashable, Sendable {
  /// Blocks of random length, geometric with this mean of at least one row.
  case stationary(meanBlock: Double)
  /// Blocks of one length, at least one row; the last is cut.
  case circular(block: Int)
  /// Single rows, for series without memory.
  case independent

  /// Draws a resample of `count` rows as ranges of rows, in the order in which they follow; a block
  /// that goes on at the beginning comes as two ranges.
  @inlinable
  package func drawBlocks(
    of count: Int, using random: inout Randomness, _ body: (Range<Int>) -> Void
  ) {
    let lengths = BlockLengths(self)
    var remaining = count
    while remaining > 0 {
      var start = random.nextInteger(below: count)
      var length = min(lengths.next(using: &random), remaining)
      remaining -= length
      while length > 0 {
        let end = min(start + length, count)
        body(start..<end)
        length -= end - start
        start = 0
      }
    }
  }

  /// The mean number of rows of a block.
  public var meanBlock: Double {
    switch self {
    case .stationary(let mean): max(mean, 1)
    case .circular(let block): Double(max(block, 1))
    case .independent: 1
    }
  }
}

/// The lengths of the blocks of a scheme.
@usableFromInline
struct BlockLengths {
  /// The length where all are equal; 0 where they are geometric.
  private let fixed: Int
  /// 1 / log(1 - 1 / mean), by which the logarithm of a uniform number becomes a geometric one.
  private let scale: Double

  @usableFromInline
  init(_ scheme: ResamplingScheme) {
    switch scheme {
    case .stationary(let mean) where mean > 1:
      fixed = 0
      scale = 1 / log1p(-1 / mean)
    case .circular(let block):
      fixed = max(block, 1)
      scale = 0
    case .stationary, .independent:
      fixed = 1
      scale = 0
    }
  }

  /// The length of the next block, at least 1.
  @usableFromInline
  func next(using random: inout Randomness) -> Int {
    if fixed > 0 { return fixed }
    // The number of rows until the first success with probability 1 / mean.
    let length = 1 + log(1 - random.nextUnit()) * scale
    return length < 1e9 ? Int(length) : 1_000_000_000
  }
}

extension Array {
  /// The elements of some ranges, one after the other.
  func rows(_ blocks: [Range<Int>]) -> [Element] {
    var rows: [Element] = []
    rows.reserveCapacity(blocks.reduce(0) { $0 + $1.count })
    for block in blocks { rows.append(contentsOf: self[block]) }
    return rows
  }
}
