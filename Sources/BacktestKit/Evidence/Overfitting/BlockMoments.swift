internal import BacktestCore

/// The sums of the returns of trials, and of their squares, over blocks of equal length: all that
/// the probability of backtest overfitting needs, so that a search of 100,000 trials has to keep
/// no returns.
///
///     var moments = try BlockMoments(rows: 4_781, blocks: 16)
///     for returns in trials { try moments.add(returns) }
///     let result = OverfittingProbability.estimate(moments)
///
/// The first `rows mod blocks` rows are left out, so that the blocks end with the data.
public struct BlockMoments: Sendable {
  /// The number of returns of each trial.
  public let rows: Int
  /// The number of blocks, even.
  public let blocks: Int
  /// Trial after trial: the sums of its blocks, then their sums of squares.
  private(set) var values: [Double] = []

  /// Moments of trials of `rows` returns, none of them yet.
  ///
  /// - Throws: `EvidenceError` when the number of blocks is odd, below 2 or above 24, or leaves
  ///   fewer than two rows in a block.
  public init(rows: Int, blocks: Int = 16) throws(EvidenceError) {
    guard blocks >= 2, blocks <= 24, blocks.isMultiple(of: 2), rows / blocks >= 2 else {
      throw .invalidBlocks(blocks, rows: rows)
    }
    self.rows = rows
    self.blocks = blocks
  }

  /// The number of trials.
  public var count: Int { values.count / (2 * blocks) }

  /// The number of returns in a block.
  public var blockLength: Int { rows / blocks }

  /// Adds the returns of a trial.
  ///
  /// - Throws: `EvidenceError` when there are not `rows` of them, or one is not finite.
  public mutating func add(_ returns: [Double]) throws(EvidenceError) {
    try checkTrial(returns, number: count, rows: rows)
    returns.withUnsafeBufferPointer { append($0) }
  }

  /// Adds trials of the same blocks.
  ///
  /// - Precondition: they have as many rows and blocks.
  public mutating func add(contentsOf other: BlockMoments) {
    precondition(other.rows == rows && other.blocks == blocks, "blocks of the same rows")
    values += other.values
  }

  /// Adds trials from their `values`.
  mutating func add(values: ArraySlice<Double>) { self.values += values }

  /// Without the trials that never traded, or next to nothing: the sum of the squares of their
  /// returns is below a ten-thousandth of the largest. Ranking others above them would make any
  /// choice look better.
  var withoutIdleTrials: (moments: BlockMoments, numbers: [Int]) {
    let squares = (0..<count).map { trial in
      let end = (trial + 1) * 2 * blocks
      return values[end - blocks..<end].reduce(0, +)
    }
    let least = (squares.max() ?? 0) * 1e-4
    let numbers = squares.indices.filter { squares[$0] != 0 && !(squares[$0] < least) }
    guard numbers.count < count else { return (self, numbers) }
    var active = self
    active.values = numbers.flatMap { values[$0 * 2 * blocks..<($0 + 1) * 2 * blocks] }
    return (active, numbers)
  }

  private mutating func append(_ returns: UnsafeBufferPointer<Double>) {
    let first = rows % blocks
    var squares: [Double] = []
    for block in 0..<blocks {
      let start = first + block * blockLength
      let sums = VectorSums.deviations(
        UnsafeBufferPointer(rebasing: returns[start..<start + blockLength]), from: 0)
      values.append(sums.sum)
      squares.append(sums.squares)
    }
    values += squares
  }

  /// One row a block: the sums of all trials, then their sums of squares, each padded with zeros
  /// to a multiple of eight.
  func blockRows() -> (values: [Double], width: Int) {
    let width = (count + 7) & ~7
    var result = [Double](repeating: 0, count: blocks * 2 * width)
    for trial in 0..<count {
      for block in 0..<blocks {
        let place = trial * 2 * blocks + block
        result[block * 2 * width + trial] = values[place]
        result[(block * 2 + 1) * width + trial] = values[place + blocks]
      }
    }
    return (result, width)
  }
}

/// Checks the returns of one trial.
///
/// - Throws: `EvidenceError` when there are not `rows` of them, or one is not finite.
func checkTrial(_ returns: [Double], number: Int, rows: Int) throws(EvidenceError) {
  guard returns.count == rows else {
    throw .lengthMismatch(
      what: "returns of trial \(number)", expected: rows, found: returns.count)
  }
  if let row = returns.firstIndex(where: { !$0.isFinite }) {
    throw .notFinite(what: "trial \(number): return", row: row)
  }
}
