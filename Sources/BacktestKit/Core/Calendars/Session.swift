/// The trading hours of one session.
public struct Session: Hashable, Sendable, BitwiseCopyable {
  /// The civil date by which the session is named.
  public var date: CivilDate
  /// When trading begins.
  public var open: Timestamp
  /// When trading ends.
  public var close: Timestamp

  /// A session from its parts.
  public init(date: CivilDate, open: Timestamp, close: Timestamp) {
    self.date = date
    self.open = open
    self.close = close
  }
}

extension Session {
  /// The time from open to close.
  public var duration: TimeSpan { close - open }

  /// How many bars of a timeframe this session holds, the last one shortened where the length does
  /// not divide: 26 bars of 15 minutes on a regular day in New York, 14 when it closes at 13:00. A
  /// session or anything longer is one bar.
  public func barCount(of timeframe: Timeframe) -> Int {
    guard case .intraday(let seconds) = timeframe else { return 1 }
    let length = Int64(seconds) * 1_000_000_000
    return Int((duration.nanoseconds + length - 1) / length)
  }
}
