import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Results by market regime, in hindsight and as known at the time.
  func regimeSections(_ analyses: [RegimeAnalysis]) -> [ReportSection] {
    guard !analyses.isEmpty else { return [] }
    var blocks: [any ReportBlock] = []
    for analysis in analyses {
      blocks.append(
        ReportSubheading(
          "\(NumberText.capitalized(analysis.name)), by prices of \(analysis.seriesName)")
      )
      let views = RegimeKnowledge.allCases.filter { !analysis.parts($0).isEmpty }
      blocks.append(ReportColumns(views.map { shadedEquity(analysis, $0) }))
      for view in views {
        blocks.append(regimeTable(analysis, view))
        if let table = transitionTable(analysis, view) { blocks.append(table) }
      }
      let boxes = views.compactMap { returnBoxes(analysis, $0) }
      if !boxes.isEmpty { blocks.append(ReportColumns(boxes)) }
      if !analysis.labels.isKnownAtTheTime {
        blocks.append(
          ReportParagraph(
            "These labels are known in hindsight only: nothing says from when they were known, so "
              + "they cannot have been traded."))
      } else if let agreement = analysis.labels.agreement {
        let share = NumberFormat.percent(decimals: 0).text(agreement)
        blocks.append(
          ReportParagraph(
            "Both views agree on \(share) of the bars that have both labels. Only regimes known at "
              + "the time could have been traded."))
      }
    }
    return [
      ReportSection(
        id: "regimes", title: "Regimes",
        summary:
          "The same returns by market regime, once as seen in hindsight and once as known at "
          + "the previous close.",
        blocks: blocks)
    ]
  }

  private func knowledgeName(_ knowledge: RegimeKnowledge) -> String {
    knowledge == .descriptive ? "in hindsight" : "as known at the time"
  }

  private func shadedEquity(
    _ analysis: RegimeAnalysis, _ knowledge: RegimeKnowledge
  ) -> LineChart {
    var chart = timeChart(
      "Equity by \(analysis.name), \(knowledgeName(knowledge))", nil,
      [line(run.strategy, sample.wealth)])
    chart.isLogarithmic = true
    chart.yTitle = moneyTitle
    // The most frequent regime stays white, so that the others stand out.
    let parts = analysis.parts(knowledge).filter { $0.barCount > 0 }
    let commonest = parts.max { $0.barCount < $1.barCount }?.name
    for part in parts where part.name != commonest || parts.count == 1 {
      for run in part.runs {
        chart.bands.append(
          ChartBand(
            from: analysis.times[run.lowerBound], to: analysis.times[run.upperBound],
            name: part.name))
      }
    }
    if let commonest, parts.count > 1 { chart.subtitle = "Not shaded: \(commonest)" }
    return chart
  }

  private func regimeTable(
    _ analysis: RegimeAnalysis, _ knowledge: RegimeKnowledge
  ) -> ReportTable {
    let empty = "no bars in this regime"
    return ReportTable(
      caption: "\(NumberText.capitalized(analysis.name)), \(knowledgeName(knowledge))",
      columns: [
        .text("Regime"), .number("Bars", as: .integer),
        .number("Share", as: .percent(decimals: 1)),
        .number("Runs", as: .integer, definition: "uninterrupted stretches of bars"),
        .number("Trades", as: .integer, definition: "closed, by the bar of their entry"),
        .number("Mean per bar", as: .percent(decimals: 3), isSigned: true),
        .number("Return", as: .signedPercent(decimals: 1), isSigned: true),
        .number(
          "CAGR", as: .signedPercent(decimals: 1), isSigned: true,
          definition: "of its returns joined together, \(annualization)"),
        .number("Volatility", as: .percent(decimals: 1), definition: annualization),
        .number("Sharpe ratio", as: .ratio, isSigned: true, definition: annualization),
        .text(
          "95%", definition: "bounds of the Sharpe ratio, by resampling its returns in blocks"),
        .number(
          "Worst drawdown", as: .percent(decimals: 1),
          definition: "within one uninterrupted stretch"),
      ],
      rows: analysis.parts(knowledge).map { part in
        let reason = part.barCount == 0 ? empty : absenceOfAnnual
        return [
          .text(part.name), .number(Double(part.barCount)), .number(part.share),
          .number(Double(part.runCount)), .number(Double(part.tradeCount)),
          .number(part.mean, else: empty),
          .number(part.totalReturn, else: empty), .number(part.cagr, else: reason),
          .number(part.volatility, else: reason), .number(part.sharpe, else: reason),
          sharpeInterval(part), .number(part.worstDrawdown, else: empty),
        ]
      })
  }

  /// How often each regime was followed by each, from one return to the next; `nil` with fewer than
  /// two regimes.
  private func transitionTable(
    _ analysis: RegimeAnalysis, _ knowledge: RegimeKnowledge
  ) -> ReportTable? {
    let transitions = analysis.transitions(knowledge)
    let parts = analysis.parts(knowledge).prefix(transitions.names.count)
    guard transitions.names.count > 1 else { return nil }
    return ReportTable(
      caption: "From one bar to the next, \(knowledgeName(knowledge))",
      columns: [.text("After a bar in")]
        + transitions.names.map {
          .number("then \($0)", as: .percent(decimals: 2), definition: "share of the bars")
        } + [
          .number("Left", as: .integer, definition: "how often another regime followed"),
          .number("Mean run", as: .number(decimals: 1), definition: "bars / uninterrupted runs"),
          .number("Longest run", as: .integer, definition: "bars"),
        ],
      rows: zip(transitions.names.indices, parts).map { from, part in
        let left = transitions.counts[from].reduce(0, +) - transitions.counts[from][from]
        return [.text(transitions.names[from])]
          + transitions.names.indices.map { to in
            .number(transitions.share(from: from, to: to), else: "no bar follows one in it")
          } + [
            .number(Double(left)),
            .number(
              part.runCount > 0 ? Double(part.barCount) / Double(part.runCount) : nil,
              else: "no bars in this regime"),
            .number(Double(part.runs.lazy.map { $0.count }.max() ?? 0)),
          ]
      })
  }

  /// The returns of each regime; `nil` where fewer than two have any.
  private func returnBoxes(
    _ analysis: RegimeAnalysis, _ knowledge: RegimeKnowledge
  ) -> BoxChart? {
    let boxes = analysis.parts(knowledge).compactMap { part in
      part.metrics.map { BoxChart.Box(part.name, values: $0.sample.returns) }
    }
    guard boxes.count > 1 else { return nil }
    var chart = BoxChart(
      title: "Returns per bar by \(analysis.name), \(knowledgeName(knowledge))",
      subtitle: "Boxes from quartile to quartile with the median, whiskers from 5% to 95%",
      boxes: boxes)
    chart.whiskers = 0.05...0.95
    return chart
  }

  private func sharpeInterval(_ part: RegimeAnalysis.Part) -> ReportCell {
    part.sharpeBounds.map { .text($0) }
      ?? .missing(part.intervals?.absences["sharpe"]?.description ?? "not measured")
  }

  private var absenceOfAnnual: String {
    sample.barsPerYear == nil ? "no calendar" : "too few returns, or all returns are equal"
  }
}
