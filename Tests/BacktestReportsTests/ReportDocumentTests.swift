@testable import BacktestCore
@testable import BacktestReports
import Testing

struct ReportDocumentTests {
  @Test func aReportOfTenYearsIsWellFormedAndSmall() throws {
    var sample = SampleReport()
    let bytes = sample.document().bytes()
    #expect(bytes.count < 400_000 && bytes.count > 50_000)
    let checker = try MarkupChecker(bytes)
    let names = checker.tags.map(\.name)
    #expect(names.count { $0 == "svg" } == 9)
    #expect(names.count { $0 == "desc" } == 9 && names.count { $0 == "caption" } == 4)
  }

  @Test func equalInputGivesEqualBytes() {
    var (a, b, other) = (SampleReport(), SampleReport(), SampleReport(seed: 8))
    let bytes = a.document().bytes()
    #expect(bytes == b.document().bytes())
    #expect(bytes != other.document().bytes())
  }

  @Test func nothingIsLoadedAndNothingRuns() throws {
    var sample = SampleReport()
    let bytes = sample.document().bytes()
    let checker = try MarkupChecker(bytes)
    for name in ["script", "link", "img", "iframe", "object", "use", "image"] {
      #expect(!checker.tags.contains { $0.name == name })
    }
    let names = Set(checker.tags.flatMap { $0.attributes.map(\.name) })
    #expect(names.isDisjoint(with: ["src", "srcset", "xlink:href", "onclick", "onload"]))
    #expect(checker.values(of: "href").allSatisfy { $0.hasPrefix("#") })
    let text = String(decoding: bytes, as: UTF8.self)
    for word in ["url(", "@import", "http:", "https:", "//"] { #expect(!text.contains(word)) }
  }

  @Test func contentsLeadToSections() throws {
    let sections = ["Equity", "a b/c", "a b/c", "", "É"].map {
      ReportSection(id: $0, title: "Title \($0)")
    }
    let checker = try MarkupChecker(ReportDocument(title: "T", sections: sections).bytes())
    let ids = checker.anchors
    #expect(ids == ["equity", "a-b-c", "a-b-c-2", "section", "--"])
    #expect(checker.values(of: "href") == ids.map { "#" + $0 })
  }

  @Test func hostileNamesStayText() throws {
    let evil = "</title><script>alert('x')</script>\u{0}\"&<!--"
    let day = CivilDate("2024-01-02")!.midnight
    var line = LineChart(
      title: evil, subtitle: evil,
      series: [ChartSeries(evil, times: [day, day + .days(9)], values: [1.0, 2.0])])
    line.bands = [ChartBand(from: day, to: day + .days(3), name: evil, label: evil)]
    line.markers = [ChartMarkers(evil, shape: .ring, times: [day], values: [1])]
    line.xTitle = evil
    line.yTitle = evil
    let blocks: [any ReportBlock] = [
      ReportParagraph(evil), ReportSubheading(evil),
      ReportNotice(.warning, title: evil, items: [evil]),
      ReportTiles([.init(evil, value: evil, detail: evil, definition: evil)]),
      ReportDefinitions([.init(evil, evil)]),
      ReportTable(
        caption: evil, columns: [.text(evil, definition: evil), .number(evil, as: .ratio)],
        rows: [[.text(evil), .missing(evil)], [.text(evil), .text(evil)]],
        limit: .init(rowCount: 1, file: evil), isFolded: true),
      line, RankedBars(caption: evil, items: [.init(evil, 1)]),
      BarChart(title: evil, categories: [evil], groups: [.init(evil, values: [1])], yTitle: evil),
      HistogramChart(title: evil, values: [1], marks: [.init(evil, at: 1)], xTitle: evil),
      ScatterChart(
        title: evil, clouds: [.init(evil, x: [1], y: [1])], xTitle: evil, yTitle: evil,
        diagonalName: evil),
      MonthlyHeatMap(caption: evil, months: [.init(year: 2024, month: 1, value: 0)]),
    ]
    let document = ReportDocument(
      title: evil, subtitle: evil, summary: blocks,
      sections: [ReportSection(id: evil, title: evil, summary: evil, blocks: blocks)], footer: evil)
    let checker = try MarkupChecker(document.bytes())
    #expect(!checker.tags.contains { $0.name == "script" })
  }

  @Test func longTablesAreCutAndSaySo() throws {
    let rows = (0..<1_250).map { [ReportCell.text("\($0)"), .number(Double($0))] }
    var table = ReportTable(
      caption: "Fills", columns: [.text("Fill"), .number("Price", as: .money)], rows: rows,
      limit: .init(rowCount: 20, file: "fills.csv"))
    var writer = MarkupWriter()
    table.write(to: &writer)
    let text = String(decoding: writer.bytes, as: UTF8.self)
    #expect(text.contains("1,230 more rows in fills.csv"))
    #expect(try MarkupChecker(writer.bytes).tags.count { $0.name == "tr" } == 21)
    table.limit = .init(rowCount: 1_250, file: "fills.csv")
    writer = MarkupWriter()
    table.write(to: &writer)
    #expect(!String(decoding: writer.bytes, as: UTF8.self).contains("more row"))
  }

  @Test func aMissingFigureGivesItsReason() throws {
    var writer = MarkupWriter()
    ReportTable(
      caption: "Metrics", columns: [.text("Metric"), .number("Value", as: .ratio, isSigned: true)],
      rows: [
        ["Sortino", .number(nil, else: "no losing bar")], ["Sharpe", .number(-1.5, else: "")],
        ["Last", .time(CivilDate("2024-02-29")!.midnight + .hours(21))],
      ]
    ).write(to: &writer)
    let text = String(decoding: writer.bytes, as: UTF8.self)
    #expect(text.contains("<abbr title=\"no losing bar\">–</abbr>"))
    #expect(text.contains("<td class=\"loss\">−1.50</td>"))
    #expect(text.contains(">2024-02-29 21:00<"))
  }
}
