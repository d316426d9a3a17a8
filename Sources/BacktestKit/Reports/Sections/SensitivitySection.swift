import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// What becomes of the run when one thing is changed; empty where that was not asked for.
  func sensitivitySections(_ result: SensitivityResult?) -> [ReportSection] {
    guard let result else { return [] }
    var blocks: [any ReportBlock] = []
    if let breakEven = result.breakEven { blocks.append(breakEvenNotice(breakEven)) }
    for table in result.tables {
      blocks.append(ReportSubheading(title(of: table.part)))
      if let absence = table.absence {
        blocks.append(ReportParagraph("Not looked at: \(absence)."))
        continue
      }
      if let chart = chart(of: table) { blocks.append(chart) }
      blocks.append(rows(of: table))
    }
    if let cash = result.halfReturnCash {
      let money = NumberFormat.amount(currency: currency).text(cash)
      blocks.append(
        ReportParagraph("Half of the annual return is left with about \(money) at the beginning."))
    }
    if !result.stress.isEmpty { blocks += stressBlocks(result) }
    return [
      ReportSection(
        id: "sensitivity", title: "Sensitivity",
        summary: "The same run with one thing changed at a time. What falls apart at twice the "
          + "costs, one bar later or one step beside its parameters was fitted to chance.",
        blocks: blocks)
    ]
  }

  private func breakEvenNotice(_ cost: BreakEvenCost) -> ReportNotice {
    ReportNotice(.note, title: cost.sentence, items: [BreakEvenCost.definition])
  }

  private func title(of part: SensitivityPlan.Part) -> String {
    switch part {
    case .costs: "Costs"
    case .delay: "Decisions carried out late"
    case .parameters: "Parameters, one at a time"
    case .start: "First decision later"
    case .capacity: "Size of the account"
    case .scenarios: "Other markets"
    case .stress: "Times of stress"
    }
  }

  private func chart(of table: SensitivityTable) -> (any ReportBlock)? {
    let name = table.part == .capacity ? "Annual return" : "Sharpe ratio"
    let values = table.rows.map { row in
      (table.part == .capacity ? row.figures.cagr : row.figures.sharpe) ?? .nan
    }
    guard values.contains(where: \.isFinite) else { return nil }
    return BarChart(
      title: "\(name): \(title(of: table.part).lowercased())",
      categories: table.rows.map(\.label), groups: [.init(name, values: values)],
      unit: table.part == .capacity ? .percent : .plain)
  }

  private func rows(of table: SensitivityTable) -> ReportTable {
    let undefined = "undefined for this run"
    return ReportTable(
      caption: "\(title(of: table.part)): what the run comes to",
      columns: [
        .text("Changed"), .number("Total return", as: .signedPercent(decimals: 1), isSigned: true),
        .number("Annual return", as: .signedPercent(decimals: 1), isSigned: true),
        .number("Sharpe ratio", as: .ratio), .number("Max drawdown", as: .percent(decimals: 1)),
        .number("Trades", as: .integer),
        .number(
          "Cost", as: .number(decimals: 1),
          definition: "commission, slippage and taxes in basis points of what was traded"),
      ],
      rows: table.rows.map { row in
        [
          .text(
            row.isBase && ![.parameters, .scenarios].contains(table.part)
              ? "\(row.label) (as given)" : row.label),
          .number(row.figures.totalReturn, else: undefined),
          .number(row.figures.cagr, else: undefined),
          .number(row.figures.sharpe, else: undefined),
          .number(row.figures.maxDrawdown, else: undefined),
          .number(Double(row.figures.tradeCount)),
          .number(row.figures.costBasisPoints, else: "nothing was traded"),
        ]
      })
  }

  private func stressBlocks(_ result: SensitivityResult) -> [any ReportBlock] {
    var blocks: [any ReportBlock] = [
      ReportSubheading(title(of: .stress)),
      BarChart(
        title: "Return in times of stress", categories: result.stress.map(\.window.name),
        groups: [.init("Total return", values: result.stress.map(\.totalReturn))],
        unit: .percent),
      ReportTable(
        caption: "Times of stress, from the last close before each",
        columns: [
          .text("Time"), .text("Base"), .text("Last day"), .number("Returns", as: .integer),
          .number("Total return", as: .signedPercent(decimals: 1), isSigned: true),
          .number("Max drawdown", as: .percent(decimals: 1)),
          .number("Worst", as: .signedPercent(decimals: 1), isSigned: true), .text("on"),
        ],
        rows: result.stress.map { outcome in
          [
            .text(outcome.window.name), .date(outcome.baseDate),
            .date(outcome.window.dates.upperBound), .number(Double(outcome.returnCount)),
            .number(outcome.totalReturn), .number(outcome.maxDrawdown),
            .number(outcome.worstReturn), .date(outcome.worstDate),
          ]
        }),
    ]
    if !result.uncoveredStress.isEmpty {
      let names = NumberText.list(result.uncoveredStress.map(\.name), limit: 20)
      blocks.append(ReportParagraph("The run does not cover: \(names)."))
    }
    return blocks
  }
}
