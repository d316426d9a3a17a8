import TestSupport
import BacktestCore
import Testing

private func newYork(_ date: String, _ hour: Int, _ minute: Int = 0) -> NewYorkTime {
  NewYorkTime(CivilDate(date)!, hour: hour, minute: minute)
}

struct NewYorkTimeTests {
  /// Reads `2024-03-10T07:00:00Z`.
  private func instant(_ text: Substring) -> Timestamp {
    let hour = Int64(text.dropFirst(11).prefix(2))!
    return CivilDate(String(text.prefix(10)))!.midnight + .hours(hour)
  }

  @Test func clockChangesAreThoseOfTheReference() throws {
    let changes = try Fixture.table("calendars/new_york_clock_changes.csv").dropFirst()
    #expect(changes.count == 142)
    var before: Int64 = -5
    for change in changes {
      let time = instant(change[0])
      let after = Int64(change[1])!
      for (shift, hours) in [(-1, before), (0, after), (1, after)] as [(Int64, Int64)] {
        let moment = time + TimeSpan(nanoseconds: shift)
        let clock = NewYorkTime(moment)
        let local = clock.date.midnight + clock.timeOfDay
        #expect(local - moment == .hours(hours), "\(moment)")
      }
      before = after
    }
  }

  @Test func everyHourOfAQuarterCenturyReadsBack() {
    var time = CivilDate("1985-01-01")!.midnight + TimeSpan(nanoseconds: 1_234_567_891)
    let end = CivilDate("2010-01-01")!.midnight
    var repeated = 0
    while time < end {
      let clock = NewYorkTime(time)
      if clock.timestamp != time {
        repeated += 1
        guard clock.timestamp(repeatedHour: .second) == time else {
          Issue.record("\(time) reads \(clock)")
          return
        }
      }
      time = time + .hours(1)
    }
    #expect(repeated == 25)
  }

  @Test func daysFromFiveToFiveAreShortAndLong() {
    #expect(newYork("2024-03-10", 17).timestamp - newYork("2024-03-09", 17).timestamp == .hours(23))
    #expect(newYork("2024-11-03", 17).timestamp - newYork("2024-11-02", 17).timestamp == .hours(25))
    #expect(newYork("2024-11-04", 17).timestamp - newYork("2024-11-03", 17).timestamp == .hours(24))
  }

  @Test func dailyTimerKeepsTheClockOfTheWall() {
    var time = newYork("2024-03-08", 12).timestamp
    var fired: [String] = []
    for _ in 0..<4 {
      time = NewYorkTime.next(hour: 15, minute: 55, after: time)
      fired.append(time.description)
    }
    #expect(
      fired == [
        "2024-03-08T20:55:00Z", "2024-03-09T20:55:00Z", "2024-03-10T19:55:00Z",
        "2024-03-11T19:55:00Z",
      ])
  }

  @Test func skippedHourIsReadWithTheOldClock() {
    let skipped = newYork("2024-03-10", 2, 30).timestamp
    #expect(skipped.description == "2024-03-10T07:30:00Z")
    #expect(NewYorkTime(skipped).description == "2024-03-10T03:30:00")
  }

  @Test func repeatedHourHasTwoInstants() {
    let clock = newYork("2024-11-03", 1, 30)
    #expect(clock.timestamp.description == "2024-11-03T05:30:00Z")
    #expect(clock.timestamp(repeatedHour: .second).description == "2024-11-03T06:30:00Z")
    #expect(
      NewYorkTime.next(hour: 1, minute: 30, after: clock.timestamp).description
        == "2024-11-04T06:30:00Z")
  }

  @Test func endsOfTimeSaturate() {
    #expect(newYork("9999-12-31", 12).timestamp == .distantFuture)
    #expect(newYork("0001-01-01", 12).timestamp == .distantPast)
    #expect(NewYorkTime.next(hour: 9, after: .distantFuture) == .distantFuture)
    #expect(NewYorkTime(.distantPast).timestamp == .distantPast)
  }
}
