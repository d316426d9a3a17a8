extension BarSeries {
  /// A series whose columns are known to be of equal length and in order, so that opening a cached
  /// one need not touch them.
  package init(
    trusted instrument: Instrument, timeframe: Timeframe, calendar: (any TradingCalendar)?,
    times: [Column<Timestamp>], prices: [Column<Double>], priceBasis: PriceBasis
  ) {
    self.instrument = instrument
    self.timeframe = timeframe
    self.calendar = calendar
    openTimes = times[0]
    closeTimes = times[1]
    open = prices[0]
    high = prices[1]
    low = prices[2]
    close = prices[3]
    volume = prices[4]
    self.priceBasis = priceBasis
  }

  /// The bars whose sessions lie between two dates, both included.
  package func sessions(from first: CivilDate?, to last: CivilDate?) -> BarSeries {
    guard first != nil || last != nil else { return self }
    func date(_ row: Int) -> CivilDate {
      let time = closeTimes[row]
      return calendar?.sessionDate(of: time) ?? (time - TimeSpan(nanoseconds: 1)).utcDate
    }
    let start = first.map { first in partition { date($0) >= first } } ?? 0
    let end = last.map { last in partition { date($0) > last } } ?? count
    return rows(min(start, end)..<end)
  }

  /// The first row for which a test that stays true once it is true holds.
  private func partition(_ isAfter: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
