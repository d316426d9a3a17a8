package import BacktestCore
package import BacktestIngest

/// The series of a text, under options.
package func csvSeries(
  _ text: String, _ change: (inout CSVReadOptions) -> Void = { _ in }
) throws -> [BarSeries] {
  var options = CSVReadOptions()
  change(&options)
  return try CSVReader(options).load(bytes: Array(text.utf8), name: "prices.csv")
}

/// The error that a text gives, word for word; empty where there is none.
package func csvError(
  _ text: String, _ change: (inout CSVReadOptions) -> Void = { _ in }
) -> String {
  do {
    _ = try csvSeries(text, change)
    return ""
  } catch {
    return "\(error)"
  }
}

/// Monday to Friday, 14:30 to 21:00 UTC, for tests.
package struct PlainWeekdays: TradingCalendar {
  package init() {}
  package var name: String { "plain-weekdays" }
  package var sessionsPerYear: Double { 260 }
  package var regularSessionSeconds: Int { 23_400 }

  package func session(on date: CivilDate) -> Session? {
    guard date.weekday.rawValue <= 5 else { return nil }
    let open = date.midnight + .minutes(870)
    return Session(date: date, open: open, close: open + .minutes(390))
  }

  package func sessionDate(of time: Timestamp) -> CivilDate {
    var date = time.utcDate
    while session(on: date).map({ $0.close < time }) ?? true { date = date.adding(days: 1) }
    return date
  }
}

/// A header and three good daily rows.
package let threeDays = """
  date,open,high,low,close,volume
  2020-01-06,10,12,9,11,100
  2020-01-07,11,13,10,12,200
  2020-01-08,12,14,11,13,300

  """
