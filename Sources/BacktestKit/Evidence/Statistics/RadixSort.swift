extension Array where Element == Double {
  /// The values in ascending order, as `sorted()` gives them; equal zeros of both signs come with
  /// the negative ones first.
  ///
  /// Sorts by the upper 33 bits in three passes, eleven bits at a time from the lowest on. Values
  /// that agree in them, to six digits or so, are rare among returns and are sorted by comparison.
  /// > D. E. Knuth, *The Art of Computer Programming*, vol. 3, 2nd ed., 1998, section 5.2.5.
  ///
  /// - Precondition: no value is not a number.
  /// - Complexity: O(n) where few values agree to six digits, else O(n log n).
  package func sortedByRadix() -> [Double] {
    guard count > 256 else { return sorted() }
    if isInOrder { return self }
    var keys = map(\.sortingKey)
    keys.sortByRadix()
    return keys.map { Double(bitPattern: $0 >> 63 == 1 ? $0 & ~(1 << 63) : ~$0) }
  }

  /// The positions of the values in ascending order, those of equal values in their own order.
  ///
  /// - Precondition: no value is not a number, and there are fewer than 2^31.
  /// - Complexity: that of `sortedByRadix()`.
  func sortedPositions() -> [Int32] {
    var rows = enumerated().map { KeyedPosition(key: $1.sortingKey, position: Int32($0)) }
    rows.sortByRadix()
    return rows.map(\.position)
  }

  /// Whether sorting would change nothing, equal zeros of both signs among it.
  var isInOrder: Bool {
    withUnsafeBufferPointer { values in
      for row in values.indices.dropFirst()
      where !values[row - 1].isTotallyOrdered(belowOrEqualTo: values[row]) {
        return false
      }
      return true
    }
  }
}

/// What is sorted by a whole number.
private protocol RadixSortable: Comparable {
  var key: UInt64 { get }
}

extension UInt64: RadixSortable {
  fileprivate var key: UInt64 { self }
}

private struct KeyedPosition: RadixSortable {
  var key: UInt64
  var position: Int32

  static func < (a: Self, b: Self) -> Bool { (a.key, a.position) < (b.key, b.position) }
}

extension Array where Element: RadixSortable {
  fileprivate mutating func sortByRadix() {
    guard count > 256 else { return sort() }
    let width = 11
    let size = 1 << width
    let passes = 3
    let lowest = 64 - passes * width
    var counts = [Int32](repeating: 0, count: passes * size)
    for item in self {
      for pass in 0..<passes {
        let shift = UInt64(lowest + pass * width)
        counts[pass * size + Int(truncatingIfNeeded: item.key >> shift) & (size - 1)] += 1
      }
    }
    var moved = self
    for pass in 0..<passes {
      let shift = UInt64(lowest + pass * width)
      let first = Int(truncatingIfNeeded: self[0].key >> shift) & (size - 1)
      // Where all keys agree there is nothing to move.
      if counts[pass * size + first] == count { continue }
      var place: Int32 = 0
      for digit in pass * size..<(pass + 1) * size {
        let number = counts[digit]
        counts[digit] = place
        place += number
      }
      counts.withUnsafeMutableBufferPointer { counts in
        moved.withUnsafeMutableBufferPointer { moved in
          for item in self {
            let digit = pass * size + Int(truncatingIfNeeded: item.key >> shift) & (size - 1)
            moved[Int(counts[digit])] = item
            counts[digit] += 1
          }
        }
      }
      swap(&self, &moved)
    }
    sortNeighbours(agreeingAbove: UInt64(lowest))
  }

  /// Sorts items that are in order but for the lowest bits of their keys.
  private mutating func sortNeighbours(agreeingAbove bits: UInt64) {
    var row = 1
    while row < count {
      guard self[row] < self[row - 1] else {
        row += 1
        continue
      }
      let upper = self[row].key >> bits
      let start = self[..<row].lastIndex { $0.key >> bits != upper }.map { $0 + 1 } ?? 0
      let end = self[row...].firstIndex { $0.key >> bits != upper } ?? count
      self[start..<end].sort()
      row = end
    }
  }
}

extension Double {
  /// A whole number that is ordered as the value is: negative numbers in reverse, and below the
  /// positive ones.
  var sortingKey: UInt64 { bitPattern >> 63 == 1 ? ~bitPattern : bitPattern | 1 << 63 }
}
