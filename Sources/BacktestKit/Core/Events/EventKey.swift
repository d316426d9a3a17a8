/// What happens first inside one instant. The order is part of the product's semantics: a decision
/// sees every bar that closed at its instant, and lies between that close and the next open.
public enum EventPhase: UInt8, Comparable, Sendable, BitwiseCopyable {
  /// Bars close: resting orders are matched along each bar's path, then positions are marked.
  case barClose = 1
  /// A session ends: DAY orders expire.
  case sessionEnd
  /// Fills are reported, then the strategy decides once for all bars that closed.
  case decision
  /// What the strategy scheduled.
  case timer
  /// Submitted orders become live; then the equity point of the instant is taken.
  case orderArrival
  /// Splits and dividends.
  case corporateAction
  /// Live orders are matched at the open.
  case marketOpen

  /// Phases in the order in which they happen.
  public static func < (a: EventPhase, b: EventPhase) -> Bool { a.rawValue < b.rawValue }
}

/// The place of an event in the total order: time, then phase, then order of scheduling.
///
/// Two events never have equal keys, so no result depends on how a heap breaks ties.
struct EventKey: Comparable, BitwiseCopyable, Sendable {
  var time: Timestamp
  var phase: EventPhase
  var sequence: UInt32

  static func < (a: EventKey, b: EventKey) -> Bool {
    if a.time != b.time { return a.time < b.time }
    if a.phase != b.phase { return a.phase < b.phase }
    return a.sequence < b.sequence
  }
}
