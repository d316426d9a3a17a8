/// A remark of a strategy, with the time at which it was made.
public struct StrategyNote: Hashable, Sendable {
  /// When.
  public var time: Timestamp
  /// The text as the strategy wrote it.
  public var text: String

  /// A note from its parts.
  public init(time: Timestamp, text: String) {
    self.time = time
    self.text = text
  }
}
