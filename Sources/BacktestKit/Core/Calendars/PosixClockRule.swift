/// When the clocks of a zone change every year, as in `CET-1CEST,M3.5.0,M10.5.0/3`.
/// > IEEE 1003.1, "POSIX", 8.3 (TZ), with the hours of RFC 8536, 3.3.1.
struct PosixClockRule: Equatable {
  /// Seconds east of UTC without daylight-saving time.
  var standardOffset: Int32
  /// Daylight-saving time; `nil` where there is none.
  var summer: Summer?

  /// Daylight-saving time.
  struct Summer: Equatable {
    /// Seconds east of UTC.
    var offset: Int32
    var start: Day
    var end: Day
  }

  /// A day of each year and a time on it.
  struct Day: Equatable {
    var form: Form
    /// Seconds after midnight on the clock before the change; from -167 to 167 hours.
    var seconds: Int64

    /// How the day is named.
    enum Form: Equatable {
      /// Day 1 to 365; 29 February is never counted.
      case julian(Int)
      /// Day 0 to 365; 29 February is counted.
      case ordinal(Int)
      /// A weekday (0 is Sunday) of a week (5 is the last) of a month.
      case weekday(month: Int, week: Int, weekday: Int)
    }

    /// The seconds since 1970 that the clock shows then.
    func second(in year: Int) -> Int64 {
      let newYear = CivilDate(unchecked: year, 1, 1).daysSinceEpoch
      let day: Int
      switch form {
      case .julian(let number):
        day = newYear + number - 1 + (number >= 60 && CivilDate.isLeap(year: year) ? 1 : 0)
      case .ordinal(let number): day = newYear + number
      case .weekday(let month, let week, let weekday):
        let first = CivilDate(unchecked: year, month, 1).daysSinceEpoch
        // 1970-01-01 was a Thursday.
        let ofFirst = (first + 4).flooredQuotient(by: 7).remainder
        let inMonth = (weekday - ofFirst + 7) % 7 + (week - 1) * 7
        let length = CivilDate.daysIn(month: month, year: year)
        day = first + (inMonth < length ? inMonth : inMonth - 7)
      }
      return Int64(day) * 86_400 + seconds
    }
  }

  /// Reads a rule; `nil` where the text is none.
  init?(_ text: some Collection<UInt8>) {
    var cursor = Cursor(rest: Array(text)[...])
    guard cursor.name(), let west = cursor.time(hours: 24) else { return nil }
    standardOffset = Int32(-west)
    if cursor.rest.isEmpty { return }
    guard cursor.name() else { return nil }
    var offset = standardOffset + 3_600
    if cursor.rest.first != 0x2C {
      guard let west = cursor.time(hours: 24) else { return nil }
      offset = Int32(-west)
    }
    guard let start = cursor.day(), let end = cursor.day(), cursor.rest.isEmpty else { return nil }
    summer = Summer(offset: offset, start: start, end: end)
  }
}

/// Steps through the bytes of a rule.
private struct Cursor {
  var rest: ArraySlice<UInt8>

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int? {
    let digits = rest.prefix { $0 &- 0x30 < 10 }
    guard (1...3).contains(digits.count) else { return nil }
    rest = rest.dropFirst(digits.count)
    let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    return range.contains(value) ? value : nil
  }

  /// Moves past the name of a clock: letters, or anything in angle brackets.
  mutating func name() -> Bool {
    if skip(0x3C) {
      guard let end = rest.firstIndex(of: 0x3E) else { return false }
      rest = rest[(end + 1)...]
      return true
    }
    let letters = rest.prefix { (0x41...0x5A).contains($0 & 0xDF) }
    rest = rest.dropFirst(letters.count)
    return letters.count >= 3
  }

  /// `h`, `h:mm` or `h:mm:ss` with a sign, as seconds.
  mutating func time(hours: Int) -> Int64? {
    let isNegative = skip(0x2D)
    if !isNegative { _ = skip(0x2B) }
    guard var seconds = number(0...hours).map({ $0 * 3_600 }) else { return nil }
    for unit in [60, 1] where skip(0x3A) {
      guard let part = number(0...59) else { return nil }
      seconds += part * unit
    }
    return Int64(isNegative ? -seconds : seconds)
  }

  /// `,Jn`, `,n` or `,Mm.w.d`, and perhaps `/time`.
  mutating func day() -> PosixClockRule.Day? {
    guard skip(0x2C) else { return nil }
    let form: PosixClockRule.Day.Form
    if skip(0x4A) {
      guard let number = number(1...365) else { return nil }
      form = .julian(number)
    } else if skip(0x4D) {
      guard let month = number(1...12), skip(0x2E), let week = number(1...5), skip(0x2E),
        let weekday = number(0...6)
      else { return nil }
      form = .weekday(month: month, week: week, weekday: weekday)
    } else {
      guard let number = number(0...365) else { return nil }
      form = .ordinal(number)
    }
    guard skip(0x2F) else { return PosixClockRule.Day(form: form, seconds: 7_200) }
    guard let seconds = time(hours: 167) else { return nil }
    return PosixClockRule.Day(form: form, seconds: seconds)
  }
}
