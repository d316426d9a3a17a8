/// The splits that leave one group of bars out: a market regime, or a year.
///
///     let splits = try GroupSplits(
///       labels: dates.map { $0.year - 1999 }, names: years, kind: "year",
///       purging: Purging(purge: 5))
///
/// A group may be many uninterrupted runs, each of which is purged. Bars without a label are
/// neither trained nor tested on.
public struct GroupSplits: RandomAccessCollection, Sendable {
  /// The group of each bar, as a position in `names`; `nil` where it has none.
  public let labels: [Int?]
  /// The names of all groups, whether they occur or not.
  public let names: [String]
  /// What is left out around test runs.
  public let purging: Purging
  /// The groups that occur, as positions in `names`, in that order.
  public let groups: [Int]

  /// The splits of labelled bars.
  ///
  /// - Parameters:
  ///   - labels: the group of each bar.
  ///   - names: the names of the groups.
  ///   - kind: what a group is called in errors: `regime`.
  ///   - purging: what is left out around test runs.
  /// - Throws: `EvidenceError` unless at least two groups occur.
  public init(
    labels: [Int?], names: [String], kind: String, purging: Purging = Purging()
  ) throws(EvidenceError) {
    try purging.check()
    var occurs = Array(repeating: false, count: names.count)
    for case let label? in labels {
      precondition(names.indices.contains(label), "a label without a name")
      occurs[label] = true
    }
    let groups = names.indices.filter { occurs[$0] }
    guard groups.count > 1 else {
      throw .crossValidation(.oneGroup(kind: kind, name: groups.first.map { names[$0] }))
    }
    self.labels = labels
    self.names = names
    self.purging = purging
    self.groups = groups
  }

  /// The position of the first split.
  public var startIndex: Int { 0 }
  /// The position after the last split.
  public var endIndex: Int { groups.count }

  /// The split at a position.
  public subscript(position: Int) -> CrossValidationSplit {
    let group = groups[position]
    let test = Self.runs(labels.count) { labels[$0] == group }
    let train = purging.train(around: test, of: labels.count).flatMap { range in
      Self.runs(range.count) { labels[range.lowerBound + $0] != nil }.map {
        ($0.lowerBound + range.lowerBound)..<($0.upperBound + range.lowerBound)
      }
    }
    return CrossValidationSplit(index: position, testFolds: [group], test: test, train: train)
  }

  /// The uninterrupted runs of rows that belong.
  private static func runs(_ count: Int, where belongs: (Int) -> Bool) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start: Int?
    for row in 0..<count {
      if belongs(row) {
        start = start ?? row
      } else if let first = start {
        runs.append(first..<row)
        start = nil
      }
    }
    if let first = start { runs.append(first..<count) }
    return runs
  }
}
