/// The New York Stock Exchange: 09:30 to 16:00 in New York, Monday to Friday except holidays.
///
/// Sessions, special closures and early closes are exact from 1990 to 2030 as far as they were
/// known in 2026. Outside these years the same rules apply without special closures (days of
/// mourning, storms, strikes), and before 1971 holidays followed other rules: ask for such years
/// only where a few wrong days do no harm.
///
///     let calendar = NewYorkStockExchangeCalendar()
///     calendar.session(on: CivilDate("2024-07-04")!)             // nil
///     calendar.session(on: CivilDate("2024-07-03")!)?.close      // 2024-07-03T17:00:00Z
public struct NewYorkStockExchangeCalendar: TradingCalendar {
  /// The calendar.
  public init() {}

  /// `XNYS`, the market identifier code of ISO 10383.
  public var name: String { "XNYS" }
  /// 252.
  public var sessionsPerYear: Double { 252 }
  /// Six and a half hours.
  public var regularSessionSeconds: Int { 23_400 }

  /// The session of a date in New York, or `nil` on weekends, holidays and days of closure.
  public func session(on date: CivilDate) -> Session? {
    let day = date.daysSinceEpoch
    let weekday = mondayBasedWeekday(ofDay: day)
    guard weekday < 5, date.hasTimestamps, !isHoliday(date, weekday), !isSpecialClosure(date) else {
      return nil
    }
    let midnight = Int64(day) * 86_400 - NewYorkTime.daytimeOffsetFromUTC(on: date, day: day)
    let close = closingHour(date, weekday) * 3_600
    return Session(
      date: date, open: Timestamp(seconds: midnight + 34_200),
      close: Timestamp(seconds: midnight + close))
  }

  /// The instant at which the clock in New York shows a time of day.
  public func timestamp(on date: CivilDate, timeOfDay: TimeSpan) -> Timestamp {
    NewYorkTime(date, timeOfDay: timeOfDay).timestamp
  }

  /// The session in New York that closes first at or after an instant.
  public func sessionDate(of time: Timestamp) -> CivilDate {
    let today = NewYorkTime(time).date
    return firstSession(from: today, closing: time)?.date ?? today
  }
}

// Weekdays below count from Monday as 0 and are known to be less than 5.
extension NewYorkStockExchangeCalendar {
  /// Whether the exchange rests by rule. A holiday on a Sunday is kept on Monday; one on a Saturday
  /// on Friday, save New Year's Day, which is then not kept.
  private func isHoliday(_ date: CivilDate, _ weekday: Int) -> Bool {
    let (day, isMonday, isFriday) = (date.day, weekday == 0, weekday == 4)
    func isKept(on holiday: Int8) -> Bool {
      day == holiday || isMonday && day == holiday + 1 || isFriday && day == holiday - 1
    }
    switch date.month {
    case 1:
      let isMartinLutherKingDay = isMonday && (15...21).contains(day) && date.year >= 1_998
      return day == 1 || isMonday && day == 2 || isMartinLutherKingDay
    case 2: return isMonday && (15...21).contains(day)  // Washington's Birthday
    case 3, 4: return isFriday && isGoodFriday(date)
    case 5: return isMonday && day >= 25  // Memorial Day
    case 6: return date.year >= 2_022 && isKept(on: 19)  // Juneteenth
    case 7: return isKept(on: 4)  // Independence Day
    case 9: return isMonday && day <= 7  // Labor Day
    case 11: return weekday == 3 && (22...28).contains(day)  // Thanksgiving
    case 12: return isKept(on: 25)
    default: return false
    }
  }

  /// Whether a Friday is two days before Easter.
  /// > J. Meeus, "Astronomical Algorithms", 1991, chapter 8 (Gregorian Easter).
  private func isGoodFriday(_ friday: CivilDate) -> Bool {
    let year = UInt(friday.year)
    let (century, yearOfCentury) = (year / 100, year % 100)
    let correction = (century - (century + 8) / 25 + 1) / 3
    let epact = (19 * (year % 19) + century - century / 4 - correction + 15) % 30
    let weekdayShift =
      (32 + 2 * (century % 4) + 2 * (yearOfCentury / 4) - epact - yearOfCentury % 4) % 7
    let late = (year % 19 + 11 * epact + 22 * weekdayShift) / 451
    // Days after 22 March, on which Easter falls at the earliest.
    let easter = Int(epact + weekdayShift) - 7 * Int(late)
    let daysAfterMarch22 = Int(friday.day) - 22 + (friday.month == 4 ? 31 : 0)
    return daysAfterMarch22 + 2 == easter
  }

  /// Whether trading was called off for a day of mourning, an attack or a storm.
  private func isSpecialClosure(_ date: CivilDate) -> Bool {
    switch (date.year, date.month, date.day) {
    case (1_994, 4, 27): true  // mourning for President Nixon
    case (2_001, 9, 11...14): true  // attacks of 11 September
    case (2_004, 6, 11): true  // mourning for President Reagan
    case (2_007, 1, 2): true  // mourning for President Ford
    case (2_012, 10, 29...30): true  // Hurricane Sandy
    case (2_018, 12, 5): true  // mourning for President Bush
    case (2_025, 1, 9): true  // mourning for President Carter
    default: false
    }
  }

  /// The hour in New York at which a session ends: 16, or earlier around holidays.
  private func closingHour(_ date: CivilDate, _ weekday: Int) -> Int64 {
    guard date.month == 7 || date.month >= 11 else { return 16 }
    let early: Int64 = date.year < 1_993 ? 14 : 13
    switch (date.month, date.day) {
    case (7, 3):
      // A Wednesday before the holiday ends early only since 2013; till then the Friday after did.
      let isShort = weekday == 2 ? date.year >= 2_013 : weekday < 4
      return isShort && date.year >= 1_995 ? early : 16
    case (7, 5): return weekday == 4 && (1_995..<2_013).contains(date.year) ? early : 16
    case (11, 23...29): return weekday == 4 && date.year >= 1_992 ? early : 16
    case (12, 24): return early
    case (12, 26): return date.year == 1_997 || date.year == 2_003 ? early : 16
    case (12, 31): return date.year == 1_999 ? early : 16
    default: return 16
    }
  }
}

extension TradingCalendar where Self == NewYorkStockExchangeCalendar {
  /// The New York Stock Exchange.
  public static var xnys: NewYorkStockExchangeCalendar { NewYorkStockExchangeCalendar() }
}

/// A reading of the clock in New York: a date and a time of day on the wall.
///
/// Daylight-saving time follows the law of the United States: since 2007 from the second Sunday of
/// March to the first Sunday of November; 1987 to 2006 from the first Sunday of April to the last
/// of October; before that from the last Sunday of April, save 6 January 1974 and 23 February 1975.
/// It begins and ends at 02:00 by the clock. The law is of 1966; earlier years follow the rule of
/// 1967, which is not what New York did then, and later years follow the rule of 2007.
///
///     let open = NewYorkTime(CivilDate("2024-03-11")!, hour: 9, minute: 30)
///     open.timestamp                                             // 2024-03-11T13:30:00Z
///     NewYorkTime(Timestamp(seconds: 1_710_163_800)).description // 2024-03-11T09:30:00
package struct NewYorkTime: Hashable, Sendable, BitwiseCopyable {
  /// The date on the wall.
  package var date: CivilDate
  /// What the clock shows, as time since 00:00: at least zero and less than 24 hours. On a day on
  /// which the clock changes this is not the time that has passed since midnight.
  package var timeOfDay: TimeSpan

  /// A date and a time of day on the clock.
  package init(_ date: CivilDate, timeOfDay: TimeSpan) {
    precondition(
      timeOfDay >= .zero && timeOfDay < .days(1), "a time of day is from 00:00 to 24:00")
    self.date = date
    self.timeOfDay = timeOfDay
  }

  /// A date and hours, minutes and seconds on the clock.
  package init(_ date: CivilDate, hour: Int, minute: Int = 0, second: Int = 0) {
    self.init(date, timeOfDay: .seconds(Int64(hour * 3_600 + minute * 60 + second)))
  }

  /// What the clock shows at an instant.
  package init(_ time: Timestamp) {
    let (seconds, fraction) = time.nanoseconds.flooredQuotient(by: 1_000_000_000)
    let local = seconds + NewYorkTime.offsetFromUTC(atSecond: seconds)
    let (day, second) = local.flooredQuotient(by: 86_400)
    date = CivilDate(daysSinceEpoch: Int(day))
    timeOfDay = TimeSpan(nanoseconds: second * 1_000_000_000 + fraction)
  }

  /// The instant at which the clock shows this, the first of two where an hour is repeated.
  package var timestamp: Timestamp { timestamp(repeatedHour: .first) }

  /// The instant at which the clock shows this.
  ///
  /// When daylight-saving time begins the clock skips 02:00 to 03:00; such a reading is taken as
  /// one of a clock that was not yet changed, so that 02:30 is the instant of 03:30. When it ends,
  /// 01:00 to 02:00 comes twice and `repeatedHour` chooses. Beyond the years that a `Timestamp` can
  /// hold the result is `distantPast` or `distantFuture`.
  package func timestamp(repeatedHour: RepeatedHour) -> Timestamp {
    let day = date.daysSinceEpoch
    let second = timeOfDay.nanoseconds / 1_000_000_000
    let offset = offsetFromUTC(day: day, second: second, repeatedHour: repeatedHour)
    let (whole, overflow) = (Int64(day) * 86_400 + second - offset)
      .multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, tooFar) = whole.addingReportingOverflow(timeOfDay.nanoseconds % 1_000_000_000)
    guard !overflow, !tooFar else { return day < 0 ? .distantPast : .distantFuture }
    return Timestamp(nanoseconds: sum)
  }

  /// Which of two instants is meant by a reading that the clock shows twice.
  package enum RepeatedHour: Hashable, Sendable {
    /// The earlier one, in daylight-saving time.
    case first
    /// The later one, in standard time.
    case second
  }

  /// The next instant strictly after another at which the clock shows a time of day: what a timer
  /// "every day at 15:55 in New York" waits for.
  ///
  /// - Precondition: `hour` is 0 to 23 and `minute` 0 to 59.
  package static func next(hour: Int, minute: Int = 0, after time: Timestamp) -> Timestamp {
    var reading = NewYorkTime(NewYorkTime(time).date, hour: hour, minute: minute)
    while reading.timestamp <= time, reading.timestamp < .distantFuture {
      reading.date = reading.date.adding(days: 1)
    }
    return reading.timestamp
  }
}

extension NewYorkTime: CustomStringConvertible {
  /// ISO 8601 without a zone, to the second: `2024-03-11T09:30:00`.
  package var description: String {
    let second = timeOfDay.nanoseconds / 1_000_000_000
    return "\(date)T\(twoDigits(second / 3_600)):\(twoDigits(second / 60 % 60)):"
      + twoDigits(second % 60)
  }
}

extension NewYorkTime {
  private static let standardOffset: Int64 = -5 * 3_600
  private static let daylightOffset: Int64 = -4 * 3_600

  /// Seconds to add to UTC for the time in New York.
  private static func offsetFromUTC(atSecond second: Int64) -> Int64 {
    // The clock never changes in these months, nor around New Year, where UTC is a year ahead.
    let day = Int(second.flooredQuotient(by: 86_400).quotient)
    let date = CivilDate(daysSinceEpoch: day)
    switch date.month {
    case 5...9: return daylightOffset
    case 12: return standardOffset
    default:
      let daylight = daylightDays(of: Int(date.year))
      let begins = Int64(daylight.lowerBound) * 86_400 + 7 * 3_600
      let ends = Int64(daylight.upperBound) * 86_400 + 6 * 3_600
      return begins <= second && second < ends ? daylightOffset : standardOffset
    }
  }

  /// Seconds to add to UTC for this reading.
  private func offsetFromUTC(day: Int, second: Int64, repeatedHour: RepeatedHour) -> Int64 {
    let daylight = NewYorkTime.daylightDays(of: Int(date.year))
    let begun = day > daylight.lowerBound || day == daylight.lowerBound && second >= 3 * 3_600
    let lastHour: Int64 = repeatedHour == .first ? 2 : 1
    let ended =
      day > daylight.upperBound || day == daylight.upperBound && second >= lastHour * 3_600
    return begun && !ended ? NewYorkTime.daylightOffset : NewYorkTime.standardOffset
  }

  /// Seconds to add to UTC for the hours of a date in which the clock never changes, 03:00 to
  /// 24:00.
  static func daytimeOffsetFromUTC(on date: CivilDate, day: Int) -> Int64 {
    switch date.month {
    case 5...9: return daylightOffset
    case 12: return standardOffset
    default:
      return daylightDays(of: Int(date.year)).contains(day) ? daylightOffset : standardOffset
    }
  }

  /// The days, counted from 1970-01-01, from the one on which daylight-saving time begins to the
  /// one on which it ends.
  private static func daylightDays(of year: Int) -> Range<Int> {
    if year >= 2_007 {
      return sunday(onOrAfter: 8, month: 3, year)..<sunday(onOrAfter: 1, month: 11, year)
    }
    let begins =
      switch year {
      case 1_974: CivilDate(unchecked: 1_974, 1, 6).daysSinceEpoch
      case 1_975: CivilDate(unchecked: 1_975, 2, 23).daysSinceEpoch
      case 1_987...: sunday(onOrAfter: 1, month: 4, year)
      default: sunday(onOrAfter: 24, month: 4, year)
      }
    return begins..<sunday(onOrAfter: 25, month: 10, year)
  }

  /// The first Sunday on or after a date, as a day counted from 1970-01-01.
  private static func sunday(onOrAfter day: Int, month: Int, _ year: Int) -> Int {
    let from = CivilDate(unchecked: year, month, day).daysSinceEpoch
    return from + 6 - mondayBasedWeekday(ofDay: from)
  }
}
