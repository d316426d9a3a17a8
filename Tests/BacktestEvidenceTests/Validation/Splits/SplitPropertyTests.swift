import BacktestEvidence
import TestSupport
import Testing

/// What holds for every split, whatever the numbers are.
struct SplitPropertyTests {
  /// The rule word for word, bar by bar.
  private func isTrained(_ bar: Int, blocks: [Range<Int>], purge: Int, embargo: Int) -> Bool {
    blocks.allSatisfy { block in
      bar + purge < block.lowerBound || bar > block.upperBound - 1 + purge + embargo
    }
  }

  /// Test folds that touch joined, by marking bars.
  private func blocks(_ tested: [Bool]) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    for bar in tested.indices where tested[bar] {
      if let last = blocks.last, last.upperBound == bar {
        blocks[blocks.count - 1] = last.lowerBound..<(bar + 1)
      } else {
        blocks.append(bar..<(bar + 1))
      }
    }
    return blocks
  }

  @Test(arguments: 0..<40)
  func trainBarsFollowTheRule(seed: Int) throws {
    var random = TestRandom(seed: UInt64(seed))
    let bars = 8 + random.below(83)
    let folds = 2 + random.below(6)
    let purge = random.below(10)
    let embargo = random.below(10)
    let splits = try CombinatorialSplits(
      barCount: bars, foldCount: folds,
      testFoldCount: 1 + random.below(folds - 1),
      sizes: random.below(2) == 0 ? .remainderLast : .firstLarger,
      purging: Purging(purge: purge, embargo: embargo))
    #expect(splits.folds.flatMap { Array($0) } == Array(0..<bars))
    var seen: Set<[Int]> = []
    var last: [Int] = []
    for split in splits {
      #expect(last.lexicographicallyPrecedes(split.testFolds))
      last = split.testFolds
      seen.insert(last)
      var tested = Array(repeating: false, count: bars)
      for range in split.test { for bar in range { tested[bar] = true } }
      let blocks = blocks(tested)
      let expected = (0..<bars).filter {
        isTrained($0, blocks: blocks, purge: purge, embargo: embargo)
      }
      #expect(split.train.flatMap { Array($0) } == expected)
      #expect(split.train.allSatisfy { !$0.isEmpty })
    }
    #expect(seen.count == splits.count)
  }

  @Test func everyPathTestsEveryFoldOnceByAnotherSplit() throws {
    let splits = try CombinatorialSplits(barCount: 90, foldCount: 8, testFoldCount: 3)
    let paths = splits.paths()
    #expect(splits.count == 56 && paths.count == 21 && splits.pathCount == 21)
    for fold in 0..<8 {
      let tested = paths.map { $0[fold] }
      #expect(Set(tested).count == 21 && tested == tested.sorted())
      #expect(tested.allSatisfy { splits[$0].testFolds.contains(fold) })
    }
  }

  @Test(arguments: 0..<20)
  func groupsFollowTheRule(seed: Int) throws {
    var random = TestRandom(seed: UInt64(seed))
    let bars = 20 + random.below(101)
    var label = 0
    let labels = (0..<bars).map { bar -> Int? in
      if random.below(6) == 0 {
        label = random.below(4)
      }
      return bar < 2 ? bar : label == 3 ? nil : label
    }
    let purge = random.below(6)
    let embargo = random.below(6)
    let splits = try GroupSplits(
      labels: labels, names: ["a", "b", "c"], kind: "regime",
      purging: Purging(purge: purge, embargo: embargo))
    for split in splits {
      let tested = labels.map { $0 == split.testFolds[0] }
      let blocks = blocks(tested)
      #expect(split.test == blocks)
      let expected = (0..<bars).filter {
        labels[$0] != nil && isTrained($0, blocks: blocks, purge: purge, embargo: embargo)
      }
      #expect(split.train.flatMap { Array($0) } == expected)
    }
  }

  @Test func whatCannotBeSplitSaysWhy() {
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "no error"
    }
    func splits(_ bars: Int, _ folds: Int, _ tests: Int, _ purging: Purging = Purging()) -> String {
      message {
        _ = try CombinatorialSplits(
          barCount: bars, foldCount: folds, testFoldCount: tests, purging: purging)
      }
    }
    #expect(splits(100, 1, 1) == "cross-validation needs at least 2 folds, not 1")
    #expect(
      splits(5, 6, 2)
        == "6 folds need as many bars, but there are 5 after the warm-up; give fewer folds or more "
        + "bars")
    #expect(
      splits(100, 6, 6)
        == "6 of 6 folds cannot be tested while the others train; give 1 to 5")
    #expect(splits(100, 6, 0).hasPrefix("0 of 6 folds"))
    #expect(splits(100, 40, 20).hasPrefix("20 of 40 folds can be chosen in more than 1000000 ways"))
    #expect(splits(100, 6, 2, Purging(purge: -1)) == "purge is -1 bars; give 0 or more")
    #expect(splits(100, 6, 2, Purging(embargo: -3)) == "embargo is -3 bars; give 0 or more")
    #expect(splits(100, 6, 2, Purging(purge: .max, embargo: .max)) == "no error")
    let one = message {
      _ = try GroupSplits(labels: [0, 0, nil], names: ["bear", "bull"], kind: "regime")
    }
    #expect(one.hasPrefix("all bars belong to one regime, 'bear'"))
    let none = message { _ = try GroupSplits(labels: [nil, nil], names: ["bear"], kind: "regime") }
    #expect(none.hasPrefix("no bar belongs to a regime"))
  }
}
