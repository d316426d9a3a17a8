import TestSupport
import BacktestCore
import Testing

private func day(_ text: String) -> CivilDate { CivilDate(text)! }

struct CalendarTests {
  static let all: [any TradingCalendar] = [
    AlwaysOpenCalendar(), WeekdaysCalendar(), NewYorkStockExchangeCalendar(),
    ShiftedWeekCalendar(),
  ]

  @Test func exchangeSessionsAreThoseOfTheReference() throws {
    func instant(_ date: Substring, _ clock: Substring) -> Timestamp {
      let parts = clock.split(separator: ":").map { Int64($0)! }
      return day(String(date)).midnight + .minutes(60 * parts[0] + parts[1])
    }
    let expected = try Fixture.table("calendars/xnys_sessions.csv").dropFirst().map { row in
      Session(
        date: day(String(row[0])), open: instant(row[0], row[1]), close: instant(row[0], row[2]))
    }
    let ours = NewYorkStockExchangeCalendar()
      .sessions(from: day("1990-01-01"), through: day("2030-12-31"))
    #expect(expected.count == 10_322)
    #expect(ours.count == expected.count)
    for (mine, theirs) in zip(ours, expected) where mine != theirs {
      Issue.record("\(mine) is not \(theirs)")
      break
    }
  }

  @Test(arguments: [
    ("2024-03-08", "2024-03-08T14:30:00Z"), ("2024-03-11", "2024-03-11T13:30:00Z"),
    ("2024-11-01", "2024-11-01T13:30:00Z"), ("2024-11-04", "2024-11-04T14:30:00Z"),
  ])
  func exchangeOpensAtHalfPastNineOnBothSidesOfAClockChange(date: String, open: String) {
    #expect(NewYorkStockExchangeCalendar().session(on: day(date))?.open.description == open)
  }

  @Test func earlyCloseHoldsFourteenQuarterHours() {
    let calendar = NewYorkStockExchangeCalendar()
    let early = calendar.session(on: day("2024-11-29"))!
    #expect(early.close.description == "2024-11-29T18:00:00Z")
    #expect(early.barCount(of: .intraday(seconds: 900)) == 14)
    #expect(early.barCount(of: .intraday(seconds: 3_600)) == 4)
    #expect(early.barCount(of: .session) == 1)
    let regular = calendar.session(on: day("2024-11-27"))!
    #expect(regular.barCount(of: .intraday(seconds: 900)) == 26)
    #expect(regular.barCount(of: .intraday(seconds: 3_600)) == 7)
    #expect(regular.duration == .seconds(Int64(calendar.regularSessionSeconds)))
  }

  @Test(arguments: [
    ("XNYS", "15m", 6_552.0), ("XNYS", "1d", 252), ("XNYS", "1h", 1_764), ("24x7", "1d", 365),
    ("24x7", "15m", 35_040), ("weekdays", "1d", 260), ("weekdays", "1h", 6_240),
    ("XNYS", "1w", 52), ("24x7", "1mo", 12), ("weekdays", "1q", 4), ("XNYS", "1y", 1),
  ])
  func barsPerYear(calendar: String, timeframe: String, expected: Double) throws {
    let calendar = try #require(TradingCalendars.named(calendar))
    #expect(Timeframe(timeframe)!.barsPerYear(in: calendar) == expected)
  }

  @Test(arguments: [
    ("nyse", "XNYS"), ("Xnys", "XNYS"), ("24X7", "24x7"), ("24/7", "24x7"),
    ("WeekDays", "weekdays"),
  ])
  func studiesNameCalendarsInAnyCase(text: String, name: String) {
    #expect(TradingCalendars.named(text)?.name == name)
  }

  @Test func unknownCalendarsAreNotGuessed() {
    for text in ["", "NYSE ", "XLO", "weekday"] { #expect(TradingCalendars.named(text) == nil) }
    #expect(
      TradingCalendars.names.map { TradingCalendars.named($0)?.name } == TradingCalendars.names)
  }

  @Test(arguments: 0..<4)
  func sessionsFollowOneAnotherAndOwnTheirInstants(index: Int) {
    let calendar = CalendarTests.all[index]
    var previous: Session?
    for session in calendar.sessions(from: day("1985-01-01"), through: day("2035-12-31")) {
      let instant = TimeSpan(nanoseconds: 1)
      var isOwned = session.open < session.close
      for time in [session.close, session.close - instant, session.open + instant] {
        isOwned = isOwned && calendar.sessionDate(of: time) == session.date
      }
      if let previous {
        isOwned = isOwned && previous.close <= session.open && previous.date < session.date
        // Everything after a close belongs to the next session, a holiday between them included.
        isOwned = isOwned && calendar.sessionDate(of: previous.close + instant) == session.date
        isOwned = isOwned && calendar.sessionClosing(after: previous.close) == session
        isOwned = isOwned && calendar.sessionClosing(after: session.close - instant) == session
      }
      #expect(isOwned, "\(calendar.name) \(session.date)")
      previous = session
    }
    #expect(previous != nil)
  }

  @Test(arguments: 0..<4)
  func instantsBeyondAllSessionsAreHarmless(index: Int) {
    let calendar = CalendarTests.all[index]
    // No session is known there; in 1677 the first that can be held is months away.
    #expect(calendar.sessionDate(of: .distantFuture) == day("2262-04-11"))
    #expect(calendar.sessionDate(of: .distantPast) >= day("1677-09-21"))
    #expect(calendar.sessionClosing(after: .distantFuture) == nil)
    for year in [-9_999, 1, 1_677, 2_262, 9_999] {
      #expect(calendar.session(on: CivilDate(year: year, month: 6, day: 15)!) == nil)
    }
  }

  @Test func weekdaysSkipTheWeekend() {
    let calendar = WeekdaysCalendar()
    #expect(calendar.session(on: day("2024-03-09")) == nil)
    #expect(calendar.session(on: day("2024-03-10")) == nil)
    let friday = calendar.session(on: day("2024-03-08"))!
    #expect(friday.close.description == "2024-03-09T00:00:00Z")
    #expect(calendar.sessionDate(of: friday.close + .hours(30)) == day("2024-03-11"))
    #expect(calendar.sessions(from: day("2024-01-01"), through: day("2024-12-31")).count == 262)
  }
}

/// A market far east that closes on the UTC day before its date and rests for a week every
/// month; it leaves the search for a session to the protocol.
private struct ShiftedWeekCalendar: TradingCalendar {
  var name: String { "shifted" }
  var sessionsPerYear: Double { 280 }
  var regularSessionSeconds: Int { 6 * 3_600 }

  func session(on date: CivilDate) -> Session? {
    guard date.day > 7, (1_700...2_200).contains(date.year) else { return nil }
    let close = date.midnight - .hours(2)
    return Session(date: date, open: close - .hours(6), close: close)
  }
}
