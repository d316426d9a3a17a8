import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// The last years beside the whole run.
  var periodTable: ReportTable? {
    guard sample.barsPerYear != nil else { return nil }
    let parts = [1, 3, 5, 10].compactMap { years in
      sample.trailing(years: years).map { part in
        ("Last\u{A0}\(years)\u{A0}year\(years == 1 ? "" : "s")", part)
      }
    }.filter { $0.1.count < sample.count }
    guard !parts.isEmpty else { return nil }
    let whole = walkForward == nil ? "Since the start" : "Out of sample, all"
    let rows = parts + [(whole, sample)]
    let theirs = rows.map { _, part in
      benchmark?.curve.partialDates(of: part) == nil
        ? benchmark?.curve.sample(over: part).map { PerformanceMetrics($0) } : nil
    }
    var columns: [ReportTable.Column] = [
      .text("Period"), .text("From"),
      .number("Return", as: .signedPercent(decimals: 1), isSigned: true),
      .number("CAGR", as: .signedPercent(decimals: 1), isSigned: true),
      .number("Volatility", as: .percent(decimals: 1)), .number("Sharpe", as: .ratio),
      .number("Max drawdown", as: .percent(decimals: 1)),
    ]
    if let benchmark {
      columns += [
        .number(
          "Benchmark CAGR", as: .signedPercent(decimals: 1),
          definition: "of \(benchmark.nameInSentence)"),
        .number("its Sharpe", as: .ratio),
      ]
    }
    let reason = "undefined for this period"
    return ReportTable(
      caption: "The last years and the whole", columns: columns,
      rows: zip(rows, theirs).map { row, other in
        let metrics = row.0 == whole ? self.metrics : PerformanceMetrics(row.1)
        var cells: [ReportCell] = [
          .text(row.0), row.1.pointDates?.first.map { .date($0) } ?? .missing("no dates"),
          .number(metrics.totalReturn, else: reason), .number(metrics.cagr, else: reason),
          .number(metrics.volatility, else: reason), .number(metrics.sharpe, else: reason),
          .number(metrics.maxDrawdown, else: reason),
        ]
        if benchmark != nil {
          cells += [.number(other?.cagr, else: reason), .number(other?.sharpe, else: reason)]
        }
        return cells
      })
  }

  /// Account and benchmark at the same volatility, so that only the quality of returns differs.
  var matchedChart: LineChart? {
    guard let benchmark, isDaily, let own = metrics.volatility, own > 0,
      let other = benchmark.metrics?.volatility, other > 0
    else { return nil }
    let factor = other / own
    var chart = timeChart(
      "Equity at the volatility of \(benchmark.nameInSentence)",
      "Every return times \(NumberFormat.ratio.text(factor)), the ratio of the volatilities; "
        + "borrowing for it is free here",
      series(sample.scaledWealth(by: factor), benchmark.values))
    chart.isLogarithmic = true
    chart.yTitle = moneyTitle
    chart.baseline = sample.wealth.first
    return chart
  }

  /// How the run did in known times of stress; empty where it covers none.
  var crisisSections: [ReportSection] {
    // A return of a month says nothing of a fall in the middle of it.
    let outcomes = StressWindow.wellKnown.compactMap { StressOutcome($0, in: sample) }.filter {
      let (days, week) = ($0.window.dates, 7)
      return $0.baseDate.daysSinceEpoch >= days.lowerBound.daysSinceEpoch - week
        && ($0.endDate == dates.last
          || $0.endDate.daysSinceEpoch >= days.upperBound.daysSinceEpoch - week)
    }
    guard !outcomes.isEmpty, isDaily else { return [] }
    let other = outcomes.map { outcome in
      benchmark?.curve.sample(over: sample).flatMap { StressOutcome(outcome.window, in: $0) }
    }
    var groups = [BarChart.Group(run.strategy, values: outcomes.map(\.totalReturn))]
    if let benchmark {
      groups.append(
        .init(
          benchmark.name, values: other.map { $0?.totalReturn ?? .nan }, isBenchmark: true))
    }
    var columns: [ReportTable.Column] = [
      .text("Time"), .text("From"), .text("To"),
      .number("Return", as: .signedPercent(decimals: 1), isSigned: true),
      .number("Max drawdown", as: .percent(decimals: 1)),
      .number("Worst bar", as: .signedPercent(decimals: 1), isSigned: true),
    ]
    if let benchmark {
      columns.append(.number(benchmark.name, as: .signedPercent(decimals: 1), isSigned: true))
    }
    var chart = BarChart(
      title: "Return in times of stress", categories: outcomes.map(\.window.name),
      groups: groups, unit: .percent)
    chart.showsEveryName = true
    return [
      ReportSection(
        id: "crises", title: "Times of stress",
        summary: "Falls of the US stock market within the run, each measured from the last close "
          + "before it.",
        blocks: [
          chart,
          ReportTable(
            caption: "Times of stress", columns: columns,
            rows: zip(outcomes, other).map { outcome, theirs in
              [
                .text(outcome.window.name), .date(outcome.baseDate),
                .date(outcome.endDate), .number(outcome.totalReturn),
                .number(outcome.maxDrawdown), .number(outcome.worstReturn),
              ] + (benchmark == nil ? [] : [.number(theirs?.totalReturn, else: "no prices then")])
            }),
        ])
    ]
  }
}
