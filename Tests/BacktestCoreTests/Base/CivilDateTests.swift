import BacktestCore
import Testing

struct CivilDateTests {
  @Test func everyDayOfFourCenturiesRoundTrips() {
    var date = CivilDate(year: 1800, month: 1, day: 1)!
    var weekday = 3  // 1800-01-01 was a Wednesday
    for day in date.daysSinceEpoch..<(date.daysSinceEpoch + 146_097) {
      #expect(date.daysSinceEpoch == day && date.weekday.rawValue == weekday)
      date = date.adding(days: 1)
      weekday = weekday % 7 + 1
    }
    #expect(date == CivilDate(year: 2200, month: 1, day: 1))
  }

  @Test func monthsClipToTheLastDay() {
    #expect(CivilDate("2024-01-31")!.adding(months: 1).description == "2024-02-29")
    #expect(CivilDate("2023-12-31")!.adding(months: -22).description == "2022-02-28")
  }

  @Test(arguments: ["2023-02-29", "2023-13-01", "2023-1-01", "20230101", "", "2023-00-10"])
  func impossibleDatesAreRefused(text: String) { #expect(CivilDate(text) == nil) }

  @Test func timestampsPrintAsISO8601() {
    #expect(Timestamp(seconds: 1_546_290_000).description == "2018-12-31T21:00:00Z")
    #expect(Timestamp(nanoseconds: -1).description == "1969-12-31T23:59:59.999999999Z")
  }
}
