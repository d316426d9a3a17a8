/// Numbers inside the sentences by which a configuration describes itself: all their digits, and no
/// more.
package enum SentenceNumber {
  /// `0.005`, `2`: the shortest digits that read back as the number, without separators.
  package static func plain(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// `1,000,000`, `0.005`, with the minus sign of a text.
  package static func text(_ value: Double) -> String {
    let digits = plain(value.magnitude)
    let whole = digits.prefix { $0.isNumber }
    let rest = digits.dropFirst(whole.count)
    guard !rest.contains("e") else { return (value < 0 ? "−" : "") + digits }
    var grouped = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { grouped += "," }
      grouped.append(digit)
    }
    return (value < 0 ? "−" : "") + grouped + rest
  }

  /// `1 bar`, `2,500 bars`.
  package static func count(_ value: Int, _ noun: String) -> String {
    "\(text(Double(value))) \(noun)\(value == 1 ? "" : "s")"
  }

  /// A fraction as percent, to a millionth: `12.5%`.
  package static func percent(_ fraction: Double) -> String {
    text((fraction * 1e8).rounded() / 1e6) + "%"
  }

  /// A fraction as basis points, to a millionth: `1 basis point`, `2.5 basis points`.
  package static func basisPoints(_ points: Double) -> String {
    let rounded = (points * 1e6).rounded() / 1e6
    return "\(text(rounded)) basis point\(rounded == 1 ? "" : "s")"
  }
}
