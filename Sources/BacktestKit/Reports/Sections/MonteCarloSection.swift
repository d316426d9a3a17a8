import BacktestCore
package import BacktestEvidence

/// A Monte Carlo as the report shows it.
package struct ReportMonteCarlo: Sendable {
  /// The metrics over synthetic markets.
  package var markets: MonteCarloResult
  /// The trades in other orders, and drawn with replacement, by name.
  package var trades: [(name: String, paths: ReshuffledPaths)]
  /// Why the trades are not reshuffled.
  package var tradesAbsence: String?

  /// A Monte Carlo from its parts.
  package init(
    markets: MonteCarloResult, trades: [(name: String, paths: ReshuffledPaths)],
    tradesAbsence: String?
  ) {
    self.markets = markets
    self.trades = trades
    self.tradesAbsence = tradesAbsence
  }
}

extension ReportModel {
  /// The spread of the figures over synthetic markets.
  func monteCarloSections(_ found: ReportMonteCarlo?) -> [ReportSection] {
    guard let found else { return [] }
    var blocks: [any ReportBlock] = [marketTable(found.markets)]
    if let sharpe = found.markets["sharpe"], sharpe.sorted.count > 1 {
      var chart = HistogramChart(
        title: "Sharpe ratio in synthetic markets", values: sharpe.sorted,
        showsNormalCurve: false, marks: sharpe.actual.map { [.init("actual", at: $0)] } ?? [],
        unit: .plain)
      chart.subtitle = found.markets.text
      blocks.append(chart)
    }
    if found.trades.isEmpty {
      blocks +=
        found.tradesAbsence.map {
          [ReportParagraph("Trades are not reshuffled: \($0).")]
        } ?? []
    } else {
      blocks.append(reshuffleTable(found.trades))
    }
    return [
      ReportSection(
        id: "monte-carlo", title: "Monte Carlo",
        summary: "The strategy in \(found.markets.text). Each market deals the bars again in "
          + "blocks, all instruments by the same rows. Blocks keep clusters of volatility and "
          + "break longer trends, so the drawdowns are a rough band, and a strategy that follows "
          + "trends does worse here than it deserves.",
        blocks: blocks)
    ]
  }

  private func marketTable(_ markets: MonteCarloResult) -> ReportTable {
    let shares: [(String, Double)] = [
      ("5%", 0.05), ("25%", 0.25), ("Median", 0.5), ("75%", 0.75), ("95%", 0.95),
    ]
    let metrics = Metrics.headlineNames.compactMap { name in
      Metrics.find(name).flatMap { metric in markets[name].map { (metric, $0) } }
    }
    return ReportTable(
      caption: "Main metrics in synthetic markets",
      columns: [.text("Metric"), .number("Actual", as: .ratio)]
        + shares.map { .number($0.0, as: .ratio) }
        + [
          .number(
            "Markets below", as: .percent(decimals: 1),
            definition: "share of markets with a value below the actual one")
        ],
      rows: metrics.filter { !$0.1.sorted.isEmpty }.map { metric, found in
        let format = metric.unit.format(currency: currency)
        return [.text(metric.title), .text(format.text(found.actual))]
          + shares.map { .text(format.text(found.quantile($0.1))) }
          + [.number(found.shareBelowActual, else: "no actual value")]
      })
  }

  private func reshuffleTable(_ trades: [(name: String, paths: ReshuffledPaths)]) -> ReportTable {
    let percent = NumberFormat.percent(decimals: 1)
    return ReportTable(
      caption: "Max drawdown at exits, with the trades dealt again",
      columns: [
        .text("Trades"), .number("Actual", as: percent), .number("5%", as: percent),
        .number("Median", as: percent), .number("95%", as: percent),
        .number("As deep", as: percent, definition: "share of draws that fell as deep or deeper"),
        .number("Losses", as: percent, definition: "share of draws that ended with a loss"),
      ],
      rows: trades.map { name, paths in
        [
          .text(name), .number(paths.actualDrawdown), .number(paths.drawdown(0.05)),
          .number(paths.drawdown(0.5)), .number(paths.drawdown(0.95)), .number(paths.shareAsDeep),
          .number(paths.shareOfLosses),
        ]
      })
  }
}
