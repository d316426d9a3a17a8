import BacktestCore
import BacktestFiles
import BacktestIngest
import Testing
import TestSupport

private func day(_ text: String) -> CivilDate { CivilDate(text)! }

struct ExchangeCalendarTests {
  /// A line for each session of a year, as `script/calendars` writes it from the reference.
  private func lines(_ calendar: ExchangeCalendar, _ year: Int) -> [String] {
    let sessions = calendar.sessions(from: day("\(year)-01-01"), through: day("\(year)-12-31"))
    return sessions.map { session in
      let pause = session.pause.map { [$0.lowerBound, $0.upperBound] } ?? []
      let times = [session.open] + pause + [session.close]
      let minutes = times.map { ($0 - session.date.midnight).nanoseconds / 60_000_000_000 }
      return ([session.date.description] + minutes.map { "\($0)" }).joined(separator: " ")
    }
  }

  @Test func everySessionIsThatOfTheReference() throws {
    var years: [String: Int] = [:]
    var calendars: [ExchangeCalendar.Exchange: ExchangeCalendar] = [:]
    for row in try Fixture.table("calendars/exchange_sessions.csv").dropFirst() {
      let exchange = try #require(ExchangeCalendar.Exchange(rawValue: String(row[0])))
      let calendar = calendars[exchange] ?? ExchangeCalendar(exchange)
      calendars[exchange] = calendar
      let found = lines(calendar, Int(row[1])!)
      #expect(found.count == Int(row[2]), "\(row[0]) \(row[1])")
      let digest = SHA256.hexadecimal(of: found.joined(separator: "\n").utf8).prefix(16)
      #expect(digest == row[3], "\(row[0]) \(row[1])")
      years[String(row[0]), default: 0] += 1
    }
    #expect(years.values.sorted() == [34, 36] + [Int](repeating: 41, count: 8))
    #expect(years["XTKS"] == 34 && years["XSHG"] == 36)
  }

  @Test(arguments: ExchangeCalendar.Exchange.allCases)
  func sessionsFollowOneAnotherAndOwnTheirInstants(exchange: ExchangeCalendar.Exchange) throws {
    let calendar = ExchangeCalendar(exchange)
    let coverage = try #require(calendar.coverage)
    #expect(calendar.firstOverlap == nil)
    for session in calendar.sessions(from: coverage.lowerBound, through: coverage.upperBound) {
      let instant = TimeSpan(nanoseconds: 1)
      let isOwned = [session.open + instant, session.close].allSatisfy {
        calendar.sessionDate(of: $0) == session.date
      }
      #expect(isOwned, "\(session)")
    }
    #expect(calendar.session(on: coverage.lowerBound.adding(days: -1)) == nil)
    #expect(calendar.session(on: coverage.upperBound.adding(days: 1)) == nil)
    #expect(calendar.sessionDate(of: .distantFuture) == day("2262-04-11"))
  }

  @Test(
    arguments: [
      ("XLON", "15m", 8_602), ("XTKS", "1h", 1_464), ("XHKG", "1d", 246), ("XSHG", "30m", 1_944),
      ("CMES", "1h", 6_192),
    ] as [(String, String, Double)])
  func annualFactorsComeFromTheCalendar(name: String, timeframe: String, expected: Double) throws {
    let calendar = try #require(TradingCalendars.named(name))
    #expect(Timeframe(timeframe)!.barsPerYear(in: calendar) == expected)
  }

  @Test func lunchBreakHoldsNoBars() throws {
    let tokyo = try #require(ExchangeCalendar(.xtks).session(on: day("2024-01-04")))
    #expect(tokyo.open.description == "2024-01-04T00:00:00Z")
    #expect(tokyo.pause?.lowerBound.description == "2024-01-04T02:30:00Z")
    #expect(tokyo.pause?.upperBound.description == "2024-01-04T03:30:00Z")
    #expect(tokyo.close.description == "2024-01-04T06:00:00Z")
    #expect(tokyo.barCount(of: .intraday(seconds: 3_600)) == 6)
    #expect(tokyo.barCount(of: .intraday(seconds: 900)) == 20)
  }

  @Test func clockOfTheExchangeSaysWhenATimeOfDayIs() {
    let morning = TimeSpan.hours(8)
    let london = ExchangeCalendar(.xlon)
    #expect(
      london.timestamp(on: day("2024-03-28"), timeOfDay: morning).description
        == "2024-03-28T08:00:00Z")
    #expect(
      london.timestamp(on: day("2024-04-02"), timeOfDay: morning).description
        == "2024-04-02T07:00:00Z")
    let newYork = NewYorkStockExchangeCalendar()
    let beforeClose = TimeSpan.minutes(15 * 60 + 55)
    let times = ["2024-03-08", "2024-03-11"].map {
      newYork.timestamp(on: day($0), timeOfDay: beforeClose).description
    }
    #expect(times == ["2024-03-08T20:55:00Z", "2024-03-11T19:55:00Z"])
    #expect(
      WeekdaysCalendar().timestamp(on: day("2024-03-08"), timeOfDay: morning).description
        == "2024-03-08T08:00:00Z")
  }

  @Test func forexDaysEndAtFiveInNewYork() {
    let forex = ForexCalendar()
    let monday = forex.session(on: day("2024-03-11"))!
    #expect(monday.open.description == "2024-03-10T21:00:00Z")
    #expect(monday.close.description == "2024-03-11T21:00:00Z")
    #expect(forex.session(on: day("2024-03-08"))!.close.description == "2024-03-08T22:00:00Z")
    #expect(forex.session(on: day("2024-03-09")) == nil)
    #expect(forex.session(on: day("2024-12-25")) != nil)
  }
}

struct CalendarFileTests {
  private func read(_ text: String) throws -> ExchangeCalendar {
    let folder = try ScratchFolder()
    let path = folder.path + "/calendar.yaml"
    try FileBytes.write(text, to: path)
    return try ExchangeCalendar(file: path)
  }

  private func failure(_ text: String) -> String {
    do {
      _ = try read(text)
      return ""
    } catch { return "\(error)" }
  }

  private let seoul = """
    name: XKRX
    zone: Asia/Seoul
    from: 2024-01-01
    to: 2024-12-31
    hours: 09:00-15:30
    holidays: [2024-01-01, 2024-02-09, 2024-12-25]
    special: {2024-11-14: "10:00-16:30", 2024-11-16: "09:00-12:00"}
    """

  @Test func sessionsComeFromTheFile() throws {
    let calendar = try read(seoul)
    #expect(calendar.name == "XKRX")
    #expect(calendar.session(on: day("2024-01-01")) == nil)
    let first = try #require(calendar.session(on: day("2024-01-02")))
    #expect(first.open.description == "2024-01-02T00:00:00Z")
    #expect(first.close.description == "2024-01-02T06:30:00Z")
    // A day with the hours of an exam, and a Saturday with a session.
    #expect(
      calendar.session(on: day("2024-11-14"))?.open.description == "2024-11-14T01:00:00Z")
    #expect(calendar.session(on: day("2024-11-16")) != nil)
    #expect(calendar.sessionsPerYear == 259)
    #expect(calendar.regularSessionSeconds == 23_400)
  }

  @Test func aCalendarHasSessions() {
    let days = seoul.split(separator: "\n").filter { !$0.hasPrefix("special") }
      .joined(separator: "\n")
    #expect(failure(days + "\nweekdays: []\n").contains("it has no sessions"))
    #expect(failure(seoul + "\nsessions-per-year: 1e300\n").contains("sessions-per-year"))
    #expect(failure(seoul + "\nsessions-per-year: 0.5\n").contains("sessions-per-year"))
  }

  @Test func hoursMayChangeAndBeginTheDayBefore() throws {
    let calendar = try read(
      """
      name: night
      zone: America/Chicago
      from: 2024-01-01
      to: 2024-12-31
      weekdays: [mon, tue, wed, thu, fri]
      hours: {2024-01-01: "17:00-16:00", 2024-06-03: "18:00-11:30 12:30-15:00"}
      sessions-per-year: 255
      """)
    let winter = try #require(calendar.session(on: day("2024-01-02")))
    #expect(winter.open.description == "2024-01-01T23:00:00Z")
    #expect(winter.close.description == "2024-01-02T22:00:00Z")
    let summer = try #require(calendar.session(on: day("2024-06-03")))
    #expect(summer.open.description == "2024-06-02T23:00:00Z")
    #expect(summer.pause?.upperBound.description == "2024-06-03T17:30:00Z")
    #expect(calendar.sessionsPerYear == 255)
  }

  @Test(arguments: [
    ("name: XKRX", "name: XLON", "line 1", "a name that no other calendar has"),
    ("Asia/Seoul", "Asia/Soul", "line 2", "No such file"),
    ("Asia/Seoul", "../../etc/passwd", "line 2", "is no name of a zone"),
    ("to: 2024", "to: 2023", "line 4", "'to' lies before 'from'"),
    ("09:00-15:30", "09:00", "line 5", "must be hours such as 09:00-17:30"),
    ("09:00-15:30", "09:00-25:00", "line 5", "must be hours"),
    ("2024-02-09", "2024-02-30", "line 6", "must be a date"),
    ("2024-11-14", "14 Nov", "line 7", "'14 Nov' is not a date"),
    ("holidays", "holiday", "line 6", "did you mean 'holidays'?"),
    ("10:00-16:30", "10:00-09:30", "", "the session of 2024-11-14 begins before"),
  ])
  func wrongCalendarsAreRefused(part: String, wrong: String, place: String, reason: String) {
    let message = failure(seoul.replacing(part, with: wrong))
    #expect(message.contains(place == "" ? reason : place.replacing("line ", with: ".yaml:")))
    #expect(message.contains(reason), "\(message)")
  }
}
