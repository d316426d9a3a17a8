import BacktestCore
import BacktestEvidence
import BacktestPolicies

extension ReportModel {
  /// The most instruments whose decisions are drawn.
  private static let drawnLimit = 4
  /// The most changes of direction that shades can tell apart.
  private static let bandLimit = 400

  /// What policies decided: how often each way, and when; empty without recorded decisions.
  var decisionSections: [ReportSection] {
    let summaries = DecisionSummary.all(of: run)
    guard !summaries.isEmpty else { return [] }
    var blocks: [any ReportBlock] = [decisionTable(summaries)]
    if let table = actionTable(summaries) { blocks.append(table) }
    if let chart = yearChart(summaries) { blocks.append(chart) }
    let drawn = summaries.sorted { $0.changeCount > $1.changeCount }.prefix(Self.drawnLimit)
    for summary in drawn { blocks += decisionCharts(summary) }
    return [
      ReportSection(
        id: "decisions",
        title: policies.count > 1 ? "Decisions of the policies" : "Decisions of the policy",
        summary: "What was asked for at each decision, whether or not it led to a trade. A policy "
          + "that always decides the same way has learned a position and not a rule.",
        blocks: blocks)
    ]
  }

  private func decisionTable(_ summaries: [DecisionSummary]) -> ReportTable {
    let isOfUnits = summaries[0].isOfUnits
    let percent = NumberFormat.percent(decimals: 1)
    let words = isOfUnits ? ("Buy", "Nothing", "Sell") : ("Long", "Flat", "Short")
    return ReportTable(
      caption: "Decisions by direction",
      columns: [
        .text("Instrument"), .number("Decisions", as: .integer), .number(words.0, as: percent),
        .number(words.1, as: percent), .number(words.2, as: percent),
        .number(
          "Changes", as: .integer,
          definition: isOfUnits
            ? "decisions that traded" : "decisions for another share of equity than before"),
      ],
      rows: summaries.map { summary in
        let count = Double(summary.total.count)
        return [
          .text(symbol(summary.instrument)), .number(count),
          .number(Double(summary.total.long) / count), .number(Double(summary.total.flat) / count),
          .number(Double(summary.total.short) / count), .number(Double(summary.changeCount)),
        ]
      }, limit: .init(rowCount: 25, file: "result.json"))
  }

  /// How often each action was taken, of a policy whose actions are choices.
  private func actionTable(_ summaries: [DecisionSummary]) -> ReportTable? {
    let actions = Set(summaries.flatMap { $0.actions.map(\.action) }).sorted()
    guard !actions.isEmpty, summaries.allSatisfy({ !$0.actions.isEmpty }) else { return nil }
    let meaning = policies.count == 1 ? policies[0].manifest.action?.meaning : nil
    let shown = summaries.prefix(6)
    return ReportTable(
      caption: "Actions",
      columns: [.text("Action")]
        + shown.flatMap { summary -> [ReportTable.Column] in
          let name = shown.count > 1 ? " \(symbol(summary.instrument))" : ""
          return [
            .number("Count\(name)", as: .integer), .number("Share", as: .percent(decimals: 1)),
          ]
        },
      rows: actions.map { action in
        [.text(meaning?.name(of: action) ?? "\(action)")]
          + shown.flatMap { summary -> [ReportCell] in
            let count = summary.actions.first { $0.action == action }?.count ?? 0
            return [.number(Double(count)), .number(Double(count) / Double(summary.total.count))]
          }
      })
  }

  /// The directions by year, all instruments together.
  private func yearChart(_ summaries: [DecisionSummary]) -> BarChart? {
    var years: [Int: (long: Int, flat: Int, short: Int)] = [:]
    for (year, tally) in summaries.flatMap(\.years) {
      let sum = years[year] ?? (0, 0, 0)
      years[year] = (sum.long + tally.long, sum.flat + tally.flat, sum.short + tally.short)
    }
    guard years.count > 1 else { return nil }
    let sorted = years.sorted { $0.key < $1.key }
    func shares(_ count: ((long: Int, flat: Int, short: Int)) -> Int) -> [Double] {
      sorted.map {
        Double(count($0.value)) / Double($0.value.long + $0.value.flat + $0.value.short)
      }
    }
    let isOfUnits = summaries[0].isOfUnits
    return BarChart(
      title: "Decisions by year", subtitle: "Shares of all decisions of the year",
      categories: sorted.map { "\($0.key)" },
      groups: [
        .init(isOfUnits ? "Buy" : "Long", values: shares(\.long)),
        .init(isOfUnits ? "Sell" : "Short", values: shares(\.short)),
        .init(isOfUnits ? "Nothing" : "Flat", values: shares(\.flat), isBenchmark: true),
      ], isStacked: true, unit: .percent, height: .short)
  }

  /// The price with the direction that was wanted, and the share of equity below it.
  private func decisionCharts(_ summary: DecisionSummary) -> [any ReportBlock] {
    let decisions = run.decisions.filter { $0.instrument == summary.instrument }
    let series = run.universe[summary.instrument]
    var row = -1
    let prices = decisions.map { decision -> Double in
      while row + 1 < series.count, series.closeTimes[row + 1] <= decision.time { row += 1 }
      return row < 0 ? .nan : series.close[row]
    }
    let name = symbol(summary.instrument)
    var price = timeChart("\(name): price and decisions", nil, [])
    let x = decisions.map { price.axisValue(of: $0.time) }
    price.series = [ChartSeries("Close", x: x, y: prices)]
    price.isLogarithmic = true
    let bands = directionBands(decisions)
    let commonest = [("long", summary.total.long), ("short", summary.total.short)]
      .max { $0.1 < $1.1 }?.0
    let shaded = bands.filter { $0.name.lowercased() != commonest }
    price.bands = shaded.count <= Self.bandLimit ? shaded : []
    price.subtitle =
      shaded.count > Self.bandLimit
      ? "Directions change too often to be shaded" : "Not shaded: \(commonest ?? "")"
    var wanted = timeChart(
      summary.isOfUnits ? "\(name): share of equity held" : "\(name): share of equity wanted", nil,
      [
        // Two points a decision, since it holds until the next one.
        ChartSeries(
          summary.isOfUnits ? "Held before the decision" : "Wanted",
          x: x.indices.flatMap { [x[$0], x[min($0 + 1, x.count - 1)]] },
          y: decisions.map { $0.targetWeight ?? $0.weight }.flatMap { [$0, $0] })
      ], unit: .percent, height: .short)
    wanted.baseline = 0
    wanted.isFilled = true
    return [price, wanted]
  }

  /// The times for which no position, a long or a short one was wanted or, where units were traded,
  /// held.
  private func directionBands(_ decisions: [DecisionRecord]) -> [ChartBand] {
    let names = decisions.map { decision -> String in
      let weight = decision.targetWeight ?? decision.weight
      return weight > 0 ? "Long" : weight < 0 ? "Short" : "Flat"
    }
    var bands: [ChartBand] = []
    var begin = 0
    for row in 1...decisions.count where row == decisions.count || names[row] != names[begin] {
      bands.append(
        ChartBand(
          from: decisions[begin].time, to: decisions[min(row, decisions.count - 1)].time,
          name: names[begin]))
      begin = row
    }
    // The legend has the same order on every page.
    return ["Long", "Short", "Flat"].flatMap { name in bands.filter { $0.name == name } }
  }
}

extension ActionDefinition.Meaning {
  /// An action as a reader knows it: `1, holds 98%`.
  fileprivate func name(of action: Int) -> String {
    let percent = NumberFormat.percent(decimals: 0)
    switch self {
    case .targetWeights(let rows) where rows.indices.contains(action):
      return "\(action), holds " + rows[action].map { percent.text($0) }.joined(separator: " / ")
    case .onChangeTargets(let targets) where targets.indices.contains(action):
      return "\(action), holds \(percent.text(targets[action]))"
    case .positionCommands(let table):
      let names =
        switch table {
        case .freqai3: ["neutral", "buy", "sell"]
        case .freqai4: ["neutral", "exit", "enter long", "enter short"]
        case .freqai5: ["neutral", "enter long", "exit long", "enter short", "exit short"]
        }
      return names.indices.contains(action) ? "\(action), \(names[action])" : "\(action)"
    default: return "\(action)"
    }
  }
}
