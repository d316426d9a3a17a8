internal import BacktestCore

/// Numbers of a finding, with as many digits as it takes to tell a value from its bound.
struct GateNumberText {
  private let format: NumberFormat
  private let isExact: Bool
  private let isProbability: Bool

  /// The form for a value and its bound.
  ///
  /// - Parameter isProbability: whether only 0 and 1 may read as 0 and 1.
  init(
    _ unit: MetricUnit, isProbability: Bool = false, telling value: Double, from bound: Double
  ) {
    let isCount = [MetricUnit.count, .bars, .days].contains(unit)
    let areWhole = value == value.rounded() && bound == bound.rounded()
    let whole = isCount && areWhole ? [NumberFormat.integer] : []
    let choices: [NumberFormat] =
      unit == .fraction
      ? (2...7).map { .percent(decimals: $0) } : whole + (2...9).map { .number(decimals: $0) }
    let isEqual = value == bound
    let found = choices.first { isEqual || $0.text(value) != $0.text(bound) }
    format = found ?? .ratio
    isExact = found == nil
    self.isProbability = isProbability
  }

  /// The text of a number.
  func text(_ value: Double) -> String {
    if isExact { return NumberText.exact(value) }
    let text = format.text(value)
    let isRounded = value != value.rounded() && text == format.text(value.rounded())
    return isProbability && isRounded ? NumberFormat.probability.text(value) : text
  }

  /// The size of a margin.
  func distance(_ margin: Double) -> String { text(margin.magnitude) }

  /// A margin with its sign.
  func signed(_ margin: Double) -> String { (margin >= 0 ? "+" : "−") + distance(margin) }
}
