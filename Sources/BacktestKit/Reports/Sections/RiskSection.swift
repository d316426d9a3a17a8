import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// The limits that were met, and whether forecasts of the worst losses were right.
  func riskSections(_ valueAtRisk: [TestedValueAtRisk]) -> [ReportSection] {
    var blocks: [any ReportBlock] = []
    if run.configuration.risk.isActive { blocks += limitBlocks }
    if !run.marginCalls.isEmpty { blocks.append(marginCallTable) }
    if !valueAtRisk.isEmpty { blocks.append(valueAtRiskTable(valueAtRisk)) }
    guard !blocks.isEmpty else { return [] }
    return [
      ReportSection(
        id: "risk", title: "Risk",
        summary: "Limits of the run, and how well its past returns forecast its worst losses.",
        blocks: blocks)
    ]
  }

  private var limitBlocks: [any ReportBlock] {
    guard !run.riskBreaches.isEmpty else {
      return [ReportParagraph("No limit was met.")]
    }
    return [
      ReportTable(
        caption: "Limits that were met (all in risk.csv)",
        columns: [
          .text("Limit"), .text("Action"), .number("Times", as: .integer),
          .number("Bound", as: .ratio),
          .number("Worst", as: .ratio, definition: "what it would have been, or was"),
        ],
        rows: RiskBreachCount.all(of: run.riskBreaches).map {
          [
            .text($0.limit.words), .text($0.action.words), .number(Double($0.count)),
            .number($0.bound), .number($0.worst, else: "no history"),
          ]
        })
    ]
  }

  private var marginCallTable: ReportTable {
    ReportTable(
      caption: "Margin calls: times at which equity was below maintenance",
      columns: [
        .text("Time, \(clock.zone)"), .number("Equity, \(currency)", as: .money),
        .number("Maintenance, \(currency)", as: .money),
      ],
      rows: run.marginCalls.map {
        [.moment(clock.text($0.time)), .number($0.equity), .number($0.maintenance)]
      },
      limit: .init(rowCount: 20, file: "result.json"))
  }

  /// Value at risk of the run's own returns, each rule tested on the returns that it forecast.
  private func valueAtRiskTable(_ tested: [TestedValueAtRisk]) -> ReportTable {
    let rows = tested.map { one -> [ReportCell] in
      let (rule, test) = (one.rule, one.test)
      return [
        .text(rule.method.title), .number(rule.confidence), .number(one.expected),
        .number(Double(test.violations)),
        .number(test.coverage.pValue), .number(test.independence.pValue),
        .number(test.conditionalCoverage.pValue), .number(test.shortfallStatistic),
      ]
    }
    return ReportTable(
      caption: "Value at risk of the next bar, forecast from the \(tested[0].rule.window) bars "
        + "before it",
      columns: [
        .text("Method"), .number("Confidence", as: .percent(decimals: 0)),
        .number("Expected", as: .ratio, definition: "returns below the forecast if it is right"),
        .number("Found", as: .integer, definition: "returns below the forecast"),
        .number(
          "Coverage", as: .probability, definition: "p-value of Kupiec's test of their number"),
        .number(
          "Independence", as: .probability,
          definition: "p-value of Christoffersen's test whether they come at random times"),
        .number("Both", as: .probability, definition: "p-value of both together"),
        .number(
          "Shortfall", as: .ratio, isSigned: true,
          definition: "Acerbi and Székely's Z2: 0 if right, negative where losses were worse"),
      ], rows: rows)
  }

  /// Where the profit came from.
  var attributionSection: ReportSection {
    let found = ProfitAttribution(run)
    // A cost is no loss, and has not its colour.
    func amount(_ title: String, isSigned: Bool = true) -> ReportTable.Column {
      .number(title, as: .money, isSigned: isSigned)
    }
    func table(_ caption: String, _ first: String, _ groups: [ProfitAttribution.TradeGroup])
      -> ReportTable
    {
      ReportTable(
        caption: caption,
        columns: [.text(first), .number("Trades", as: .integer), amount("Profit")],
        rows: groups.filter { $0.count > 0 || $0.profit != 0 }.map {
          [.text($0.name), .number(Double($0.count)), .number($0.profit)]
        })
    }
    let names = found.components.filter { $0.amount != 0 }.map(\.name)
    return ReportSection(
      id: "attribution", title: "Attribution",
      summary: "Where the profit of \(NumberFormat.money.text(found.total)) \(currency) came from. "
        + "Price is the profit at reference prices; each table sums to the whole.",
      blocks: [
        ReportTable(
          caption: "Profit by instrument and component, \(currency)",
          columns: [.text("Instrument")]
            + names.map { amount(NumberText.capitalized($0), isSigned: $0 == "price") }
            + [amount("Total")],
          rows: found.instruments.map { part in
            [.text(part.symbol ?? "Account")]
              + names.map { name in
                .number(part.components.first { $0.name == name }?.amount ?? 0)
              } + [.number(part.total)]
          } + [
            [.text("Total")]
              + names.map { name in
                .number(found.components.first { $0.name == name }?.amount ?? 0)
              } + [.number(found.total)]
          ], limit: .init(rowCount: 60, file: "result.json")),
        ReportColumns([
          table("Profit by side, \(currency)", "Side", found.sides),
          table("Profit by holding period, \(currency)", "Held", found.holdingPeriods),
        ]),
      ])
  }
}

extension ValueAtRisk.Method {
  fileprivate var title: String {
    switch self {
    case .historical: "Historical"
    case .normal: "Normal"
    case .exponentiallyWeighted: "Exponentially weighted"
    }
  }
}
