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
