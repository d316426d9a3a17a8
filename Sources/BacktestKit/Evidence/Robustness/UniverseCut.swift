import BacktestCore

/// What is done to the bars after a cut, so that nothing that is known at the cut may change.
public enum LookaheadChange: String, Hashable, Sendable, CaseIterable {
  /// The bars end at the cut.
  case truncated
  /// The bars after the cut keep their times and get the past's returns in another order.
  case shuffled
}

extension Universe {
  /// The universe with the bars up to an instant only.
  ///
  /// Instruments stay where they are. One that has no bar yet gets a single bar after the instant
  /// that says nothing, since a series has at least one.
  func truncated(after time: Timestamp) -> Universe {
    rebuilt(series.map { $0.truncated(after: time) })
  }

  /// The universe in which the bars after an instant keep their times, and their prices are the
  /// returns of the bars up to it in another order.
  ///
  /// - Parameter stream: the name of the random stream; each instrument has its own.
  func shuffled(after time: Timestamp, seed: UInt64, stream: String) -> Universe {
    let lender = series.max { $0.closedCount(at: time) < $1.closedCount(at: time) }
    return rebuilt(
      series.map { series in
        var random = Randomness(seed: seed, stream: "\(stream)/\(series.instrument.symbol)")
        return series.shuffled(after: time, lender: lender ?? series, &random)
      })
  }

  /// The universe from an instant on: the bars before it are gone, save one of an instrument that
  /// would have none.
  func starting(at time: Timestamp) -> Universe {
    rebuilt(
      series.map { series in
        let first = series.closedCount(at: time - TimeSpan(nanoseconds: 1))
        return series.rows(min(first, series.count - 1)..<series.count)
      })
  }

  /// A universe of the same instruments. It can be made, since no series is empty.
  private func rebuilt(_ series: [BarSeries]) -> Universe {
    do throws(MarketError) {
      // What is known at an instant does not change with the bars that are cut off behind it.
      return try Universe(series).carrying(self)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}

extension BarSeries {
  /// The number of bars that closed at an instant or before it.
  func closedCount(at time: Timestamp) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if closeTimes[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  fileprivate func truncated(after time: Timestamp) -> BarSeries {
    let known = closedCount(at: time)
    if known == count { return self }
    if known == 0 { return placeholder(after: time) }
    var cut = rows(0..<known)
    cut.issues = []
    return cut
  }

  /// One bar after an instant, with a price that does not depend on the series.
  private func placeholder(after time: Timestamp) -> BarSeries {
    let price = Column([ReplacedPrices.placeholderPrice])
    return BarSeries(
      trusted: instrument, timeframe: timeframe, calendar: calendar,
      times: [Column([time]), Column([time + .days(1)])],
      prices: [price, price, price, price, Column([Double.nan])], priceBasis: priceBasis)
  }

  fileprivate func shuffled(
    after time: Timestamp, lender: BarSeries, _ random: inout Randomness
  ) -> BarSeries {
    let known = closedCount(at: time)
    if known == count { return self }
    let source = known >= 2 ? self : lender
    let prices = ReplacedPrices(
      of: self, known: known, from: source, returns: 1..<max(source.closedCount(at: time), 1),
      &random)
    let shuffled = BarSeries(
      trusted: instrument, timeframe: timeframe, calendar: calendar,
      times: [openTimes, closeTimes], prices: prices.columns, priceBasis: priceBasis
    ).taking(detailAndFundingOf: self, until: time)
    // The same times have the same actions.
    return (try? shuffled.adding(actions)) ?? shuffled
  }
}

/// Prices whose first rows are those of a series, and whose others are made of the returns of known
/// rows in a random order.
///
/// Each pass over the known rows has its own order, and every second pass is upside down, so
/// that the level never runs away however short the known part is.
private struct ReplacedPrices {
  static let placeholderPrice = 100.0

  /// Open, high, low, close and volume.
  private(set) var columns: [Column<Double>]

  init(
    of series: BarSeries, known: Int, from source: BarSeries, returns: Range<Int>,
    _ random: inout Randomness
  ) {
    let isRelative = returns.allSatisfy { source.low[$0 - 1] > 0 && source.low[$0] > 0 }
    let given = [series.open, series.high, series.low, series.close, series.volume]
    var values = given.map { Array($0.prefix(known)) }
    for index in values.indices { values[index].reserveCapacity(series.count) }
    var last = known > 0 ? series.close[known - 1] : Self.placeholderPrice
    var order = Array(returns)
    var place = 0
    var isUpsideDown = true
    for row in known..<series.count {
      if place == 0 {
        random.shuffle(&order)
        isUpsideDown.toggle()
      }
      var bar = Bar(
        openTime: series.openTimes[row], closeTime: series.closeTimes[row], open: last, high: last,
        low: last, close: last, volume: series.volume[row])
      if !order.isEmpty {
        let pattern = ReturnPattern(source, row: order[place], isRelative, isUpsideDown)
        bar = pattern.bar(after: last, like: bar)
        place = (place + 1) % order.count
      }
      // Only a series that has volumes gets some.
      if series.volume[row].isNaN { bar.volume = .nan }
      for (index, value) in [bar.open, bar.high, bar.low, bar.close, bar.volume].enumerated() {
        values[index].append(value)
      }
      last = bar.close
    }
    columns = values.map { Column($0) }
  }
}

/// A bar as it lies to the close before it.
private struct ReturnPattern {
  private let changes: (open: Double, high: Double, low: Double, close: Double)
  private let volume: Double
  private let isRelative: Bool

  init(_ series: BarSeries, row: Int, _ isRelative: Bool, _ isUpsideDown: Bool) {
    let before = series.close[row - 1]
    func change(_ price: Double) -> Double {
      guard isRelative else { return isUpsideDown ? before - price : price - before }
      return isUpsideDown ? before / price : price / before
    }
    let (high, low) = (change(series.high[row]), change(series.low[row]))
    changes = (change(series.open[row]), max(high, low), min(high, low), change(series.close[row]))
    volume = series.volume[row].isNaN ? 0 : series.volume[row]
    self.isRelative = isRelative
  }

  func bar(after last: Double, like bar: Bar) -> Bar {
    func price(_ change: Double) -> Double { isRelative ? last * change : last + change }
    return Bar(
      openTime: bar.openTime, closeTime: bar.closeTime, open: price(changes.open),
      high: price(changes.high), low: price(changes.low), close: price(changes.close),
      volume: volume)
  }
}

extension Randomness {
  /// Puts values into a random order, each equally likely.
  fileprivate mutating func shuffle(_ values: inout [Int]) {
    for place in values.indices.dropLast() {
      values.swapAt(place, place + nextInteger(below: values.count - place))
    }
  }
}
