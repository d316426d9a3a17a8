/// The foreign exchange market: Monday to Friday, each session from 17:00 in New York on the day
/// before to 17:00 on its date, without holidays.
///
/// The week begins on Sunday at 17:00 in New York and ends on Friday at 17:00.
///
///     ForexCalendar().session(on: CivilDate("2024-03-11")!)?.open   // 2024-03-10T21:00:00Z
public struct ForexCalendar: TradingCalendar {
  /// The calendar.
  public init() {}

  /// `forex`.
  public var name: String { "forex" }
  /// 260.
  public var sessionsPerYear: Double { 260 }
  /// 24 hours.
  public var regularSessionSeconds: Int { 86_400 }

  /// Every Monday to Friday has a session.
  public func session(on date: CivilDate) -> Session? {
    guard mondayBasedWeekday(ofDay: date.daysSinceEpoch) < 5, date.hasTimestamps else { return nil }
    return Session(
      date: date, open: closing(date.adding(days: -1)), close: closing(date))
  }

  /// The instant at which the clock in New York shows a time of day.
  public func timestamp(on date: CivilDate, timeOfDay: TimeSpan) -> Timestamp {
    NewYorkTime(date, timeOfDay: timeOfDay).timestamp
  }

  private func closing(_ date: CivilDate) -> Timestamp { NewYorkTime(date, hour: 17).timestamp }
}

extension TradingCalendar where Self == ForexCalendar {
  /// The foreign exchange market, from 17:00 to 17:00 in New York.
  public static var forex: ForexCalendar { ForexCalendar() }
}
