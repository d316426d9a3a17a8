import BacktestCore

/// Walks from bar to bar of an intraday series and knows the session of the one it stands on.
struct CSVSessionWalk {
  private let calendar: (any TradingCalendar)?
  /// The length of a bar in nanoseconds.
  private let length: Int64
  /// The bar before the current one.
  private(set) var previous: Stand?
  /// The bar on which the walk stands.
  private(set) var current: Stand?

  init(calendar: (any TradingCalendar)?, length: Int64) {
    self.calendar = calendar
    self.length = length
  }

  /// A bar and the session to which it belongs. All times are nanoseconds since 1970.
  struct Stand: BitwiseCopyable {
    var open: Int64
    var close: Int64
    /// The session in which it lies, or else the next one; without a calendar all of time.
    var date = CivilDate(unchecked: 1970, 1, 1)
    var sessionOpen = Int64.min
    var sessionClose = Int64.max
    /// Whether it lies inside the hours of its session.
    var isInSession = true
    /// Whether the bar before is just one length earlier, or there is none.
    var followsDirectly = true
    /// Whether it lies a whole number of lengths after the bar before, if both share a session.
    var fits = true
  }

  /// Steps to the bar that begins at an instant.
  @inline(__always)
  mutating func move(opening open: Int64) -> Stand {
    guard let here = current, here.isInSession, open < here.sessionClose else {
      return arrive(located(open: open, close: open &+ length, at: open &+ 1))
    }
    var next = here
    next.open = open
    next.close = min(open &+ length, here.sessionClose)
    next.followsDirectly = open &- here.open == length
    next.fits = next.followsDirectly || (open &- here.open) % length == 0
    previous = here
    current = next
    return next
  }

  /// Steps to the bar that ends at an instant. The last bar of a session may be a short one.
  mutating func move(closing close: Int64) -> Stand {
    var next: Stand
    if let here = current, here.isInSession, close <= here.sessionClose {
      next = here
      (next.open, next.close) = (close &- length, close)
    } else {
      next = located(open: close &- length, close: close, at: close)
    }
    if calendar != nil, next.isInSession {
      if close == next.sessionClose {
        next.open = next.sessionOpen + (barCount(from: next.sessionOpen, to: close) - 1) * length
      }
      next.open = max(next.open, next.sessionOpen)
    }
    return arrive(next)
  }

  private mutating func arrive(_ bar: Stand) -> Stand {
    var next = bar
    if let here = current {
      let difference = next.open &- here.open
      let sharesHours =
        calendar == nil || (here.isInSession && next.isInSession && here.date == next.date)
      next.followsDirectly = difference == length && next.close > here.close
      // A bar outside the hours may be long enough to end after a whole session.
      next.fits = (!sharesHours || difference % length == 0) && next.close > here.close
      next.open = max(next.open, here.open)
    }
    previous = current
    current = next
    return next
  }

  private func located(open: Int64, close: Int64, at instant: Int64) -> Stand {
    var bar = Stand(open: open, close: close)
    guard let calendar else { return bar }
    let time = Timestamp(nanoseconds: instant)
    bar.date = calendar.sessionDate(of: time)
    bar.isInSession = false
    if let session = calendar.session(on: bar.date), session.open < time, time <= session.close {
      bar.isInSession = true
      bar.sessionOpen = session.open.nanoseconds
      bar.sessionClose = session.close.nanoseconds
      bar.close = min(close, bar.sessionClose)
    }
    return bar
  }

  /// How many bars of the calendar's sessions lie between the last two.
  var missingBars: Int {
    guard let calendar, let previous, let current else { return 0 }
    // Bars of a stand's session that had begun when it had.
    func begun(_ bar: Stand) -> Int64 {
      bar.isInSession ? (bar.open - bar.sessionOpen) / length + 1 : 0
    }
    let upToCurrent = max(0, begun(current) - 1)
    guard previous.date < current.date else {
      return Int(max(0, upToCurrent - begun(previous)))
    }
    var missing = upToCurrent - begun(previous)
    for day in previous.date.daysSinceEpoch..<current.date.daysSinceEpoch {
      if let session = calendar.session(on: CivilDate(daysSinceEpoch: day)) {
        missing += barCount(from: session.open.nanoseconds, to: session.close.nanoseconds)
      }
    }
    return Int(max(0, missing))
  }

  private func barCount(from open: Int64, to close: Int64) -> Int64 {
    (close - open + length - 1) / length
  }
}
