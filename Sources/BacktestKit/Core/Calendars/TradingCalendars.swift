/// The calendars that a study file can name.
public enum TradingCalendars {
  /// The names, in alphabetical order, for messages.
  public static var names: [String] { ["24x7", "weekdays", "XNYS"] }

  /// The calendar of a name, or `nil` where there is none: `24x7` (also `24/7`), `weekdays`, `XNYS`
  /// (also `NYSE`). Upper and lower case are the same.
  public static func named(_ name: String) -> (any TradingCalendar)? {
    switch name.lowercased() {
    case "24x7", "24/7": AlwaysOpenCalendar()
    case "weekdays": WeekdaysCalendar()
    case "xnys", "nyse": NewYorkStockExchangeCalendar()
    default: nil
    }
  }
}
