/// How a resample of a series is drawn: its rows in blocks, so that what depends on the row before
/// stays together.
///
///     var bootstrap = Bootstrap(seed: 7)
///     bootstrap.scheme = .stationary(meanBlock: 10)
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

  /// The mean number of rows of a block.
  public var meanBlock: Double {
    switch self {
    case .stationary(let mean): max(mean, 1)
    case .circular(let block): Double(max(block, 1))
    case .independent: 1
    }
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
