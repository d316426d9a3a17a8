/// The calendar period to which a date belongs under a timeframe coarser than a session.
package struct TimeframePeriod: Hashable {
  /// A number that goes up by one from period to period.
  package var index: Int
  /// The first day.
  package var first: CivilDate
  /// The last day.
  package var last: CivilDate
}

extension Timeframe {
  /// The period of a date: itself for a session, else the week from Saturday to Friday, the
  /// month, the quarter or the year; `nil` for intraday bars.
  package func period(of date: CivilDate) -> TimeframePeriod? {
    let (year, month) = (Int(date.year), Int(date.month))
    switch self {
    case .intraday: return nil
    case .session:
      return TimeframePeriod(index: date.daysSinceEpoch, first: date, last: date)
    case .week:
      // 1970-01-03 was a Saturday.
      let (index, inWeek) = (date.daysSinceEpoch - 2).flooredQuotient(by: 7)
      let first = date.adding(days: -inWeek)
      return TimeframePeriod(index: index, first: first, last: first.adding(days: 6))
    case .month: return .months(1, from: year * 12 + month - 1)
    case .quarter: return .months(3, from: year * 12 + (month - 1) / 3 * 3)
    case .year: return .months(12, from: year * 12)
    }
  }
}

extension TimeframePeriod {
  fileprivate static func months(_ count: Int, from monthIndex: Int) -> TimeframePeriod {
    let (year, month) = monthIndex.flooredQuotient(by: 12)
    let first = CivilDate(unchecked: year, month + 1, 1)
    return TimeframePeriod(
      index: monthIndex / count, first: first,
      last: first.adding(months: count).adding(days: -1))
  }

  /// When the period begins and ends: the open of its first session and the close of its last
  /// under a calendar, the midnights around it without one; `nil` where it has no session.
  package func hours(in calendar: (any TradingCalendar)?) -> (open: Timestamp, close: Timestamp)? {
    guard let calendar else { return (first.midnight, last.adding(days: 1).midnight) }
    let days = first.daysSinceEpoch...last.daysSinceEpoch
    func session(_ day: Int) -> Session? { calendar.session(on: CivilDate(daysSinceEpoch: day)) }
    guard let opening = days.lazy.compactMap(session).first,
      let closing = days.reversed().lazy.compactMap(session).first
    else { return nil }
    return (opening.open, closing.close)
  }
}
