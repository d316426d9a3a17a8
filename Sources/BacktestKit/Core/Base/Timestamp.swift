/// An instant: nanoseconds since 1970-01-01T00:00:00Z, from the year 1677 to 2262.
///
///     let close = Timestamp(seconds: 1_546_290_000)   // 2018-12-31T21:00:00Z
///     print(close + .minutes(5))
public struct Timestamp: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var nanoseconds: Int64

  /// The instant `nanoseconds` after 1970-01-01T00:00:00Z.
  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The instant `seconds` after 1970-01-01T00:00:00Z.
  @inlinable
  public init(seconds: Int64) { nanoseconds = seconds * 1_000_000_000 }

  /// Earlier instants come first.
  @inlinable
  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

  /// The instant a span later.
  @inlinable
  public static func + (a: Timestamp, span: TimeSpan) -> Timestamp {
    Timestamp(nanoseconds: a.nanoseconds + span.nanoseconds)
  }

  /// The instant a span earlier.
  @inlinable
  public static func - (a: Timestamp, span: TimeSpan) -> Timestamp {
    Timestamp(nanoseconds: a.nanoseconds - span.nanoseconds)
  }

  /// The span from `b` to `a`.
  @inlinable
  public static func - (a: Timestamp, b: Timestamp) -> TimeSpan {
    TimeSpan(nanoseconds: a.nanoseconds - b.nanoseconds)
  }

  /// The earliest instant that can be held.
  public static let distantPast = Timestamp(nanoseconds: .min)

  /// The latest instant that can be held.
  public static let distantFuture = Timestamp(nanoseconds: .max)
}

/// A length of time in nanoseconds; negative spans point to the past.
public struct TimeSpan: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// The length in nanoseconds.
  public var nanoseconds: Int64

  /// A span of that many nanoseconds.
  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Shorter spans come first.
  @inlinable
  public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.nanoseconds < b.nanoseconds }

  /// No time at all.
  public static let zero = TimeSpan(nanoseconds: 0)

  /// A span of `n` milliseconds.
  public static func milliseconds(_ n: Int64) -> TimeSpan { TimeSpan(nanoseconds: n * 1_000_000) }

  /// A span of `n` seconds.
  public static func seconds(_ n: Int64) -> TimeSpan { TimeSpan(nanoseconds: n * 1_000_000_000) }

  /// A span of `n` minutes.
  public static func minutes(_ n: Int64) -> TimeSpan { .seconds(60 * n) }

  /// A span of `n` hours.
  public static func hours(_ n: Int64) -> TimeSpan { .seconds(3_600 * n) }

  /// A span of `n` days of 24 hours.
  public static func days(_ n: Int64) -> TimeSpan { .seconds(86_400 * n) }
}

extension Timestamp: CustomStringConvertible {
  /// ISO 8601 in UTC, as short as it is exact: `2018-12-31T21:00:00Z`, with a fraction only when
  /// there is one.
  public var description: String {
    String(unsafeUninitializedCapacity: 40) { text in
      var digits = DigitWriter(text)
      write(to: &digits)
      return digits.count
    }
  }

  /// Appends the description as ASCII.
  package func append(to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 40) { text in
      var digits = DigitWriter(text)
      write(to: &digits)
      bytes.append(contentsOf: text.prefix(digits.count))
    }
  }

  private func write(to text: inout DigitWriter) {
    let (days, inDay) = nanoseconds.flooredQuotient(by: 86_400_000_000_000)
    let seconds = Int(inDay / 1_000_000_000)
    var fraction = Int(inDay % 1_000_000_000)
    CivilDate(daysSinceEpoch: Int(days)).write(to: &text)
    text.write(UInt8(ascii: "T"))
    text.write(seconds / 3_600, digits: 2)
    text.write(UInt8(ascii: ":"))
    text.write(seconds / 60 % 60, digits: 2)
    text.write(UInt8(ascii: ":"))
    text.write(seconds % 60, digits: 2)
    if fraction != 0 {
      var digits = 9
      while fraction % 10 == 0 { (fraction, digits) = (fraction / 10, digits - 1) }
      text.write(UInt8(ascii: "."))
      text.write(fraction, digits: digits)
    }
    text.write(UInt8(ascii: "Z"))
  }
}

/// Writes digits and ASCII characters, without a string for each part.
private struct DigitWriter: ~Copyable {
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  private(set) var count = 0

  /// A writer to memory that has room for all that will be written.
  init(_ bytes: UnsafeMutableBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func write(_ character: UInt8) {
    bytes[count] = character
    count += 1
  }

  /// Writes a number that is not negative with so many digits, zeros before it.
  mutating func write(_ value: Int, digits: Int) {
    var rest = value
    for place in stride(from: count + digits - 1, through: count, by: -1) {
      bytes[place] = UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0")
      rest /= 10
    }
    count += digits
  }
}

extension FixedWidthInteger {
  /// Division that rounds toward minus infinity, so that the remainder is never negative.
  @inlinable
  package func flooredQuotient(by divisor: Self) -> (quotient: Self, remainder: Self) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

/// A number from 0 to 99 as two digits.
package func twoDigits(_ value: some BinaryInteger) -> String {
  value < 10 ? "0\(value)" : "\(value)"
}

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
  package static func daysIn(month: Int, year: Int) -> Int {
    if month == 2 { return isLeap(year: year) ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Whether a year has 366 days.
  package static func isLeap(year: Int) -> Bool {
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
    String(unsafeUninitializedCapacity: 24) { text in
      var digits = DigitWriter(text)
      write(to: &digits)
      return digits.count
    }
  }

  fileprivate func write(to text: inout DigitWriter) {
    let size = abs(Int(year))
    if year < 0 { text.write(UInt8(ascii: "-")) }
    var (digits, bound) = (4, 10_000)
    while size >= bound { (digits, bound) = (digits + 1, bound * 10) }
    text.write(size, digits: digits)
    text.write(UInt8(ascii: "-"))
    text.write(Int(month), digits: 2)
    text.write(UInt8(ascii: "-"))
    text.write(Int(day), digits: 2)
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
