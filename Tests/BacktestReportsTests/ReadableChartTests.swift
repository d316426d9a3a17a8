@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import TestSupport
import Testing

/// What a reader finds out from a chart: values of bars and dots, names, times and events.
struct ReadableChartTests {
  private func markup(_ block: any ReportBlock) throws -> String {
    var writer = MarkupWriter()
    block.write(to: &writer)
    _ = try MarkupChecker(writer.bytes)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The titles of bars, without that of the chart.
  private func barTitles(_ text: String) -> [String] {
    text.matches(of: #/<path d="[^"]*"><title>([^<]*)</title>/#).map { String($0.output.1) }
  }

  /// Each bar tells its range and count, and the counts are those of the values.
  @Test func barsOfHistogramsTellRangeAndCount() throws {
    let values = (0..<500).map { Double($0 * $0 % 97) / 1_000 - 0.04 }
    let text = try markup(HistogramChart(title: "H", values: values))
    var total = 0
    for title in barTitles(text) {
      let found = try #require(
        title.firstMatch(of: #/^([−\d.]+)% to ([−\d.]+)%: (\d+)$/#), "\(title)")
      let bounds = [found.output.1, found.output.2].compactMap {
        Double($0.replacing("−", with: "-")).map { $0 / 100 }
      }
      let count = try #require(Int(found.output.3))
      #expect(values.count { $0 >= bounds[0] - 1e-9 && $0 < bounds[1] - 1e-9 } == count, "\(title)")
      total += count
    }
    #expect(total == 500)
    let tallest = barTitles(text).compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
      .max()
    #expect(text.contains("\">\(tallest ?? 0)</span>"))
    // Whole numbers are ranges of their own.
    let counts = HistogramChart(
      title: "H", values: [1, 1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9], showsNormalCurve: false,
      unit: .count)
    #expect(barTitles(try markup(counts)).prefix(3) == ["1: 2", "2: 1", "3: 3"])
  }

  @Test func extremesOfBarsAndBoxesAreWritten() throws {
    let years = (2001...2014).map { "\($0)" }
    let chart = BarChart(
      title: "B", categories: years,
      groups: [
        .init("a", values: years.indices.map { Double($0) / 100 }),
        .init("b", values: years.indices.map { -Double($0) / 50 }),
      ], unit: .percent)
    let text = try markup(chart)
    #expect(text.contains(">13.0%</span>") && text.contains(">−26.0%</span>"))
    // Of years all are there, after the first with two digits.
    #expect(text.contains(">2001</span>") && text.contains(">’02</span>"))
    let boxes = BoxChart(
      title: "B",
      boxes: [.init("Month", values: [-0.1, 0, 0.1, 0.2, 0.3]), .init("Year", values: [0])])
    let shown = try markup(boxes)
    #expect(shown.contains(">−10.0%</span>") && shown.contains(">30.0%</span>"))
  }

  /// The quantiles that a reader can point at are those of the returns.
  @Test func quantilesCanBeReadOff() throws {
    let result = try ReportFixtures.sharedRun.get()
    let report = Report(result)
    let text = report.text
    let returns = result.sample.returns
    let mean = returns.reduce(0, +) / Double(returns.count)
    let squares = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(returns.count - 1)).squareRoot()
    let fields = text.matches(of: #/<title>([\d.]+)% quantile\nReturn (−?[\d.]+)\nNormal/#)
    #expect(fields.count == 9)
    for field in fields {
      let share = try #require(Double(field.output.1)) / 100
      let told = try #require(Double(field.output.2.replacing("−", with: "-")))
      // Within the values between neighbouring shares.
      let bounds = [share * 0.8, min(share * 1.2 + 2e-4, 1)].map {
        (returns.sorted().sortedQuantile($0) - mean) / deviation
      }
      #expect((bounds[0] - 0.01...bounds[1] + 0.01).contains(told), "\(share): \(told) \(bounds)")
    }
    let lowest = NumberFormat.ratio.text(((returns.min() ?? 0) - mean) / deviation)
    #expect(text.contains(">\(lowest)</span>"))
  }

  /// No name of a chart of names gets lost, however long it is.
  @Test func everyNameIsThere() throws {
    let names = (1...14).map { "A time of stress, number \($0)" }
    var chart = BarChart(
      title: "S", categories: names, groups: [.init("a", values: names.indices.map(Double.init))])
    chart.showsEveryName = true
    let text = try markup(chart)
    for name in names { #expect(text.contains("<span>\(name)</span>"), "\(name)") }
    #expect(text.contains("xlab cats up"))
    let runs = (1...14).map { "crossover \($0)" }
    let map = HeatMapChart(
      title: "C", columns: runs, rows: runs.reversed(),
      values: runs.map { _ in runs.map { _ in 0.5 } }, xTitle: "Run", yTitle: "Run")
    let shown = try markup(map)
    for name in runs {
      #expect(shown.ranges(of: ">\(name)</span>").count == 2, "\(name)")
    }
  }

  @Test func endsOfExposureHaveTheirNames() throws {
    let prices: [MarketBuilder.Prices] = (0..<300).map { row in
      let price = 100 + Double(row % 13)
      return (price, price + 1, price - 1, price)
    }
    let result = try runScript(
      [try MarketBuilder.series(prices)],
      ScriptedStrategy([
        0: { _, trading in trading.target(.first, weight: 0.5) },
        150: { _, trading in trading.target(.first, weight: -0.5) },
      ])
    ) { $0.account.funding = .margin(leverage: 2) }
    let text = Report(result).text
    for name in ["Gross", "Net", "Long", "Short"] {
      #expect(text.contains(try Regex("<i class=\"o\">\(name) </i>−?[0-9.]+%</span>")), "\(name)")
    }
  }

  /// The clock of the market, in winter and in summer, on the day that it shows.
  @Test func clocksShowTheTimeOfTheirMarket() throws {
    func time(_ text: String, _ hours: Int64) -> Timestamp {
      CivilDate(text)!.midnight + .hours(hours)
    }
    let newYork = MarketClock(NewYorkStockExchangeCalendar())
    #expect(newYork.zone == "New York time")
    #expect(newYork.text(time("2024-01-05", 21)) == "2024-01-05 16:00")
    #expect(newYork.text(time("2024-07-05", 20)) == "2024-07-05 16:00")
    // An evening before the session of the next day.
    #expect(MarketClock(ForexCalendar()).text(time("2024-03-10", 22)) == "2024-03-10 18:00")
    let london = MarketClock(TradingCalendars.named("XLON"))
    #expect(london.zone == "London time")
    #expect(london.text(time("2024-07-05", 23)) == "2024-07-06 00:00")
    #expect(MarketClock(TradingCalendars.named("XHKG")).zone == "Hong Kong time")
    for calendar in [nil, AlwaysOpenCalendar() as any TradingCalendar] {
      #expect(MarketClock(calendar).zone == "UTC")
      #expect(MarketClock(calendar).text(time("2024-07-05", 20)) == "2024-07-05 20:00")
    }
  }

  /// Bars of half an hour in New York: trades and drawdowns by its clock, as the charts are.
  @Test func aPageHasOneClock() throws {
    let calendar = NewYorkStockExchangeCalendar()
    let sessions = calendar.sessions(
      from: CivilDate("2024-07-01")!, through: CivilDate("2024-07-31")!)
    let times = sessions.flatMap { session in
      (0..<13).map { session.open + .minutes(Int64($0) * 30) }
        .filter { $0 < session.close }.map { (open: $0, close: $0 + .minutes(30)) }
    }
    let prices = times.indices.map { row -> MarketBuilder.Prices in
      let price = 100 + Double(row * 7 % 11)
      return (price, price, price, price)
    }
    let series = try MarketBuilder.series(
      prices, volume: nil, times: times, timeframe: .intraday(seconds: 1_800),
      instrument: Instrument(symbol: "X"), calendar: calendar)
    let result = try runScript(
      series,
      [
        3: { _, trading in trading.target(.first, weight: 1) },
        40: { _, trading in trading.target(.first, weight: 0) },
      ])
    let trade = try #require(result.trades.first)
    let text = Report(result).text
    let seconds = trade.entryTime.nanoseconds / 1_000_000_000 - 4 * 3_600
    let summer = Timestamp(seconds: seconds)
    let minutes = (summer - summer.utcDate.midnight).nanoseconds / 60_000_000_000
    let wanted = "\(summer.utcDate) \(twoDigits(Int(minutes) / 60)):\(twoDigits(Int(minutes) % 60))"
    #expect(
      text.contains(">Entry, New York time</th>") && text.contains(">\(wanted)</td>"), "\(wanted)")
    #expect(text.contains(">Peak, New York time</th>"))
    #expect(text.contains("<p class=\"xtitle\">New York time</p>"))
    #expect(!text.contains("UTC"))
  }

  /// What limits did is on the equity: in the drawing, the legend and the description.
  @Test func limitsAreMarkedOnTheEquity() throws {
    let closes = [100.0, 100, 95, 90, 90, 60, 60, 60, 60, 60, 60]
    let result = try runScript(
      [try MarketBuilder.series(closes.map { ($0, $0, $0, $0) })],
      ScriptedStrategy(always: { _, trading in trading.target(.first, quantity: 10) })
    ) {
      $0.account.initialCash = 1_000
      $0.risk.drawdown = DrawdownGuard(reduceAt: 0.1, scale: 0.5, haltAt: 0.2, coolDownSessions: 2)
    }
    let text = Report(result).text
    let figure = try #require(
      text.firstMatch(of: #/<strong>Equity</strong>.*?</figure>/#.dotMatchesNewlines()))
    for name in ["Positions closed by a limit, 1 time", "Targets reduced by a drawdown, 1 time"] {
      #expect(figure.output.contains("</i>\(name)</li>"), "\(name)")
      #expect(figure.output.contains(try Regex("<desc>[^<]*Marked: [^<]*\(name)")), "\(name)")
    }
    #expect(figure.output.contains("class=\"dot s"))
    #expect(!Report(try ReportFixtures.sharedRun.get()).text.contains("Marked: "))
  }

  /// Ten years of days: every month can be read off equity and drawdown, and the page stays small.
  @Test func aPageOfTenYearsIsReadByMonthAndSmall() throws {
    let text = try ReportFixtures.complete(ReportFixtures.tenYears()).text
    #expect(text.utf8.count < 350_000, "\(text.utf8.count)")
    for title in ["Equity", "Drawdown"] {
      let start = try #require(text.firstRange(of: "<figcaption><strong>\(title)</strong>"))
      let figure = text[start.upperBound...]
      let end = try #require(figure.firstRange(of: "</figure>"))
      let fields = figure[..<end.lowerBound].ranges(of: "<title>20").count
      #expect((115...122).contains(fields), "\(title): \(fields)")
    }
  }
}
