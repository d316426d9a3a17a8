/// Which rows close at each instant of a universe whose series do not share their times.
///
/// It has one entry for each bar of each grid, so that it grows with the bars and not with the
/// product of grids and instants.
@usableFromInline
struct ClosingTable {
  /// The place of each instant's first entry, and after the last instant the number of entries.
  @usableFromInline let firsts: UnsafeMutablePointer<Int>
  @usableFromInline let entries: UnsafeMutablePointer<Entry>

  /// A bar that closes: its grid, and its row there. The entries of an instant are in order of
  /// their grids.
  @usableFromInline
  struct Entry: BitwiseCopyable {
    @usableFromInline var grid: Int32
    @usableFromInline var row: Int32
  }

  /// Merges the close times of several grids into the instants at which bars close.
  ///
  /// The memory lives until `deallocate()`.
  /// - Complexity: O(bars x log(grids)).
  static func merging(_ grids: [Feed.Grid]) -> (table: ClosingTable, instants: [Timestamp]) {
    let barCount = grids.reduce(0) { $0 + $1.closeTimes.count }
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: barCount)
    var instants: [Timestamp] = []
    var firsts: [Int] = []
    var merge = CloseMerge(grids)
    var count = 0
    while let next = merge.next() {
      if instants.last != next.time {
        instants.append(next.time)
        firsts.append(count)
      }
      (entries + count).initialize(to: next.entry)
      count += 1
    }
    firsts.append(count)
    let table = UnsafeMutablePointer<Int>.allocate(capacity: firsts.count)
    table.initialize(from: firsts, count: firsts.count)
    return (ClosingTable(firsts: table, entries: entries), instants)
  }

  func deallocate() {
    firsts.deallocate()
    entries.deallocate()
  }

  /// The entries of an instant.
  func entries(at instant: Int) -> UnsafeBufferPointer<Entry> {
    let first = firsts[instant]
    return UnsafeBufferPointer(start: entries + first, count: firsts[instant + 1] - first)
  }

  /// The row of a grid that closes at an instant, or -1.
  ///
  /// Kept out of the way of universes with one grid, which never ask.
  /// - Complexity: O(1) where all grids of lower numbers close as well, else O(log(closing grids)).
  @usableFromInline @inline(never)
  func row(ofGrid grid: Int32, at instant: Int) -> Int {
    var low = firsts[instant]
    // Of ascending numbers each is at its own place at the latest.
    var high = min(low &+ Int(grid), firsts[instant &+ 1] &- 1)
    if entries[high].grid == grid { return Int(entries[high].row) }
    while low < high {
      let middle = (low &+ high) / 2
      if entries[middle].grid < grid { low = middle &+ 1 } else { high = middle }
    }
    return entries[low].grid == grid ? Int(entries[low].row) : -1
  }
}

/// The closes of several grids in order of time, those of one time in order of the grids: a binary
/// heap with the next close of each grid.
private struct CloseMerge {
  private let times: [Column<Timestamp>]
  private var heap: [ClosingTable.Entry] = []

  init(_ grids: [Feed.Grid]) {
    times = grids.map(\.closeTimes)
    heap = times.indices.filter { !times[$0].isEmpty }.map {
      ClosingTable.Entry(grid: Int32($0), row: 0)
    }
    for place in heap.indices.reversed() { siftDown(from: place) }
  }

  mutating func next() -> (time: Timestamp, entry: ClosingTable.Entry)? {
    guard let entry = heap.first else { return nil }
    let time = time(of: entry)
    if Int(entry.row) + 1 < times[Int(entry.grid)].count {
      heap[0].row += 1
    } else {
      heap[0] = heap[heap.count - 1]
      heap.removeLast()
    }
    siftDown(from: 0)
    return (time, entry)
  }

  private func time(of entry: ClosingTable.Entry) -> Timestamp {
    times[Int(entry.grid)][Int(entry.row)]
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (time(of: heap[a]), heap[a].grid) < (time(of: heap[b]), heap[b].grid)
  }

  private mutating func siftDown(from start: Int) {
    var place = start
    while true {
      var child = 2 * place + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, isBefore(child + 1, child) { child += 1 }
      guard isBefore(child, place) else { return }
      heap.swapAt(child, place)
      place = child
    }
  }
}
