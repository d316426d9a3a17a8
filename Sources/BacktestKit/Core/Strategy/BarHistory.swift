/// The last closed bars of one instrument, oldest first, sharing memory with its series.
public struct BarHistory: RandomAccessCollection, Sendable {
  let feed: Feed
  let instrument: Int
  let rows: Range<Int>

  /// The first position, 0: the oldest bar.
  public var startIndex: Int { 0 }
  /// The position after the newest bar.
  public var endIndex: Int { rows.count }

  /// The bar at a position, 0 the oldest.
  public subscript(position: Int) -> Bar {
    precondition(position >= 0 && position < rows.count, "outside the history")
    return feed.columns[instrument].bar(instrument, rows.lowerBound + position)
  }

  /// First prices, oldest first.
  public var open: Column<Double> { feed.universe.series[instrument].open.rows(rows) }
  /// Highest prices, oldest first.
  public var high: Column<Double> { feed.universe.series[instrument].high.rows(rows) }
  /// Lowest prices, oldest first.
  public var low: Column<Double> { feed.universe.series[instrument].low.rows(rows) }
  /// Last prices, oldest first.
  public var close: Column<Double> { feed.universe.series[instrument].close.rows(rows) }
  /// Units traded, oldest first.
  public var volume: Column<Double> { feed.universe.series[instrument].volume.rows(rows) }
}
