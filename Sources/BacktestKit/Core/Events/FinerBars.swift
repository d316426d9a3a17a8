extension BarSeries {
  /// How many of the bars have finer ones inside.
  package var detailedCount: Int {
    guard let detail else { return 0 }
    let columns = SeriesColumns(detail, grid: 0, closings: nil)
    return (0..<count).count {
      !columns.rows(from: openTimes[$0], to: closeTimes[$0]).isEmpty
    }
  }
}

extension SeriesColumns {
  /// The rows that lie inside a span of time.
  func rows(from start: Timestamp, to end: Timestamp) -> Range<Int> {
    let first = firstRow { openTimes[$0] >= start }
    let last = firstRow { closeTimes[$0] > end }
    return first..<max(first, last)
  }

  /// The first row from which on a condition holds.
  private func firstRow(where holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
