import BacktestCore

/// Bars of prices as candles, with trades drawn from entry to exit.
///
///     CandleChart(title: "AAPL", bars: bars, axis: SessionAxis(times), trades: trades)
///
/// The bars stand side by side without gaps for nights and weekends.
public struct CandleChart: ReportChart {
  /// The prices of one bar.
  public struct Candle: Hashable, Sendable {
    /// The prices, high and low being the extremes.
    public var open, high, low, close: Double

    /// A candle from its prices.
    public init(open: Double, high: Double, low: Double, close: Double) {
      self.open = open
      self.high = high
      self.low = low
      self.close = close
    }
  }

  /// A trade: where it began and ended, counted in bars of the chart, and at which prices.
  public struct Trade: Hashable, Sendable {
    /// The bars of entry and exit; before 0 or after the last one for a trade that reaches beyond.
    public var entry, exit: Double
    /// The prices of entry and exit.
    public var entryPrice, exitPrice: Double
    /// Whether it bought first.
    public var isLong: Bool
    /// What is shown when the reader points at it.
    public var title: String
    /// Whether it ended with a profit.
    public var isProfit: Bool

    /// A trade from its parts.
    public init(
      entry: Double, exit: Double, entryPrice: Double, exitPrice: Double, isLong: Bool,
      isProfit: Bool, title: String
    ) {
      self.entry = entry
      self.exit = exit
      self.entryPrice = entryPrice
      self.exitPrice = exitPrice
      self.isLong = isLong
      self.isProfit = isProfit
      self.title = title
    }
  }

  /// The heading.
  public var title: String
  /// A line below the heading.
  public var subtitle: String?
  /// The candles, in order of time.
  public var candles: [Candle]
  /// When each candle closed.
  public var axis: SessionAxis
  /// The trades.
  public var trades: [Trade]
  /// How tall it is.
  public var height: ChartHeight

  /// A chart from its parts.
  public init(
    title: String, subtitle: String? = nil, candles: [Candle], axis: SessionAxis,
    trades: [Trade] = [], height: ChartHeight = .medium
  ) {
    self.title = title
    self.subtitle = subtitle
    self.candles = candles
    self.axis = axis
    self.trades = trades
    self.height = height
  }

  /// The chart, ready to be shown; `nil` where there are no values.
  public func drawing() -> ChartDrawing? {
    guard let frame = frame() else { return nil }
    var marks = MarkupWriter()
    marks.grid(of: frame)
    drawCandles(in: frame, to: &marks)
    for trade in trades { draw(trade, in: frame, to: &marks) }
    return ChartDrawing(frame: frame, marks: marks)
  }

  private func drawCandles(in frame: ChartFrame, to marks: inout MarkupWriter) {
    var (up, down) = (PathData(), PathData())
    for (i, bar) in candles.enumerated() where bar.low.isFinite && bar.high.isFinite {
      let x = Double(i)
      var data = PathData()
      data.polyline([frame.point(x, bar.low), frame.point(x, bar.high)])
      data.rectangle(frame.point(x - 0.3, bar.open), frame.point(x + 0.3, bar.close))
      if bar.close >= bar.open { up.append(data) } else { down.append(data) }
    }
    marks.path(up, "candle", "sg")
    marks.path(down, "candle", "sl")
  }

  private func draw(_ trade: Trade, in frame: ChartFrame, to marks: inout MarkupWriter) {
    // A trade that reaches beyond the window is cut off at its edge.
    let (first, last) = (frame.xScale.range.lowerBound, frame.xScale.range.upperBound)
    func price(at x: Double) -> Double {
      guard trade.exit > trade.entry else { return trade.entryPrice }
      let share = (x - trade.entry) / (trade.exit - trade.entry)
      return trade.entryPrice + share * (trade.exitPrice - trade.entryPrice)
    }
    let (start, end) = (max(trade.entry, first), min(trade.exit, last))
    let from = frame.point(start, price(at: start))
    let to = frame.point(end, price(at: end))
    var line = PathData()
    line.polyline([from, to])
    marks.path(line, "dash s1", title: trade.title)
    var (entry, exit) = (PathData(), PathData())
    if trade.entry >= first { entry.dot(at: from) }
    if trade.exit <= last { exit.dot(at: to) }
    marks.path(entry, "dot s1", title: trade.title)
    marks.path(exit, "dot s1", title: trade.title)
    marks.path(exit, "dot hole")
  }

  private func frame() -> ChartFrame? {
    let prices = candles.flatMap { [$0.low, $0.high] }
    guard let extent = ChartScale.extent(of: prices) else { return nil }
    var frame = ChartFrame(
      title: title, subtitle: subtitle,
      summary:
        NumberText.count(candles.count, "bar")
        + " from \(NumberFormat.ratio.text(extent.lowerBound)) to "
        + "\(NumberFormat.ratio.text(extent.upperBound)). "
        + trades.map(\.title).joined(separator: " "),
      height: height,
      legend: [
        LegendEntry(name: "Entry", mark: .dot, style: "s1"),
        LegendEntry(name: "Exit", mark: .ring, style: "s1"),
        LegendEntry(name: "Bar that rose", mark: .area, style: "sg"),
        LegendEntry(name: "Bar that fell", mark: .area, style: "sl"),
      ],
      xScale: ChartScale(-0.6...max(Double(candles.count) - 0.4, 0.6)),
      yScale: ChartScale(ChartScale.padded(extent, by: 0.05)),
      xTitle: axis.hasTimesOfDay ? axis.clock.zone : nil)
    frame.placeYTicks(AxisTicks.linear(frame.yScale.range, count: 5, unit: .plain))
    frame.placeXTicks(axis.ticks(count: 8))
    return frame
  }
}
