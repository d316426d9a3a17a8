/// Numbers as decimal text: read as the double nearest to what is written, and written in the
/// fewest digits that read back as the same double.
package enum DecimalText {
  /// The fewest digits that read back as the same number, a whole one without `.0`.
  package static func shortest(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Powers of ten that a double holds exactly.
  package static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// Reads `-?digits[.digits]` at `position` and moves past it, or gives `nil` when the text is
  /// something else or needs more care than one exact division.
  ///
  /// With at most 19 digits that make an integer up to 2^53, and a divisor up to 10^22, both are
  /// exact doubles and their quotient is rounded once, which is the correctly rounded value.
  /// > W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990.
  ///
  /// - Precondition: the memory holds a byte that is neither a digit nor a point after the number.
  @inline(__always)
  package static func scanSimple(
    _ position: inout UnsafePointer<UInt8>, powers: UnsafePointer<Double>
  ) -> Double? {
    var next = position
    let isNegative = next.pointee == 0x2D
    if isNegative { next += 1 }
    let first = next
    var digits: UInt64 = 0
    while case let digit = next.pointee &- 0x30, digit < 10 {
      digits = digits &* 10 &+ UInt64(digit)
      next += 1
    }
    var digitCount = next - first
    var fractionCount = 0
    if next.pointee == 0x2E {
      next += 1
      let point = next
      while case let digit = next.pointee &- 0x30, digit < 10 {
        digits = digits &* 10 &+ UInt64(digit)
        next += 1
      }
      fractionCount = next - point
      digitCount += fractionCount
    }
    // Nineteen digits cannot overflow 64 bits; more are left to the careful reader.
    guard digitCount &- 1 < 19, digitCount > 0, digits <= 1 << 53 else { return nil }
    position = next
    let value = Double(Int64(bitPattern: digits)) / powers[fractionCount]
    return isNegative ? -value : value
  }

  /// Reads a whole text as a decimal number: `[+-]digits[.digits][e[+-]digits]`, with digits on at
  /// least one side of the point. Anything else, and hexadecimal, `nan` and `inf`, give `nil`.
  package static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    if let simple = parseSimple(text) { return simple }
    guard isDecimal(text) else { return nil }
    return Double(String(decoding: text, as: UTF8.self))
  }

  /// Reads a whole text by one exact division, if it is of the kind that `scanSimple` reads.
  private static func parseSimple(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    guard text.count <= 20 else { return nil }
    let isNegative = text.first == 0x2D
    var digits: UInt64 = 0
    var digitCount = 0
    var point: Int?
    for byte in text.dropFirst(isNegative ? 1 : 0) {
      if byte &- 0x30 < 10 {
        digits = digits &* 10 &+ UInt64(byte &- 0x30)
        digitCount += 1
      } else if byte == 0x2E && point == nil {
        point = digitCount
      } else {
        return nil
      }
    }
    guard digitCount > 0, digitCount <= 19, digits <= 1 << 53 else { return nil }
    let value = Double(digits) / powersOfTen[digitCount - (point ?? digitCount)]
    return isNegative ? -value : value
  }

  private static func isDecimal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var rest = text[...]
    func skipSign() { if rest.first == 0x2B || rest.first == 0x2D { rest.removeFirst() } }
    func skipDigits() -> Int {
      let before = rest.count
      rest = rest.drop { $0 &- 0x30 < 10 }
      return before - rest.count
    }
    skipSign()
    var digitCount = skipDigits()
    if rest.first == 0x2E {
      rest.removeFirst()
      digitCount += skipDigits()
    }
    guard digitCount > 0 else { return false }
    if rest.first == 0x65 || rest.first == 0x45 {
      rest.removeFirst()
      skipSign()
      guard skipDigits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}
