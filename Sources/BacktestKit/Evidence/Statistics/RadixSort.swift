extension Array where Element == Double {
  /// The values in ascending order, as `sorted()` gives them; equal zeros of both signs come with
  /// the negative ones first.
  ///
  /// Sorts by the bits, eleven at a time from the lowest on, which takes a fixed number of passes.
  /// > D. E. Knuth, *The Art of Computer Programming*, vol. 3, 2nd ed., 1998, section 5.2.5.
  ///
  /// - Precondition: no value is not a number.
  /// - Complexity: O(n).
  package func sortedByRadix() -> [Double] {
    guard count > 256 else { return sorted() }
    if isInOrder { return self }
    let width = 11
    let size = 1 << width
    let passes = 6
    var counts = [Int32](repeating: 0, count: passes * size)
    var keys = [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
      withUnsafeBufferPointer { values in
        counts.withUnsafeMutableBufferPointer { counts in
          for row in values.indices {
            let key = values[row].sortingKey
            buffer.initializeElement(at: row, to: key)
            for pass in 0..<passes {
              let digit = Int(truncatingIfNeeded: key >> UInt64(pass * width)) & (size - 1)
              counts[pass * size + digit] += 1
            }
          }
        }
      }
      filled = count
    }
    var moved = keys
    for pass in 0..<passes {
      let shift = UInt64(pass * width)
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

extension Double {
  /// A whole number that is ordered as the value is: negative numbers in reverse, and below the
  /// positive ones.
  var sortingKey: UInt64 { bitPattern >> 63 == 1 ? ~bitPattern : bitPattern | 1 << 63 }
}
