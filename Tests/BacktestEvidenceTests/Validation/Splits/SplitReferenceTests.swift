import BacktestCore
import BacktestEvidence
import Foundation
import TestSupport
import Testing

/// Index ranges against skfolio and independent enumerations.
struct SplitReferenceTests {
  private static func oracle(_ name: String) throws -> [String: Any] {
    let data = Data(try Fixture.bytes("oracles/\(name)"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private static func pairs(_ ranges: [Range<Int>]) -> [[Int]] {
    ranges.map { [$0.lowerBound, $0.upperBound] }
  }

  private func compare(_ splits: CombinatorialSplits, with expected: [[String: Any]]) throws {
    #expect(splits.count == expected.count)
    for (split, expected) in zip(splits, expected) {
      #expect(split.testFolds == expected["test_folds"] as? [Int])
      #expect(Self.pairs(split.test) == expected["test"] as? [[Int]])
      #expect(Self.pairs(split.train) == expected["train"] as? [[Int]])
      #expect(split.trainCount == expected["n_train"] as? Int)
    }
  }

  @Test(arguments: [
    "n100_N6_k2", "n100_N6_k2_p3_e2", "n100_N6_k2_p5_e0", "n100_N6_k2_p0_e5",
    "n120_N10_k3_p2_e1",
  ])
  func combinatorialSplitsEqualSkfolio(name: String) throws {
    let all = try #require(try Self.oracle("13_cpcv.json")["skfolio"] as? [String: Any])
    let oracle = try #require(all[name] as? [String: Any])
    func number(_ key: String) throws -> Int { try #require(oracle[key] as? Int) }
    let splits = try CombinatorialSplits(
      barCount: number("n"), foldCount: number("N"), testFoldCount: number("k"),
      purging: Purging(purge: number("purge"), embargo: number("embargo")))
    try compare(splits, with: #require(oracle["splits"] as? [[String: Any]]))
    #expect(try splits.count == number("n_splits") && splits.pathCount == number("n_paths"))
    // The reference lists for each fold the splits by path.
    let byFold = try #require(oracle["recombined_paths"] as? [[Int]])
    let paths = splits.paths()
    for (path, row) in paths.enumerated() {
      #expect(row == byFold.map { $0[path] })
    }
  }

  @Test func foldsOfNearlyEqualSizeEqualReference() throws {
    let oracle = try #require(
      try Self.oracle("13_cpcv.json")["array_split_H3_e2"] as? [String: Any])
    let splits = try CombinatorialSplits(
      barCount: 100, foldCount: 6, testFoldCount: 2, sizes: .firstLarger,
      purging: Purging(purge: 3, embargo: 2))
    try compare(splits, with: #require(oracle["splits"] as? [[String: Any]]))
  }

  @Test(arguments: [
    ("n100_K5_H3_e2", 100, 3, 2), ("n100_K5_H0_e0", 100, 0, 0), ("n103_K5_H10_e1", 103, 10, 1),
  ])
  func kFoldEqualsReference(name: String, bars: Int, purge: Int, embargo: Int) throws {
    let all = try #require(try Self.oracle("13_cpcv.json")["purged_kfold"] as? [String: Any])
    let expected = try #require(all[name] as? [[String: Any]])
    let splits = try CombinatorialSplits(
      barCount: bars, foldCount: 5, sizes: .firstLarger,
      purging: Purging(purge: purge, embargo: embargo))
    #expect(splits.count == expected.count && splits.pathCount == 1)
    for (split, expected) in zip(splits, expected) {
      #expect(split.testFolds == [expected["fold"] as? Int])
      #expect(Self.pairs(split.test) == [expected["test"] as? [Int]])
      #expect(Self.pairs(split.train) == expected["train"] as? [[Int]])
    }
  }

  private func compare(_ splits: GroupSplits, with oracle: [String: Any]) throws {
    #expect(splits.count == oracle.count)
    for split in splits {
      let name = splits.names[split.testFolds[0]]
      let expected = try #require(oracle[name] as? [String: Any])
      let (tested, trained) = (expected["n_test"] as? Int, expected["n_train"] as? Int)
      #expect(split.testCount == tested && split.trainCount == trained)
      let labelled = splits.labels.count { $0 != nil }
      #expect(labelled - split.testCount - split.trainCount == expected["n_purged"] as? Int)
      #expect(split.test.count == expected["n_test_runs"] as? Int)
      let first = try #require(expected["first_test"] as? [[Int]])
      #expect(Self.pairs(Array(split.test.prefix(first.count))) == first)
    }
  }

  private struct Prices {
    var dates: [CivilDate]
    var closes: [Double]

    init() throws {
      let table = try Fixture.table("prices/sp500.csv").dropFirst()
      dates = try table.map { try #require(CivilDate(String($0[0]))) }
      closes = try table.map { try #require(Double($0[5])) }
    }
  }

  @Test func regimesOfBullAndBearEqualReference() throws {
    let oracle = try #require(
      try Self.oracle("35_group_cv.json")["bull_bear_price_bars"] as? [String: Any])
    let labels = try BullBear().labels(closes: Prices().closes)
    for (name, purge) in [("H5_e0", 5), ("H0_e0", 0)] {
      let splits = try GroupSplits(
        labels: labels.descriptive, names: labels.names, kind: "regime",
        purging: Purging(purge: purge))
      try compare(splits, with: #require(oracle[name] as? [String: Any]))
    }
  }

  @Test(arguments: [("vol_full", 21), ("vol_expanding_excluding_minus1", 272)])
  func regimesOfVolatilityEqualReference(name: String, skipped: Int) throws {
    let oracle = try #require(try Self.oracle("35_group_cv.json")[name] as? [String: Any])
    let found = try VolatilityTerciles().labels(closes: Prices().closes)
    let all = name == "vol_full" ? found.descriptive : found.causal
    // The reference has no bars before the first label.
    let labels = Array(all.dropFirst(skipped))
    #expect(labels.count == oracle["n"] as? Int && all[..<skipped].allSatisfy { $0 == nil })
    let splits = try GroupSplits(
      labels: labels, names: ["0", "1", "2"], kind: "regime",
      purging: Purging(purge: 5, embargo: 5))
    try compare(splits, with: #require(oracle["H5_e5"] as? [String: Any]))
  }

  @Test func yearsEqualReference() throws {
    let years = try Prices().dates.dropFirst().map(\.year)
    let splits = try GroupSplits(
      labels: years.map { Int($0) - 1999 }, names: (1999...2018).map { "\($0)" }, kind: "year",
      purging: Purging(purge: 5, embargo: 5))
    let oracle = try #require(
      try Self.oracle("35_group_cv.json")["calendar_year"] as? [String: Any])
    try compare(splits, with: #require(oracle["H5_e5"] as? [String: Any]))
  }
}
