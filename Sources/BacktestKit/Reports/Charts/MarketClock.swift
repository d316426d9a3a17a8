import BacktestCore

/// The clock by which a page tells times: that of its market, or UTC.
struct MarketClock: Sendable {
  private let calendar: (any TradingCalendar)?

  /// The clock of a calendar; UTC without one.
  init(_ calendar: (any TradingCalendar)?) { self.calendar = calendar }

  /// What it is called in headings: `New York time`, `UTC`.
  var zone: String {
    switch calendar {
    case nil: return "UTC"
    case is NewYorkStockExchangeCalendar, is ForexCalendar: return "New York time"
    case let exchange as ExchangeCalendar:
      let city = exchange.zone.name.split(separator: "/").last ?? ""
      return city.replacing("_", with: " ") + " time"
    case let other?:
      let day = CivilDate(daysSinceEpoch: 0)
      let isUTC = other.timestamp(on: day, timeOfDay: .zero) == day.midnight
      return isUTC ? "UTC" : "local time of \(other.name)"
    }
  }

  /// What it shows at an instant: the date and the minutes since 00:00.
  private func reading(at time: Timestamp) -> (date: CivilDate, minutes: Int) {
    switch calendar {
    case is NewYorkStockExchangeCalendar, is ForexCalendar:
      let wall = NewYorkTime(time)
      return (wall.date, Self.minutes(wall.timeOfDay))
    case let exchange as ExchangeCalendar:
      let shown = time + .seconds(Int64(exchange.zone.secondsEast(at: time)))
      return (shown.utcDate, Self.minutes(shown - shown.utcDate.midnight))
    default:
      // Of a clock that is not known only its midnights are.
      let today = time.utcDate
      let midnights = [1, 0, -1].map { day -> (CivilDate, Timestamp) in
        let date = today.adding(days: day)
        return (date, calendar?.timestamp(on: date, timeOfDay: .zero) ?? date.midnight)
      }
      let (date, midnight) = midnights.first { $0.1 <= time } ?? (today, today.midnight)
      return (date, Self.minutes(time - midnight))
    }
  }

  private static func minutes(_ span: TimeSpan) -> Int {
    Int(span.nanoseconds / 60_000_000_000)
  }

  /// Date and minute: `2018-12-31 16:00`.
  func text(_ time: Timestamp) -> String {
    let (date, minutes) = reading(at: time)
    return "\(date) \(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
  }
}
