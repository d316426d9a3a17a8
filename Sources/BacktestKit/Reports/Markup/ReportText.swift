import BacktestCore
import BacktestEvidence

/// Figures and lists inside the sentences of a report.
enum ReportText {
  /// `1 return`, `5,030 returns`.
  static func count(_ value: Int, _ noun: String) -> String {
    "\(NumberFormat.integer.text(Double(value))) \(noun)\(value == 1 ? "" : "s")"
  }

  /// A number without needless decimals.
  static func number(_ value: Double) -> String {
    if value == value.rounded() { return NumberFormat.integer.text(value) }
    for decimals in 1...6 {
      let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
      if (value * scale).rounded() / scale == value {
        return NumberFormat.number(decimals: decimals).text(value)
      }
    }
    return NumberFormat.number(decimals: 6).text(value)
  }

  /// A fraction as percent without needless decimals.
  static func percent(_ fraction: Double) -> String {
    let scaled = (fraction * 1e8).rounded() / 1e6
    return number(scaled) + "%"
  }

  /// A warning as a sentence of its own: a capital at the beginning, a full stop at the end.
  static func sentence(_ text: String) -> String {
    let end = text.hasSuffix(".") || text.hasSuffix("!") || text.hasSuffix("?") ? "" : "."
    return capitalized(text) + end
  }

  /// A text with a capital at its beginning.
  static func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }

  /// `1 basis point`, `2.5 basis points`.
  static func basisPoints(_ value: Double) -> String {
    "\(number(value)) basis point\(value == 1 ? "" : "s")"
  }

  /// The first names, and how many more there are.
  static func list(_ names: [String], limit: Int) -> String {
    guard names.count > limit else { return names.joined(separator: ", ") }
    return names.prefix(limit).joined(separator: ", ") + " and \(names.count - limit) more"
  }

  /// How long bars last, in words.
  static func bars(_ timeframe: Timeframe) -> String {
    switch timeframe {
    case .intraday: "bars of \(timeframe)"
    case .session: "daily bars"
    case .week: "weekly bars"
    case .month: "monthly bars"
    case .quarter: "quarterly bars"
    case .year: "yearly bars"
    }
  }
}

extension MetricUnit {
  /// How its figures are written.
  var format: NumberFormat {
    switch self {
    case .ratio: .ratio
    case .fraction: .percent(decimals: 2)
    case .money: .money
    case .days, .bars, .count: .integer
    }
  }
}
