import BacktestCore

/// Lines over time or over a number, with shaded ranges, markers and a reference line.
///
///     var chart = LineChart(
///       title: "Growth of 1", series: [ChartSeries("Strategy", times: times, values: growth)])
///     chart.isLogarithmic = true
///     chart.bands = folds
struct LineChart: ReportBlock {
  /// What the x axis counts.
  enum XAxis: Hashable, Sendable {
    /// Calendar time in UTC; the x values are seconds since 1970.
    case time
    /// A number.
    case number(AxisUnit)
  }

  /// The heading.
  var title: String
  /// A line below the heading.
  var subtitle: String?
  /// The lines; the first is drawn on top. Six colours, then they repeat.
  var series: [ChartSeries]
  /// What the x axis counts.
  var xAxis = XAxis.time
  /// The title below the x axis.
  var xTitle: String?
  /// How the labels of the y axis are written.
  var unit: AxisUnit
  /// The title above the y axis.
  var yTitle: String?
  /// Whether equal ratios are equally tall; ignored where a value is not positive.
  var isLogarithmic = false
  /// Whether the space between the first line and zero is filled.
  var isFilled = false
  /// A value marked across the chart, for example 1 for growth or 0 for a ratio.
  var baseline: Double?
  /// Shaded ranges of time.
  var bands: [ChartBand] = []
  /// Dots.
  var markers: [ChartMarkers] = []
  /// How tall it is.
  var height: ChartHeight

  /// A chart of these lines over time.
  init(
    title: String, subtitle: String? = nil, series: [ChartSeries], unit: AxisUnit = .plain,
    height: ChartHeight = .tall
  ) {
    self.title = title
    self.subtitle = subtitle
    self.series = series
    self.unit = unit
    self.height = height
  }

  /// A drawdown chart: the space between zero and each point's distance from the highest before it.
  ///
  /// Drawdowns are fractions, zero or negative.
  static func underwater(
    title: String, series: [ChartSeries], height: ChartHeight = .short
  ) -> LineChart {
    var chart = LineChart(title: title, series: series, unit: .percent, height: height)
    chart.isFilled = true
    chart.baseline = 0
    return chart
  }

  /// Writes the chart as a figure.
  func write(to writer: inout MarkupWriter) {
    ChartDrawing.write(drawing(), title: title, to: &writer)
  }

  /// The chart as a separate SVG file, or `nil` where there are no values.
  func svg() -> [UInt8]? { drawing()?.svg() }

  private func drawing() -> ChartDrawing? {
    guard let frame = frame() else { return nil }
    var marks = MarkupWriter()
    drawBands(in: frame, to: &marks)
    marks.grid(of: frame)
    if let baseline { marks.horizontal(baseline, in: frame, "base") }
    drawLines(in: frame, to: &marks)
    drawMarkers(in: frame, to: &marks)
    return ChartDrawing(frame: frame, marks: marks)
  }
}

extension LineChart {
  private func frame() -> ChartFrame? {
    let values = series.flatMap(\.y) + markers.flatMap(\.values)
    guard var yExtent = ChartScale.extent(of: values),
      let xExtent = ChartScale.extent(of: series.flatMap(\.x))
    else { return nil }
    let isLog = isLogarithmic && yExtent.lowerBound > 0
    if let baseline, baseline > 0 || !isLog {
      yExtent = min(yExtent.lowerBound, baseline)...max(yExtent.upperBound, baseline)
    }
    var range = ChartScale.padded(yExtent, by: 0.04, isLogarithmic: isLog)
    if bands.contains(where: { $0.label != nil }) {
      // Labels of shaded ranges stand above the highest point.
      let room = 24 / Double(height.rawValue)
      let raised = ChartScale.padded(range, by: room, isLogarithmic: isLog)
      range = range.lowerBound...raised.upperBound
    }
    // What is filled down or up to zero begins exactly there.
    if isFilled, yExtent.upperBound <= 0 { range = range.lowerBound...0 }
    if isFilled, yExtent.lowerBound >= 0 { range = 0...range.upperBound }
    let format: NumberFormat = unit == .percent ? .percent(decimals: 1) : .ratio
    var frame = ChartFrame(
      title: title, subtitle: subtitle,
      summary: series.map { $0.spoken(as: format) }.joined(separator: " "), height: height,
      legend: legend,
      xScale: ChartScale(xRange(xExtent)),
      yScale: ChartScale(range, isLogarithmic: isLog),
      xTitle: xTitle, yTitle: yTitle.map { isLog ? $0 + ", log scale" : $0 })
    placeTicks(in: &frame)
    placeBandLabels(in: &frame)
    return frame
  }

  /// The x axis ends with the data; a single time gets a day around it.
  private func xRange(_ extent: ClosedRange<Double>) -> ClosedRange<Double> {
    if extent.lowerBound < extent.upperBound { return extent }
    guard case .time = xAxis else { return ChartScale.padded(extent, by: 0.5) }
    return extent.lowerBound - 43_200...extent.upperBound + 43_200
  }

  private func placeTicks(in frame: inout ChartFrame) {
    let count = [.short: 3, .medium: 5, .tall: 7][height] ?? 5
    frame.placeYTicks(
      frame.yScale.isLogarithmic
        ? AxisTicks.logarithmic(frame.yScale.range, count: count + 1, unit: unit)
        : AxisTicks.linear(frame.yScale.range, count: count, unit: unit))
    switch xAxis {
    case .time: frame.placeXTicks(TimeTicks.ticks(frame.xScale.range, count: 12))
    case .number(let unit):
      frame.placeXTicks(AxisTicks.linear(frame.xScale.range, count: 10, unit: unit))
    }
  }

  private func placeBandLabels(in frame: inout ChartFrame) {
    let labels = bands.compactMap { band -> (label: PlacedLabel, isMajor: Bool)? in
      guard let text = band.label else { return nil }
      let from = frame.xScale.position(band.from.axisSeconds)
      let to = frame.xScale.position(band.to.axisSeconds)
      // A label wider than its range would seem to belong to the next one too.
      guard to > 0, from < 1, LabelThinning.fits(text, across: to - from) else { return nil }
      return (PlacedLabel(position: (max(from, 0) + min(to, 1)) / 2, text: text), false)
    }
    frame.bandLabels = LabelThinning.thinned(labels)
  }

  private var bandNames: [String] {
    var names: [String] = []
    for band in bands where !names.contains(band.name) { names.append(band.name) }
    return names
  }

  private var legend: [LegendEntry] {
    let lines = series.enumerated().map { i, line in
      LegendEntry(name: line.name, mark: .line, style: ChartStyle.line(i))
    }
    let dots = markers.enumerated().map { i, set in
      LegendEntry(
        name: set.name, mark: set.shape == .dot ? .dot : .ring,
        style: ChartStyle.line(series.count + i))
    }
    let areas = bandNames.enumerated().map { i, name in
      LegendEntry(name: name, mark: .area, style: ChartStyle.band(i))
    }
    // One line alone is what the title says.
    return series.count == 1 && dots.isEmpty && areas.isEmpty ? [] : lines + dots + areas
  }

  private func drawBands(in frame: ChartFrame, to marks: inout MarkupWriter) {
    for (i, name) in bandNames.enumerated() {
      var data = PathData()
      for band in bands where band.name == name {
        let (from, to) = (
          frame.column(band.from.axisSeconds), frame.column(band.to.axisSeconds)
        )
        guard to > from else { continue }
        data.rectangle(DrawingPoint(x: from, y: 0), DrawingPoint(x: to, y: ChartFrame.height))
      }
      marks.path(data, ChartStyle.band(i))
    }
  }

  private func drawLines(in frame: ChartFrame, to marks: inout MarkupWriter) {
    for (i, line) in series.enumerated().reversed() {
      let runs = line.runs(in: frame)
      if isFilled, i == 0 {
        var area = PathData()
        for run in runs { area.area(run, baseline: frame.row(0)) }
        marks.path(area, "fill s1")
      }
      var (data, dots) = (PathData(), PathData())
      for run in runs {
        // A value between two missing ones would be too small to see as a line.
        if run.count == 1 { dots.dot(at: run[0]) } else { data.polyline(run) }
      }
      marks.path(data, ChartStyle.line(i))
      marks.path(dots, ChartStyle.dot(i))
    }
  }

  private func drawMarkers(in frame: ChartFrame, to marks: inout MarkupWriter) {
    for (i, set) in markers.enumerated() {
      var points: [DrawingPoint] = []
      for (time, value) in zip(set.times, set.values) where value.isFinite {
        points.append(frame.point(time.axisSeconds, value))
      }
      var data = PathData()
      for point in PointDecimation.distinct(points) { data.dot(at: point) }
      marks.path(data, ChartStyle.dot(series.count + i))
      if set.shape == .ring { marks.path(data, "dot hole") }
    }
  }
}

/// A line of a chart: a name and points in ascending x.
///
/// A value that is not finite interrupts the line.
struct ChartSeries: Sendable {
  /// The name in the legend.
  var name: String
  /// The positions of the points: any unit, or seconds since 1970 on an axis of time.
  var x: [Double]
  /// The values, one for each x.
  var y: [Double]

  /// A series over numbers.
  init(_ name: String, x: [Double], y: [Double]) {
    precondition(x.count == y.count, "an x for each y")
    self.name = name
    self.x = x
    self.y = y
  }

  /// A series over time.
  init(_ name: String, times: [Timestamp], values: [Double]) {
    self.init(name, x: times.map(\.axisSeconds), y: values)
  }

  /// A series over time in which `nil` interrupts the line.
  init(_ name: String, times: [Timestamp], values: [Double?]) {
    self.init(name, times: times, values: values.map { $0 ?? .nan })
  }
}

/// A shaded range behind the lines of a chart: a fold, or a time in one regime.
struct ChartBand: Hashable, Sendable {
  /// Where it begins.
  var from: Timestamp
  /// Where it ends.
  var to: Timestamp
  /// What the shade means; it appears once in the legend. Bands of one name share a shade.
  var name: String
  /// A short text at its upper edge, shown where there is room.
  var label: String?

  /// A band from its parts.
  init(from: Timestamp, to: Timestamp, name: String, label: String? = nil) {
    self.from = from
    self.to = to
    self.name = name
    self.label = label
  }
}

/// A set of dots on a chart, for example all entries.
struct ChartMarkers: Sendable {
  /// How the dots look.
  enum Shape: Hashable, Sendable {
    /// A filled dot.
    case dot
    /// A dot with an empty middle.
    case ring
  }

  /// The name in the legend.
  var name: String
  /// How the dots look.
  var shape: Shape
  /// Their times.
  var times: [Timestamp]
  /// Their values, one for each time.
  var values: [Double]

  /// Markers from their parts.
  init(_ name: String, shape: Shape, times: [Timestamp], values: [Double]) {
    precondition(times.count == values.count, "a time for each value")
    self.name = name
    self.shape = shape
    self.times = times
    self.values = values
  }
}

extension Timestamp {
  /// Seconds since 1970 as an axis of time counts them.
  var axisSeconds: Double { Double(nanoseconds) / 1e9 }
}

extension ChartSeries {
  /// The line in the units of a drawing, cut where a value is missing and reduced to what shows.
  func runs(in frame: ChartFrame) -> [[DrawingPoint]] {
    var runs: [[DrawingPoint]] = []
    var run: [DrawingPoint] = []
    func end() {
      if !run.isEmpty { runs.append(PointDecimation.extremes(of: run, width: 2)) }
      run = []
    }
    for (x, y) in zip(x, y) {
      if x.isFinite, y.isFinite { run.append(frame.point(x, y)) } else { end() }
    }
    end()
    return runs
  }

  /// The smallest and largest finite value and the last one, in words.
  func spoken(as format: NumberFormat) -> String {
    guard let extent = ChartScale.extent(of: y) else { return "\(name): no values." }
    let last = y.last { $0.isFinite }
    return "\(name): from \(format.text(extent.lowerBound)) to \(format.text(extent.upperBound)), "
      + "last \(format.text(last))."
  }
}
