public import BacktestCore
internal import Glibc

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
    var remaining = count
    while remaining > 0 {
      var start = random.nextInteger(below: count)
      var length = min(blockLength(using: &random), remaining)
      remaining -= length
      while length > 0 {
        let end = min(start + length, count)
        body(start..<end)
        length -= end - start
        start = 0
      }
    }
  }

  /// The length of the next block, at least 1.
  @usableFromInline
  func blockLength(using random: inout Randomness) -> Int {
    switch self {
    case .independent: return 1
    case .circular(let block): return max(block, 1)
    case .stationary(let mean):
      guard mean > 1 else { return 1 }
      // The number of rows until the first success with probability 1 / mean.
      let length = 1 + log(1 - random.nextUnit()) / log1p(-1 / mean)
      return length < 1e9 ? Int(length) : 1_000_000_000
    }
  }
}
