@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestReports
import TestSupport
import Strategies
import Testing

struct ReportTests {
  static let sections = [
    "equity", "certainty", "returns", "rolling", "exposure", "regimes", "trades", "costs",
    "attribution", "crises", "metrics", "assumptions", "data", "provenance",
  ]

  @Test func aRunOfFourStocksFillsThePage() throws {
    let result = try ReportFixtures.sharedRun.get()
    let report = try ReportFixtures.complete(result)
    let bytes = report.bytes()
    #expect(bytes.count > 80_000 && bytes.count < 400_000)
    let page = try MarkupChecker(bytes)
    #expect(page.anchors == Self.sections)
    for name in ["link", "img", "iframe"] {
      #expect(!page.tags.contains { $0.name == name })
    }
    #expect(page.tags.count { $0.name == "script" } == 1)
    let text = String(decoding: bytes, as: UTF8.self)
    for part in [
      "SMACrossover", "S&amp;P 500", "(252 bars per year)",
      "USD, log scale", "All trades, in order of exit (", "The five worst trades",
      "Bull/bear 20 %, by prices of SPX",
      "as known at the time",
      "studies/crossover.yaml", "<dd>as named</dd>", result.fingerprint.description,
      "the figures say nothing about markets unlike it",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(!text.contains("<dd>SMACrossover</dd>"))
    #expect(try ReportFixtures.complete(ReportFixtures.run()).bytes() == bytes)
  }

  @Test func figuresAreThoseOfTheMetrics() throws {
    let result = try ReportFixtures.sharedRun.get()
    let metrics = result.metrics
    let text = Report(result).text
    for (value, format) in [
      (metrics.sharpe, NumberFormat.ratio), (metrics.cagr, .percent(decimals: 1)),
      (metrics.maxDrawdown, .percent(decimals: 1)), (metrics.volatility, .percent(decimals: 1)),
    ] {
      #expect(text.contains("<strong>\(format.text(value))</strong>"))
    }
    let commission = result.fills.reduce(0) { $0 + $1.commission }
    #expect(text.contains(">\(NumberFormat.money.text(commission))</td>"))
    #expect(text.contains(try #require(result.universe.series[0].source).digest))
    // Without a benchmark of its own the page holds the universe against holding it.
    #expect(text.contains("holding equal parts"))
    var alone = Report(result)
    alone.benchmark = nil
    #expect(!alone.text.contains("holding equal parts") && !alone.text.contains("Compared with "))
  }

  @Test func aWalkForwardShowsItsFolds() throws {
    let walkForward = try ReportFixtures.sharedWalkForward.get()
    #expect(walkForward.folds.count == 12)
    let report = try ReportFixtures.complete(walkForward)
    let bytes = report.bytes()
    #expect(bytes.count < 400_000)
    let page = try MarkupChecker(bytes)
    #expect(
      page.anchors == [
        "equity", "certainty", "returns", "rolling", "exposure", "folds", "parameters", "regimes",
        "trades", "costs", "attribution", "crises", "metrics",
        "assumptions", "data", "provenance",
      ])
    let text = String(decoding: bytes, as: UTF8.self)
    let sharpe = NumberFormat.ratio.text(walkForward.metrics.sharpe)
    #expect(
      text.contains("Out-of-sample Sharpe ratio \(sharpe) (252 bars per year), compared with"))
    #expect(text.contains("12 folds; 9 candidates per fold."))
    #expect(text.contains(WalkForwardResult.efficiencyDefinition))
    #expect(text.contains(NumberFormat.ratio.text(walkForward.efficiency)))
    for fold in walkForward.folds {
      #expect(text.contains(">\(fold.testDates.lowerBound)</td>"))
      #expect(text.contains(">\(NumberFormat.ratio.text(fold.inSample))</td>"))
      let fast = try #require(fold.parameters["fast"])
      let slow = try #require(fold.parameters["slow"])
      #expect(text.contains("fast=\(fast)\u{A0}slow=\(slow)"))
    }
    let trades = walkForward.stitched.trades
    let marked = trades.count(where: \.isMarked)
    #expect(marked > 0 && text.contains("\(marked) of \(trades.count) closed round trips"))
    #expect(text.contains(", at the mark</td>"))
    for line in walkForward.plan.assumptions where line.label != "First window" {
      #expect(text.contains("<dt>\(line.label)</dt>"), "\(line)")
    }
    for part in ["fast by fold", "slow by fold", "Equal in both", "Every second test window"] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(report.bytes() == bytes)
  }

  /// Every order is in one row, and one that was made smaller did not fill in full.
  @Test func ordersThatWereReducedAreToldApart() throws {
    let prices: [MarketBuilder.Prices] = (0..<40).map { row in
      let price = 100 + Double(row % 5)
      return (price, price + 1, price - 1, price)
    }
    let strategy = ScriptedStrategy(always: { bars, trading in
      guard let bar = bars[0] else { return }
      let isFlat = trading.position(bar.instrument).quantity == 0
      trading.target(bar.instrument, weight: isFlat ? 1 : 0)
    })
    let result = try runScript([MarketBuilder.series(prices)], strategy) {
      $0.account.initialCash = 10_000
    }
    let reduced = result.counts.cutOrders
    #expect(reduced > 2 && reduced < result.orders.count)
    let text = Report(result).text
    let caption = try #require(text.firstRange(of: "Outcomes of \(result.orders.count) orders"))
    let end = try #require(text[caption.upperBound...].firstRange(of: "</table>"))
    let table = text[caption.upperBound..<end.lowerBound]
    #expect(table.contains("filled after being reduced"))
    let counts = table.matches(of: #/>(\d+)<\/td>/#).compactMap { Int($0.output.1) }
    #expect(counts.reduce(0, +) == result.orders.count && counts.contains(reduced))
  }

  /// Where nothing was traded, headline and verdict say so before any ratio.
  @Test func aRunWithoutTradesSaysSoFirst() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(100, count: 40))
    let strategy = ScriptedStrategy(always: { bars, trading in
      trading.submit(Order(.first, quantity: -5))
    })
    let text = Report(try runScript([series], strategy)).text
    let all = "No trade happened: all 40 orders were rejected (a cash account cannot sell short)."
    #expect(text.contains("<p class=\"verdict\">\(all)</p>"))
    #expect(text.contains("\(all) Sharpe ratio not available"))
    #expect(text.contains(">rejected: a cash account cannot sell short<"))
    #expect(!text.contains("short-not-allowed"))
  }

  /// Bars of the account and sessions of the benchmark are not shown as the same thing.
  @Test func aBenchmarkOfIntradayBarsIsMeasuredInSessions() throws {
    let prices: [MarketBuilder.Prices] = (0..<800).map { row in
      let price = 100 + Double(row * 37 % 23)
      return (price, price + 1, price - 1, price)
    }
    let decisions: [Int: ScriptedStrategy.Decision] = [
      0: { _, trading in trading.target(.first, weight: 0.9) }
    ]
    let halves = try runScript(
      MarketBuilder.series(prices, every: .seconds(43_200)), decisions)
    let note = "the benchmark from session to session"
    let held = Report(halves).text
    #expect(held.contains("are measured bar by bar, and compared from session to session"))
    #expect(!held.contains(" sessions</td>"))
    var report = Report(halves)
    report.benchmark = try BenchmarkCurve(halves.universe.series[0], name: "Index")
    let text = report.text
    #expect(text.contains(note) && text.contains(" sessions</td>"))
    let daily = Report(try runScript(MarketBuilder.series(prices), decisions)).text
    #expect(!daily.contains(note) && !daily.contains(" sessions</td>"))
    #expect(Metrics.headlineNames.allSatisfy { Metrics.find($0)?.unit != .bars })
  }

  @Test func chainedFoldsHaveNoYearlyCosts() throws {
    var walkForward = try ReportFixtures.sharedWalkForward.get()
    #expect(Report(walkForward).text.contains("Cost drag by year"))
    walkForward.plan.carry = .returns
    let text = Report(walkForward).text
    #expect(!text.contains("Cost drag by year"))
    #expect(text.contains("each fold starts with the initial capital"))
  }

  @Test func hostileNamesAndNotesStayText() throws {
    let evil = "</td><script>alert('x')</script>\u{0}\"&<!--"
    let series = try MarketBuilder.series(MarketBuilder.flat(10, count: 40), symbol: evil)
    let strategy = ScriptedStrategy([
      0: { bars, trading in
        trading.note(evil)
        trading.target(.first, weight: 1)
      },
      9: { _, trading in trading.target(.first, weight: 0) },
    ])
    var result = try runScript([series], strategy)
    result.strategy = evil
    var report = Report(result)
    report.title = evil
    report.regimes = [try RegimeAnalysis(result, series: series, classifier: BullBear())]
    report.regimes[0].name = evil
    report.benchmark?.name = evil
    report.provenance = [ProvenanceItem(evil, evil)]
    report.customSections = [
      ReportSection(id: "own", title: evil, blocks: [ReportParagraph(evil)])
    ]
    let page = try MarkupChecker(report.bytes())
    #expect(page.tags.count { $0.name == "script" } == 1, "the page's own")
    #expect(page.anchors.contains("own") && page.anchors.contains("notes"))
    #expect(page.text.contains("alert"))
  }

  @Test func limitsStandBeforeFigures() throws {
    var configuration = ReportFixtures.costs
    configuration.execution.marketFill = .sameClose
    configuration.execution.participation = 0.1
    let result = try Backtest(
      SMACrossover(fast: 20, slow: 200), on: ReportFixtures.index(), configuration: configuration
    ).run()
    let text = Report(result).text
    let warning = try #require(text.firstRange(of: "filled at the close they were based on"))
    let figure = try #require(text.firstRange(of: "<ul class=\"tiles\""))
    let title = try #require(text.firstRange(of: "Caveats: read these first"))
    #expect(title.upperBound < warning.lowerBound && warning.upperBound < figure.lowerBound)
    #expect(text.contains("known only at its close"))
    for caveat in result.caveats { #expect(text.contains(caveat.message)) }
  }

  @Test func aFileIsWrittenWhole() throws {
    let folder = try ScratchFolder()
    let result = try ReportFixtures.sharedRun.get()
    let path = folder.path + "/report.html"
    try Report(result).write(to: path)
    #expect(try FileBytes.read(path).count > 80_000)
    #expect(folder.names == ["report.html"])
    #expect(throws: FileError.self) { try Report(result).write(to: folder.path + "/none/a.html") }
  }
}
