@testable import BacktestCore
@testable import BacktestIngest
import TestSupport
import Foundation
import Testing

struct ResamplingTests {
  private let daily: BarSeries

  init() throws { daily = try BarSeries(csv: Fixture.path("prices/sp500.csv")) }

  private func check(_ timeframe: Timeframe, _ file: String) throws {
    let bars = try daily.resampled(to: timeframe)
    let rows = try Fixture.table(file).dropFirst()
    #expect(bars.count == rows.count && bars.timeframe == timeframe)
    for (row, fields) in rows.enumerated() {
      let date = (bars.closeTimes[row] - TimeSpan(nanoseconds: 1)).utcDate
      #expect(timeframe.period(of: date)?.last.description == String(fields[0]))
      let values = [bars.open, bars.high, bars.low, bars.close, bars.volume].map { $0[row] }
      #expect(values == fields[1...5].map { Double($0) ?? .nan }, "\(fields[0])")
    }
  }

  @Test func weeksAreThoseOfPandas() throws {
    try check(.week, "resampling/28_resample_weekly_sp500.csv")
  }

  @Test func monthsAreThoseOfPandas() throws {
    try check(.month, "resampling/28_resample_monthly_sp500.csv")
  }

  @Test(arguments: [
    (Timeframe.week, "W-FRI"), (.month, "ME"), (.quarter, "QE"), (.year, "YE"),
  ])
  func sumsAndEndsAreThoseOfPandas(timeframe: Timeframe, key: String) throws {
    let data = Data(try Fixture.bytes("resampling/28_resample.json"))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let all = try #require(json["sp500"] as? [String: Any])
    let expected = try #require(all[key] as? [String: Any])
    let bars = try daily.resampled(to: timeframe)
    #expect(bars.count == expected["n"] as? Int)
    for (end, row) in [("first", 0), ("last", bars.count - 1)] {
      let values = try #require(expected[end] as? [String: Any])
      let names = ["open", "high", "low", "close", "volume"]
      let columns = [bars.open, bars.high, bars.low, bars.close, bars.volume]
      for (name, column) in zip(names, columns) {
        #expect(column[row] == values[name] as? Double, "\(key) \(end) \(name)")
      }
    }
    let volume = bars.volume.reduce(0, +)
    #expect(volume == expected["sum_volume"] as? Double)
    let close = bars.close.reduce(0, +)
    #expect(abs(close - (expected["sum_close"] as? Double ?? 0)) < 1e-6)
  }

  @Test func intradayBarsGatherFromTheOpenOfTheSession() throws {
    var text = "time,open,high,low,close,volume\n"
    for day in ["06", "07"] {
      for minute in stride(from: 870, to: 1_260, by: 15) {
        let clock = "\(twoDigits(minute / 60)):\(twoDigits(minute % 60))"
        text += "2020-01-\(day) \(clock),\(minute),\(minute + 2),\(minute - 2),\(minute + 1),1\n"
      }
    }
    let quarterHours = try csvSeries(text) { $0.calendar = PlainWeekdays() }[0]
    #expect(quarterHours.count == 52 && quarterHours.issues.isEmpty)
    let hours = try quarterHours.resampled(to: .intraday(seconds: 3_600))
    #expect(hours.count == 14)
    #expect(hours[0].openTime.description == "2020-01-06T14:30:00Z")
    #expect(hours[0].closeTime.description == "2020-01-06T15:30:00Z")
    #expect(hours[0].open == 870 && hours[0].high == 917 && hours[0].close == 916)
    #expect(hours[6].closeTime.description == "2020-01-06T21:00:00Z" && hours[6].volume == 2)
    #expect(hours[7].openTime.description == "2020-01-07T14:30:00Z")
    let sessions = try hours.resampled(to: .session)
    #expect(sessions.count == 2 && sessions[1].volume == 26)
    #expect(try quarterHours.resampled(to: .session).volume.elementsEqual(sessions.volume))
  }

  @Test func whatCannotBeGatheredIsRefused() throws {
    let error = #expect(throws: MarketError.self) {
      try daily.resampled(to: .intraday(seconds: 60))
    }
    #expect(
      error?.description
        == "sp500: bars of 1d cannot be combined into 1m; use a multiple of 1d")
    let weekly = try daily.resampled(to: .week)
    #expect(throws: MarketError.self) { try weekly.resampled(to: .month) }
    #expect(throws: MarketError.self) { try weekly.resampled(to: .session) }
    #expect(try weekly.resampled(to: .week).count == weekly.count)
  }

  @Test func quartersOfMonthsAreQuartersOfDays() throws {
    let months = try daily.resampled(to: .month)
    let quarters = try months.resampled(to: .quarter)
    let expected = try daily.resampled(to: .quarter)
    #expect(quarters.high.elementsEqual(expected.high) && quarters.count == 80)
    #expect(quarters.closeTimes.elementsEqual(expected.closeTimes))
  }
}
