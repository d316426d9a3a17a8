/// What a plain (unquoted) YAML scalar means.
///
/// The core schema of YAML 1.2: `true` and `false` are the only booleans, so `no`, `on` and `y`
/// stay text, as do dates and times.
/// > O. Ben-Kiki, C. Evans, I. döt Net, *YAML 1.2.2*, section 10.3.2, 2021.
enum PlainScalar {
  /// The value of a plain scalar.
  static func content(of text: String) -> DocumentNode.Content {
    switch text {
    case "", "~", "null", "Null", "NULL": .null
    case "true", "True", "TRUE": .bool(true)
    case "false", "False", "FALSE": .bool(false)
    default: number(text) ?? .text(text)
    }
  }

  private static func number(_ text: String) -> DocumentNode.Content? {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, isDigit(first) || [0x2B, 0x2D, 0x2E].contains(first) else {
      return nil
    }
    switch text {
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
    case ".nan", ".NaN", ".NAN": return .number(.nan)
    default: break
    }
    if bytes.count > 2, first == 0x30, bytes[1] == 0x78 || bytes[1] == 0x6F {
      return based(text.dropFirst(2), radix: bytes[1] == 0x78 ? 16 : 8)
    }
    return decimal(bytes, text)
  }

  private static func based(_ digits: Substring, radix: Int) -> DocumentNode.Content? {
    // A sign after the prefix is accepted by the standard library, but not by YAML.
    guard let first = digits.first, first != "-", first != "+" else { return nil }
    return Int(digits, radix: radix).map { .integer($0) }
  }

  private static func decimal(_ bytes: [UInt8], _ text: String) -> DocumentNode.Content? {
    var index = 0
    func skipDigits() -> Int {
      let start = index
      while index < bytes.count, isDigit(bytes[index]) { index += 1 }
      return index - start
    }
    func skip(_ first: UInt8, _ second: UInt8) -> Bool {
      guard index < bytes.count, bytes[index] == first || bytes[index] == second else {
        return false
      }
      index += 1
      return true
    }
    _ = skip(0x2B, 0x2D)
    var digits = skipDigits()
    if index == bytes.count, digits > 0, let value = Int(text) { return .integer(value) }
    if skip(0x2E, 0x2E) { digits += skipDigits() }
    guard digits > 0 else { return nil }
    if skip(0x65, 0x45) {
      _ = skip(0x2B, 0x2D)
      guard skipDigits() > 0 else { return nil }
    }
    guard index == bytes.count else { return nil }
    return Double(text).map { .number($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
