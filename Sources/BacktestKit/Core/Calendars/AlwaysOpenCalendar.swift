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
