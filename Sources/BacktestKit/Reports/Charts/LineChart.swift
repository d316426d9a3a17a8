import BacktestCore

/// Lines over time or over a number, with shaded ranges, markers and a reference line.
///
///     var chart = LineChart(
///       title: "Growth of 1", series: [ChartSeries("Strategy", times: times, values: growth)])
///     chart.isLogarithmic = true
///     let svg = chart.svg()
///
/// The value at the end of each line is written beside it, and so are the extremes of the first.
/// Over time, pointing at the chart shows the values at the end of each month or a similar period.
public struct LineChart: ReportChart {
  /// What the x axis counts.
  public enum XAxis: Hashable, Sendable {
    /// Calendar time in UTC; the x values are seconds since 1970.
    case time
    /// Trading time: the gaps between sessions have no width.
    case sessions(SessionAxis)
    /// A number.
    case number(AxisUnit)
    /// Places 0, 1, 2 and so on with these names.
    case places([String])
  }

  /// Which extremes of the first line are written beside it.
  public enum Extremes: Hashable, Sendable {
    /// Neither.
    case none
    /// The highest value.
    case highest
    /// The lowest value, with its date where the x axis is time.
    case lowest
    /// Both.
    case both
  }

  /// The heading.
  public var title: String
  /// A line below the heading.
  public var subtitle: String?
  /// The lines; the first is drawn on top. Six colours, then they repeat.
  public var series: [ChartSeries]
  /// Lines that are drawn thin and grey behind the others, all in one path.
  var background: [ChartSeries] = []
  /// What the lines behind the others are called in the legend.
  var backgroundName: String?
  /// What the x axis counts.
  public var xAxis = XAxis.time
  /// The title below the x axis.
  public var xTitle: String?
  /// How the labels of the y axis are written.
  public var unit: AxisUnit
  /// The title above the y axis.
  public var yTitle: String?
  /// Whether equal ratios are equally tall; ignored where a value is not positive.
  public var isLogarithmic = false
  /// Whether the space between the first line and zero is filled.
  public var isFilled = false
  /// A value marked across the chart, for example 1 for growth or 0 for a ratio.
  public var baseline: Double?
  /// Ranges of values behind the lines, the widest first; two shades.
  public var ranges: [ChartRange] = []
  /// Shaded ranges of time.
  public var bands: [ChartBand] = []
  /// Dots.
  public var markers: [ChartMarkers] = []
  /// Which extremes are written.
  public var extremes = Extremes.none
  /// Whether the last value of each line is written beside it.
  public var showsEnds = true
  /// Whether its name is written beside that value as well.
  var namesEnds = false
  /// Names of the values 0, 1, 2 and so on of the y axis, instead of numbers.
  public var yPlaces: [String] = []
  /// What the chart shows, in words, for readers who do not see it; by default the range and the
  /// last value of each line.
  public var summary: String?
  /// Whether the values of each month or a similar period are shown where the reader points.
  public var showsReadouts = true
  /// The most periods that each have their values to point at.
  var readoutLimit: Int
  /// How tall it is.
  public var height: ChartHeight

  /// A chart of these lines over time.
  public init(
    title: String, subtitle: String? = nil, series: [ChartSeries], unit: AxisUnit = .plain,
    height: ChartHeight = .tall
  ) {
    self.title = title
    self.subtitle = subtitle
    self.series = series
    self.unit = unit
    self.height = height
    readoutLimit = height == .tall ? Self.monthlyReadouts : 42
  }

  /// The months of eleven years.
  static let monthlyReadouts = 132

  /// A drawdown chart: the space between zero and each point's distance from the highest before it.
  ///
  /// Drawdowns are fractions, zero or negative.
  public static func underwater(
    title: String, series: [ChartSeries], height: ChartHeight = .short
  ) -> LineChart {
    var chart = LineChart(title: title, series: series, unit: .percent, height: height)
    chart.isFilled = true
    chart.baseline = 0
    chart.extremes = .lowest
    return chart
  }

  /// The chart, ready to be shown; `nil` where there are no values.
  public func drawing() -> ChartDrawing? {
    guard let frame = frame() else { return nil }
    var marks = MarkupWriter()
    drawBands(in: frame, to: &marks)
    marks.grid(of: frame)
    if let baseline { marks.horizontal(baseline, in: frame, "base") }
    drawRanges(in: frame, to: &marks)
    drawBackground(in: frame, to: &marks)
    drawLines(in: frame, to: &marks)
    drawMarkers(in: frame, to: &marks)
    drawReadouts(in: frame, to: &marks)
    return ChartDrawing(frame: frame, marks: marks)
  }

  /// Whether the x axis is time of one kind or the other.
  var isOverTime: Bool {
    switch xAxis {
    case .time, .sessions: true
    case .number, .places: false
    }
  }

  /// Where an instant is on the x axis, in its own unit.
  func axisValue(of time: Timestamp) -> Double {
    if case .sessions(let axis) = xAxis { return axis.position(of: time) }
    return time.axisSeconds
  }
}

extension LineChart {
  private func drawBands(in frame: ChartFrame, to marks: inout MarkupWriter) {
    for (i, name) in bandNames.enumerated() {
      var data = PathData()
      for band in bands where band.name == name {
        let (from, to) = (
          frame.column(axisValue(of: band.from)), frame.column(axisValue(of: band.to))
        )
        guard to > from else { continue }
        data.rectangle(DrawingPoint(x: from, y: 0), DrawingPoint(x: to, y: ChartFrame.height))
      }
      marks.path(data, ChartStyle.band(i))
    }
  }

  private func drawBackground(in frame: ChartFrame, to marks: inout MarkupWriter) {
    var data = PathData()
    for line in background {
      // Of a line among many only the outline shows.
      for run in line.runs(in: frame) {
        data.polyline(PointDecimation.extremes(of: run, width: ChartFrame.width / 50))
      }
    }
    marks.path(data, "faint", ChartStyle.benchmark)
  }

  private func drawRanges(in frame: ChartFrame, to marks: inout MarkupWriter) {
    for (i, range) in ranges.enumerated() {
      var data = PathData()
      let upper = ChartSeries(range.name, x: range.x, y: range.upper).runs(in: frame)
      let lower = ChartSeries(range.name, x: range.x, y: range.lower).runs(in: frame)
      for (above, below) in zip(upper, lower) { data.polygon(above + below.reversed()) }
      marks.path(data, ChartStyle.range(i))
    }
  }

  private func drawLines(in frame: ChartFrame, to marks: inout MarkupWriter) {
    for (i, line) in series.enumerated().reversed() {
      let style = lineStyle(i)
      let runs = line.runs(in: frame).map(PointDecimation.bends)
      if isFilled, i == 0 {
        var area = PathData()
        for run in runs { area.area(run, baseline: frame.row(0)) }
        marks.path(area, "fill", style)
      }
      var (data, dots) = (PathData(), PathData())
      for run in runs {
        // A value between two missing ones would be too small to see as a line.
        if run.count == 1 { dots.dot(at: run[0]) } else { data.polyline(run) }
      }
      if line.isThick { marks.path(data, "span", style) } else { marks.line(data, style) }
      marks.path(dots, "dot", style)
    }
  }

  private func drawMarkers(in frame: ChartFrame, to marks: inout MarkupWriter) {
    for (i, set) in markers.enumerated() {
      var points: [DrawingPoint] = []
      for (time, value) in zip(set.times, set.values) where value.isFinite {
        points.append(frame.point(axisValue(of: time), value))
      }
      var data = PathData()
      guard set.shape != .tick else {
        // Ten pixels.
        let height = 10 * ChartFrame.height / frame.height.rawValue
        for point in PointDecimation.distinct(points) { data.tick(at: point, height: height) }
        marks.path(data, markerStyle(i))
        continue
      }
      for point in PointDecimation.distinct(points) { data.dot(at: point) }
      marks.path(data, "dot", markerStyle(i))
      if set.shape == .ring { marks.path(data, "dot hole") }
    }
  }
}
