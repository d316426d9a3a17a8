@testable import BacktestCore
@testable import BacktestReports
import Testing

/// What can be read off a chart.
struct ChartValueTests {
  private func text(_ block: any ReportBlock) throws -> String {
    var writer = MarkupWriter()
    block.write(to: &writer)
    _ = try MarkupChecker(writer.bytes)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func days(_ count: Int) -> [Timestamp] {
    (0..<count).map { CivilDate(daysSinceEpoch: 17_000 + $0).midnight + .hours(21) }
  }

  @Test func endsAndExtremesAreWritten() throws {
    let values = [1_000_000, 2_345_678, 990_000, 1_500_000, 1_234_567.0]
    var chart = LineChart(title: "T", series: [ChartSeries("A", times: days(5), values: values)])
    chart.extremes = .both
    let text = try text(chart)
    #expect(text.contains("class=\"own\" style=") && text.contains(">1.23M</span>"))
    #expect(text.contains(">2.35M on 2016-07-19</span>"))
    #expect(text.contains(">0.99M on 2016-07-20</span>"))
  }

  /// However many lines end at the same value, their labels keep their distance.
  @Test(arguments: [2, 5, 12])
  func labelsAtTheEndsOfLinesDoNotTouch(count: Int) throws {
    let series = (0..<count).map { i in
      ChartSeries("\(i)", times: days(3), values: [1, 2, 1.5 + Double(i % 3) * 1e-6])
    }
    let frame = try #require(LineChart(title: "T", series: series).frame())
    let places = frame.endLabels.map { $0.position * Double(frame.height.rawValue) }
    #expect(places.count == count)
    for (a, b) in zip(places, places.dropFirst()) { #expect(b - a >= 14.9) }
    #expect(places.allSatisfy { $0 <= Double(frame.height.rawValue) + 0.1 })
  }

  /// Every month has a field that covers it and shows the last values of the month.
  @Test func monthsShowTheirValuesWithoutAScript() throws {
    let times = days(1_000)
    let own = times.indices.map { 1 + Double($0) / 1_000 }
    let chart = LineChart(
      title: "T",
      series: [
        ChartSeries("A", times: times, values: own),
        ChartSeries("B", times: times, values: own.map { 2 * $0 }),
      ])
    let text = try text(chart)
    let group = try #require(text.components(of: "<g class=\"h\">").first)
    let fields = group.prefix(upTo: group.firstRange(of: "</g>")?.lowerBound ?? group.startIndex)
      .components(of: "<path d=")
    #expect(fields.count == 34)
    let last = try #require(times.lastIndex { $0.utcDate.month == 3 && $0.utcDate.year == 2018 })
    let value = NumberFormat.ratio.text(own[last])
    let other = NumberFormat.ratio.text(2 * own[last])
    #expect(text.contains("<title>2018-03-31\nA \(value)\nB \(other)</title>"))
    // The fields fill the whole width.
    let widths = fields.compactMap { field in
      field.firstMatch(of: #/h(\d+)v1e3/#).flatMap { Int($0.output.1) }
    }
    #expect(widths.reduce(0, +) == ChartFrame.width)
  }

  @Test func anAxisHasOneUnit() {
    for (range, count) in [(0.0...1_020_000, 5), (994_000...1_003_000, 5), (-5_000...900, 4)] {
      let labels = AxisTicks.linear(range, count: count, unit: .plain).map(\.label)
      let units = Set(labels.filter { $0 != "0" }.compactMap(\.last).map { $0.isNumber ? " " : $0 })
      #expect(units.count == 1, "\(labels)")
    }
    let plain = AxisTicks.linear(0...1_000, count: 5, unit: .plain).map(\.label)
    #expect(plain == ["0", "200", "400", "600", "800", "1,000"])
    let log = AxisTicks.logarithmic(90_000...3_000_000, count: 7, unit: .plain).map(\.label)
    #expect(log == ["100k", "200k", "500k", "1,000k", "2,000k"])
  }

  /// Nights and weekends have no width, and labels are by the clock of the market.
  @Test func tradingTimeHasNoGaps() throws {
    let calendar = NewYorkStockExchangeCalendar()
    var times: [Timestamp] = []
    for day in 2...31 {
      guard let session = calendar.session(on: CivilDate(year: 2024, month: 1, day: day)!) else {
        continue
      }
      times += (1...78).map { session.open + .minutes(Int64($0) * 5) }
    }
    let axis = SessionAxis(times, calendar: calendar)
    for row in [0, 1, 77, 78, 500, times.count - 1] {
      #expect(axis.position(of: times[row]) == Double(row))
    }
    // A Saturday lies between Friday's last bar and Monday's first.
    let saturday = CivilDate(year: 2024, month: 1, day: 6)!.midnight
    let place = axis.position(of: saturday)
    #expect(place > 4 * 78 - 1 && place < 4 * 78)
    #expect(axis.text(at: 0) == "2024-01-02 09:35" && axis.text(at: 77) == "2024-01-02 16:00")
    let ticks = axis.ticks(count: 6)
    #expect(ticks.map(\.label) == ["2 Jan 2024", "8 Jan", "16 Jan", "22 Jan", "29 Jan"])
    #expect(ticks.allSatisfy { Int($0.value) % 78 == 0 })
  }

  /// A million points stay under 40 KB, and the extremes of each column are among what is kept.
  @Test func aMillionPointsAreSmall() throws {
    var state: UInt64 = 1
    var value = 100.0
    let y = (0..<1_000_000).map { _ -> Double in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      value *= 1 + (Double(state >> 40) / 16_777_216 - 0.5) * 0.002
      return value
    }
    let x = y.indices.map(Double.init)
    var chart = LineChart(title: "T", series: [ChartSeries("A", x: x, y: y)])
    chart.xAxis = .number(.plain)
    let frame = try #require(chart.frame())
    let runs = chart.series[0].runs(in: frame)
    let rows = Set(runs[0].map(\.y))
    #expect(rows.contains(frame.row(y.max() ?? 0)) && rows.contains(frame.row(y.min() ?? 0)))
    // Each column of two units holds its true highest and lowest value.
    var bounds = [Int: (low: Int, high: Int)]()
    for row in y.indices {
      let point = frame.point(x[row], y[row])
      let known = bounds[point.x / 2] ?? (point.y, point.y)
      bounds[point.x / 2] = (min(known.low, point.y), max(known.high, point.y))
    }
    var kept = [Int: (low: Int, high: Int)]()
    for point in runs[0] {
      let known = kept[point.x / 2] ?? (point.y, point.y)
      kept[point.x / 2] = (min(known.low, point.y), max(known.high, point.y))
    }
    #expect(bounds.count == kept.count)
    #expect(
      bounds.allSatisfy { kept[$0.key]?.low == $0.value.low && kept[$0.key]?.high == $0.value.high }
    )
    #expect(try #require(chart.svg()).count < 40_000)
  }

  @Test func boxesShowQuartiles() throws {
    let chart = BoxChart(title: "T", boxes: [.init("Month", values: [-0.1, 0, 0.1, 0.2, 0.3])])
    let text = try text(chart)
    #expect(
      text.contains(
        "Month, 5 values: lowest −10.0%, lower quartile 0.0%, median 10.0%, upper quartile 20.0%, "
          + "highest 30.0%."))
    #expect(BoxChart(title: "T", boxes: [.init("a", values: [.nan])]).svg() == nil)
  }

  @Test func candlesCarryTheirTrades() throws {
    let times = days(4)
    let chart = CandleChart(
      title: "T",
      candles: [
        .init(open: 1, high: 3, low: 0.5, close: 2), .init(open: 2, high: 2.5, low: 1, close: 1.5),
        .init(open: 1.5, high: 4, low: 1.5, close: 3.5), .init(open: 3, high: 3, low: 3, close: 3),
      ], axis: SessionAxis(times),
      trades: [
        .init(
          entry: -5, exit: 2, entryPrice: 1, exitPrice: 3, isLong: true, isProfit: true,
          title: "Long <1>")
      ])
    let text = try text(chart)
    #expect(text.components(of: "class=\"candle sg\"").count == 1)
    #expect(text.contains("<title>Long &lt;1&gt;</title>"))
    // It was entered before the window: no dot there, one ring at its exit.
    #expect(text.components(of: "class=\"dot s1\"").count == 1)
    #expect(text.components(of: "class=\"dot hole\"").count == 1)
  }

  @Test func aWaterfallEndsAtItsSum() throws {
    let bars = RankedBars(
      caption: "T", waterfall: [.init("Gross", 100), .init("Fees", -25), .init("Net", 75)])
    let text = try text(bars)
    #expect(text.contains("margin-left:0%;width:100%"))
    #expect(text.contains("margin-left:75%;width:25%") && text.contains("margin-left:0%;width:75%"))
  }
}

extension StringProtocol where SubSequence == Substring {
  /// What follows each occurrence of a text.
  fileprivate func components(of mark: String) -> [Substring] {
    ranges(of: mark).map { self[$0.upperBound...] }
  }
}
