/// One way of cutting history: the bars to test on, and those to train on, which are far enough
/// from every test bar.
public struct CrossValidationSplit: Hashable, Sendable {
  /// The number of the split, from 0.
  public var index: Int
  /// The positions of the folds that are tested, ascending, or the one group that is left out.
  public var testFolds: [Int]
  /// The bars to test on as half-open ranges, in order of time: one for each fold of
  /// `testFolds`, or one for each uninterrupted run of the group.
  public var test: [Range<Int>]
  /// The bars to train on as half-open ranges, in order of time.
  public var train: [Range<Int>]

  /// The number of bars to train on.
  public var trainCount: Int { train.reduce(0) { $0 + $1.count } }
  /// The number of bars to test on.
  public var testCount: Int { test.reduce(0) { $0 + $1.count } }
}

/// How many bars folds have when they cannot all have the same number.
public enum FoldSizes: String, Hashable, Sendable, CaseIterable {
  /// Each has the quotient, and the last one the remainder too, as in skfolio.
  case remainderLast = "remainder-last"
  /// The first folds have one bar more than the others, as in NumPy and scikit-learn.
  case firstLarger = "first-larger"

  /// The folds of so many bars, side by side.
  ///
  /// - Precondition: there is at least one fold, and no more of them than bars.
  func folds(_ count: Int, of bars: Int) -> [Range<Int>] {
    precondition(count >= 1 && count <= bars, "each fold needs a bar")
    let (size, rest) = bars.quotientAndRemainder(dividingBy: count)
    return (0..<count).map { fold in
      switch self {
      case .remainderLast: (fold * size)..<(fold == count - 1 ? bars : (fold + 1) * size)
      case .firstLarger:
        (fold * size + min(fold, rest))..<((fold + 1) * size + min(fold + 1, rest))
      }
    }
  }
}

/// Bars around test blocks on which nothing is learnt, because what is learnt from them overlaps
/// what is tested.
///
/// A bar's label reaches `purge` bars ahead, both ends included. Bar i may be trained on if, for
/// every test block [s, e), i + purge < s or i > e - 1 + purge + embargo.
/// > M. López de Prado, *Advances in Financial Machine Learning*, 2018, ch. 7.4.
public struct Purging: Hashable, Sendable {
  /// How many bars ahead a label reaches: so many bars are left out on both sides of a test block.
  public var purge: Int
  /// Further bars that are left out after each test block.
  public var embargo: Int

  /// Bars on both sides, and further ones after a block.
  public init(purge: Int = 0, embargo: Int = 0) {
    self.purge = purge
    self.embargo = embargo
  }

  /// Throws where a number is negative.
  func check() throws(EvidenceError) {
    if purge < 0 { throw .crossValidation(.negative("purge", purge)) }
    if embargo < 0 { throw .crossValidation(.negative("embargo", embargo)) }
  }

  /// The bars that may be trained on.
  ///
  /// - Parameters:
  ///   - blocks: test ranges in order of time; those that touch are one block.
  ///   - bars: the number of bars.
  func train(around blocks: [Range<Int>], of bars: Int) -> [Range<Int>] {
    // No distance is longer than all bars.
    let before = Swift.min(purge, bars)
    let after = before + Swift.min(embargo, bars)
    var train: [Range<Int>] = []
    train.reserveCapacity(blocks.count + 1)
    var start = 0
    var end: Int?
    for block in blocks {
      if block.lowerBound != end, start < block.lowerBound - before {
        train.append(start..<(block.lowerBound - before))
      }
      start = block.upperBound + after
      end = block.upperBound
    }
    if start < bars { train.append(start..<bars) }
    return train
  }
}
