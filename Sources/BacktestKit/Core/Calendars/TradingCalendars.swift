/// The calendars that a study file can name.
package enum TradingCalendars {
  /// The names, for messages: markets that follow a rule, then exchanges in alphabetical order.
  package static var names: [String] {
    ["24x7", "weekdays", "forex"]
      + (ExchangeCalendar.Exchange.allCases.map(\.rawValue) + ["XNYS"]).sorted()
  }

  /// The calendar of a name, or `nil` where there is none. Upper and lower case are the same. Other
  /// names are `24/7`; `24x5` and `24/5` for `weekdays`; `FX`; `NYSE` and `XNAS` for `XNYS`.
  package static func named(_ name: String) -> (any TradingCalendar)? {
    switch name.lowercased() {
    case "24x7", "24/7": AlwaysOpenCalendar()
    case "weekdays", "24x5", "24/5": WeekdaysCalendar()
    case "forex", "fx": ForexCalendar()
    case "xnys", "nyse", "xnas": NewYorkStockExchangeCalendar()
    default: ExchangeCalendar.Exchange(rawValue: name.uppercased()).map(ExchangeCalendar.init)
    }
  }
}
