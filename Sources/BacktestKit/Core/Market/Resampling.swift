extension BarSeries {
  /// The same trading in coarser bars: first open, highest high, lowest low, last close, sum of
  /// volumes; a bar begins with its first bar and ends with its last; empty periods give none.
  ///
  ///     let weekly = try daily.resampled(to: .week)
  ///
  /// Intraday bars are cut from the open of each session and from the end of its lunch break, or
  /// from 00:00 UTC without a calendar.
  /// Weeks end on Friday. A bar belongs to the session, week, month, quarter or year of the session
  /// in which it closes.
  ///
  /// - Throws: `MarketError` when the timeframe is finer than that of the series, or intraday
  ///   and no multiple of it.
  public func resampled(to target: Timeframe) throws(MarketError) -> BarSeries {
    if target == timeframe { return self }
    guard target.canHold(timeframe) else {
      throw MarketError(
        symbol: instrument.symbol,
        "bars of \(timeframe) cannot be combined into \(target); "
          + "use a multiple of \(timeframe)")
    }
    let starts = groupStarts(target)
    let ends = starts.dropFirst() + [count]
    let groups = zip(starts, ends).map { $0..<$1 }
    func column(_ value: (Range<Int>) -> Double) -> Column<Double> { Column(groups.map(value)) }
    var coarse = BarSeries(
      trusted: instrument, timeframe: target, calendar: calendar,
      times: [
        Column(groups.map { openTimes[$0.lowerBound] }),
        Column(groups.map { closeTimes[$0.upperBound - 1] }),
      ],
      prices: [
        column { open[$0.lowerBound] },
        column { rows in rows.reduce(-.infinity) { Swift.max($0, high[$1]) } },
        column { rows in rows.reduce(.infinity) { Swift.min($0, low[$1]) } },
        column { close[$0.upperBound - 1] },
        column { rows in rows.reduce(0) { $0 + volume[$1] } },
      ], priceBasis: priceBasis)
    coarse.source = source
    coarse.issues = issues
    coarse.funding = funding
    return try coarse.adding(actions)
  }

  /// The rows at which the bars of a coarser timeframe begin.
  private func groupStarts(_ target: Timeframe) -> [Int] {
    var starts: [Int] = []
    var groups = ResamplingGroups(calendar: calendar, target: target)
    for row in 0..<count where groups.entersNewGroup(openTimes[row], closeTimes[row]) {
      starts.append(row)
    }
    return starts
  }
}

extension Timeframe {
  /// Whether bars of `other` can be combined into bars of this timeframe.
  fileprivate func canHold(_ other: Timeframe) -> Bool {
    if case (.intraday(let long), .intraday(let short)) = (self, other) {
      return long > short && long % short == 0
    }
    // Weeks do not end with months, so they cannot be combined into them.
    if other == .week { return false }
    return coarseness > other.coarseness
  }

  private var coarseness: Int {
    switch self {
    case .intraday: 0
    case .session: 1
    case .week: 2
    case .month: 3
    case .quarter: 4
    case .year: 5
    }
  }
}

/// Goes over bars in order and finds where each coarser one begins.
private struct ResamplingGroups {
  let calendar: (any TradingCalendar)?
  let target: Timeframe
  private var group: Int?
  private var date = CivilDate(unchecked: 1970, 1, 1)
  private var dayOpen = Timestamp.distantFuture
  private var dayClose = Timestamp.distantPast

  init(calendar: (any TradingCalendar)?, target: Timeframe) {
    self.calendar = calendar
    self.target = target
  }

  mutating func entersNewGroup(_ open: Timestamp, _ close: Timestamp) -> Bool {
    let isNewDay = close > dayClose || close <= dayOpen
    if isNewDay { enterDay(close) }
    if let period = isNewDay || group == nil ? target.period(of: date)?.index : group,
      !target.isIntraday
    {
      defer { group = period }
      return period != group
    }
    guard case .intraday(let seconds) = target else { return false }
    let inDay = (open - dayOpen).nanoseconds.flooredQuotient(by: Int64(seconds) * 1_000_000_000)
    defer { group = Int(inDay.quotient) }
    return isNewDay || Int(inDay.quotient) != group
  }

  private mutating func enterDay(_ close: Timestamp) {
    if let calendar {
      date = calendar.sessionDate(of: close)
      let hours = calendar.session(on: date)?.tradingHours ?? []
      if let part = hours.last(where: { $0.lowerBound < close }), close <= part.upperBound {
        (dayOpen, dayClose) = (part.lowerBound, part.upperBound)
        return
      }
      // A bar outside the hours belongs to no session; it counts from midnight.
      (dayOpen, dayClose) = ((close - TimeSpan(nanoseconds: 1)).utcDate.midnight, close)
      return
    }
    date = (close - TimeSpan(nanoseconds: 1)).utcDate
    (dayOpen, dayClose) = (date.midnight, date.midnight + .days(1))
  }
}

extension Timeframe {
  fileprivate var isIntraday: Bool {
    if case .intraday = self { return true }
    return false
  }
}
