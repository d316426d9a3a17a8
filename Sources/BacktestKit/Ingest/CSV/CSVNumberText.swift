import BacktestCore

/// Numbers in fields, as the files of a mapping write them.
struct CSVNumberText {
  /// The sign before the fraction.
  var decimal = CSVMapping.DecimalMark.point
  /// Whether commas may group the digits before it: where they do not divide fields themselves
  /// they could as well be the decimal mark.
  var groupsByComma = false

  /// Reads a field: NaN where it is empty or says that nothing is known, `nil` where it is no
  /// number.
  func read(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    if decimal == .point, let number = DecimalText.parse(text) { return number }
    if let number = readGrouped(text) { return number }
    guard text.count <= 9 else { return nil }
    switch String(decoding: text, as: UTF8.self).lowercased() {
    case "", "nan", "na", "n/a", "null", "none", "-nan", "#n/a", "-", ".": return .nan
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: return nil
    }
  }

  /// Reads a volume, which may end in `K`, `M` or `B` for thousands, millions and billions.
  func readVolume(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    if let number = read(text) { return number }
    let unit: Double
    switch text.last.map({ $0 & 0xDF }) {
    case 0x4B: unit = 1e3
    case 0x4D: unit = 1e6
    case 0x42: unit = 1e9
    default: return nil
    }
    let digits = UnsafeBufferPointer(rebasing: text.dropLast())
    guard let number = read(digits), number.isFinite else { return nil }
    // Rounded to a unit, which undoes the error of a fraction such as 1.1 M.
    return (number * unit).rounded()
  }

  /// Reads digits in groups of three, a decimal comma, and a sign of a currency before them.
  private func readGrouped(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    guard text.count <= 40 else { return nil }
    var rest = text[...]
    var plain: [UInt8] = []
    if rest.first == 0x2D {
      plain.append(0x2D)
      rest.removeFirst()
    }
    for sign in ["$", "€", "£"] where rest.starts(with: sign.utf8) {
      rest = rest.dropFirst(sign.utf8.count)
    }
    let mark: UInt8 = decimal == .point ? 0x2E : 0x2C
    let whole = rest.prefix { $0 != mark }
    let groups = whole.split(omittingEmptySubsequences: false, whereSeparator: isGroupMark)
    guard let first = groups.first, first.allSatisfy(isDigit),
      (1...3).contains(first.count) || groups.count == 1,
      groups.dropFirst().allSatisfy({ $0.count == 3 && $0.allSatisfy(isDigit) })
    else { return nil }
    // Marks of one kind only: 1.234 567 is no number.
    guard Set(whole.filter(isGroupMark)).count <= 1 else { return nil }
    plain += groups.joined()
    rest = rest.dropFirst(whole.count)
    if !rest.isEmpty {
      guard rest.dropFirst().allSatisfy(isDigit) else { return nil }
      plain.append(0x2E)
      plain += rest.dropFirst()
    }
    return plain.withUnsafeBufferPointer { DecimalText.parse($0) }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  private func isGroupMark(_ byte: UInt8) -> Bool {
    switch decimal {
    case .point: byte == 0x2C && groupsByComma
    case .comma: byte == 0x2E || byte == 0x20 || byte == 0x27
    }
  }
}
