import BacktestCore

/// How the search of a walk-forward is divided into units: some candidates on the train window of
/// one fold, or all of them where each fold has a strategy that has to be made first.
struct FoldSearchUnits: Sendable {
  /// The most units, unless folds alone are more: each is one record in a file.
  private static let limit = 4_096

  /// The number of candidates that a fold tries.
  private let width: Int
  private let size: Int
  private let unitsOfFold: Int
  /// The number of units.
  let count: Int

  init(of study: PreparedWalkForward) {
    width = study.draws.first?.count ?? 0
    let size = max((study.searchCount + Self.limit - 1) / Self.limit, 1)
    self.size = study.request.strategyOfFold == nil ? min(size, max(width, 1)) : max(width, 1)
    unitsOfFold = (width + self.size - 1) / self.size
    count = study.folds.count * unitsOfFold
  }

  /// The fold of a unit.
  func fold(of unit: Int) -> Int { unit / unitsOfFold }

  /// The positions of a unit's candidates among those that its fold tries.
  func places(of unit: Int) -> Range<Int> {
    let first = unit % unitsOfFold * size
    return first..<min(first + size, width)
  }
}

extension PreparedWalkForward {
  /// The scores of a unit as they were kept, or those of runs.
  func searchedUnit(
    _ unit: Int, of units: FoldSearchUnits
  ) throws(EvidenceError) -> [FoldObjective.Score] {
    let places = units.places(of: unit)
    if let bytes = request.finishedUnits?.bytes(of: unit),
      let kept = FoldObjective.Score.all(in: bytes), kept.count == places.count
    {
      return kept
    }
    let fold = units.fold(of: unit)
    var scores: [FoldObjective.Score] = []
    for place in places { scores.append(try score(fold: fold, place: place)) }
    request.finishedUnits?.add(scores.flatMap(\.bytes), of: unit)
    return scores
  }

  /// The scores of all units, in the order of folds and candidates.
  func searchUnits(
    threads: Int?, progress: @escaping @Sendable (Int) -> Void
  ) throws(EvidenceError) -> [FoldObjective.Score] {
    let units = FoldSearchUnits(of: self)
    let (count, total) = (units.count, searchCount)
    let scores = try parallelMap(
      count: count, threads: threads, progress: { progress($0 * total / count) }
    ) { (unit) throws(EvidenceError) in
      try searchedUnit(unit, of: units)
    }
    return Array(scores.joined())
  }
}

extension FoldObjective.Score {
  /// One byte of flags and the eight of the value, little-endian.
  var bytes: [UInt8] {
    let flags = (value == nil ? 0 : 1) | (isFlat ? 2 : 0) | (isRuined ? 4 : 0)
    let word = (value ?? 0).bitPattern.littleEndian
    return [UInt8(flags)] + withUnsafeBytes(of: word) { Array($0) }
  }

  /// The scores whose `bytes` follow one another; `nil` where they do not.
  static func all(in bytes: [UInt8]) -> [FoldObjective.Score]? {
    let size = 9
    guard bytes.count.isMultiple(of: size) else { return nil }
    return stride(from: 0, to: bytes.count, by: size).map { start in
      let flags = bytes[start]
      let word = (1...8).reduce(UInt64(0)) {
        $0 | UInt64(bytes[start + $1]) << UInt64(8 * ($1 - 1))
      }
      return FoldObjective.Score(
        value: flags & 1 == 1 ? Double(bitPattern: word) : nil, isFlat: flags & 2 == 2,
        isRuined: flags & 4 == 4)
    }
  }
}
