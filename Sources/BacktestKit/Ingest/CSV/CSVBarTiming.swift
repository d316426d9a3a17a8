import BacktestCore

/// Turns the stamps of a series into open and close times, and finds what is missing between them.
struct CSVBarTiming {
  let calendar: (any TradingCalendar)?
  let meaning: CSVMapping.StampMeaning
  let timeframe: Timeframe
  /// Whether invalid rows are dropped rather than refused.
  let repairs: Bool

  /// Replaces the stamps of `builder` by open times and gives the close times; `nil` where they do
  /// not fit the timeframe, which is then in the builder's log.
  func apply(to builder: inout CSVBarBuilder) -> Column<Timestamp>? {
    guard case .intraday(let seconds) = timeframe else { return applyDates(to: &builder) }
    guard builder.hasTimeOfDay else {
      return refuse(&builder, "the times are dates; bars of \(timeframe) need a time of day")
    }
    guard (1..<86_400).contains(seconds) else {
      return refuse(&builder, "bars of \(seconds) s are not supported; use 1 s to less than a day")
    }
    return applyIntraday(to: &builder, seconds: seconds)
  }

  func refuse(_ builder: inout CSVBarBuilder, row: Int = 0, _ message: String)
    -> Column<Timestamp>?
  {
    let line = builder.count > row ? Int(builder.lines.start[row]) : 0
    builder.log.add(.badTimeframe, line: line, "\(builder.label): \(message)")
    return nil
  }
}

// MARK: Dates

extension CSVBarTiming {
  private func applyDates(to builder: inout CSVBarBuilder) -> Column<Timestamp>? {
    let dates = CSVTimestampDates(calendar: calendar, meaning: meaning).dates(of: builder)
    var closes: [Timestamp] = []
    closes.reserveCapacity(dates.count)
    var dropped: [Int] = []
    var last: TimeframePeriod?
    for (row, date) in dates.enumerated() {
      guard let period = timeframe.period(of: date) else { continue }
      let line = Int(builder.lines.start[row])
      if let last, period.index <= last.index {
        builder.log.add(
          .duplicateTime, line: line,
          "\(builder.label): a second bar of the \(timeframe) of \(date)",
          repair: repairs ? .dropped : nil)
        dropped.append(row)
        continue
      }
      if let last { noteGap(last, period, line: line, &builder) }
      let hours = hours(of: period, date: date, line: line, &builder)
      builder.stamps.start[row] = hours.open.nanoseconds
      closes.append(hours.close)
      last = period
    }
    builder.remove(dropped)
    return Column(closes)
  }

  private func hours(
    of period: TimeframePeriod, date: CivilDate, line: Int, _ builder: inout CSVBarBuilder
  ) -> (open: Timestamp, close: Timestamp) {
    if let hours = period.hours(in: calendar) { return hours }
    builder.log.add(
      .outsideCalendar, line: line,
      "\(builder.label): \(calendar?.name ?? "the calendar") has no session on \(date); "
        + "the bar lasts from 00:00 to 24:00 UTC")
    return (period.first.midnight, period.last.adding(days: 1).midnight)
  }

  private func noteGap(
    _ last: TimeframePeriod, _ next: TimeframePeriod, line: Int, _ builder: inout CSVBarBuilder
  ) {
    guard let calendar, next.index > last.index + 1 else { return }
    var missing = next.index - last.index - 1
    if timeframe == .session {
      missing = ((last.index + 1)..<next.index).count { day in
        calendar.session(on: CivilDate(daysSinceEpoch: day)) != nil
      }
    }
    guard missing > 0 else { return }
    let noun = timeframe == .session ? "session" : "bar"
    builder.log.add(
      .gap, line: line,
      "\(builder.label): \(NumberText.count(missing, noun)) of \(calendar.name) without "
        + "a bar between \(last.last) and \(next.first)",
      count: missing)
  }
}

extension CSVBarTiming {
  /// Open and close times of bars of `seconds`, clipped to the hours of their sessions.
  func applyIntraday(to builder: inout CSVBarBuilder, seconds: Int) -> Column<Timestamp>? {
    var tracker = CSVSessionTracker(calendar: calendar, length: Int64(seconds) * 1_000_000_000)
    let count = builder.count
    var misfit: Int?
    let closeTimes = Column<Timestamp>(count: count) { closes in
      for row in 0..<count {
        let stamp = builder.stamps.start[row]
        let bar =
          meaning == .open ? tracker.advance(toOpen: stamp) : tracker.advance(toClose: stamp)
        if !bar.followsDirectly || !bar.isInSession {
          if !bar.fits && misfit == nil { misfit = row }
          note(tracker, row: row, &builder)
        }
        builder.stamps.start[row] = bar.open
        closes[row] = Timestamp(nanoseconds: bar.close)
      }
    }
    if let misfit {
      let time = Timestamp(nanoseconds: builder.stamps.start[misfit])
      return refuse(
        &builder, row: misfit,
        "\(time) is not a whole number of \(timeframe) bars after the "
          + "bar before; set the timeframe or correct the time")
    }
    return closeTimes
  }

  private func note(_ tracker: CSVSessionTracker, row: Int, _ builder: inout CSVBarBuilder) {
    guard let calendar, let current = tracker.current else { return }
    let line = Int(builder.lines.start[row])
    if !current.isInSession {
      builder.log.add(
        .outsideCalendar, line: line,
        "\(builder.label): \(Timestamp(nanoseconds: current.open)) is outside the hours of "
          + calendar.name)
    }
    let missing = tracker.missingBars
    guard let previous = tracker.previous, missing > 0 else { return }
    builder.log.add(
      .gap, line: line,
      "\(builder.label): \(NumberText.count(missing, "bar")) missing between "
        + "\(Timestamp(nanoseconds: previous.close)) and \(Timestamp(nanoseconds: current.open))",
      count: missing)
  }
}

/// Follows an intraday series bar by bar and knows the session of the current one.
struct CSVSessionTracker {
  private let calendar: (any TradingCalendar)?
  /// The length of a bar in nanoseconds.
  private let length: Int64
  /// The bar before the current one.
  private(set) var previous: SessionBar?
  /// The current bar.
  private(set) var current: SessionBar?

  init(calendar: (any TradingCalendar)?, length: Int64) {
    self.calendar = calendar
    self.length = length
  }

  /// A bar and the session to which it belongs. All times are nanoseconds since 1970.
  struct SessionBar: BitwiseCopyable {
    var open: Int64
    var close: Int64
    /// The session in which it lies, or else the next one; without a calendar all of time.
    var date = CivilDate(unchecked: 1970, 1, 1)
    /// The trading hours in which it lies: of the session, or of its part before or after a break.
    var hoursOpen = Int64.min
    var hoursClose = Int64.max
    /// How many bars the session has before these hours.
    var barsBefore: Int64 = 0
    /// Whether it lies inside the hours of its session.
    var isInSession = true
    /// Whether the bar before is just one length earlier, or there is none.
    var followsDirectly = true
    /// Whether it lies a whole number of lengths after the bar before, if both share a session.
    var fits = true
  }

  /// Steps to the bar that begins at an instant.
  @inline(__always)
  mutating func advance(toOpen open: Int64) -> SessionBar {
    guard let here = current, here.isInSession, open < here.hoursClose else {
      return arrive(located(open: open, close: open &+ length, at: open &+ 1))
    }
    var next = here
    next.open = open
    next.close = min(open &+ length, here.hoursClose)
    next.followsDirectly = open &- here.open == length
    next.fits = next.followsDirectly || (open &- here.open) % length == 0
    previous = here
    current = next
    return next
  }

  /// Steps to the bar that ends at an instant. The last bar of a session may be a short one.
  mutating func advance(toClose close: Int64) -> SessionBar {
    var next: SessionBar
    if let here = current, here.isInSession, close <= here.hoursClose {
      next = here
      (next.open, next.close) = (close &- length, close)
    } else {
      next = located(open: close &- length, close: close, at: close)
    }
    if calendar != nil, next.isInSession {
      if close == next.hoursClose {
        next.open = next.hoursOpen + (barCount(from: next.hoursOpen, to: close) - 1) * length
      }
      next.open = max(next.open, next.hoursOpen)
    }
    return arrive(next)
  }

  private mutating func arrive(_ bar: SessionBar) -> SessionBar {
    var next = bar
    if let here = current {
      let difference = next.open &- here.open
      let sharesHours =
        calendar == nil
        || (here.isInSession && next.isInSession && here.hoursOpen == next.hoursOpen)
      next.followsDirectly = difference == length && next.close > here.close
      // A bar outside the hours may be long enough to end after a whole session.
      next.fits = (!sharesHours || difference % length == 0) && next.close > here.close
      next.open = max(next.open, here.open)
    }
    previous = current
    current = next
    return next
  }

  private func located(open: Int64, close: Int64, at instant: Int64) -> SessionBar {
    var bar = SessionBar(open: open, close: close)
    guard let calendar else { return bar }
    let time = Timestamp(nanoseconds: instant)
    bar.date = calendar.sessionDate(of: time)
    bar.isInSession = false
    for hours in calendar.session(on: bar.date)?.tradingHours ?? []
    where hours.lowerBound < time {
      let (open, close) = (hours.lowerBound.nanoseconds, hours.upperBound.nanoseconds)
      if time <= hours.upperBound {
        (bar.isInSession, bar.hoursOpen, bar.hoursClose) = (true, open, close)
        bar.close = min(bar.close, close)
        return bar
      }
      bar.barsBefore += barCount(from: open, to: close)
    }
    return bar
  }

  /// How many bars of the calendar's sessions lie between the last two.
  var missingBars: Int {
    guard let calendar, let previous, let current else { return 0 }
    // How many bars of the session had begun at its open.
    func begun(_ bar: SessionBar) -> Int64 {
      bar.barsBefore + (bar.isInSession ? (bar.open - bar.hoursOpen) / length + 1 : 0)
    }
    let upToCurrent = max(0, begun(current) - 1)
    guard previous.date < current.date else {
      return Int(max(0, upToCurrent - begun(previous)))
    }
    var missing = upToCurrent - begun(previous)
    for day in previous.date.daysSinceEpoch..<current.date.daysSinceEpoch {
      if let session = calendar.session(on: CivilDate(daysSinceEpoch: day)) {
        for hours in session.tradingHours {
          missing += barCount(from: hours.lowerBound.nanoseconds, to: hours.upperBound.nanoseconds)
        }
      }
    }
    return Int(max(0, missing))
  }

  private func barCount(from open: Int64, to close: Int64) -> Int64 {
    (close - open + length - 1) / length
  }
}
