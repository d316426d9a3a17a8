@testable import BacktestCore
@testable import BacktestReports
import Testing

struct ChartTests {
  private func markup(_ block: any ReportBlock) throws -> (checker: MarkupChecker, text: String) {
    var writer = MarkupWriter()
    block.write(to: &writer)
    return (try MarkupChecker(writer.bytes), String(decoding: writer.bytes, as: UTF8.self))
  }

  private let days = (0..<5).map { CivilDate(daysSinceEpoch: 18_000 + $0).midnight }

  @Test func aMissingValueCutsTheLine() throws {
    let series = ChartSeries("A", times: days, values: [1, 2, nil, 3, 2] as [Double?])
    let text = try markup(LineChart(title: "T", series: [series])).text
    let path = try #require(text.split(separator: "class=\"s1\" d=\"").last)
    #expect(path.prefix { $0 != "\"" }.count { $0 == "M" || $0 == "m" } == 2)
  }

  /// Highest value at the top, lowest at the bottom, first at the left, last at the right.
  @Test func valuesStandWhereTheyBelong() {
    let frame = ChartFrame(
      title: "", summary: "", height: .tall, xScale: ChartScale(0...10),
      yScale: ChartScale(1...100, isLogarithmic: true))
    #expect(frame.point(0, 100) == DrawingPoint(x: 0, y: 0))
    #expect(frame.point(10, 1) == DrawingPoint(x: 2_000, y: 1_000))
    #expect(frame.point(5, 10) == DrawingPoint(x: 1_000, y: 500))
    #expect(frame.point(20, 0) == DrawingPoint(x: 2_000, y: 1_000))
  }

  @Test func oddInputStillGivesMarkup() throws {
    let none = ChartSeries("none", x: [], y: [])
    let one = ChartSeries("one", times: [days[0]], values: [5.0])
    let flat = ChartSeries("flat", times: days, values: [0, 0, 0, 0, 0] as [Double])
    let ruined = ChartSeries("ruined", times: days, values: [1, 0.5, 0, 0, 0] as [Double])
    let empty = ChartSeries("empty", times: days, values: [.nan, .nan, .infinity, .nan, .nan])
    let huge = ChartSeries("huge", times: days, values: [1e-300, 1, 1e300, -1e300, 0])
    for series in [[], [none], [one], [flat], [ruined], [empty], [huge], [empty, one]] {
      var chart = LineChart(title: "T", series: series)
      chart.isLogarithmic = true
      chart.yTitle = "Value"
      _ = try markup(chart)
      _ = try markup(LineChart.underwater(title: "T", series: series))
      let values = series.flatMap(\.y)
      let text = try markup(HistogramChart(title: "H", values: values)).text
      #expect(!text.contains("NaN") && !text.contains("nan\"") && !text.contains("inf"))
      _ = try markup(
        ScatterChart(title: "S", clouds: [.init("c", x: values, y: values)], xTitle: "", yTitle: "")
      )
      let names = values.map { "\($0)" }
      _ = try markup(
        BarChart(title: "B", categories: names, groups: [.init("g", values: values)]))
      _ = try markup(RankedBars(caption: "R", items: values.map { .init("i", $0) }))
      _ = try markup(MonthlyHeatMap(caption: "M", months: []))
    }
  }

  @Test func aValueOfZeroSwitchesTheLogarithmOff() throws {
    var chart = LineChart(
      title: "T", series: [ChartSeries("A", times: days, values: [1, 0.5, 0, 0, 0] as [Double])])
    chart.isLogarithmic = true
    chart.yTitle = "Equity"
    #expect(try !markup(chart).text.contains("log scale"))
    chart.series[0].y = [1, 2, 3, 4, 5]
    #expect(try markup(chart).text.contains("Equity, log scale"))
  }

  @Test func stackedBarsStandOnEachOther() throws {
    let chart = BarChart(
      title: "Costs", categories: ["2023"],
      groups: [.init("a", values: [3]), .init("b", values: [1]), .init("c", values: [-2])],
      isStacked: true)
    let (checker, text) = try markup(chart)
    // The axis runs from -2 to 4 with 21 of 220 pixels' worth of 6 at both ends: 7.145 in all.
    #expect(checker.values(of: "d").contains("M400 640h1200v-420h-1200z"))
    #expect(checker.values(of: "d").contains("M400 220h1200v-140h-1200z"))
    #expect(checker.values(of: "d").contains("M400 640h1200v280h-1200z"))
    #expect(text.contains("<title>c, 2023: −2.00</title>"))
  }

  @Test func histogramsCountEveryValue() throws {
    let values = (0..<1_000).map { Double($0 % 37) * 0.001 - 0.018 }
    let bins = try #require(HistogramBins(values + [.nan]))
    #expect(bins.counts.reduce(0, +) == 1_000)
    #expect((8...81).contains(bins.counts.count))
    for (i, count) in bins.counts.enumerated() {
      let low = bins.origin + Double(i) * bins.width
      let inside = values.count { $0 >= low - 1e-12 && $0 < low + bins.width - 1e-12 }
      #expect(abs(inside - count) <= 28)
    }
    // The counts of the normal curve add up to all values.
    let steps = (-2_000...2_000).map { bins.normalCount(at: bins.mean + Double($0) * 1e-4) }
    #expect(abs(steps.reduce(0, +) * 1e-4 / bins.width - 1_000) < 0.01)
    #expect(HistogramBins([.nan]) == nil)
  }

  @Test func aHeatMapCompoundsItsMonths() throws {
    let map = MonthlyHeatMap(
      caption: "Monthly returns",
      months: [
        .init(year: 2021, month: 1, value: 0.1), .init(year: 2021, month: 12, value: -0.1),
        .init(year: 2023, month: 2, value: 0.002), .init(year: 2024, month: 2, value: 12.5),
      ])
    let (checker, text) = try markup(map)
    #expect(text.contains("<td class=\"p4\">10.0</td>") && text.contains("<td class=\"n4\">−10.0"))
    #expect(text.contains("<td class=\"loss\">−1.0</td>"))
    #expect(text.contains("<td class=\"p1\">0.2</td>") && !text.contains("2022"))
    #expect(checker.tags.count { $0.name == "td" } == 39)
    #expect(text.contains(">1,250</td>"))
    #expect(HeatScale([0.05], smallest: 0.001, whenEmpty: 1).level(of: 0) == 0)
    #expect(HeatScale([0.05], smallest: 0.001, whenEmpty: 1).level(of: -1) == -4)
  }

  @Test func aChartIsAFileOfItsOwn() throws {
    let evil = "<b>&\"'"
    var line = LineChart(
      title: evil, subtitle: evil,
      series: (0..<9).map { ChartSeries("\(evil) \($0)", times: days, values: [1, 2, 3, 4, 5.0]) })
    line.bands = [ChartBand(from: days[0], to: days[2], name: evil, label: evil)]
    line.markers = [ChartMarkers(evil, shape: .ring, times: days, values: [1, 2, 3, 4, 5])]
    let files = [
      line.svg(),
      BarChart(title: evil, categories: ["a"], groups: [.init("g", values: [1])]).svg(),
      HistogramChart(title: evil, values: [1, 2, 3], marks: [.init(evil, at: 2)]).svg(),
      ScatterChart(
        title: evil, clouds: [.init("c", x: [1], y: [2])], xTitle: evil, yTitle: evil,
        diagonalName: evil
      ).svg(),
    ]
    for file in files {
      let checker = try MarkupChecker(try #require(file))
      #expect(checker.tags.first?.name == "svg")
      #expect(checker.values(of: "xmlns") == ["http://www.w3.org/2000/svg"])
      #expect(checker.tags.contains { $0.name == "text" })
      #expect(!checker.tags.contains { $0.name == "b" })
    }
    #expect(LineChart(title: "T", series: []).svg() == nil)
  }

  @Test func fewCategoriesKeepTheirNames() throws {
    let names = ["Crossover with filter", "Mean reversion of pairs", "Buy and hold"]
    let chart = BarChart(title: "B", categories: names, groups: [.init("g", values: [1, 2, 3])])
    let (checker, text) = try markup(chart)
    for name in names { #expect(text.contains("<span>\(name)</span>")) }
    #expect(checker.values(of: "style").contains("--n:3"))
    let years = (1980..<2024).map { "\($0)" }
    let many = BarChart(
      title: "B", categories: years, groups: [.init("g", values: years.map { _ in 1 })])
    #expect(try !markup(many).text.contains("cats"))
  }

  @Test func aLoneValueIsADot() throws {
    let series = ChartSeries("A", times: days, values: [1, 2, nil, 3, nil] as [Double?])
    let (checker, _) = try markup(LineChart(title: "T", series: [series]))
    #expect(checker.values(of: "class").contains("dot s1"))
    #expect(checker.values(of: "d").contains("M1500 37h0"))
  }

  @Test func dotsThatCoverEachOtherAreDrawnOnce() {
    let same = (0..<5_000).map { DrawingPoint(x: 100 + $0 % 2, y: 50) }
    #expect(PointDecimation.distinct(same + [DrawingPoint(x: 300, y: 50)]).count == 2)
  }

  /// The cells of a heat map, its mark, and what is shown at a cell.
  @Test func aHeatMapDrawsACellForEachValue() throws {
    var chart = HeatMapChart(
      title: "Sharpe ratio by fast and slow", columns: ["5", "10", "20"], rows: ["50", "100"],
      values: [[1, nil, -0.5], [0.25, 0.5, .nan]], xTitle: "fast", yTitle: "slow",
      format: .ratio)
    chart.marked = (0, 0)
    let text = String(decoding: try #require(chart.svg()), as: UTF8.self)
    #expect(text.split(separator: "<title>fast ").count - 1 == 4)
    #expect(text.split(separator: "class=\"area cell ").count - 1 == 5, "the legend")
    #expect(text.contains("<title>fast 5, slow 50: 1.00</title>"))
    #expect(text.contains("class=\"cellmark\""))
    chart.values = [[nil]]
    #expect(chart.svg() == nil)
    // Values near each other on one side of 0 differ in colour, and the legend says by how much.
    for (sign, style) in [(1.0, "p"), (-1, "n")] {
      chart.values = [[0.80, 0.84, 0.87].map { $0 * sign }, [0.92 * sign, sign, nil]]
      let near = String(decoding: try #require(chart.svg()), as: UTF8.self)
      for level in 1...4 {
        #expect(near.contains("class=\"cell \(style)\(level)\""), "\(near)")
        #expect(near.contains("class=\"area cell \(style)\(level)\""), "\(near)")
      }
    }
    // A large map has one path for each colour.
    let large = HeatMapChart(
      title: "Large", columns: (0..<100).map { "\($0)" }, rows: (0..<100).map { "\($0)" },
      values: (0..<100).map { row in (0..<100).map { Double(row - $0) } }, xTitle: "x",
      yTitle: "y", format: .ratio)
    let bytes = try #require(large.svg())
    #expect(bytes.count < 400_000)
    #expect(
      String(decoding: bytes, as: UTF8.self).split(separator: "<path class=\"cell").count <= 10)
  }
}
