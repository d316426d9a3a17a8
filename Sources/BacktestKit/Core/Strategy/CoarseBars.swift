/// The bars of one instrument put together into a longer timeframe while they arrive, so that a
/// strategy sees several timeframes of what it trades.
///
///     struct Trend: Strategy {
///       var weekly = CoarseBars(.week, keeping: 20)
///
///       mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
///         guard let bar = bars[0] else { return }
///         if let week = weekly.update(bar, in: trading) { … }   // a week has just ended
///         let past = weekly.bars                               // weeks that have ended
///       }
///     }
///
/// A coarse bar is complete when its period ends by the calendar. Where the last bars of a period
/// are missing, it is complete when the first bar after it closes. Nothing of an unfinished period
/// is shown, and coarse bars cannot be traded. They are those of `BarSeries.resampled(to:)`, in the
/// units of the first bar of the series where shares were split.
public struct CoarseBars: Sendable {
  /// How long a coarse bar lasts.
  public let timeframe: Timeframe
  /// The last complete bars, oldest first, at most as many as are kept.
  public private(set) var bars: [Bar] = []
  private let kept: Int
  private var groups: ResamplingGroups?
  private var current: Bar?

  /// Bars of a timeframe that is longer than that of the bars to come.
  ///
  /// - Parameter count: How many complete bars are kept.
  /// - Precondition: `count` is above zero.
  public init(_ timeframe: Timeframe, keeping count: Int = 256) {
    precondition(count > 0, "at least one bar is kept")
    self.timeframe = timeframe
    kept = count
  }

  /// Takes the next bar of the instrument.
  ///
  /// - Returns: the coarse bar that it completes, or `nil`. Where it completes one and also shows
  ///   that the one before it has ended, both are in `bars`, and the newer one comes back.
  @discardableResult
  public mutating func update(_ bar: Bar, in trading: TradingContext) -> Bar? {
    update(bar, calendar: trading.universe[bar.instrument].calendar)
  }

  /// Takes the next bar of the instrument, whose market has a calendar; `nil` has UTC days.
  @discardableResult
  public mutating func update(_ bar: Bar, calendar: (any TradingCalendar)?) -> Bar? {
    var grouping = groups ?? ResamplingGroups(calendar: calendar, target: timeframe)
    let isNew = grouping.entersNewGroup(bar.openTime, bar.closeTime)
    groups = grouping
    var completed: Bar?
    // Prices are put together in the units of the first bar of the series, which no split changes.
    let next = bar.continuous
    if isNew || current == nil {
      completed = finish()
      current = next
    } else {
      current?.extend(by: next)
    }
    if let end = grouping.end, bar.closeTime >= end { completed = finish() ?? completed }
    return completed
  }

  /// Completes the current bar, if there is one.
  private mutating func finish() -> Bar? {
    guard let bar = current else { return nil }
    current = nil
    if bars.count == kept { bars.removeFirst() }
    bars.append(bar)
    return bar
  }
}

extension Bar {
  /// Takes in the bar after it.
  fileprivate mutating func extend(by next: Bar) {
    closeTime = next.closeTime
    high = max(high, next.high)
    low = min(low, next.low)
    close = next.close
    volume += next.volume
  }
}
