import BacktestCore
import BacktestEvidence

extension ReportModel {
  private var closedTrades: [RoundTrip] { run.trades.filter { !$0.isOpen } }

  /// How trades moved while they were open, how long they lasted, and in which order they came.
  var tradeCharts: [any ReportBlock] {
    let closed = closedTrades
    guard closed.count >= 10 else { return [] }
    var blocks: [any ReportBlock] = []
    if let chart = sideChart(closed) { blocks.append(chart) }
    blocks.append(ReportColumns([excursionChart(closed), holdingChart(closed)]))
    blocks.append(streakChart(TradeStreaks(closed)))
    return blocks
  }

  /// Profit of long and of short trades as they were closed; `nil` where only one side traded.
  private func sideChart(_ closed: [RoundTrip]) -> LineChart? {
    guard closed.contains(where: \.isLong), closed.contains(where: { !$0.isLong }) else {
      return nil
    }
    func line(_ name: String, isLong: Bool) -> ChartSeries {
      var sum = 0.0
      let own = closed.filter { $0.isLong == isLong }
      let steps = own.flatMap { trade -> [(x: Double, y: Double)] in
        let x = timeChart("", nil, []).axisValue(of: trade.exitTime)
        defer { sum += trade.profit }
        return [(x, sum), (x, sum + trade.profit)]
      }
      let (first, last) = (axisValues.first ?? 0, axisValues.last ?? 0)
      return ChartSeries(
        name, x: [first] + steps.map(\.x) + [last], y: [0] + steps.map(\.y) + [sum])
    }
    var chart = timeChart(
      "Profit by side", "Net profit of closed trades, added up at their exits",
      [line("Long", isLong: true), line("Short", isLong: false)])
    chart.yTitle = currency
    chart.baseline = 0
    return chart
  }

  private func excursionChart(_ closed: [RoundTrip]) -> ScatterChart {
    func cloud(_ name: String, _ style: StaticString, _ trades: [RoundTrip]) -> ScatterChart.Cloud {
      let percent = NumberFormat.percent(decimals: 1)
      var cloud = ScatterChart.Cloud(
        name, x: trades.map { -abs($0.maximumAdverseExcursion) },
        y: trades.map { abs($0.maximumFavourableExcursion) })
      cloud.style = style
      if trades.count <= 200 {
        cloud.titles = trades.map { trade in
          "\(symbol(trade.instrument)), \(trade.isLong ? "long" : "short") "
            + "\(moment(trade.entryTime, of: trade.instrument)): "
            + "\(percent.text(trade.profitFraction)), worst "
            + "\(percent.text(-abs(trade.maximumAdverseExcursion))), best "
            + percent.text(abs(trade.maximumFavourableExcursion))
        }
      }
      return cloud
    }
    return ScatterChart(
      title: "How far trades went against and in favour",
      subtitle: "One dot per closed trade: its worst and its best move from the entry price",
      clouds: [
        cloud("Gain", ChartStyle.gain, closed.filter { $0.profit > 0 }),
        cloud("Loss", ChartStyle.loss, closed.filter { $0.profit <= 0 }),
      ], xTitle: "Maximum adverse excursion", yTitle: "Maximum favourable excursion",
      unit: .percent, height: .medium)
  }

  private func holdingChart(_ closed: [RoundTrip]) -> HistogramChart {
    let bars = closed.map { Double($0.barCount) }
    let median = bars.sorted().sortedQuantile(0.5)
    return HistogramChart(
      title: "Holding times", subtitle: "Bars from entry to exit, closed trades", values: bars,
      showsNormalCurve: false, marks: [.init("Median", at: median)], unit: .count,
      xTitle: "Bars held")
  }

  private func streakChart(_ streaks: TradeStreaks) -> BarChart {
    let longest = min(max(streaks.wins.max() ?? 1, streaks.losses.max() ?? 1), 20)
    func counts(_ lengths: [Int]) -> [Double] {
      (1...longest).map { length in
        Double(lengths.count { length == longest ? $0 >= length : $0 == length })
      }
    }
    return BarChart(
      title: "Winning and losing streaks",
      subtitle: "How often so many closed trades in a row won or lost; the longest: "
        + "\(NumberText.count(streaks.wins.max() ?? 0, "win")) and "
        + "\(streaks.losses.max() ?? 0) \(streaks.losses.max() == 1 ? "loss" : "losses")",
      categories: (1...longest).map { "\($0)" },
      groups: [
        .init("Wins", values: counts(streaks.wins), style: ChartStyle.gain),
        .init("Losses", values: counts(streaks.losses), style: ChartStyle.loss),
      ], unit: .count, height: .short)
  }
}

extension ReportModel {
  /// The most candles of a window; longer ones join several bars in a candle.
  private static let candleLimit = 90

  /// Prices around the trades that tell most: the best, the worst, and the busiest time.
  var tradeWindows: [any ReportBlock] {
    guard run.configuration.accounting.placesOrders else { return [] }
    let all = run.trades
    guard let best = all.max(by: { $0.profit < $1.profit }),
      let worst = all.min(by: { $0.profit < $1.profit })
    else { return [] }
    var windows = [window(around: best, best.profit > 0 ? "The best trade" : "The least bad trade")]
    if worst.profit < 0, worst != best { windows.append(window(around: worst, "The worst trade")) }
    let shown = windows.compactMap(\.self)
    return shown.isEmpty ? [] : [ReportSubheading("Trades on prices"), ReportColumns(shown)]
  }

  private func window(around trade: RoundTrip, _ name: String) -> CandleChart? {
    let series = run.universe[trade.instrument]
    let rows = max(trade.exitRow - trade.entryRow, 1)
    let margin = max(rows / 3, 15)
    let first = max(trade.entryRow - margin, 0)
    let last = min(trade.exitRow + margin, series.count - 1)
    guard first < last, trade.entryRow >= 0, trade.exitRow < series.count else { return nil }
    let step = (last - first) / Self.candleLimit + 1
    let starts = Array(stride(from: first, through: last, by: step))
    let candles = starts.map { start -> CandleChart.Candle in
      let rows = start...min(start + step - 1, last)
      return CandleChart.Candle(
        open: series.open[start], high: rows.map { series.high[$0] }.max() ?? .nan,
        low: rows.map { series.low[$0] }.min() ?? .nan, close: series.close[rows.upperBound])
    }
    let times = starts.map { series.closeTimes[min($0 + step - 1, last)] }
    let inside = run.trades.filter {
      $0.instrument == trade.instrument && $0.exitRow >= first && $0.entryRow <= last
    }
    let percent = NumberFormat.signedPercent(decimals: 1)
    let money = NumberFormat.amount(currency: currency)
    return CandleChart(
      title: "\(name): \(symbol(trade.instrument))",
      subtitle: "\(percent.text(trade.profitFraction)), \(money.text(trade.profit)) over "
        + NumberText.count(trade.barCount, "bar")
        + (step > 1 ? "; one candle for \(step) bars" : ""),
      candles: candles, axis: SessionAxis(times, calendar: series.calendar),
      trades: inside.prefix(40).map { mark($0, first: first, step: step) })
  }

  private func mark(_ trade: RoundTrip, first: Int, step: Int) -> CandleChart.Trade {
    let percent = NumberFormat.signedPercent(decimals: 1)
    return CandleChart.Trade(
      entry: Double((trade.entryRow - first)) / Double(step),
      exit: Double((trade.exitRow - first)) / Double(step), entryPrice: trade.entryPrice,
      exitPrice: trade.exitPrice, isLong: trade.isLong, isProfit: trade.profit > 0,
      title: "\(trade.isLong ? "Long" : "Short") from "
        + "\(moment(trade.entryTime, of: trade.instrument)) at "
        + "\(NumberFormat.money.text(trade.entryPrice)) to "
        + "\(moment(trade.exitTime, of: trade.instrument)) at "
        + "\(NumberFormat.money.text(trade.exitPrice)): \(percent.text(trade.profitFraction)).")
  }
}
