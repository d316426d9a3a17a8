/// How long one bar lasts.
public enum Timeframe: Hashable, Sendable {
  /// A fixed length in seconds, shorter than a session.
  case intraday(seconds: Int)
  /// One session of the calendar.
  case session
  /// One calendar week, ending on Friday's session.
  case week
  /// One calendar month.
  case month
  /// One calendar quarter.
  case quarter
  /// One calendar year.
  case year
}

extension Timeframe: CustomStringConvertible, LosslessStringConvertible {
  /// `30s`, `15m`, `1h`, `1d`, `1w`, `1mo`, `1q` or `1y`.
  public var description: String {
    switch self {
    case .intraday(let seconds) where seconds % 3_600 == 0: "\(seconds / 3_600)h"
    case .intraday(let seconds) where seconds % 60 == 0: "\(seconds / 60)m"
    case .intraday(let seconds): "\(seconds)s"
    case .session: "1d"
    case .week: "1w"
    case .month: "1mo"
    case .quarter: "1q"
    case .year: "1y"
    }
  }

  /// Reads what `description` writes; other text gives `nil`.
  public init?(_ text: String) {
    switch text {
    case "1d", "d", "daily": self = .session
    case "1w", "w", "weekly": self = .week
    case "1mo", "monthly": self = .month
    case "1q", "quarterly": self = .quarter
    case "1y", "yearly": self = .year
    default:
      let unit: Int
      switch text.last {
      case "s": unit = 1
      case "m": unit = 60
      case "h": unit = 3_600
      default: return nil
      }
      // The second bound keeps the product from being too large to hold.
      guard let count = Int(text.dropLast()), count > 0, count < 86_400, count * unit < 86_400
      else { return nil }
      self = .intraday(seconds: count * unit)
    }
  }
}

extension Timeframe {
  /// Whether a bar lasts a week or longer.
  package var isLongerThanSession: Bool {
    switch self {
    case .intraday, .session: false
    case .week, .month, .quarter, .year: true
    }
  }

  /// Bars in a year under a calendar: bars of a regular session times its sessions a year; 52
  /// weeks, 12 months, 4 quarters.
  public func barsPerYear(in calendar: any TradingCalendar) -> Double {
    switch self {
    case .intraday(let seconds):
      let barsPerSession = (calendar.regularSessionSeconds + seconds - 1) / seconds
      return Double(barsPerSession) * calendar.sessionsPerYear
    case .session: return calendar.sessionsPerYear
    case .week: return 52
    case .month: return 12
    case .quarter: return 4
    case .year: return 1
    }
  }
}

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
