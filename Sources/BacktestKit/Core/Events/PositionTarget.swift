/// The position that is stated for an instrument.
@usableFromInline
struct PositionTarget: BitwiseCopyable, Equatable, Sendable {
  @usableFromInline var measure: Measure
  /// A share of equity, money, or units, by the measure.
  @usableFromInline var value: Double

  /// In what a target is stated.
  @usableFromInline
  enum Measure: UInt8, BitwiseCopyable, Sendable {
    case none, weight, value, quantity
  }

  @usableFromInline
  init(_ measure: Measure, _ value: Double) {
    self.measure = measure
    self.value = value
  }
}

/// A target stated during one decision.
struct TargetRequest: BitwiseCopyable, Sendable {
  var instrument: Int
  /// The number of the request within its decision.
  var number: Int
  var target: PositionTarget
}

/// What a strategy asked for during one decision, in the order in which it asked.
enum TradingRequest: BitwiseCopyable, Sendable {
  case submit(Order)
  case cancel(OrderID)
  case schedule(Timestamp, tag: Int)
}
