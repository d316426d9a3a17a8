/// The splits of combinatorial purged cross-validation: every choice of test folds among all folds,
/// in lexicographic order. With one test fold it is the purged k-fold.
///
///     let splits = try CombinatorialSplits(
///       barCount: 5_030, foldCount: 6, testFoldCount: 2, purging: Purging(purge: 5, embargo: 10))
///     print(splits.count, splits.pathCount)   // 15 5
///     for split in splits { print(split.testFolds, split.train) }
///
/// A split is made when it is asked for, so thousands of them take no memory. Test folds that touch
/// are one block, with no purge between them.
/// > M. López de Prado, *Advances in Financial Machine Learning*, 2018, ch. 7 and 12.
public struct CombinatorialSplits: RandomAccessCollection, Sendable {
  /// The number of bars.
  public let barCount: Int
  /// The folds as ranges of bars, side by side.
  public let folds: [Range<Int>]
  /// The number of folds that each split tests.
  public let testFoldCount: Int
  /// What is left out around test blocks.
  public let purging: Purging
  /// The number of splits: folds choose test folds.
  public let count: Int

  /// The most splits that there may be.
  public static let largestCount = 1_000_000

  /// The splits of so many bars.
  ///
  /// - Throws: `EvidenceError` for fewer than two folds, more folds than bars, no fold to test or
  ///   to train on, too many splits, or a negative number of bars.
  public init(
    barCount: Int, foldCount: Int, testFoldCount: Int = 1, sizes: FoldSizes = .remainderLast,
    purging: Purging = Purging()
  ) throws(EvidenceError) {
    guard foldCount >= 2 else { throw .crossValidation(.tooFewFolds(foldCount)) }
    guard foldCount <= barCount else {
      throw .crossValidation(.tooManyFolds(foldCount, bars: barCount))
    }
    guard testFoldCount >= 1, testFoldCount < foldCount else {
      throw .crossValidation(.invalidTestFolds(testFoldCount, folds: foldCount))
    }
    try purging.check()
    guard let count = Self.ways(of: testFoldCount, among: foldCount) else {
      throw .crossValidation(
        .tooManySplits(folds: foldCount, testFolds: testFoldCount, largest: Self.largestCount))
    }
    self.barCount = barCount
    self.testFoldCount = testFoldCount
    self.purging = purging
    self.count = count
    folds = sizes.folds(foldCount, of: barCount)
  }

  /// The number of ways to choose, or `nil` where there are too many.
  private static func ways(of chosen: Int, among all: Int) -> Int? {
    let smaller = Swift.min(chosen, all - chosen)
    var ways = 1
    for step in 0..<smaller {
      // The product is a multiple of the divisor, and ways only grow up to the smaller half.
      let (product, overflows) = ways.multipliedReportingOverflow(by: all - step)
      guard !overflows else { return nil }
      ways = product / (step + 1)
      guard ways <= largestCount else { return nil }
    }
    return ways
  }

  /// The position of the first split.
  public var startIndex: Int { 0 }
  /// The position after the last split.
  public var endIndex: Int { count }

  /// The split at a position.
  public subscript(position: Int) -> CrossValidationSplit {
    let testFolds = testFolds(at: position)
    let test = testFolds.map { folds[$0] }
    return CrossValidationSplit(
      index: position, testFolds: testFolds, test: test,
      train: purging.train(around: test, of: barCount))
  }

  /// The folds that a split tests, ascending.
  func testFolds(at position: Int) -> [Int] {
    precondition(indices.contains(position), "there is no such split")
    var chosen: [Int] = []
    chosen.reserveCapacity(testFoldCount)
    var (rank, ways, wanted) = (position, count, testFoldCount)
    for fold in folds.indices where wanted > 0 {
      // Of all ways from here on, so many take this fold.
      let taking = ways * wanted / (folds.count - fold)
      if rank < taking {
        chosen.append(fold)
        (ways, wanted) = (taking, wanted - 1)
      } else {
        (rank, ways) = (rank - taking, ways - taking)
      }
    }
    return chosen
  }
}

// Paths
extension CombinatorialSplits {
  /// The number of paths: how many splits test each fold.
  public var pathCount: Int { count * testFoldCount / folds.count }

  /// For each path the split that tests each fold: path u takes for fold j the u-th split, in
  /// lexicographic order, that tests j.
  public func paths() -> [[Int]] {
    var paths = Array(repeating: Array(repeating: 0, count: folds.count), count: pathCount)
    var taken = Array(repeating: 0, count: folds.count)
    for split in indices {
      for fold in testFolds(at: split) {
        paths[taken[fold]][fold] = split
        taken[fold] += 1
      }
    }
    return paths
  }
}
