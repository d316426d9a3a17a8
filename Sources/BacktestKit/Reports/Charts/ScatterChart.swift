import BacktestCore

/// Dots over two numbers, for example in-sample against out-of-sample ratios.
struct ScatterChart: ReportBlock {
  /// Dots of one colour.
  struct Cloud: Sendable {
    /// The name in the legend.
    var name: String
    /// The values of the dots along the x axis.
    var x: [Double]
    /// Their values along the y axis, one for each x.
    var y: [Double]

    /// Dots from their coordinates; those that are not finite are left out.
    init(_ name: String, x: [Double], y: [Double]) {
      precondition(x.count == y.count, "an x for each y")
      self.name = name
      self.x = x
      self.y = y
    }
  }

  /// The heading.
  var title: String
  /// A line below the heading.
  var subtitle: String?
  /// The dots, first colour first.
  var clouds: [Cloud]
  /// The title below the x axis.
  var xTitle: String
  /// The title above the y axis.
  var yTitle: String
  /// How the labels of both axes are written.
  var unit: AxisUnit
  /// The name of the line on which both values are equal; `nil` leaves it out.
  var diagonalName: String?
  /// How tall it is.
  var height: ChartHeight

  /// A chart from its parts.
  init(
    title: String, subtitle: String? = nil, clouds: [Cloud], xTitle: String, yTitle: String,
    unit: AxisUnit = .plain, diagonalName: String? = nil, height: ChartHeight = .tall
  ) {
    self.title = title
    self.subtitle = subtitle
    self.clouds = clouds
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.unit = unit
    self.diagonalName = diagonalName
    self.height = height
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
    marks.grid(of: frame, isVertical: true)
    marks.horizontal(0, in: frame, "base")
    marks.vertical(0, in: frame, "base")
    if diagonalName != nil { drawDiagonal(in: frame, to: &marks) }
    for (i, cloud) in clouds.enumerated() {
      var points: [DrawingPoint] = []
      for (x, y) in zip(cloud.x, cloud.y) where x.isFinite && y.isFinite {
        points.append(frame.point(x, y))
      }
      var data = PathData()
      for point in PointDecimation.distinct(points) { data.dot(at: point) }
      marks.path(data, ChartStyle.dot(i))
    }
    return ChartDrawing(frame: frame, marks: marks)
  }

  private func frame() -> ChartFrame? {
    guard let xs = ChartScale.extent(of: clouds.flatMap(\.x)),
      let ys = ChartScale.extent(of: clouds.flatMap(\.y))
    else { return nil }
    let dots = clouds.enumerated().map { i, cloud in
      LegendEntry(name: cloud.name, mark: .dot, style: ChartStyle.line(i))
    }
    let diagonal = diagonalName.map { [LegendEntry(name: $0, mark: .dashed, style: "soft")] }
    let count = clouds.reduce(0) { $0 + $1.x.count }
    let format: NumberFormat = unit == .percent ? .percent(decimals: 1) : .ratio
    var frame = ChartFrame(
      title: title, subtitle: subtitle,
      summary: "\(count) points. \(xTitle) from \(format.text(xs.lowerBound)) to "
        + "\(format.text(xs.upperBound)); \(yTitle) from \(format.text(ys.lowerBound)) to "
        + "\(format.text(ys.upperBound)).",
      height: height, legend: clouds.count > 1 || diagonal != nil ? dots + (diagonal ?? []) : [],
      xScale: ChartScale(ChartScale.padded(xs, by: 0.06)),
      yScale: ChartScale(ChartScale.padded(ys, by: 0.06)), xTitle: xTitle, yTitle: yTitle)
    frame.placeYTicks(AxisTicks.linear(frame.yScale.range, count: 7, unit: unit))
    frame.placeXTicks(AxisTicks.linear(frame.xScale.range, count: 8, unit: unit))
    return frame
  }

  private func drawDiagonal(in frame: ChartFrame, to marks: inout MarkupWriter) {
    let low = max(frame.xScale.range.lowerBound, frame.yScale.range.lowerBound)
    let high = min(frame.xScale.range.upperBound, frame.yScale.range.upperBound)
    guard low < high else { return }
    var data = PathData()
    data.polyline([frame.point(low, low), frame.point(high, high)])
    marks.path(data, "dash soft")
  }
}
