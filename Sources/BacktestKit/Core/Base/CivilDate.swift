/// A day of the proleptic Gregorian calendar, without a time zone.
///
/// Conversion to and from day numbers is integer arithmetic on 400-year eras, exact for every year.
/// > H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2014.
public struct CivilDate: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// The year, 1 for the year 1.
  public var year: Int32
  /// The month, 1 to 12.
  public var month: Int8
  /// The day of the month, 1 to 31.
  public var day: Int8

  /// A date from its parts, or `nil` where no such day exists.
  public init?(year: Int, month: Int, day: Int) {
    guard
      (1...12).contains(month), (-290_000...290_000).contains(year), day >= 1,
      day <= CivilDate.daysIn(month: month, year: year)
    else { return nil }
    self.init(unchecked: year, month, day)
  }

  /// A date whose parts are known to be valid.
  package init(unchecked year: Int, _ month: Int, _ day: Int) {
    self.year = Int32(year)
    self.month = Int8(month)
    self.day = Int8(day)
  }

  /// The date a number of days after 1970-01-01.
  public init(daysSinceEpoch days: Int) {
    let shifted = days + 719_468
    let (era, dayOfEra) = shifted.flooredQuotient(by: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    self.init(unchecked: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// Days since 1970-01-01; negative before it.
  public var daysSinceEpoch: Int {
    let shiftedYear = Int(year) - (month <= 2 ? 1 : 0)
    let (era, yearOfEra) = shiftedYear.flooredQuotient(by: 400)
    let dayOfYear = (153 * (Int(month) + (month > 2 ? -3 : 9)) + 2) / 5 + Int(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// Earlier days come first.
  public static func < (a: CivilDate, b: CivilDate) -> Bool {
    (a.year, a.month, a.day) < (b.year, b.month, b.day)
  }

  /// The number of days in a month, leap years counted.
  public static func daysIn(month: Int, year: Int) -> Int {
    if month == 2 { return isLeap(year: year) ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Whether a year has 366 days.
  public static func isLeap(year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }
}

extension CivilDate {
  /// A day of the week; Monday is 1 as in ISO 8601.
  public enum Weekday: Int, Sendable, CaseIterable {
    /// The days, Monday first.
    case monday = 1
    case tuesday, wednesday, thursday, friday, saturday, sunday
  }

  /// The day of the week of this date.
  public var weekday: Weekday {
    // 1970-01-01 was a Thursday.
    let index = (daysSinceEpoch + 3).flooredQuotient(by: 7).remainder
    return Weekday(rawValue: index + 1) ?? .monday
  }

  /// The date `days` later, or earlier when negative.
  public func adding(days: Int) -> CivilDate { CivilDate(daysSinceEpoch: daysSinceEpoch + days) }

  /// The same day `months` later, clipped to the length of that month: 31 January plus one month
  /// is the last of February.
  public func adding(months: Int) -> CivilDate {
    let (yearsOn, month) = (Int(year) * 12 + Int(month) - 1 + months).flooredQuotient(by: 12)
    let length = CivilDate.daysIn(month: month + 1, year: yearsOn)
    return CivilDate(unchecked: yearsOn, month + 1, min(Int(day), length))
  }

  /// The instant at which this day begins in UTC.
  public var midnight: Timestamp { Timestamp(seconds: Int64(daysSinceEpoch) * 86_400) }
}

extension Timestamp {
  /// The UTC day in which this instant falls.
  public var utcDate: CivilDate {
    CivilDate(daysSinceEpoch: Int(nanoseconds.flooredQuotient(by: 86_400_000_000_000).quotient))
  }
}

extension CivilDate: CustomStringConvertible, LosslessStringConvertible {
  /// ISO 8601: `2018-12-31`.
  public var description: String {
    let digits = String(abs(Int(year)))
    let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return "\(year < 0 ? "-" : "")\(padded)-\(twoDigits(month))-\(twoDigits(day))"
  }

  /// Reads `YYYY-MM-DD`; anything else, or a day that does not exist, gives `nil`.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 10, bytes[4] == 0x2D, bytes[7] == 0x2D else { return nil }
    func number(_ range: Range<Int>) -> Int? {
      var value = 0
      for byte in bytes[range] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10) else {
      return nil
    }
    self.init(year: year, month: month, day: day)
  }
}
