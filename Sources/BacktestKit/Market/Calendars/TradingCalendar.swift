/// The trading hours of one session.
public struct Session: Hashable, Sendable {
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

/// When a market is open.
///
/// Sessions do not overlap and ascend with their dates. A conformer is a value without state that
/// changes.
public protocol TradingCalendar: Sendable {
  /// The name by which a study asks for it, such as `XNYS`.
  var name: String { get }
  /// Sessions in a year, for annualisation.
  var sessionsPerYear: Double { get }
  /// The length of a regular session in seconds, for annualisation of intraday bars.
  var regularSessionSeconds: Int { get }
  /// The session of a date, or `nil` on a day without trading.
  func session(on date: CivilDate) -> Session?
  /// The date of the session to which an instant belongs: the session whose close is the first at
  /// or after the instant.
  func sessionDate(of time: Timestamp) -> CivilDate
}

extension TradingCalendar {
  /// The first session whose close is strictly after an instant, searched for a year ahead.
  public func sessionClosing(after time: Timestamp) -> Session? {
    var date = sessionDate(of: time)
    for _ in 0..<400 {
      if let session = session(on: date), session.close > time { return session }
      date = date.adding(days: 1)
    }
    return nil
  }
}
