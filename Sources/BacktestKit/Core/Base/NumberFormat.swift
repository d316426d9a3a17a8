/// How a number is shown to a reader: the same on every machine and in every locale.
///
/// Values are rounded half away from zero on their exact binary value, thousands are separated by
/// commas, negative values carry the minus sign U+2212, and what is missing or not finite is "–".
///
///     NumberFormat.percent(decimals: 1).text(-0.1234)   // −12.3%
///     NumberFormat.number(decimals: 2).text(1_234_567)  // 1,234,567.00
///     NumberFormat.ratio.text(nil)                      // –
public enum NumberFormat: Hashable, Sendable {
  /// A plain number with 0 to 9 decimals.
  case number(decimals: Int)
  /// A fraction as percent: 0.05 is `5%`.
  case percent(decimals: Int)
  /// A fraction as percent with a plus sign where it is positive.
  case signedPercent(decimals: Int)
  /// A fraction as basis points: 0.0005 is `5.0 bp`.
  case basisPoints
  /// A number with k, M, B or T for thousands to trillions, as axis labels need it.
  case compact(decimals: Int)
  /// A whole number with its unit: `1 bar`, `346 bars`.
  case count(of: String)
  /// An amount with two decimals and its currency: `1,250.00 USD`.
  case amount(currency: String)
  /// A probability or a p-value with three decimals. What is neither 0 nor 1 is never rounded to
  /// either: `<0.001`, `>0.999`.
  case probability

  /// A ratio such as Sharpe's: two decimals.
  public static let ratio = NumberFormat.number(decimals: 2)
  /// A whole number.
  public static let integer = NumberFormat.number(decimals: 0)
  /// An amount of money: two decimals.
  public static let money = NumberFormat.number(decimals: 2)

  /// The text for a value that does not exist.
  package static let missing = "–"

  /// The text of a value; "–" where there is none.
  public func text(_ value: Double?) -> String {
    guard let value, value.isFinite else { return NumberFormat.missing }
    switch self {
    case .number(let decimals):
      return FixedDecimal(value, decimals: decimals).text()
    case .percent(let decimals):
      return FixedDecimal(value, decimals: decimals, shift: 2).text() + "%"
    case .signedPercent(let decimals):
      let decimal = FixedDecimal(value, decimals: decimals, shift: 2)
      return (decimal.isPositive ? "+" : "") + decimal.text() + "%"
    case .basisPoints:
      return FixedDecimal(value, decimals: 1, shift: 4).text() + " bp"
    case .compact(let decimals):
      let units: [(Double, String)] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")]
      let (unit, name) = units.first { abs(value) >= $0.0 } ?? (1, "")
      return FixedDecimal(value / unit, decimals: decimals).text() + name
    case .count(let noun):
      let number = NumberFormat.integer.text(value)
      return "\(number) \(noun)\(number == "1" ? "" : "s")"
    case .amount(let currency):
      return NumberFormat.money.text(value) + " " + currency
    case .probability:
      let text = NumberFormat.number(decimals: 3).text(value)
      if text == "0.000", value > 0 { return "<0.001" }
      if text == "1.000", value < 1 { return ">0.999" }
      return text
    }
  }

  /// A number as CSS and SVG read it: a dot, a hyphen, no separators, no trailing zeros.
  package static func markup(_ value: Double, decimals: Int) -> String {
    FixedDecimal(value, decimals: decimals).markup
  }
}

/// A number rounded to a fixed count of decimals.
private struct FixedDecimal {
  private var isNegative: Bool
  /// The absolute value in units of the last decimal; `nil` when it is too large for that.
  private var units: UInt64?
  private var decimals: Int
  private var value: Double

  /// `value` x 10^`shift`, rounded half away from zero to `decimals` places.
  init(_ value: Double, decimals: Int, shift: Int = 0) {
    precondition((0...9).contains(decimals), "0 to 9 decimals")
    self.decimals = decimals
    self.value = value
    let scale = FixedDecimal.powers[decimals + shift]
    let product = abs(value) * scale
    if product < 0x1p52 {
      // The error of the product decides what looks like a tie.
      let error = (-product).addingProduct(abs(value), scale)
      let whole = product.rounded(.down)
      units = UInt64(whole) + (product - whole - 0.5 + error >= 0 ? 1 : 0)
    } else if product < 0x1p63 {
      units = UInt64(product)
    }
    isNegative = value < 0 && units != 0
  }

  /// Whether the rounded number is above zero.
  var isPositive: Bool { !isNegative && units != 0 }

  /// The digits with thousands separators and a true minus sign.
  func text() -> String {
    guard let units else { return (isNegative ? "−" : "") + "\(abs(value))" }
    var digits = Array(String(units).utf8)
    if digits.count <= decimals {
      digits.insert(
        contentsOf: repeatElement(UInt8(ascii: "0"), count: decimals + 1 - digits.count), at: 0)
    }
    let wholeCount = digits.count - decimals
    var text: [UInt8] = []
    for (i, digit) in digits.enumerated() {
      if i == wholeCount { text.append(UInt8(ascii: ".")) }
      if i > 0, i < wholeCount, (wholeCount - i) % 3 == 0 { text.append(UInt8(ascii: ",")) }
      text.append(digit)
    }
    return (isNegative ? "−" : "") + String(decoding: text, as: UTF8.self)
  }

  /// The digits as CSS and SVG read them.
  var markup: String {
    guard let units else { return "0" }
    let scale = UInt64(FixedDecimal.powers[decimals])
    var text = (isNegative ? "-" : "") + String(units / scale)
    var fraction = String(units % scale + scale).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    if !fraction.isEmpty { text += "." + fraction }
    return text
  }

  private static let powers: [Double] = [
    1, 10, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
  ]
}

/// Numbers and lists inside sentences.
package enum NumberText {
  /// `1 return`, `5,030 returns`.
  package static func count(_ value: Int, _ noun: String) -> String {
    NumberFormat.count(of: noun).text(Double(value))
  }

  /// `1,234`.
  package static func grouped(_ value: Int) -> String { NumberFormat.integer.text(Double(value)) }

  /// `0.005`, `2`: the shortest digits that read back as the number, without separators.
  package static func plain(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// `1,000,000`, `0.005`: all digits, with separators and the minus sign of a text.
  package static func exact(_ value: Double) -> String {
    let digits = plain(value.magnitude)
    let whole = digits.prefix { $0.isNumber }
    let rest = digits.dropFirst(whole.count)
    guard !rest.contains("e") else { return (value < 0 ? "−" : "") + digits }
    let grouped = number(Double(whole) ?? 0)
    return (value < 0 ? "−" : "") + grouped + rest
  }

  /// A number without needless decimals.
  package static func number(_ value: Double) -> String {
    if value == value.rounded() { return NumberFormat.integer.text(value) }
    for decimals in 1...6 {
      let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
      if (value * scale).rounded() / scale == value {
        return NumberFormat.number(decimals: decimals).text(value)
      }
    }
    return NumberFormat.number(decimals: 6).text(value)
  }

  /// A price in a message, with six significant digits: `3.81818` for 3.8181794871794873.
  package static func price(_ value: Double) -> String {
    var decimals = 5
    var size = value.magnitude
    while size >= 10, decimals > 0 { (size, decimals) = (size / 10, decimals - 1) }
    while size < 1, size > 0, decimals < 15 { (size, decimals) = (size * 10, decimals + 1) }
    let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    let rounded = (value * scale).rounded() / scale
    return plain(rounded.isFinite ? rounded : value)
  }

  /// How many of something there are in a year: `252`, `365.25`, with two decimals at most.
  package static func perYear(_ value: Double) -> String {
    number((value * 100).rounded() / 100)
  }

  /// A fraction as percent without needless decimals.
  package static func percent(_ fraction: Double) -> String {
    let scaled = (fraction * 1e8).rounded() / 1e6
    return number(scaled) + "%"
  }

  /// A p-value after its name: `= 0.046`, `<0.001`.
  package static func probability(_ value: Double) -> String {
    let text = NumberFormat.probability.text(value)
    return text.hasPrefix("<") || text.hasPrefix(">") ? text : "= " + text
  }

  /// `1 basis point`, `2.5 basis points`.
  static func basisPoints(_ value: Double) -> String {
    "\(number(value)) basis point\(value == 1 ? "" : "s")"
  }

  /// The first names, and how many more there are.
  package static func list(_ names: [String], limit: Int = 8) -> String {
    guard names.count > limit else { return names.joined(separator: ", ") }
    return names.prefix(limit).joined(separator: ", ")
      + " and \(grouped(names.count - limit)) more"
  }

  /// A text with a capital letter first.
  package static func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }

  /// A message as a sentence: a capital letter first, a full stop at the end.
  package static func sentence(_ text: String) -> String {
    let end = text.hasSuffix(".") || text.hasSuffix("!") || text.hasSuffix("?") ? "" : "."
    return capitalized(text) + end
  }
}

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
