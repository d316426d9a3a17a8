import BacktestCore
import BacktestEvidence

/// Boxes over a few categories: the range of the values, their quartiles and their median.
///
///     BoxChart(title: "Returns by period", boxes: [.init("Month", values: months)])
///
/// Quartiles are interpolated between order statistics (type 7 of R. J. Hyndman and Y. Fan, 1996);
/// whiskers reach to the lowest and the highest value unless other shares are given.
public struct BoxChart: ReportChart {
  /// The values of one category.
  public struct Box: Sendable {
    /// The name below the box.
    public var name: String
    /// The values; those that are not finite are left out.
    public var values: [Double]

    /// A box of these values.
    public init(_ name: String, values: [Double]) {
      self.name = name
      self.values = values
    }
  }

  /// The heading.
  public var title: String
  /// A line below the heading.
  public var subtitle: String?
  /// The boxes, left to right.
  public var boxes: [Box]
  /// Between which quantiles the whiskers reach, as shares of the values below them.
  public var whiskers = 0.0...1.0
  /// How the labels of the y axis are written.
  public var unit: AxisUnit
  /// The title above the y axis.
  public var yTitle: String?
  /// How tall it is.
  public var height: ChartHeight

  /// A chart from its parts.
  public init(
    title: String, subtitle: String? = nil, boxes: [Box], unit: AxisUnit = .percent,
    yTitle: String? = nil, height: ChartHeight = .medium
  ) {
    self.title = title
    self.subtitle = subtitle
    self.boxes = boxes
    self.unit = unit
    self.yTitle = yTitle
    self.height = height
  }

  /// The chart, ready to be shown; `nil` where there are no values.
  public func drawing() -> ChartDrawing? {
    let summaries = boxes.map { Summary($0, shares) }
    guard let extent = ChartScale.extent(of: summaries.flatMap(\.five)) else { return nil }
    let frame = frame(extent, summaries)
    var marks = MarkupWriter()
    marks.grid(of: frame)
    marks.horizontal(0, in: frame, "base")
    for (i, summary) in summaries.enumerated() where summary.count > 0 {
      draw(summary, at: Double(i) + 0.5, in: frame, to: &marks)
    }
    return ChartDrawing(frame: frame, marks: marks)
  }

  private func draw(
    _ summary: Summary, at x: Double, in frame: ChartFrame, to marks: inout MarkupWriter
  ) {
    let five = summary.five
    var whiskers = PathData()
    whiskers.polyline([frame.point(x, five[0]), frame.point(x, five[1])])
    whiskers.polyline([frame.point(x, five[3]), frame.point(x, five[4])])
    for end in [five[0], five[4]] {
      whiskers.polyline([frame.point(x - 0.09, end), frame.point(x + 0.09, end)])
    }
    marks.path(whiskers, "s1", title: spoken(summary))
    var box = PathData()
    box.rectangle(frame.point(x - 0.22, five[1]), frame.point(x + 0.22, five[3]))
    marks.path(box, "box", "s1", title: spoken(summary))
    var median = PathData()
    median.polyline([frame.point(x - 0.22, five[2]), frame.point(x + 0.22, five[2])])
    marks.path(median, "thick", "s1")
  }

  private func frame(_ extent: ClosedRange<Double>, _ summaries: [Summary]) -> ChartFrame {
    let range = min(extent.lowerBound, 0)...max(extent.upperBound, 0)
    var frame = ChartFrame(
      title: title, subtitle: subtitle,
      summary: summaries.map(spoken).joined(separator: " "),
      height: height, xScale: ChartScale(0...Double(max(boxes.count, 1))),
      yScale: ChartScale(ChartScale.padded(range, by: 0.12)), yTitle: yTitle)
    frame.placeYTicks(AxisTicks.linear(frame.yScale.range, count: 5, unit: unit))
    frame.xCategories = boxes.map(\.name)
    for (i, summary) in summaries.enumerated() where summary.count > 0 {
      let median = summary.five[2]
      frame.pointLabels.append(
        PointLabel(
          x: (Double(i) + 0.76) / Double(boxes.count), y: frame.yScale.position(median),
          text: format.text(median), isAbove: false, isBeside: true))
      // Near the median, which is written already, there is no room for another figure.
      let step =
        (frame.yScale.range.upperBound - frame.yScale.range.lowerBound)
        / Double(height.rawValue)
      for (value, isAbove) in [(summary.five[0], false), (summary.five[4], true)]
      where abs(value - median) > 22 * step {
        frame.pointLabels.append(
          PointLabel(
            x: (Double(i) + 0.5) / Double(boxes.count), y: frame.yScale.position(value),
            text: format.text(value), isAbove: isAbove, isCentred: true,
            isOptional: !LabelThinning.fits(
              format.text(value), across: 1 / Double(boxes.count), isNarrow: true)))
      }
    }
    return frame
  }

  private var shares: [Double] { [whiskers.lowerBound, 0.25, 0.5, 0.75, whiskers.upperBound] }

  /// Without the extremes, what is left may be too small for one decimal.
  private var format: NumberFormat {
    unit == .percent ? .percent(decimals: whiskers == 0...1 ? 1 : 2) : .ratio
  }

  private func spoken(_ summary: Summary) -> String {
    guard summary.count > 0 else { return "\(summary.name): no values." }
    let five = summary.five.map(format.text)
    let percent = NumberFormat.percent(decimals: 0)
    let low = whiskers.lowerBound == 0 ? "lowest" : percent.text(whiskers.lowerBound)
    let high = whiskers.upperBound == 1 ? "highest" : percent.text(whiskers.upperBound)
    return "\(summary.name), \(summary.count) values: \(low) \(five[0]), lower quartile "
      + "\(five[1]), median \(five[2]), upper quartile \(five[3]), \(high) \(five[4])."
  }

  /// What is shown of the values of a box.
  private struct Summary {
    let name: String
    let count: Int
    /// The lower whisker, the quartiles and the upper whisker; none where there are no values.
    let five: [Double]

    init(_ box: Box, _ shares: [Double]) {
      let values = box.values.finiteValues
      (name, count) = (box.name, values.count)
      five = values.isEmpty ? [] : values.quantiles(shares)
    }
  }
}
