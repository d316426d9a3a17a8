import BacktestCore
import BacktestEvidence

extension ReportFacts {
  /// Round trips, what became of orders, and who earned it.
  var tradesSection: ReportSection {
    var blocks: [any ReportBlock] = []
    if run.trades.isEmpty {
      blocks.append(ReportParagraph(whyNoTrades))
    } else {
      var columns: [any ReportBlock] = []
      if run.universe.count > 1 { columns.append(attribution) }
      if (metrics.trades?.count ?? 0) >= 10 { columns.append(tradeHistogram) }
      if !columns.isEmpty { blocks.append(ReportColumns(columns)) }
      blocks.append(tradeTable)
    }
    if !run.orders.isEmpty { blocks.append(orderTable) }
    return ReportSection(id: "trades", title: "Trades", summary: tradeSummary, blocks: blocks)
  }

  /// How many trades there are, and how much of the profit those still open hold.
  private var tradeSummary: String {
    let closed = run.trades.filter { !$0.isOpen }
    let open = run.trades.filter(\.isOpen)
    func money(_ trades: [RoundTrip]) -> String {
      NumberFormat.integer.text(trades.reduce(0) { $0 + $1.profit }) + " " + currency
    }
    let text = "\(ReportText.count(closed.count, "round trip")) from flat to flat, net of costs"
    guard !open.isEmpty else { return text + "." }
    let end = walkForward == nil ? "the end" : "the end of a fold"
    return "\(text): \(money(closed)). \(open.count) more still open at \(end) hold "
      + "\(money(open)) at their marks; they are listed and never counted."
  }

  private var whyNoTrades: String {
    if run.configuration.accounting.holdsWeights {
      return "The account is a vector of weights: nothing is ordered, and there are no round trips."
    }
    if run.orders.isEmpty { return "The strategy ordered nothing." }
    return "Nothing traded: \(ReportText.count(run.orders.count, "order")), none of them filled."
  }

  private var tradeTable: ReportTable {
    ReportTable(
      caption: "Trades, in order of exit",
      columns: [
        .text("Instrument"), .text("Side"), .text("Entry"), .text("Exit"),
        .number("Quantity", as: .number(decimals: hasFractions ? 4 : 0)),
        .number("Entry price", as: .money), .number("Exit price", as: .money),
        .number("Profit, \(currency)", as: .money, isSigned: true),
        .number("Return", as: .signedPercent(decimals: 2), isSigned: true),
        .number("Bars", as: .integer),
        .number("MAE", as: .percent(decimals: 1), definition: "worst move against the entry price"),
        .number("MFE", as: .percent(decimals: 1), definition: "best move in favour"),
      ],
      rows: run.trades.map { trade in
        [
          .text(symbol(trade.instrument)), .text(trade.isLong ? "long" : "short"),
          cell(trade.entryTime, of: trade.instrument),
          trade.isOpen ? .text("open") : cell(trade.exitTime, of: trade.instrument),
          .number(trade.quantity), .number(trade.entryPrice), .number(trade.exitPrice),
          .number(trade.profit), .number(trade.profitFraction), .number(Double(trade.barCount)),
          .number(trade.maximumAdverseExcursion), .number(trade.maximumFavourableExcursion),
        ]
      }, limit: .init(rowCount: 25, file: "trades.csv"))
  }

  private var hasFractions: Bool {
    run.trades.contains { $0.quantity != $0.quantity.rounded() }
  }

  private var tradeHistogram: HistogramChart {
    HistogramChart(
      title: "Trades by return", subtitle: "Closed trades, net of costs",
      values: run.trades.filter { !$0.isOpen }.map(\.profitFraction), showsNormalCurve: false,
      xTitle: "Return on the entry notional")
  }

  private var attribution: RankedBars {
    var profits = [Double](repeating: 0, count: run.universe.count)
    for trade in run.trades { profits[Int(trade.instrument.index)] += trade.profit }
    let order = profits.indices.sorted { (-profits[$0], $0) < (-profits[$1], $1) }
    var items = order.map { RankedBars.Item(symbol(InstrumentID($0)), profits[$0]) }
    var caption = "Net profit by instrument, \(currency), open positions at their marks"
    if items.count > 24 {
      items = Array(items.prefix(12) + items.suffix(12))
      caption += "; the best 12 and the worst 12"
    }
    return RankedBars(caption: caption, items: items)
  }

  private var orderTable: ReportTable {
    var names: [String] = []
    var counts: [String: Int] = [:]
    for outcome in run.outcomes {
      let name = ReportFacts.name(of: outcome.kind)
      if counts[name] == nil { names.append(name) }
      counts[name, default: 0] += 1
    }
    return ReportTable(
      caption: "What became of \(ReportText.count(run.orders.count, "order")), each in orders.csv",
      columns: [.text("Outcome"), .number("Orders", as: .integer)],
      rows: names.map { [.text($0), .number(Double(counts[$0] ?? 0))] })
  }

  private static func name(of kind: OrderOutcome.Kind) -> String {
    switch kind {
    case .filled: "filled whole"
    case .cancelled: "cancelled by the strategy"
    case .cancelledByGroup: "cancelled by another of its group"
    case .expired: "expired"
    case .cut: "made smaller by buying power"
    case .rejected(let reason): "refused: \(reason.rawValue)"
    case .stillLive: "still live at the end"
    }
  }

  /// What the strategy wrote down; nothing where it wrote nothing.
  var noteSections: [ReportSection] {
    guard !run.notes.isEmpty else { return [] }
    return [
      ReportSection(
        id: "notes", title: "Notes of the strategy",
        summary: "What the strategy wrote down while it ran.",
        blocks: [
          ReportTable(
            caption: "Notes", columns: [.text("Time, UTC"), .prose("Note")],
            rows: run.notes.map { [.time($0.time), .text($0.text)] },
            limit: .init(rowCount: 50, file: "result.json"))
        ])
    ]
  }
}
