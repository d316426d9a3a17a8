/// When a market is open.
///
/// Sessions do not overlap and ascend with their dates; none closes more than a day before or after
/// its date in UTC. A conformer is a value without state that changes, and knows sessions of the
/// years 1678 to 2261 at most, for which every instant can be held.
///
///     let calendar: some TradingCalendar = .xnys
///     calendar.session(on: CivilDate("2024-11-29")!)?.close   // 2024-11-29T18:00:00Z
public protocol TradingCalendar: Sendable {
  /// The name by which a study asks for it, such as `XNYS`.
  var name: String { get }
  /// Sessions in a year, for annualisation.
  var sessionsPerYear: Double { get }
  /// The length of a regular session in seconds, for annualisation of intraday bars.
  var regularSessionSeconds: Int { get }
  /// The session of a date, or `nil` on a day without trading.
  func session(on date: CivilDate) -> Session?
  /// The date of the session to which an instant belongs: the session whose close is the first at
  /// or after the instant. The UTC date where no session is known.
  func sessionDate(of time: Timestamp) -> CivilDate
  /// The instant at which the market's clock shows a time of day on a date. The clock is that of
  /// UTC unless a calendar has its own.
  func timestamp(on date: CivilDate, timeOfDay: TimeSpan) -> Timestamp
  /// The first and the last date for which sessions are known; `nil` where the rules reach as far
  /// as timestamps. Data outside are refused.
  var coverage: ClosedRange<CivilDate>? { get }
}

extension TradingCalendar {
  /// The time of day in UTC.
  public func timestamp(on date: CivilDate, timeOfDay: TimeSpan) -> Timestamp {
    date.midnight + timeOfDay
  }

  /// All that timestamps reach.
  public var coverage: ClosedRange<CivilDate>? { nil }

  /// Walks the sessions from the UTC day before the instant; a conformer that knows its local date
  /// starts there and is faster.
  public func sessionDate(of time: Timestamp) -> CivilDate {
    let today = time.utcDate
    return firstSession(from: today.adding(days: -1), closing: time)?.date ?? today
  }

  /// The first session whose close is strictly after an instant, searched for 400 days ahead.
  public func sessionClosing(after time: Timestamp) -> Session? {
    guard time < .distantFuture else { return nil }
    return firstSession(
      from: sessionDate(of: time), closing: Timestamp(nanoseconds: time.nanoseconds + 1))
  }

  /// The sessions of a range of dates, both ends included.
  public func sessions(from first: CivilDate, through last: CivilDate) -> [Session] {
    guard first <= last else { return [] }
    return (first.daysSinceEpoch...last.daysSinceEpoch).compactMap { day in
      session(on: CivilDate(daysSinceEpoch: day))
    }
  }

  /// The first session named `first` or later that closes at or after an instant, within 400 days.
  func firstSession(from first: CivilDate, closing time: Timestamp) -> Session? {
    if let session = session(on: first), session.close >= time { return session }
    let start = first.daysSinceEpoch
    for day in (start + 1)..<(start + 400) {
      if let session = session(on: CivilDate(daysSinceEpoch: day)), session.close >= time {
        return session
      }
    }
    return nil
  }
}

extension CivilDate {
  /// Whether every instant of the day before, of this day and of the day after can be held in a
  /// `Timestamp`.
  var hasTimestamps: Bool { 1_678 <= year && year <= 2_261 }
}

/// The trading hours of one session.
public struct Session: Hashable, Sendable, BitwiseCopyable {
  /// The civil date by which the session is named.
  public var date: CivilDate
  /// When trading begins.
  public var open: Timestamp
  /// When trading ends.
  public var close: Timestamp
  /// The lunch break, in which nothing trades; `nil` where the session has none.
  public var pause: Range<Timestamp>? {
    pauseStart < pauseEnd ? pauseStart..<pauseEnd : nil
  }
  private var pauseStart: Timestamp
  private var pauseEnd: Timestamp

  /// A session from its parts.
  ///
  /// - Precondition: the lunch break lies between the open and the close.
  public init(
    date: CivilDate, open: Timestamp, close: Timestamp, pause: Range<Timestamp>? = nil
  ) {
    self.date = date
    self.open = open
    self.close = close
    (pauseStart, pauseEnd) = (pause?.lowerBound ?? close, pause?.upperBound ?? close)
    precondition(
      pause.map { open < $0.lowerBound && $0.upperBound < close } ?? true,
      "a lunch break lies between the open and the close")
  }
}

extension Session {
  /// The time from open to close, the lunch break included.
  public var duration: TimeSpan { close - open }

  /// The stretches in which there is trading: one, or two around a lunch break.
  package var tradingHours: [Range<Timestamp>] {
    guard let pause else { return [open..<close] }
    return [open..<pause.lowerBound, pause.upperBound..<close]
  }

  /// How many bars of a timeframe this session holds, the last one before the close or the lunch
  /// break shortened where the length does not divide: 26 bars of 15 minutes on a regular day in New
  /// York, 14 when it closes at 13:00. A session or anything longer is one bar.
  package func barCount(of timeframe: Timeframe) -> Int {
    guard case .intraday(let seconds) = timeframe else { return 1 }
    let length = Int64(seconds) * 1_000_000_000
    return tradingHours.reduce(0) { count, hours in
      count + Int(((hours.upperBound - hours.lowerBound).nanoseconds + length - 1) / length)
    }
  }
}

/// A market that never closes: a session is a UTC day, from 00:00 to 24:00.
public struct AlwaysOpenCalendar: TradingCalendar {
  /// The calendar.
  public init() {}

  /// `24x7`.
  public var name: String { "24x7" }
  /// 365.
  public var sessionsPerYear: Double { 365 }
  /// 24 hours.
  public var regularSessionSeconds: Int { 86_400 }

  /// Every day has a session.
  public func session(on date: CivilDate) -> Session? {
    guard date.hasTimestamps else { return nil }
    let open = date.midnight
    return Session(date: date, open: open, close: open + .days(1))
  }

  /// The UTC day; midnight belongs to the day that it ends.
  public func sessionDate(of time: Timestamp) -> CivilDate {
    CivilDate(daysSinceEpoch: time.dayEndingAtOrAfter)
  }
}

extension Timestamp {
  /// The UTC day, counted from 1970-01-01, that ends first at or after this instant.
  var dayEndingAtOrAfter: Int {
    let (day, inDay) = nanoseconds.flooredQuotient(by: 86_400_000_000_000)
    return Int(inDay == 0 ? day - 1 : day)
  }
}

extension TradingCalendar where Self == AlwaysOpenCalendar {
  /// A market that never closes.
  public static var alwaysOpen: AlwaysOpenCalendar { AlwaysOpenCalendar() }
}

/// Monday to Friday without holidays: a session is a UTC day, from 00:00 to 24:00.
///
/// For markets whose holidays are not known, and for data that is daily and unevenly gapped.
public struct WeekdaysCalendar: TradingCalendar {
  /// The calendar.
  public init() {}

  /// `weekdays`.
  public var name: String { "weekdays" }
  /// 260.
  public var sessionsPerYear: Double { 260 }
  /// 24 hours.
  public var regularSessionSeconds: Int { 86_400 }

  /// Every Monday to Friday has a session.
  public func session(on date: CivilDate) -> Session? {
    let day = date.daysSinceEpoch
    guard mondayBasedWeekday(ofDay: day) < 5, date.hasTimestamps else { return nil }
    let open = Timestamp(seconds: Int64(day) * 86_400)
    return Session(date: date, open: open, close: open + .days(1))
  }

  /// The UTC day, or the Monday after it on a weekend; midnight belongs to the day that it ends.
  public func sessionDate(of time: Timestamp) -> CivilDate {
    let day = time.dayEndingAtOrAfter
    let weekday = mondayBasedWeekday(ofDay: day)
    return CivilDate(daysSinceEpoch: weekday < 5 ? day : day + 7 - weekday)
  }
}

/// The day of the week of a day counted from 1970-01-01: Monday is 0, Sunday 6.
func mondayBasedWeekday(ofDay day: Int) -> Int {
  // 1970-01-01 was a Thursday.
  (day + 3).flooredQuotient(by: 7).remainder
}

extension TradingCalendar where Self == WeekdaysCalendar {
  /// Monday to Friday without holidays.
  public static var weekdays: WeekdaysCalendar { WeekdaysCalendar() }
}
