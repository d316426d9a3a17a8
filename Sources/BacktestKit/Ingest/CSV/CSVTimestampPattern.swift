import BacktestCore

/// A pattern by which stamps are read, such as `dd/MM/yyyy HH:mm`.
struct CSVTimestampPattern: Equatable {
  private enum Token: Equatable {
    case year4, year2, month, monthName, day, hour, hour12, minute, second, fraction, halfDay, zone
    case literal(UInt8)
    /// Exactly two digits instead of one or two.
    indirect case fixed(Token)
  }

  private var tokens: [Token] = []

  /// Reads a pattern; `nil` where a letter is not known or no full date is in it.
  init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      if byte == 0x27 {
        rest.removeFirst()
        guard let end = rest.firstIndex(of: 0x27) else { return nil }
        tokens += rest[..<end].map(Token.literal)
        rest = rest[(end + 1)...]
        continue
      }
      let run = rest.prefix { $0 == byte }
      rest = rest.dropFirst(run.count)
      guard (0x41...0x5A).contains(byte & 0xDF) else {
        tokens += run.map(Token.literal)
        continue
      }
      guard let token = CSVTimestampPattern.token(byte, count: run.count) else { return nil }
      tokens.append(token)
    }
    let hasYear = tokens.contains(.year4) || tokens.contains(.year2)
    let hasMonth =
      tokens.contains(.month) || tokens.contains(.fixed(.month)) || tokens.contains(.monthName)
    guard hasYear, hasMonth, tokens.contains(.day) || tokens.contains(.fixed(.day)) else {
      return nil
    }
  }

  private static func token(_ letter: UInt8, count: Int) -> Token? {
    switch (Character(Unicode.Scalar(letter)), count) {
    case ("y", 4): .year4
    case ("y", 2): .year2
    case ("M", 1): .month
    case ("M", 2): .fixed(.month)
    case ("M", 3): .monthName
    case ("d", 1): .day
    case ("d", 2): .fixed(.day)
    case ("H", 1): .hour
    case ("H", 2): .fixed(.hour)
    case ("h", 1): .hour12
    case ("h", 2): .fixed(.hour12)
    case ("m", 1): .minute
    case ("m", 2): .fixed(.minute)
    case ("s", 1): .second
    case ("s", 2): .fixed(.second)
    case ("S", 1...9): .fraction
    case ("a", 1): .halfDay
    case ("Z", 1): .zone
    default: nil
    }
  }

  /// Reads a whole text by the pattern, or gives `nil`.
  func read(_ text: UnsafeBufferPointer<UInt8>) -> CSVTimestampText.Civil? {
    var cursor = CSVFieldCursor(text)
    var parts = Parts()
    for token in tokens {
      guard parts.take(token, from: &cursor) else { return nil }
    }
    return cursor.isAtEnd ? parts.civil : nil
  }

  private struct Parts {
    var year = 1970
    var month = 1
    var day = 1
    var hour = 0
    var minute = 0
    var second = 0
    var halfDay: Int?
    var fraction: Int64 = 0
    var zone: Int?
    var hasTimeOfDay = false

    mutating func take(_ token: Token, from cursor: inout CSVFieldCursor) -> Bool {
      func store(_ value: Int?, _ field: inout Int) -> Bool {
        if let value { field = value }
        return value != nil
      }
      switch token {
      case .literal(let byte): return cursor.skip(byte)
      case .year4: return store(cursor.digits(4), &year)
      case .year2: return store(cursor.digits(2).map { $0 + ($0 < 70 ? 2000 : 1900) }, &year)
      case .monthName: return store(cursor.monthName(), &month)
      case .month: return store(cursor.oneOrTwoDigits(), &month)
      case .fixed(.month): return store(cursor.digits(2), &month)
      case .day: return store(cursor.oneOrTwoDigits(), &day)
      case .fixed(.day): return store(cursor.digits(2), &day)
      case .zone:
        zone = cursor.zone()
        return zone != nil
      default: return takeTime(token, from: &cursor)
      }
    }

    private mutating func takeTime(_ token: Token, from cursor: inout CSVFieldCursor) -> Bool {
      hasTimeOfDay = true
      let value: Int?
      if token == .fraction {
        guard let digits = cursor.fraction() else { return false }
        fraction = digits
        return true
      }
      if token == .halfDay {
        halfDay = cursor.halfDay()
        return halfDay != nil
      }
      if case .fixed = token {
        value = cursor.digits(2)
      } else {
        value = cursor.oneOrTwoDigits()
      }
      guard let value else { return false }
      switch token {
      case .hour, .hour12, .fixed(.hour), .fixed(.hour12): hour = value
      case .minute, .fixed(.minute): minute = value
      default: second = value
      }
      return true
    }

    var civil: CSVTimestampText.Civil? {
      var hour = hour
      if let halfDay {
        guard (1...12).contains(hour) else { return nil }
        hour = hour % 12 + halfDay
      }
      guard hour < 24, minute < 60, second < 60, (1678...2261).contains(year),
        let date = CivilDate(year: year, month: month, day: day)
      else { return nil }
      return CSVTimestampText.Civil(
        seconds: Int64(date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second),
        nanoseconds: fraction, secondsEast: zone, hasTimeOfDay: hasTimeOfDay)
    }
  }
}

/// Steps through the bytes of one field.
struct CSVFieldCursor {
  private var rest: UnsafeBufferPointer<UInt8>.SubSequence

  init(_ text: UnsafeBufferPointer<UInt8>) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }

  var isAtDigit: Bool { rest.first.map { $0 &- 0x30 < 10 } ?? false }

  /// Moves past a byte if it is next.
  mutating func skip(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest.removeFirst()
    return true
  }

  /// Exactly `count` digits as a number.
  mutating func digits(_ count: Int) -> Int? {
    guard rest.count >= count else { return nil }
    var value = 0
    for byte in rest.prefix(count) {
      guard byte &- 0x30 < 10 else { return nil }
      value = value * 10 + Int(byte &- 0x30)
    }
    rest = rest.dropFirst(count)
    return value
  }

  /// One or two digits as a number.
  mutating func oneOrTwoDigits() -> Int? { digits(2) ?? digits(1) }

  /// All digits that are next as a number that fits 64 bits.
  mutating func integer() -> Int64? {
    var value: Int64 = 0
    let digits = rest.prefix { $0 &- 0x30 < 10 }
    guard !digits.isEmpty, digits.count <= 19 else { return nil }
    for byte in digits {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int64(byte &- 0x30))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    rest = rest.dropFirst(digits.count)
    return value
  }

  /// The digits of a fraction of a second as nanoseconds; more than nine must be zeros.
  mutating func fraction() -> Int64? {
    let digits = rest.prefix { $0 &- 0x30 < 10 }
    guard !digits.isEmpty, digits.dropFirst(9).allSatisfy({ $0 == 0x30 }) else { return nil }
    var value: Int64 = 0
    for index in 0..<9 {
      let byte = index < digits.count ? digits[digits.startIndex + index] : 0x30
      value = value * 10 + Int64(byte &- 0x30)
    }
    rest = rest.dropFirst(digits.count)
    return value
  }

  /// `Z`, `±HH`, `±HHMM` or `±HH:MM` as seconds east of UTC.
  mutating func zone() -> Int? {
    if skip(0x5A) || skip(0x7A) { return 0 }
    let isWest = rest.first == 0x2D
    guard skip(0x2B) || skip(0x2D), let hours = digits(2), hours < 24 else { return nil }
    var seconds = hours * 3_600
    if skip(0x3A) || !isAtEnd {
      guard let minutes = digits(2), minutes < 60 else { return nil }
      seconds += minutes * 60
    }
    return isWest ? -seconds : seconds
  }

  /// The month of an English three-letter name, without regard to case.
  mutating func monthName() -> Int? {
    guard rest.count >= 3 else { return nil }
    let name = rest.prefix(3).map { $0 | 0x20 }
    let names = [
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    guard let index = names.firstIndex(where: { Array($0.utf8) == name }) else { return nil }
    rest = rest.dropFirst(3)
    return index + 1
  }

  /// `AM` or `PM` without regard to case, as the hours to add.
  mutating func halfDay() -> Int? {
    guard rest.count >= 2, rest[rest.startIndex + 1] | 0x20 == 0x6D else { return nil }
    let letter = rest[rest.startIndex] | 0x20
    guard letter == 0x61 || letter == 0x70 else { return nil }
    rest = rest.dropFirst(2)
    return letter == 0x70 ? 12 : 0
  }
}
