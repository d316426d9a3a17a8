/// Steps through the bytes of one field.
struct CSVTextCursor {
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
