import BacktestCore

/// Whether the bars of a series lie in the hours of its market.
enum MarketHours {
  /// What to say where most bars lie outside the hours; `nil` where they do not.
  static func note(on series: BarSeries) -> String? {
    guard case .intraday = series.timeframe else {
      return series.calendar.flatMap { calendar in
        note(outside(series), of: series, "have no session of \(calendar.name)")
      }
    }
    if let calendar = series.calendar {
      let advice = "check the time zone of the times"
      return note(
        outside(series), of: series, "lie outside the hours of \(calendar.name); \(advice)")
    }
    guard looksLikeExchange(series), let market = TradingCalendars.named("XNYS") else { return nil }
    return note(
      outside(series, market), of: series,
      "lie outside the hours of \(market.name); if that is the market, give the calendar and check "
        + "the time zone of the times")
  }

  private static func note(_ count: Int, of series: BarSeries, _ finding: String) -> String? {
    count * 2 > series.count
      ? "most bars (\(NumberText.grouped(count)) of \(NumberText.grouped(series.count))) \(finding)"
      : nil
  }

  /// The bars outside the hours of the series' own calendar, as its reader found them.
  private static func outside(_ series: BarSeries) -> Int {
    series.issues.reduce(0) { $0 + ($1.code == .outsideCalendar ? $1.count : 0) }
  }

  private static func outside(_ series: BarSeries, _ calendar: any TradingCalendar) -> Int {
    var session: Session?
    var count = 0
    for open in series.openTimes {
      // A bar that begins with the hours is inside them, and one that begins at their end is not.
      let instant = open + TimeSpan(nanoseconds: 1)
      if session.map({ instant <= $0.open || instant > $0.close }) ?? true {
        session = calendar.session(on: calendar.sessionDate(of: instant))
      }
      if session.map({ instant <= $0.open || instant > $0.close }) ?? true { count += 1 }
    }
    return count
  }

  /// Whether bars come on weekdays alone and, nearly all, in ten hours of the day.
  private static func looksLikeExchange(_ series: BarSeries) -> Bool {
    var hours = [Int](repeating: 0, count: 24)
    for open in series.openTimes {
      let date = open.utcDate
      if date.weekday.rawValue > 5 { return false }
      hours[Int((open - date.midnight).nanoseconds / 3_600_000_000_000)] += 1
    }
    let busiest = hours.sorted(by: >).prefix(10).reduce(0, +)
    return busiest * 100 >= series.count * 99
  }
}
