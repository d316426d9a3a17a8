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
