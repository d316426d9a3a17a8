internal import BacktestCore

/// Numbers of a finding, with as many digits as it takes to tell a value from its bound.
struct GateNumberText {
  private let format: NumberFormat
  private let isExact: Bool

  /// The form for a value and its bound.
  ///
  /// - Parameter isProbability: whether only 0 and 1 may read as 0 and 1.
  init(
    _ unit: MetricUnit, isProbability: Bool = false, telling value: Double, from bound: Double
  ) {
    let whole = [MetricUnit.count, .bars, .days].contains(unit) ? [NumberFormat.integer] : []
    let choices: [NumberFormat] =
      unit == .fraction
      ? (2...7).map { .percent(decimals: $0) } : whole + (2...9).map { .number(decimals: $0) }
    let isEqual = value == bound
    let found = choices.first { format in
      let isTold = isEqual || format.text(value) != format.text(bound)
      let isRounded = value != value.rounded() && format.text(value) == format.text(value.rounded())
      return isTold && !(isProbability && isRounded)
    }
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
