/// Where the numbers of an observation go, and what replaces missing ones.
struct ObservationFrame: Sendable, BitwiseCopyable {
  /// The number of values in a row.
  let width: Int
  /// The number of rows, oldest first.
  let window: Int
  /// Bars from the newest row to the newest bar.
  let offset: Int
  /// Whether values before the first count as zero.
  let isZeroPadded: Bool
  /// Whether every missing value counts as zero.
  let isZeroWhereMissing: Bool

  /// Writes a column over all rows.
  ///
  /// - Parameters:
  ///   - place: the position of the column in a row.
  ///   - target: the observation, from its first number.
  ///   - warmup: the bars that a value needs, its own included.
  ///   - count: the number of bars so far, without those of a lag.
  ///   - value: the number of the row that many bars before the newest.
  /// - Returns: the position of the first missing number; `Int.max` where none is missing.
  @inline(__always)
  func write(
    column place: Int, to target: UnsafeMutablePointer<Double>, warmup: Int, count: Int,
    _ value: (Int) -> Double
  ) -> Int {
    var position = place
    var missing = Int.max
    var age = window &- 1 &+ offset
    while age >= offset {
      let number = value(age)
      if number.isFinite {
        target[position] = number
      } else {
        target[position] = 0
        let isPadding = isZeroPadded && count &- age < warmup
        if !isZeroWhereMissing, !isPadding, missing == .max { missing = position }
      }
      position &+= width
      age &-= 1
    }
    return missing
  }
}

/// A column that shows a signal of a feature stream.
struct SignalColumn: Sendable, BitwiseCopyable {
  /// The position in a row.
  var place: Int
  var signal: Int
  /// Bars before the row's own.
  var lag: Int
  /// What the value is multiplied by.
  var scale: Double
}

extension FeatureStream {
  /// Writes the columns of this stream.
  ///
  /// - Returns: the first position without a number; `Int.max` where none is missing.
  func write(
    _ columns: ContiguousArray<SignalColumn>, _ frame: ObservationFrame,
    to target: UnsafeMutablePointer<Double>
  ) -> Int {
    if frame.window == 1, writeRow(columns, frame, to: target) { return .max }
    var missing = Int.max
    values.withUnsafeBufferPointer { values in
      for column in columns {
        let ring = signals[column.signal]
        let newest = barCount &- 1 &- column.lag
        let first = frame.write(
          column: column.place, to: target, warmup: ring.warmup, count: newest &+ 1
        ) { age in
          column.scale * values[ring.offset &+ ((newest &- age) & ring.mask)]
        }
        missing = min(missing, first)
      }
    }
    return missing
  }
  /// Writes the only row of an observation, where no number of it is missing; `false` where one is.
  private func writeRow(
    _ columns: ContiguousArray<SignalColumn>, _ frame: ObservationFrame,
    to target: UnsafeMutablePointer<Double>
  ) -> Bool {
    let newest = barCount &- 1 &- frame.offset
    var zeros = 0.0
    values.withUnsafeBufferPointer { values in
      signals.withUnsafeBufferPointer { signals in
        columns.withUnsafeBufferPointer { columns in
          for column in columns {
            let number =
              column.scale * values[signals[column.signal].place(newest &- column.lag)]
            target[column.place] = number
            zeros += number * 0
          }
        }
      }
    }
    // Zero times a number that is not finite is not zero, and neither is a sum with it.
    return zeros == 0
  }
}
