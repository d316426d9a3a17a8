import BacktestCore
import BacktestEvidence
import BacktestFiles

extension ReportModel {
  /// Round trips, the profit of each instrument, and the outcomes of orders.
  var tradesSection: ReportSection {
    var blocks: [any ReportBlock] = []
    if run.trades.isEmpty {
      blocks.append(ReportParagraph(whyNoTrades))
    } else {
      var columns: [any ReportBlock] = []
      if run.universe.count > 1 { columns.append(attribution) }
      if (metrics.trades?.count ?? 0) >= 10 { columns.append(tradeHistogram) }
      if !columns.isEmpty { blocks.append(ReportColumns(columns)) }
      blocks += tradeCharts + tradeWindows + tradeTables
    }
    if !run.orders.isEmpty { blocks.append(orderTable) }
    return ReportSection(id: "trades", title: "Trades", summary: tradeSummary, blocks: blocks)
  }

  /// The number of trades, and the profit of those that are still open.
  private var tradeSummary: String {
    guard placesOrders else { return "Weights are held without orders." }
    let closed = run.trades.filter { !$0.isOpen }
    let open = run.trades.filter(\.isOpen)
    func money(_ trades: [RoundTrip]) -> String {
      NumberFormat.integer.text(trades.reduce(0) { $0 + $1.profit }) + " " + currency
    }
    let text = "\(NumberText.count(closed.count, "closed round trip")), net of costs"
    guard !open.isEmpty else { return text + "." }
    let (isOne, count) = (open.count == 1, NumberText.grouped(open.count))
    return
      "\(text): \(money(closed)). \(count) more \(isOne ? "was" : "were") still open at the "
      + "end, with a profit of \(money(open)) at the last price; \(isOne ? "it is" : "they are") "
      + "listed but not counted."
  }

  private var whyNoTrades: String {
    if !run.configuration.accounting.placesOrders {
      return
        "There are no round trips: under weights accounting nothing is bought or sold by order."
    }
    if run.orders.isEmpty { return "The strategy placed no orders." }
    return "No trades: \(NumberText.count(run.orders.count, "order")), none of them filled."
  }

  /// The trades that made and lost most, then all of them behind a disclosure.
  private var tradeTables: [any ReportBlock] {
    let all = run.trades
    guard all.count > 12 else { return [tradeTable("Trades, in order of exit", all)] }
    let order = all.indices.sorted { (-all[$0].profit, $0) < (-all[$1].profit, $1) }
    var every = tradeTable("All trades, in order of exit", all)
    every.limit = .init(rowCount: 100, file: "trades.csv")
    every.isFolded = true
    return [
      tradeTable("The five best trades", order.prefix(5).map { all[$0] }),
      tradeTable("The five worst trades", order.suffix(5).reversed().map { all[$0] }), every,
    ]
  }

  private func tradeTable(_ caption: String, _ trades: [RoundTrip]) -> ReportTable {
    let shown = trades.prefix(100)
    var table = ReportTable(
      caption: caption,
      columns: [
        .text("Instrument"), .text("Side"), .text(momentTitle("Entry")),
        .text(momentTitle("Exit")),
        .number("Quantity", as: .number(decimals: hasFractions ? 4 : 0)),
        .number("Entry price", as: .money), .number("Exit price", as: .money),
        .number("Profit, \(currency)", as: .money, isSigned: true),
        .number("Return", as: .signedPercent(decimals: 2), isSigned: true),
        .number("Bars held", as: .integer),
        .number(
          "MAE", as: .percent(decimals: 1),
          definition: "maximum adverse excursion: the worst move against the entry price"),
        .number(
          "MFE", as: .percent(decimals: 1),
          definition: "maximum favourable excursion: the best move in favour"),
      ],
      rows: shown.map { trade in
        [
          .text(symbol(trade.instrument)), .text(trade.isLong ? "long" : "short"),
          cell(trade.entryTime, of: trade.instrument),
          exit(of: trade),
          .number(trade.quantity), .number(trade.entryPrice), .number(trade.exitPrice),
          .number(trade.profit), .number(trade.profitFraction), .number(Double(trade.barCount)),
          .number(trade.maximumAdverseExcursion), .number(trade.maximumFavourableExcursion),
        ]
      })
    table.omittedCount = trades.count - shown.count
    return table
  }

  private func exit(of trade: RoundTrip) -> ReportCell {
    if trade.isOpen { return .text("open") }
    guard trade.isMarked else { return cell(trade.exitTime, of: trade.instrument) }
    return .text("\(moment(trade.exitTime, of: trade.instrument)), at the mark")
  }

  private var hasFractions: Bool {
    run.trades.contains { $0.quantity != $0.quantity.rounded() }
  }

  private var tradeHistogram: HistogramChart {
    HistogramChart(
      title: "Distribution of trade returns", subtitle: "Closed trades, net of costs",
      values: run.trades.filter { !$0.isOpen }.map(\.profitFraction), showsNormalCurve: false,
      xTitle: "Return on the entry notional")
  }

  private var attribution: RankedBars {
    var profits = [Double](repeating: 0, count: run.universe.count)
    for trade in run.trades { profits[Int(trade.instrument.index)] += trade.profit }
    let order = profits.indices.sorted { (-profits[$0], $0) < (-profits[$1], $1) }
    var items = order.map { RankedBars.Item(symbol(InstrumentID($0)), profits[$0]) }
    var caption = "Net profit by instrument, \(currency), with open positions at the last price"
    if items.count > 24 {
      items = Array(items.prefix(12) + items.suffix(12))
      caption += "; the best 12 and the worst 12"
    }
    return RankedBars(caption: caption, items: items)
  }

  private var orderTable: ReportTable {
    var names: [String] = []
    var counts: [String: Int] = [:]
    var reduced: Set<OrderID> = []
    for outcome in run.outcomes {
      if case .cut = outcome.kind {
        reduced.insert(outcome.order)
        continue
      }
      let isReduced = reduced.contains(outcome.order)
      let name = name(of: outcome.kind, isReduced: isReduced)
      if counts[name] == nil { names.append(name) }
      counts[name, default: 0] += 1
    }
    return ReportTable(
      caption: "Outcomes of \(NumberText.count(run.orders.count, "order")) (all in orders.csv)",
      columns: [.text("Outcome"), .number("Orders", as: .integer)],
      rows: names.map { [.text($0), .number(Double(counts[$0] ?? 0))] })
  }

  /// How an order ended, each order once.
  private func name(of kind: OrderOutcome.Kind, isReduced: Bool) -> String {
    if isReduced {
      return kind == .filled
        ? "filled after being reduced"
        : name(of: kind, isReduced: false) + ", after being reduced"
    }
    return switch kind {
    case .filled: "filled in full"
    case .cancelled: "cancelled by the strategy"
    case .cancelledByGroup: "cancelled by another order of its group"
    case .expired: "expired"
    case .parentGone: "ended with an entry that did not fill"
    case .nothingToReduce: "ended without a position to close"
    case .delisted: "ended when the instrument was delisted"
    case .cut: "reduced"
    case .rejected(let reason): "rejected: \(reason.words)"
    case .stillLive: "still live at the end"
    }
  }

  /// The notes of the strategy; empty without notes.
  var noteSections: [ReportSection] {
    guard !run.notes.isEmpty else { return [] }
    return [
      ReportSection(
        id: "notes", title: "Strategy notes",
        summary: "Notes that the strategy recorded during the run.",
        blocks: [
          ReportTable(
            caption: "Notes", columns: [.text("Time, \(clock.zone)"), .prose("Note")],
            rows: run.notes.map { [.moment(clock.text($0.time)), .text($0.text)] },
            limit: .init(rowCount: 50, file: "result.json"))
        ])
    ]
  }
}

extension ReportModel {
  /// What trading cost, in money, over what was earned, and year by year.
  var costsSection: ReportSection {
    var blocks: [any ReportBlock] = [costTable]
    var charts: [any ReportBlock] = [
      RankedBars(
        caption: "From gross to net profit, \(currency)",
        waterfall: [
          .init(
            placesOrders ? "Gross profit, before costs" : "Profit before fees", costs.gross)
        ] + costItems.map { .init($0.name, -$0.cost) }
          + (costs.writtenOff != 0 ? [.init("Deficit written off", costs.writtenOff)] : []) + [
            .init("Net profit", costs.net)
          ])
    ]
    if let chart = dragChart { charts.append(chart) }
    blocks.append(ReportColumns(charts))
    return ReportSection(
      id: "costs", title: "Costs",
      summary: !run.configuration.accounting.placesOrders
        ? "The fee for each change of weights is booked as commission at the next close. The gross "
          + "profit is what the account would have earned without it."
        : "Commission, slippage and taxes are booked with each fill"
          + (costs.holding.isEmpty
            ? ""
            : ", \(listed(costs.holding.map { $0.name.lowercased() }, "and")) when they fall due")
          + ". The gross profit is what the account would have earned without them.",
      blocks: blocks)
  }

  var placesOrders: Bool { run.configuration.accounting.placesOrders }

  /// The kinds of costs; weights accounting has one, the fee for changes of weights.
  private var costItems: [(name: String, cost: Double)] {
    placesOrders
      ? [("Commission", costs.commission), ("Slippage", costs.slippage)]
        + [("Stamp duty", costs.stampDuty), ("Sell tax", costs.sellTax)].filter { $0.1 != 0 }
        + costs.holding
      : [("Fees", costs.commission)]
  }

  private var costTable: ReportTable {
    let noProfit = "no profit before costs"
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
    let breakEven = notional > 0 && costs.gross > 0 ? costs.gross / notional : nil
    let breakEvenText = breakEven.map {
      "; net profit is zero at \(NumberFormat.basisPoints.text($0)) of traded notional"
    }
    return ReportTable(
      caption: "Costs; turnover \(turnoverText)\(breakEvenText ?? "")",
      columns: [
        .text("Cost"), .number(currency, as: .money),
        .number("of gross profit", as: .percent(decimals: 1)),
        .number("of traded notional", as: .basisPoints),
        .number(
          "of equity per year", as: .percent(decimals: 2),
          definition: "cost / mean equity x bars per year / number of bars"),
      ],
      rows: costItems.map { row($0.name, $0.cost) }
        + (placesOrders ? [row("Total", costs.total)] : []))
  }

  /// Whether the curve is not in the money of its fills.
  private var isChained: Bool { walkForward?.plan.carry == .returns }

  private func yearly(_ cost: Double) -> ReportCell {
    if isChained { return .missing("each fold starts with the initial capital") }
    let equity = run.curve.equity
    let mean = equity.reduce(0, +) / Double(max(equity.count, 1))
    guard let barsPerYear = sample.barsPerYear, sample.count > 0, mean > 0 else {
      return .missing(sample.barsPerYear == nil ? "no calendar" : "no returns")
    }
    return .number(cost / mean * barsPerYear / Double(sample.count))
  }

  private var turnoverText: String {
    if let value = values["turnover-annual"] {
      return "\(NumberFormat.ratio.text(value)) times per year"
    }
    if let value = values["turnover"] {
      return "\(NumberFormat.ratio.text(value)) times in total"
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
    var (slippage, tax) = (commission, commission)
    for charge in run.charges {
      let place = Int(charge.time.utcDate.year) - years[0]
      guard years.indices.contains(place) else { continue }
      commission[place] += charge.commission
      slippage[place] += charge.slippage
      tax[place] += charge.tax
    }
    func drag(_ cost: [Double]) -> [Double] {
      zip(cost, opening).map { $1 > 0 ? $0 / $1 : .nan }
    }
    let kind = costs.holding.isEmpty ? "Costs" : "Costs of trades"
    return BarChart(
      title: "Cost drag by year",
      subtitle: "\(kind) as a share of equity at the start of the year",
      categories: years.map { "\($0)" },
      groups: placesOrders
        ? [
          .init("Commission", values: drag(commission)), .init("Slippage", values: drag(slippage)),
        ] + (tax.contains { $0 != 0 } ? [.init("Taxes", values: drag(tax))] : [])
        : [.init("Fees", values: drag(commission))], isStacked: true, unit: .percent)
  }
}
