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
}

extension TradingCalendar {
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
