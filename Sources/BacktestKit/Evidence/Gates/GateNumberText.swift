internal import BacktestCore

/// Numbers of a finding, with as many digits as it takes to tell a value from its bound.
struct GateNumberText {
  private let format: NumberFormat
  private let isExact: Bool

  /// The form for a value and its bound.
  init(_ unit: MetricUnit, telling value: Double, from bound: Double) {
    let formats = unit == .fraction ? [2, 4, 7].map { NumberFormat.percent(decimals: $0) } : []
    let usual = unit == .count || unit == .bars || unit == .days ? [NumberFormat.integer] : []
    let all = formats + usual + [2, 4, 9].map { NumberFormat.number(decimals: $0) }
    let choices = unit == .fraction ? formats : all
    let isEqual = value == bound
    let found = choices.first { isEqual || $0.text(value) != $0.text(bound) }
    format = found ?? .ratio
    isExact = found == nil
  }

  /// The text of a number.
  func text(_ value: Double) -> String { isExact ? NumberText.exact(value) : format.text(value) }

  /// The size of a margin.
  func distance(_ margin: Double) -> String { text(margin.magnitude) }

  /// A margin with its sign.
  func signed(_ margin: Double) -> String { (margin >= 0 ? "+" : "−") + distance(margin) }
}
