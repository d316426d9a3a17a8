public import BacktestCore

/// Markets that might have been: the bars of a universe dealt again in blocks.
///
///     let markets = try SyntheticMarkets(universe, seed: 7)
///     for index in 0..<200 { try Backtest(strategy, on: markets.market(index)).run() }
///
/// Each bar is taken as the ratios of its open, high, low and close to the close before it. A
/// market begins with the first bar as it is; after it follow drawn bars, each scaled to the close
/// before it, with its volume, at the times of the original. All instruments are drawn by the same
/// rows, so that what moved together still does. Series with different times are cut to the closes
/// that all of them have.
///
/// Blocks keep what happens within them, such as clusters of volatility, and break what lasts
/// longer, such as trends and cycles; a strategy that lives on those does worse here than its edge
/// deserves.
public struct SyntheticMarkets: Sendable {
  /// The universe whose bars are drawn.
  public let universe: Universe
  /// How rows are drawn.
  public let scheme: ResamplingScheme
  private let sampler: BlockSampler
  /// The seed of all markets.
  public let seed: UInt64
  /// The number of bars of each instrument in a market.
  public let barCount: Int

  private let series: [RelativeBars]

  /// The markets of a universe.
  ///
  /// - Parameters:
  ///   - universe: at least 30 common closes, one timeframe, and prices above zero.
  ///   - scheme: `nil` takes the stationary bootstrap with the longest of the optimal block lengths
  ///     of the instruments' absolute returns, which keeps clusters of volatility together.
  ///   - seed: of all markets.
  /// - Throws: `EvidenceError` when the bars cannot be drawn together or the scheme has no blocks.
  public init(
    _ universe: Universe, scheme: ResamplingScheme? = nil, seed: UInt64 = 0
  ) throws(EvidenceError) {
    try scheme?.check()
    let timeframe = universe.series[0].timeframe
    guard universe.series.allSatisfy({ $0.timeframe == timeframe }) else {
      throw .notResampled(
        "the series have different timeframes, so their bars cannot be drawn together; resample "
          + "them to one timeframe first")
    }
    let rows = Self.commonRows(of: universe)
    let count = rows[0].count
    guard count >= Bootstrap.leastCount else {
      throw .notResampled(
        "there are \(count) closes that all series have, but drawing bars needs "
          + "\(Bootstrap.leastCount); give a longer period or series that overlap")
    }
    var relative: [RelativeBars] = []
    for (one, rows) in zip(universe.series, rows) {
      relative.append(try RelativeBars(one, rows: rows))
    }
    self.universe = universe
    self.seed = seed
    series = relative
    barCount = count
    if let scheme, scheme.meanBlock > Double(count) {
      throw .blockTooLong(scheme.meanBlock, rows: count)
    }
    self.scheme = scheme ?? Self.volatilityScheme(relative)
    sampler = BlockSampler(self.scheme, rows: count - 1)
  }

  /// The bars from which markets are drawn, in their own order: the universe, cut to the closes
  /// that all series have.
  public var source: Universe {
    do {
      return try Universe(series.map { $0.cut }).carrying(universe)
    } catch {
      preconditionFailure("Invariant: the symbols are those of a universe: \(error)")
    }
  }

  /// The market of a number; the same number always gives the same market.
  public func market(_ index: Int) -> Universe {
    var random = Randomness(seed: seed, stream: "market/\(index)")
    var rows: [Int] = []
    rows.reserveCapacity(barCount - 1)
    sampler.draw(using: &random) { rows.append(contentsOf: $0) }
    do {
      return try Universe(series.map { $0.series(drawing: rows) }).carrying(universe)
    } catch {
      preconditionFailure("Invariant: the symbols are those of a universe: \(error)")
    }
  }

  private static func volatilityScheme(_ series: [RelativeBars]) -> ResamplingScheme {
    let lengths = series.compactMap { one in
      OptimalBlockLength(one.close.map { abs($0 - 1) })?.stationary
    }
    return lengths.max().map { .stationary(meanBlock: $0) } ?? .independent
  }

  /// For each series the rows whose closes all series have.
  private static func commonRows(of universe: Universe) -> [[Int]] {
    var common = Set(universe.series[0].closeTimes)
    for one in universe.series.dropFirst() { common.formIntersection(one.closeTimes) }
    return universe.series.map { one in
      (0..<one.count).filter { common.contains(one.closeTimes[$0]) }
    }
  }
}

/// The bars of a series as ratios to the close before them.
private struct RelativeBars: Sendable {
  /// The bars that all series have.
  let cut: BarSeries
  var open: [Double] = []
  var high: [Double] = []
  var low: [Double] = []
  var close: [Double] = []
  var volume: [Double] = []

  init(_ dayUnits: BarSeries, rows: [Int]) throws(EvidenceError) {
    // Ratios know no splits.
    let series = dayUnits.continuous
    cut = rows.count == series.count ? series : series.rows(at: rows)
    for (before, row) in zip(rows, rows.dropFirst()) {
      let base = series.close[before]
      let bar = series[row]
      guard base > 0, bar.low > 0 else {
        throw .notResampled(
          "\(series.instrument.symbol) has a price that is not above zero, so its bars have no "
            + "ratios; leave it out or add a constant to its prices")
      }
      open.append(bar.open / base)
      high.append(bar.high / base)
      low.append(bar.low / base)
      close.append(bar.close / base)
      volume.append(bar.volume)
    }
  }

  /// The first bar, then a bar for each row.
  func series(drawing rows: [Int]) -> BarSeries {
    let first = cut[0]
    var columns = [[Double]](repeating: [], count: 5)
    for column in columns.indices { columns[column].reserveCapacity(rows.count + 1) }
    func append(_ values: [Double]) {
      for column in 0..<5 { columns[column].append(values[column]) }
    }
    append([first.open, first.high, first.low, first.close, first.volume])
    var before = first.close
    for row in rows {
      columns[0].append(open[row] * before)
      columns[1].append(high[row] * before)
      columns[2].append(low[row] * before)
      columns[4].append(volume[row])
      before *= close[row]
      columns[3].append(before)
    }
    return BarSeries(
      trusted: cut.instrument, timeframe: cut.timeframe, calendar: cut.calendar,
      times: [cut.openTimes, cut.closeTimes], prices: columns.map { Column($0) },
      priceBasis: cut.priceBasis)
  }
}
