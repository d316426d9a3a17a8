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
    Session(date: date, open: date.midnight, close: date.midnight + .days(1))
  }

  /// The UTC day; midnight belongs to the day that it ends.
  public func sessionDate(of time: Timestamp) -> CivilDate {
    (time - TimeSpan(nanoseconds: 1)).utcDate
  }
}

extension TradingCalendar where Self == AlwaysOpenCalendar {
  /// A market that never closes.
  public static var alwaysOpen: AlwaysOpenCalendar { AlwaysOpenCalendar() }
}
