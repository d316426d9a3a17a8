@testable import BacktestCore
@testable import BacktestReports

/// A whole report over ten years of a seeded random walk, made with the public API only.
struct SampleReport {
  private(set) var times: [Timestamp] = []
  private(set) var returns: [Double] = []
  private(set) var benchmarkReturns: [Double] = []
  private var state: UInt64

  /// 2,516 weekdays from the end of 2014.
  init(seed: UInt64 = 7, count: Int = 2_516) {
    state = seed
    var date = CivilDate(year: 2014, month: 12, day: 31)!
    while times.count < count {
      if date.weekday.rawValue <= 5 { times.append(date.midnight + .hours(21)) }
      date = date.adding(days: 1)
    }
    for i in 0..<count {
      let volatility = (i / 400) % 3 == 1 ? 0.016 : 0.008
      let market = 0.0003 + volatility * normal()
      returns.append(0.6 * market + 0.0002 + 0.004 * normal())
      benchmarkReturns.append(market)
    }
  }

  /// SplitMix64.
  private mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  /// Nearly normal: the sum of twelve uniform numbers.
  private mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }

  static func growth(_ returns: [Double]) -> [Double] {
    var value = 1.0
    return returns.map {
      value *= 1 + $0; return value
    }
  }

  static func drawdowns(_ growth: [Double]) -> [Double] {
    var peak = 1.0
    return growth.map {
      peak = max(peak, $0); return $0 / peak - 1
    }
  }

  /// Means over windows, `nil` until the first is full.
  static func rolling(_ values: [Double], window: Int) -> [Double?] {
    var sum = 0.0
    return values.indices.map { i in
      sum += values[i]
      if i >= window { sum -= values[i - window] }
      return i < window - 1 ? nil : sum / Double(window) * 252 / 0.11
    }
  }

  mutating func document() -> ReportDocument {
    ReportDocument(
      title: "Moving-average crossover on the S&P 500",
      subtitle: "SPX, daily bars, 2014-12-31 to 2024-08-21, 2,516 bars",
      summary: opening,
      sections: [
        ReportSection(
          id: "equity", title: "Equity and drawdown",
          summary: "How the account grew, and how far below its peak it was at each close.",
          blocks: equityBlocks),
        ReportSection(
          id: "returns", title: "Returns", summary: "By month, by year and by size.",
          blocks: returnBlocks),
        ReportSection(
          id: "walk-forward", title: "Walk-forward validation",
          summary: "Parameters chosen on each train window, judged on the test window after it.",
          blocks: validationBlocks()),
        ReportSection(
          id: "regimes", title: "Regimes", summary: "The same account, split by market weather.",
          blocks: regimeBlocks),
        ReportSection(id: "costs", title: "Costs", blocks: costBlocks),
        ReportSection(id: "trades", title: "Trades", blocks: tradeBlocks()),
        ReportSection(id: "assumptions", title: "Assumptions and provenance", blocks: provenance),
      ],
      footer: "Fingerprint 7f3a9c0de1b24586 · BacktestKit · every figure can be rebuilt from the "
        + "files beside this report")
  }
}

extension SampleReport {
  private var opening: [any ReportBlock] {
    [
      ReportNotice(
        .warning, title: "Read this first",
        items: [
          "Only 24 round trips: ratios per trade rest on few observations.",
          "3 bars were ambiguous: high and low both touched an order; the path was pessimistic.",
          "The last mark of 1 instrument is 12 sessions old.",
        ]),
      ReportNotice(
        .failed, title: "Gate failed: 1 of 4 conditions does not hold",
        items: ["Deflated Sharpe ratio 0.71, required at least 0.95."]),
      ReportTiles([
        .init(
          "Annual return (CAGR)", value: "9.84%", detail: "benchmark 8.12%",
          definition: "Total growth to the power of bars per year over bars, minus 1.",
          tone: .favourable),
        .init(
          "Sharpe ratio", value: "0.92", detail: "95% interval 0.31 to 1.52",
          definition: "Mean excess return over its deviation, times the root of 252."),
        .init("Sortino ratio", value: "1.31", detail: "benchmark 0.97"),
        .init("Maximum drawdown", value: "−18.4%", detail: "311 days to recover", tone: .adverse),
        .init("Value at risk 95%", value: "−1.02%", detail: "one day, historical"),
        .init("Exposure", value: "64.0%", detail: "turnover 3.2 a year"),
        .init("Final equity", value: "1,234,567.89", detail: "from 500,000.00"),
        .init("Calmar ratio", value: "–", detail: "no drawdown in the window"),
      ]),
    ]
  }

  private var equityBlocks: [any ReportBlock] {
    let (growth, market) = (Self.growth(returns), Self.growth(benchmarkReturns))
    var chart = LineChart(
      title: "Growth of 1", subtitle: "After all costs, marked at each close",
      series: [
        ChartSeries("Strategy", times: times, values: growth),
        ChartSeries("S&P 500, buy and hold", times: times, values: market),
      ])
    chart.isLogarithmic = true
    chart.baseline = 1
    chart.yTitle = "Multiple of initial capital"
    let trades = stride(from: 60, to: times.count, by: 240).map { $0 }
    chart.markers = [
      ChartMarkers(
        "Entry", shape: .dot, times: trades.map { times[$0] }, values: trades.map { growth[$0] }),
      ChartMarkers(
        "Exit", shape: .ring, times: trades.map { times[min($0 + 90, times.count - 1)] },
        values: trades.map { growth[min($0 + 90, times.count - 1)] }),
    ]
    var sharpe = LineChart(
      title: "Rolling Sharpe ratio", subtitle: "126 bars",
      series: [
        ChartSeries("Strategy", times: times, values: Self.rolling(returns, window: 126)),
        ChartSeries("S&P 500", times: times, values: Self.rolling(benchmarkReturns, window: 126)),
      ], height: .medium)
    sharpe.baseline = 0
    return [
      chart,
      LineChart.underwater(
        title: "Drawdown",
        series: [ChartSeries("Strategy", times: times, values: Self.drawdowns(growth))]),
      sharpe,
    ]
  }

  private var returnBlocks: [any ReportBlock] {
    var months: [(date: CivilDate, growth: Double)] = []
    for (time, value) in zip(times, returns) {
      let date = time.utcDate
      if let last = months.last, last.date.month == date.month {
        months[months.count - 1].growth *= 1 + value
      } else {
        months.append((date, 1 + value))
      }
    }
    let years = (2015...2024).map { "\($0)" }
    func yearly(_ values: [Double]) -> [Double] {
      (2015...2024).map { year in
        var growth = 1.0
        for (time, value) in zip(times, values) where time.utcDate.year == year {
          growth *= 1 + value
        }
        return growth - 1
      }
    }
    return [
      MonthlyHeatMap(
        caption: "Monthly returns",
        months: months.map {
          .init(year: Int($0.date.year), month: Int($0.date.month), value: $0.growth - 1)
        }),
      ReportColumns([
        BarChart(
          title: "Returns by year", categories: years,
          groups: [
            .init("Strategy", values: yearly(returns)),
            .init("S&P 500", values: yearly(benchmarkReturns)),
          ], unit: .percent),
        HistogramChart(
          title: "Daily returns", values: returns,
          marks: [.init("VaR 95%", at: -0.0102), .init("Expected shortfall 95%", at: -0.0141)],
          xTitle: "Return of one bar"),
      ]),
    ]
  }

  private mutating func validationBlocks() -> [any ReportBlock] {
    let growth = Self.growth(returns)
    var folds = LineChart(
      title: "Stitched out-of-sample equity", subtitle: "Each test window shaded in turn",
      series: [ChartSeries("Out-of-sample", times: times, values: growth)], height: .medium)
    folds.bands = (0..<14).map { i in
      ChartBand(
        from: times[252 + i * 160], to: times[252 + (i + 1) * 160],
        name: i % 2 == 0 ? "Odd folds" : "Even folds", label: "\(i + 1)")
    }
    let inSample = (0..<64).map { _ in 0.8 + 0.4 * normal() }
    let outOfSample = inSample.map { 0.3 * $0 + 0.45 * normal() }
    let rows = (0..<14).map { i -> [ReportCell] in
      let ratio: Double? = i == 5 ? nil : outOfSample[i]
      let gain = 0.04 * outOfSample[i]
      return [
        .text("\(i + 1)"), .date(times[252 + i * 160].utcDate), "fast 10, slow 50",
        .number(inSample[i]), .number(ratio, else: "no trade in this window"), .number(gain),
        .number(Double(3 + i % 4)),
      ]
    }
    return [
      folds,
      ReportTable(
        caption: "Folds",
        columns: [
          .text("Fold"), .text("Test from"), .text("Parameters"),
          .number("Sharpe in", as: .ratio, definition: "Sharpe ratio on the train window"),
          .number("Sharpe out", as: .ratio, isSigned: true),
          .number("Return", as: .signedPercent(decimals: 2), isSigned: true),
          .number("Trades", as: .integer),
        ], rows: rows),
      ScatterChart(
        title: "In-sample against out-of-sample Sharpe ratio", subtitle: "64 parameter sets",
        clouds: [.init("Parameter set", x: inSample, y: outOfSample)],
        xTitle: "In-sample Sharpe ratio", yTitle: "Out-of-sample Sharpe ratio",
        diagonalName: "Equal"),
    ]
  }

  private var regimeBlocks: [any ReportBlock] {
    var chart = LineChart(
      title: "Growth of 1 by volatility regime",
      series: [ChartSeries("Strategy", times: times, values: Self.growth(returns))],
      height: .medium)
    let names = ["Calm", "Stressed", "Recovering"]
    chart.bands = (0..<7).map { i in
      ChartBand(
        from: times[i * 400], to: times[min((i + 1) * 400, times.count - 1)], name: names[i % 3])
    }
    return [chart]
  }

  private var costBlocks: [any ReportBlock] {
    let years = (2015...2024).map { "\($0)" }
    let commission: [Double] = (0..<10).map { i in Double(1_200 + i * 130 % 700) }
    let slippage: [Double] = (0..<10).map { i in Double(2_100 + i * 370 % 900) }
    let borrow: [Double] = (0..<10).map { i in Double(i * 90 % 400) }
    return [
      ReportColumns([
        BarChart(
          title: "Costs by year", subtitle: "In account currency",
          categories: years,
          groups: [
            .init("Commission", values: commission), .init("Slippage", values: slippage),
            .init("Borrow and interest", values: borrow),
          ], isStacked: true),
        RankedBars(
          caption: "Profit and loss by instrument",
          items: [
            .init("Technology Select Sector", 48_210.5), .init("Health Care", 22_118.2),
            .init("Utilities", 3_004), .init("Energy Select Sector", -17_930.25),
          ]),
      ])
    ]
  }

  private mutating func tradeBlocks() -> [any ReportBlock] {
    let rows = (0..<412).map { i -> [ReportCell] in
      let profit = 900 * normal() + 80
      let price = 2_000 + Double(i) * 3.5
      return [
        .text("SPX"), i % 5 == 0 ? "short" : "long", .time(times[i * 6]), .time(times[i * 6 + 4]),
        .number(Double(10 + i % 90)), .number(price), .number(profit),
        .number(profit / 90_000),
      ]
    }
    return [
      ReportTable(
        caption: "Round trips",
        columns: [
          .text("Instrument"), .text("Side"), .text("Entry"), .text("Exit"),
          .number("Quantity", as: .integer), .number("Entry price", as: .money),
          .number("Profit", as: .money, isSigned: true),
          .number("Return", as: .signedPercent(decimals: 2), isSigned: true),
        ], rows: rows, limit: .init(rowCount: 200, file: "trades.csv"), isFolded: true)
    ]
  }

  private var provenance: [any ReportBlock] {
    [
      ReportDefinitions([
        .init("Fills", "Market orders at the next open; limit orders when touched"),
        .init("Intrabar path", "Pessimistic: stops before limits"),
        .init("Costs", "Commission 1 bp, slippage 1 bp of notional"),
        .init("Annualisation", "252 sessions a year (XNYS)"),
        .init("Data", "sp500.csv, SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d"),
      ]),
      ReportParagraph("Dates are sessions of the exchange; times are UTC."),
    ]
  }
}
