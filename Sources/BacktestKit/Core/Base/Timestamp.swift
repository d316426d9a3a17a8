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
    let (days, inDay) = nanoseconds.flooredQuotient(by: 86_400_000_000_000)
    let seconds = inDay / 1_000_000_000
    let fraction = inDay % 1_000_000_000
    var text = CivilDate(daysSinceEpoch: Int(days)).description
    text +=
      "T\(twoDigits(seconds / 3_600)):\(twoDigits(seconds / 60 % 60)):\(twoDigits(seconds % 60))"
    if fraction != 0 {
      var digits = String(fraction)
      digits = String(repeating: "0", count: 9 - digits.count) + digits
      while digits.last == "0" { digits.removeLast() }
      text += "." + digits
    }
    return text + "Z"
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
