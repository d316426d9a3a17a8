import BacktestCore
import BacktestIngest
import Testing
import TestSupport

private func day(_ text: String) -> CivilDate { CivilDate(text)! }

struct ScheduleTests {
  private let newYork = NewYorkStockExchangeCalendar()

  private func times(
    _ schedule: Schedule, _ calendar: any TradingCalendar, from date: String, _ count: Int,
    barSeconds: Int? = nil
  ) -> [String] {
    var time = day(date).midnight
    return (0..<count).compactMap { _ in
      guard let next = schedule.next(after: time, in: calendar, barSeconds: barSeconds) else {
        return nil
      }
      time = next
      return next.description
    }
  }

  @Test func everyDayByTheClockOfTheExchange() {
    let schedule = Schedule(.every, .clock(.minutes(15 * 60 + 55)))
    #expect(
      times(schedule, newYork, from: "2024-03-08", 3) == [
        "2024-03-08T20:55:00Z", "2024-03-11T19:55:00Z", "2024-03-12T19:55:00Z",
      ])
    #expect(
      times(schedule, AlwaysOpenCalendar(), from: "2024-03-08", 2) == [
        "2024-03-08T15:55:00Z", "2024-03-09T15:55:00Z",
      ])
    let tokyo = Schedule(.every, .clock(.hours(9)))
    #expect(
      times(tokyo, ExchangeCalendar(.xtks), from: "2023-12-29", 2) == [
        "2023-12-29T00:00:00Z", "2024-01-04T00:00:00Z",
      ].filter { $0 > "2023-12-29T00:00:00Z" } + ["2024-01-05T00:00:00Z"])
  }

  @Test func barsBeforeTheCloseKnowEarlyCloses() {
    let schedule = Schedule(.every, .barsBeforeClose(2))
    #expect(
      times(schedule, newYork, from: "2024-11-27", 3, barSeconds: 900) == [
        "2024-11-27T20:30:00Z", "2024-11-29T17:30:00Z", "2024-12-02T20:30:00Z",
      ])
    #expect(times(schedule, newYork, from: "2024-11-29", 1) == ["2024-11-29T18:00:00Z"])
  }

  @Test func lastAndFirstSessionsOfPeriods() {
    let close = Schedule.Moment.beforeClose(.zero)
    // Good Friday of 2024 was 29 March, so that the month, quarter and week ended on Thursday.
    #expect(
      times(Schedule(.last(.month), close), newYork, from: "2024-03-01", 3) == [
        "2024-03-28T20:00:00Z", "2024-04-30T20:00:00Z", "2024-05-31T20:00:00Z",
      ])
    #expect(
      times(Schedule(.last(.quarter), close), newYork, from: "2024-03-01", 2) == [
        "2024-03-28T20:00:00Z", "2024-06-28T20:00:00Z",
      ])
    #expect(
      times(Schedule(.last(.week), close), newYork, from: "2024-03-24", 2) == [
        "2024-03-28T20:00:00Z", "2024-04-05T20:00:00Z",
      ])
    #expect(
      times(Schedule(.first(.week), .afterOpen(.minutes(5))), newYork, from: "2024-05-26", 2) == [
        "2024-05-28T13:35:00Z", "2024-06-03T13:35:00Z",
      ])
    #expect(
      times(Schedule(.first(.year), close), newYork, from: "2024-01-03", 2) == [
        "2025-01-02T21:00:00Z", "2026-01-02T21:00:00Z",
      ])
    // A holiday is not made up for.
    #expect(
      times(Schedule(.on(.monday), close), newYork, from: "2024-05-20", 2) == [
        "2024-05-20T20:00:00Z", "2024-06-03T20:00:00Z",
      ])
  }

  @Test func schedulesEndWithTheirCalendar() {
    let schedule = Schedule(.every, .beforeClose(.zero))
    #expect(times(schedule, ExchangeCalendar(.xshg), from: "2026-12-31", 3).count == 1)
  }

  /// A strategy's timers, with the number of bars that it had seen.
  @Test func timersComeAtEveryMomentOfARun() throws {
    let open = day("2024-03-07").midnight + .minutes(870)
    let rows = ["2024-03-07", "2024-03-08", "2024-03-11", "2024-03-12"].flatMap { date in
      let session = newYork.session(on: day(date))!
      return (0..<26).map { session.open + .minutes(15 * $0) }
    }
    let series = try MarketBuilder.series(
      rows.map { _ in (1, 1, 1, 1) }, volume: nil, times: rows.map { ($0, $0 + .minutes(15)) },
      timeframe: .intraday(seconds: 900), instrument: Instrument(symbol: "A"), calendar: newYork)
    #expect(rows[0] == open)
    let strategy = ScriptedStrategy(
      start: { trading in
        trading.schedule(Schedule(.every, .clock(.minutes(15 * 60 + 55))), tag: 7)
        trading.schedule(Schedule(.last(.week), .barsBeforeClose(1)), tag: 8)
      },
      timer: { tag, trading in
        trading.note("\(tag) \(trading.now) \(trading.history(InstrumentID(0), 999).count)")
      })
    let result = try Backtest(strategy, on: series).run()
    #expect(
      result.notes.map(\.text) == [
        "7 2024-03-07T20:55:00Z 25", "8 2024-03-08T20:45:00Z 51", "7 2024-03-08T20:55:00Z 51",
        "7 2024-03-11T19:55:00Z 77", "7 2024-03-12T19:55:00Z 103",
      ])
  }
}

struct CoarseBarsTests {
  /// The bars of a series as a strategy sees them, each with the number of bars that it had seen.
  private func complete(_ series: BarSeries, _ timeframe: Timeframe) -> [(bar: Bar, after: Int)] {
    var coarse = CoarseBars(timeframe, keeping: series.count)
    var seen: [(Bar, Int)] = []
    for row in 0..<series.count {
      let before = coarse.bars.count
      coarse.update(series[row], calendar: series.calendar)
      seen += coarse.bars[before...].map { ($0, row + 1) }
    }
    return seen
  }

  @Test(arguments: ["1w", "1mo", "1q", "1y"])
  func coarseBarsAreThoseOfResampling(name: String) throws {
    let timeframe = Timeframe(name)!
    let series = try BarSeries(
      csv: Fixture.path("prices/IBM.csv"), calendar: NewYorkStockExchangeCalendar())
    let wanted = try series.resampled(to: timeframe)
    let found = complete(series, timeframe)
    #expect(found.count >= wanted.count - 1)
    for (row, one) in found.enumerated() {
      #expect(one.bar == wanted[row])
      // Known at its last bar, which the calendar says is the last.
      #expect(series[one.after - 1].closeTime == one.bar.closeTime)
    }
  }

  @Test func unfinishedPeriodsAreNeverShown() throws {
    let series = try BarSeries(
      csv: Fixture.path("prices/IBM.csv"), calendar: NewYorkStockExchangeCalendar())
    let whole = complete(series, .week)
    for count in [3, 4, 5, 6, 251, 252, 253] {
      let cut = complete(series.rows(0..<count), .week)
      let known = whole.filter { $0.after <= count }
      #expect(cut.map(\.bar) == known.map(\.bar))
    }
  }

  @Test func aMissingLastBarDelaysTheCoarseOne() {
    let calendar = WeekdaysCalendar()
    func bar(_ date: String, _ price: Double) -> Bar {
      let session = calendar.session(on: day(date))!
      return Bar(
        openTime: session.open, closeTime: session.close, open: price, high: price + 1,
        low: price - 1, close: price, volume: 10)
    }
    var weeks = CoarseBars(.week, keeping: 2)
    #expect(weeks.update(bar("2024-01-03", 1), calendar: calendar) == nil)
    #expect(weeks.update(bar("2024-01-04", 2), calendar: calendar) == nil)
    // The bar of Friday is missing: the week is known at the next bar.
    let first = weeks.update(bar("2024-01-08", 3), calendar: calendar)
    #expect(first?.closeTime.description == "2024-01-05T00:00:00Z")
    #expect(first?.high == 3 && first?.low == 0 && first?.volume == 20)
    // A week of one Friday both ends the one before and is complete itself.
    #expect(weeks.update(bar("2024-01-19", 5), calendar: calendar)?.open == 5)
    #expect(weeks.bars.map(\.open) == [3, 5])
  }
}
