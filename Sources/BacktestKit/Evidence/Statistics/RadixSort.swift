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
    let width = 11
    let size = 1 << width
    let passes = 3
    let lowest = 64 - passes * width
    var counts = [Int32](repeating: 0, count: passes * size)
    var keys = [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
      withUnsafeBufferPointer { values in
        counts.withUnsafeMutableBufferPointer { counts in
          for row in values.indices {
            let key = values[row].sortingKey
            buffer.initializeElement(at: row, to: key)
            for pass in 0..<passes {
              let shift = UInt64(lowest + pass * width)
              let digit = Int(truncatingIfNeeded: key >> shift) & (size - 1)
              counts[pass * size + digit] += 1
            }
          }
        }
      }
      filled = count
    }
    var moved = keys
    for pass in 0..<passes {
      let shift = UInt64(lowest + pass * width)
      let first = Int(truncatingIfNeeded: keys[0] >> shift) & (size - 1)
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
          for key in keys {
            let digit = pass * size + Int(truncatingIfNeeded: key >> shift) & (size - 1)
            moved[Int(counts[digit])] = key
            counts[digit] += 1
          }
        }
      }
      swap(&keys, &moved)
    }
    keys.sortNeighbours(agreeingAbove: UInt64(lowest))
    return keys.map { Double(bitPattern: $0 >> 63 == 1 ? $0 & ~(1 << 63) : ~$0) }
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

extension Array where Element == UInt64 {
  /// Sorts numbers that are in order but for their lowest bits.
  fileprivate mutating func sortNeighbours(agreeingAbove bits: UInt64) {
    var row = 1
    while row < count {
      guard self[row] < self[row - 1] else {
        row += 1
        continue
      }
      let upper = self[row] >> bits
      let start = self[..<row].lastIndex { $0 >> bits != upper }.map { $0 + 1 } ?? 0
      let end = self[row...].firstIndex { $0 >> bits != upper } ?? count
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
