import BacktestCore

/// One of several equal parts of a long job, which other processes or machines can do: unit `i`
/// belongs to the part `i mod count`.
///
///     let shard = Shard(index: 1, of: 4)
///     shard.contains(5)   // true
package struct Shard: Hashable, Sendable, CustomStringConvertible {
  /// The number of the part, from 0.
  package let index: Int
  /// The number of parts.
  package let count: Int

  /// The part `index` of `count`.
  ///
  /// - Precondition: `index` is one of `0..<count`.
  package init(index: Int, of count: Int) {
    precondition((0..<max(count, 0)).contains(index), "a shard is one of those that there are")
    self.index = index
    self.count = count
  }

  /// Whether a unit belongs to this part.
  package func contains(_ unit: Int) -> Bool { unit % count == index }

  /// The units of this part, ascending.
  ///
  /// - Parameters:
  ///   - total: the number of units of one stretch of the job.
  ///   - first: the number of the first of them in the whole job.
  package func units(of total: Int, from first: Int = 0) -> [Int] {
    (0..<total).filter { contains(first + $0) }
  }

  /// `1 of 4`.
  package var description: String { "\(index) of \(count)" }
}

/// The units of one stretch of a job that has several, such as the walk-forward of one seed: its
/// unit 0 is a later unit of the whole job.
package struct ShiftedUnits: FinishedUnits {
  private let units: any FinishedUnits
  private let first: Int

  /// The units from `first` on.
  package init(_ units: any FinishedUnits, from first: Int) {
    self.units = units
    self.first = first
  }

  package func bytes(of unit: Int) -> [UInt8]? { units.bytes(of: first + unit) }

  package func add(_ bytes: [UInt8], of unit: Int) { units.add(bytes, of: first + unit) }
}

/// What a job did of its units.
package struct ShardProgress: Hashable, Sendable {
  /// The number of units of the whole job.
  package var total: Int
  /// The number of those that belong to the shard.
  package var own: Int
  /// The number of its own that had been done before.
  package var kept: Int

  /// The numbers of units.
  package init(total: Int, own: Int, kept: Int) {
    self.total = total
    self.own = own
    self.kept = kept
  }
}

/// Does the units of a shard that are not done yet.
///
/// - Parameters:
///   - total: the number of units of this stretch of the job.
///   - first: the number of its first unit in the whole job.
///   - finished: the units that are done.
///   - work: does one unit and keeps what it gave.
func measureUnits(
  of shard: Shard, total: Int, from first: Int, _ finished: (any FinishedUnits)?, threads: Int?,
  progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?,
  _ work: @Sendable (_ unit: Int) throws(EvidenceError) -> Void
) throws(EvidenceError) -> ShardProgress {
  let own = shard.units(of: total, from: first)
  let left = own.filter { finished?.bytes(of: $0) == nil }
  let kept = own.count - left.count
  progress?(kept, own.count)
  _ = try parallelMap(
    count: left.count, threads: threads, progress: { progress?(kept + $0, own.count) }
  ) { (place) throws(EvidenceError) in
    try work(left[place])
  }
  return ShardProgress(total: total, own: own.count, kept: kept)
}
