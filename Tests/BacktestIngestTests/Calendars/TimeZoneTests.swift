import BacktestCore
import BacktestFiles
import BacktestIngest
import Testing
import TestSupport

struct TimeZoneTests {
  static let folder = Fixture.path("calendars/zones")
  static let names = [
    "Africa/Casablanca", "America/Nuuk", "America/Sao_Paulo", "Asia/Kathmandu", "Asia/Tokyo",
    "Australia/Lord_Howe", "Europe/Dublin", "Europe/London", "Pacific/Apia",
  ]

  @Test(arguments: names)
  func clockChangesAreThoseOfTheReference(name: String) throws {
    let zone = try TimeZoneFiles.zone(name, in: Self.folder)
    let rows = try Fixture.table("calendars/zone_changes.csv").filter { $0[0] == name }
    #expect(!rows.isEmpty)
    var before = Int(rows[0][2])!
    for row in rows {
      let (second, after) = (Int64(row[1])!, Int(row[2])!)
      let time = Timestamp(seconds: second)
      #expect(zone.secondsEast(at: time) == after, "\(time)")
      if second > 0 {
        #expect(zone.secondsEast(at: time - TimeSpan(nanoseconds: 1)) == before, "\(time)")
      }
      before = after
    }
    // Nothing changes between the changes of the reference.
    let instants = rows.map { Int64($0[1])! }
    for second in stride(from: Int64(0), to: 2_800_000_000, by: 40_000) {
      let row = rows[instants.lastIndex { $0 <= second }!]
      #expect(zone.secondsEast(at: Timestamp(seconds: second)) == Int(row[2])!)
    }
  }

  @Test(arguments: names)
  func readingsOfTheClockFindTheirFirstInstant(name: String) throws {
    let zone = try TimeZoneFiles.zone(name, in: Self.folder)
    var skipped = 0
    // The last years lie beyond every table, where the rule of the footer holds.
    for start in [Int64(946_684_800), 1_293_840_000, 5_000_000_000, 9_000_000_000] {
      for local in stride(from: start, to: start + 2 * 31_536_000, by: 1_800) {
        let candidates = [-90_000, 90_000].map { shift in
          zone.secondsEast(at: Timestamp(seconds: local + Int64(shift)))
        }
        let valid = candidates.filter { east in
          zone.secondsEast(at: Timestamp(seconds: local - Int64(east))) == east
        }
        if valid.isEmpty { skipped += 1 }
        let expected = valid.max() ?? candidates[0]
        #expect(zone.secondsEast(atLocalSecond: local) == expected, "\(local)")
      }
    }
    #expect((skipped > 0) == !["Asia/Tokyo", "Asia/Kathmandu"].contains(name))
  }

  @Test func rulesReachBeyondTheTable() throws {
    let zone = try TimeZoneFiles.zone("Europe/London", in: Self.folder)
    func open(_ date: String) -> String {
      zone.timestamp(on: CivilDate(date)!, timeOfDay: .hours(8)).description
    }
    // The last Sunday of March 2199 is the 31st, that of October the 27th.
    #expect(open("2199-03-30") == "2199-03-30T08:00:00Z")
    #expect(open("2199-03-31") == "2199-03-31T07:00:00Z")
    #expect(open("2199-10-26") == "2199-10-26T07:00:00Z")
    #expect(open("2199-10-27") == "2199-10-27T08:00:00Z")
  }

  @Test func machineAndLibraryAgreeOnNewYork() throws {
    let machine = try TimeZoneFiles.zone("America/New_York")
    let date = CivilDate("2008-01-01")!
    for day in 0..<8_000 {
      let time = date.adding(days: day).midnight + .hours(17)
      #expect(machine.date(at: time) == NewYorkTime(time).date)
      let clock = NewYorkTime(date.adding(days: day), hour: 17)
      #expect(
        machine.timestamp(on: clock.date, timeOfDay: clock.timeOfDay) == clock.timestamp)
    }
  }

  @Test(arguments: [
    "", "/etc/passwd", "../zoneinfo/UTC", "Europe//London", "Europe/../London", "Europe/London/",
    "europe london", "Europe/L\u{0}ndon", ".", String(repeating: "A", count: 65), "A/B/C/D", "+1",
  ])
  func namesThatLeadElsewhereAreRefused(name: String) {
    #expect { try TimeZoneFiles.zone(name) } throws: { "\($0)".contains("is no name of a zone") }
  }

  @Test func unknownZonesAndFoldersAreRefused() {
    #expect { try TimeZoneFiles.zone("Europe/Lundon") } throws: { "\($0)".contains("No such") }
    #expect { try TimeZoneFiles.zone("Europe") } throws: { "\($0)".contains("'Europe'") }
    #expect { try TimeZoneFiles.zone("zone1970.tab".replacing(".", with: "_")) } throws: { _ in
      true
    }
    #expect { try TimeZoneFiles.zone("UTC", in: "/nowhere") } throws: {
      "\($0)".contains("install the package tzdata")
    }
  }

  @Test func truncatedAndScrambledFilesAreRefusedOrRead() throws {
    let bytes = try Fixture.bytes("calendars/zones/Europe/London")
    for length in stride(from: 0, to: bytes.count - 1, by: 3) {
      #expect(throws: TimeZoneError.self) {
        try TimeZoneTable(name: "x", tzif: Array(bytes.prefix(length)))
      }
    }
    var random = TestRandom(seed: 11)
    for _ in 0..<20_000 {
      var wrong = bytes
      for _ in 0..<1 + random.below(6) {
        wrong[random.below(wrong.count)] = UInt8(random.below(256))
      }
      // Whatever is read is a clock that ascends; nothing traps.
      if let zone = try? TimeZoneTable(name: "x", tzif: wrong) {
        #expect(abs(zone.secondsEast(at: Timestamp(seconds: 1_700_000_000))) <= 93_600)
      }
    }
  }

  @Test(arguments: [
    "", "GMT", "GMT0BST", "GMT0BST,M3.5.0/1", "GMT0BST,M13.5.0/1,M10.5.0", "GMT0BST,M3.6.0,M10.5.0",
    "GMT0BST,M3.5.7,M10.5.0", "GM0", "<+03>-3", "<+03-3", "GMT25", "GMT0BST,J0,J365",
    "GMT0BST,M3.5.0/168,M10.5.0", "GMT0BST,J1/0,J365/25 ", "EST5EDT,0/0,J365/25",
  ])
  func rulesOfTheLastLine(text: String) throws {
    var file = try Fixture.bytes("calendars/zones/Asia/Tokyo")
    file.removeLast("\nJST-9\n".utf8.count)
    file += Array("\n\(text)\n".utf8)
    let accepted = ["", "<+03>-3", "EST5EDT,0/0,J365/25"]
    #expect(((try? TimeZoneTable(name: "x", tzif: file)) != nil) == accepted.contains(text))
  }

  @Test func stampsOfAZoneBecomeUTC() throws {
    let text = """
      time,open,high,low,close
      2024-03-28 08:00,1,1,1,1
      2024-03-28 09:00,1,1,1,1
      2024-04-02 08:00,1,1,1,1
      """
    let series = try csvSeries(text) {
      $0.mapping.zone = try! .named("Europe/London")
      $0.calendar = ExchangeCalendar(.xlon)
    }
    #expect(
      series[0].openTimes.map(\.description) == [
        "2024-03-28T08:00:00Z", "2024-03-28T09:00:00Z", "2024-04-02T07:00:00Z",
      ])
    #expect(throws: DataError.self) { try CSVMapping.StampZone.named("Europe/Lundon") }
  }

  @Test func lunchBreakEndsABarAndIsNoGap() throws {
    // Two sessions of Tokyo in bars of an hour; the last before the break and the close are short.
    let hours = ["09:00", "10:00", "11:00", "12:30", "13:30", "14:30"]
    let rows = ["2024-01-04", "2024-01-05"].flatMap { date in
      hours.map { "\(date) \($0),1,1,1,1" }
    }
    let text = (["time,open,high,low,close"] + rows).joined(separator: "\n")
    let series = try csvSeries(text) {
      $0.mapping.zone = .fixed(secondsEast: 9 * 3_600)
      $0.calendar = ExchangeCalendar(.xtks)
    }[0]
    #expect(series.issues.isEmpty, "\(series.issues)")
    #expect(series.closeTimes[2].description == "2024-01-04T02:30:00Z")
    #expect(series.closeTimes[5].description == "2024-01-04T06:00:00Z")
    let missing = try csvSeries(text.replacing("2024-01-04 12:30,1,1,1,1\n", with: "")) {
      $0.mapping.zone = .fixed(secondsEast: 9 * 3_600)
      $0.calendar = ExchangeCalendar(.xtks)
    }[0]
    #expect(missing.issues.map(\.count) == [1])
    #expect(missing.issues[0].code == .gap)
    let halves = try series.resampled(to: .intraday(seconds: 7_200))
    #expect(
      halves.openTimes.prefix(4).map(\.description) == [
        "2024-01-04T00:00:00Z", "2024-01-04T02:00:00Z", "2024-01-04T03:30:00Z",
        "2024-01-04T05:30:00Z",
      ])
  }

  @Test func barsOfYearsThatTheCalendarDoesNotKnowAreRefused() {
    let text = """
      date,open,high,low,close
      2026-12-30,1,1,1,1
      2026-12-31,1,1,1,1
      2027-01-04,1,1,1,1
      """
    let message = csvError(text) { $0.calendar = ExchangeCalendar(.xshg) }
    #expect(message.contains("E_DATA_CALENDAR"))
    #expect(message.contains("prices has a bar on 2027-01-04"))
    #expect(message.contains("1991-01-01 to 2026-12-31"))
    let kept = csvError(text) {
      $0.calendar = ExchangeCalendar(.xshg)
      $0.to = CivilDate("2026-12-31")
    }
    #expect(kept == "")
  }
}
