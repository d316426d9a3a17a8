import BacktestCore
import BacktestEvidence

extension ReportFacts {
  /// What trading cost, in money, over what was earned, and year by year.
  var costsSection: ReportSection {
    var blocks: [any ReportBlock] = [costTable]
    var charts: [any ReportBlock] = [
      RankedBars(
        caption: "From gross to net profit, \(currency)",
        items: [
          .init("Gross profit, at reference prices", costs.gross),
          .init("Commission", -costs.commission), .init("Slippage", -costs.slippage),
        ] + (costs.writtenOff != 0 ? [.init("Deficit written off", costs.writtenOff)] : []) + [
          .init("Net profit", costs.net)
        ])
    ]
    if let chart = dragChart { charts.append(chart) }
    blocks.append(ReportColumns(charts))
    return ReportSection(
      id: "costs", title: "Costs",
      summary: run.configuration.accounting.holdsWeights
        ? "The fee for a change of weights, as commission, is booked at the close after it; "
          + "without fees the account would have made the gross profit."
        : "Commission and slippage are booked fill by fill; without them the account would have "
          + "made the gross profit.",
      blocks: blocks)
  }

  private var costTable: ReportTable {
    let noProfit = "there is no profit before costs"
    func share(_ cost: Double) -> ReportCell {
      .number(costs.gross > 0 ? cost / costs.gross : nil, else: noProfit)
    }
    let notional = run.account.tradedNotional
    func drag(_ cost: Double) -> ReportCell {
      .number(notional > 0 ? cost / notional : nil, else: "nothing was traded")
    }
    func row(_ name: String, _ cost: Double) -> [ReportCell] {
      [.text(name), .number(cost), share(cost), drag(cost), yearly(cost)]
    }
    return ReportTable(
      caption: "Costs; turnover \(turnoverText)",
      columns: [
        .text("Cost"), .number(currency, as: .money),
        .number("of gross profit", as: .percent(decimals: 1)),
        .number("of traded notional", as: .basisPoints),
        .number(
          "of equity a year", as: .percent(decimals: 2),
          definition: "over mean equity, times bars a year over the number of bars"),
      ],
      rows: [
        row("Commission", costs.commission), row("Slippage", costs.slippage),
        row("Both", costs.total),
      ])
  }

  /// Whether the curve is not in the money of its fills.
  private var isChained: Bool { walkForward?.plan.carry == .returns }

  private func yearly(_ cost: Double) -> ReportCell {
    if isChained { return .missing("each fold begins with the initial capital") }
    let equity = run.curve.equity
    let mean = equity.reduce(0, +) / Double(max(equity.count, 1))
    guard let barsPerYear = sample.barsPerYear, sample.count > 0, mean > 0 else {
      return .missing(sample.barsPerYear == nil ? "no calendar" : "no returns")
    }
    return .number(cost / mean * barsPerYear / Double(sample.count))
  }

  private var turnoverText: String {
    if let value = values["turnover-annual"] {
      return "\(NumberFormat.ratio.text(value)) times a year"
    }
    if let value = values["turnover"] {
      return "\(NumberFormat.ratio.text(value)) times in all"
    }
    return "none"
  }

  /// Costs of each year over the account's value before it.
  private var dragChart: BarChart? {
    guard let first = dates.first, costs.total > 0, !isChained else { return nil }
    let years = (Int(first.year)...Int((dates.last ?? first).year)).map { $0 }
    var opening = [Double](repeating: .nan, count: years.count)
    for (date, value) in zip(dates, sample.wealth) {
      let place = Int(date.year) - years[0]
      if opening[place].isNaN { opening[place] = value }
    }
    var commission = [Double](repeating: 0, count: years.count)
    var slippage = commission
    for charge in run.charges {
      let place = Int(charge.time.utcDate.year) - years[0]
      guard years.indices.contains(place) else { continue }
      commission[place] += charge.commission
      slippage[place] += charge.slippage
    }
    func drag(_ cost: [Double]) -> [Double] {
      zip(cost, opening).map { $1 > 0 ? $0 / $1 : .nan }
    }
    return BarChart(
      title: "Cost drag by year", subtitle: "Costs over the year's first equity",
      categories: years.map { "\($0)" },
      groups: [
        .init("Commission", values: drag(commission)), .init("Slippage", values: drag(slippage)),
      ], isStacked: true, unit: .percent)
  }
}
