import BacktestCore

/// Dots over two numbers, for example in-sample against out-of-sample ratios.
public struct ScatterChart: ReportChart {
  /// Dots of one colour.
  public struct Cloud: Sendable {
    /// The name in the legend.
    public var name: String
    /// The values of the dots along the x axis.
    public var x: [Double]
    /// Their values along the y axis, one for each x.
    public var y: [Double]
    /// A name for each dot, written beside it where there is room; may be empty.
    public var labels: [String] = []
    /// What is shown when the reader points at a dot, one for each; may be empty.
    public var titles: [String] = []
    /// The class that colours it; by default the next colour.
    var style: StaticString?

    /// Dots from their coordinates; those that are not finite are left out.
    public init(_ name: String, x: [Double], y: [Double]) {
      precondition(x.count == y.count, "an x for each y")
      self.name = name
      self.x = x
      self.y = y
    }
  }

  /// A straight line through the dots.
  public struct Trend: Hashable, Sendable {
    /// How much y rises with an x of 1 more.
    public var slope: Double
    /// The y at an x of 0.
    public var intercept: Double

    /// A line from its parts.
    public init(slope: Double, intercept: Double) {
      self.slope = slope
      self.intercept = intercept
    }
  }

  /// The heading.
  public var title: String
  /// A line below the heading.
  public var subtitle: String?
  /// The dots, first colour first.
  public var clouds: [Cloud]
  /// The title below the x axis.
  public var xTitle: String
  /// The title above the y axis.
  public var yTitle: String
  /// How the labels of both axes are written.
  public var unit: AxisUnit
  /// The name of the line on which both values are equal; `nil` leaves it out.
  public var diagonalName: String?
  /// Whether a chart with a diagonal has one scale for both axes and is as wide as it is tall.
  public var hasEqualAxes = true
  /// A line by least squares, whose slope the legend tells.
  public var trend: Trend?
  /// Where labels of the x axis are, as far as there is room; at round numbers where it is empty.
  public var xPlaces: [Double] = []
  /// How tall it is.
  public var height: ChartHeight
  /// Places of the x axis at which something is shown when the reader points near them, ascending.
  var readouts: [(x: Double, text: String)] = []
  /// Dots that deserve their figure.
  var notes: [(x: Double, y: Double, text: String)] = []

  /// A chart from its parts.
  public init(
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

  /// The chart, ready to be shown; `nil` where there are no values.
  public func drawing() -> ChartDrawing? {
    guard var frame = frame() else { return nil }
    if frame.isSquare { placeLabels(in: &frame) }
    var marks = MarkupWriter()
    marks.grid(of: frame, isVertical: true)
    marks.horizontal(0, in: frame, "base")
    marks.vertical(0, in: frame, "base")
    if diagonalName != nil { drawDiagonal(in: frame, to: &marks) }
    for i in clouds.indices { draw(i, in: frame, to: &marks) }
    if let trend { draw(trend, in: frame, to: &marks) }
    drawReadouts(in: frame, to: &marks)
    return ChartDrawing(frame: frame, marks: marks)
  }

  /// The most dots that each can be pointed at.
  private static let titledLimit = 300

  private func draw(_ i: Int, in frame: ChartFrame, to marks: inout MarkupWriter) {
    let cloud = clouds[i]
    let isTitled = cloud.titles.count == cloud.x.count && cloud.x.count <= Self.titledLimit
    var points: [DrawingPoint] = []
    var titled: [(data: PathData, title: String)] = []
    for (row, (x, y)) in zip(cloud.x, cloud.y).enumerated() where x.isFinite && y.isFinite {
      let point = frame.point(x, y)
      guard isTitled else {
        points.append(point)
        continue
      }
      var dot = PathData()
      dot.dot(at: point)
      titled.append((dot, cloud.titles[row]))
    }
    marks.titledPaths("dot", style(i), titled)
    var data = PathData()
    for point in PointDecimation.distinct(points) { data.dot(at: point) }
    marks.path(data, "dot", style(i))
  }

  /// Invisible fields, each from the middle between its neighbours to the next.
  private func drawReadouts(in frame: ChartFrame, to marks: inout MarkupWriter) {
    let places = readouts.map { frame.column($0.x) }
    marks.titledPaths(
      "v", nil,
      readouts.indices.map { i in
        var data = PathData()
        data.column(
          from: i == 0 ? 0 : (places[i - 1] + places[i]) / 2,
          to: i + 1 < places.count ? (places[i] + places[i + 1]) / 2 : ChartFrame.width)
        return (data, readouts[i].text)
      })
  }

  private func style(_ i: Int) -> StaticString { clouds[i].style ?? ChartStyle.line(i) }

  /// The names of dots, right of them, as far as none touches another or a dot.
  private func placeLabels(in frame: inout ChartFrame) {
    let size = Double(frame.height.rawValue)
    var taken: [(x: Double, y: Double, width: Double)] = []
    for cloud in clouds where cloud.labels.count == cloud.x.count {
      for (x, y) in zip(cloud.x, cloud.y) where x.isFinite && y.isFinite {
        taken.append((frame.xScale.position(x) * size - 4, frame.yScale.position(y) * size, 8))
      }
      for (row, text) in cloud.labels.enumerated() {
        guard cloud.x[row].isFinite, cloud.y[row].isFinite else { continue }
        let (x, y) = (frame.xScale.position(cloud.x[row]), frame.yScale.position(cloud.y[row]))
        let box = (x: x * size + 5, y: y * size, width: LabelThinning.pixels(text))
        let isFree = taken.allSatisfy { other in
          abs(other.y - box.y) > 13 || other.x > box.x + box.width || other.x + other.width < box.x
        }
        guard isFree, box.x + box.width < size else { continue }
        taken.append(box)
        frame.pointLabels.append(PointLabel(x: x, y: y, text: text, isAbove: false, isBeside: true))
      }
    }
  }

  private func frame() -> ChartFrame? {
    guard var xs = ChartScale.extent(of: clouds.flatMap(\.x)),
      var ys = ChartScale.extent(of: clouds.flatMap(\.y))
    else { return nil }
    if diagonalName != nil, hasEqualAxes {
      // With one scale for both axes the line of equal values is the diagonal.
      xs = min(xs.lowerBound, ys.lowerBound)...max(xs.upperBound, ys.upperBound)
      ys = xs
    }
    let dots = clouds.enumerated().map { i, cloud in
      LegendEntry(name: cloud.name, mark: .dot, style: style(i))
    }
    var lines = diagonalName.map { [LegendEntry(name: $0, mark: .dashed, style: "soft")] } ?? []
    if let trend {
      let slope = NumberFormat.ratio.text(trend.slope)
      lines.append(
        LegendEntry(name: "Least squares, slope \(slope)", mark: .line, style: Self.trendStyle))
    }
    let count = clouds.reduce(0) { $0 + $1.x.count }
    let format: NumberFormat = unit == .percent ? .percent(decimals: 1) : .ratio
    var frame = ChartFrame(
      title: title, subtitle: subtitle,
      summary:
        "\(NumberText.count(count, "point")). \(xTitle) from \(format.text(xs.lowerBound)) to "
        + "\(format.text(xs.upperBound)); \(yTitle) from \(format.text(ys.lowerBound)) to "
        + "\(format.text(ys.upperBound)).",
      height: height, legend: clouds.count > 1 || !lines.isEmpty ? dots + lines : [],
      xScale: ChartScale(ChartScale.padded(xs, by: 0.06)),
      yScale: ChartScale(ChartScale.padded(ys, by: 0.06)), xTitle: xTitle, yTitle: yTitle)
    for note in notes {
      let (x, y) = (frame.xScale.position(note.x), frame.yScale.position(note.y))
      // Between a rising cloud and the edge, where no dots are.
      frame.pointLabels.append(PointLabel(x: x, y: y, text: note.text, isAbove: y > 0.5))
    }
    frame.isSquare = diagonalName != nil && hasEqualAxes
    frame.placeYTicks(AxisTicks.linear(frame.yScale.range, count: 7, unit: unit))
    frame.placeXTicks(
      xPlaces.isEmpty
        ? AxisTicks.linear(frame.xScale.range, count: 8, unit: unit)
        : xPlaces.map { AxisTick(value: $0, label: NumberText.exact($0)) })
    return frame
  }

  private static let trendStyle: StaticString = "s4"

  /// The part of the line that lies within the axes.
  private func draw(_ trend: Trend, in frame: ChartFrame, to marks: inout MarkupWriter) {
    let (xs, ys) = (frame.xScale.range, frame.yScale.range)
    var (low, high) = (xs.lowerBound, xs.upperBound)
    if trend.slope != 0 {
      let ends = [ys.lowerBound, ys.upperBound].map { ($0 - trend.intercept) / trend.slope }
      low = max(low, min(ends[0], ends[1]))
      high = min(high, max(ends[0], ends[1]))
    }
    guard low < high else { return }
    var data = PathData()
    data.polyline(
      [low, high].map { frame.point($0, trend.intercept + trend.slope * $0) })
    marks.path(data, Self.trendStyle)
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
