import BacktestCore
import BacktestEvidence
internal import Glibc

/// How often values fall into ranges of equal width, with the normal curve of the same mean and
/// deviation, and marked values such as value at risk.
///
/// The width of a range is twice the interquartile range over the cube root of the count
/// (D. Freedman and P. Diaconis, 1981), held so that there are 8 to 80 ranges.
public struct HistogramChart: ReportChart {
  /// A value marked by a vertical line.
  public struct Mark: Hashable, Sendable {
    /// The name in the legend; the value is added to it.
    public var name: String
    /// The value at which the line is drawn.
    public var value: Double

    /// A marked value.
    public init(_ name: String, at value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// The heading.
  public var title: String
  /// A line below the heading.
  public var subtitle: String?
  /// The values; those that are not finite are left out.
  public var values: [Double]
  /// Whether the normal curve is drawn.
  public var showsNormalCurve: Bool
  /// Marked values; the legend distinguishes up to three.
  public var marks: [Mark]
  /// The value up to which, itself included, bars have the colour of losses.
  public var lossLimit: Double?
  /// How the labels of the x axis are written.
  public var unit: AxisUnit
  /// The title below the x axis.
  public var xTitle: String?
  /// How tall it is.
  public var height: ChartHeight

  /// A histogram from its parts.
  public init(
    title: String, subtitle: String? = nil, values: [Double], showsNormalCurve: Bool = true,
    marks: [Mark] = [], unit: AxisUnit = .percent, xTitle: String? = nil,
    height: ChartHeight = .medium
  ) {
    self.title = title
    self.subtitle = subtitle
    self.values = values
    self.showsNormalCurve = showsNormalCurve
    self.marks = marks
    self.unit = unit
    self.xTitle = xTitle
    self.height = height
  }

  /// The chart, ready to be shown; `nil` where there are no values.
  public func drawing() -> ChartDrawing? {
    guard let bins = HistogramBins(values, endingARangeAt: lossLimit) else { return nil }
    let frame = frame(bins)
    var drawing = MarkupWriter()
    drawing.grid(of: frame)
    var (bars, losses) = ([(data: PathData, title: String)](), [(data: PathData, title: String)]())
    for (i, count) in bins.counts.enumerated() where count > 0 {
      let left = bins.origin + Double(i) * bins.width
      var data = PathData()
      data.rectangle(frame.point(left, 0), frame.point(left + bins.width, Double(count)))
      let title = "\(name(ofRangeFrom: left, bins)): \(NumberText.grouped(count))"
      if let lossLimit, left + bins.width / 2 <= lossLimit {
        losses.append((data, title))
      } else {
        bars.append((data, title))
      }
    }
    drawing.titledPaths("bar", "s0", bars)
    drawing.titledPaths("bar", ChartStyle.loss, losses)
    if showsNormalCurve, bins.deviation > 0 {
      var curve = PathData()
      curve.polyline(normalCurve(bins, in: frame))
      drawing.path(curve, "s1")
    }
    for (i, mark) in marks.enumerated() {
      drawing.vertical(mark.value, in: frame, HistogramChart.markStyle(i))
    }
    drawing.horizontal(0, in: frame, "base")
    return ChartDrawing(frame: frame, marks: drawing)
  }
}

extension HistogramChart {
  private static func markStyle(_ i: Int) -> StaticString {
    (["dash s2", "dash s3", "dash s4"] as [StaticString])[i % 3]
  }

  private var format: NumberFormat {
    switch unit {
    case .percent: .percent(decimals: 2)
    case .plain: .ratio
    case .count: .integer
    }
  }

  /// The values of a range, with as many decimals as tell it from the next.
  private func name(ofRangeFrom left: Double, _ bins: HistogramBins) -> String {
    if unit == .count, bins.width == 1 { return NumberFormat.integer.text(left) }
    let places = AxisTicks.decimals(for: unit == .percent ? bins.width * 100 : bins.width)
    let format: NumberFormat =
      unit == .percent ? .percent(decimals: places) : .number(decimals: places)
    return "\(format.text(left)) to \(format.text(left + bins.width))"
  }

  /// The count of the tallest bar, and how far the values reach to both sides of it.
  private func placeFigures(_ bins: HistogramBins, in frame: inout ChartFrame) {
    guard bins.counts.count > 1, let most = bins.counts.max(),
      let place = bins.counts.firstIndex(of: most)
    else { return }
    frame.pointLabels.append(
      PointLabel(
        x: (Double(place) + 0.5) / Double(bins.counts.count),
        y: frame.yScale.position(Double(most)), text: NumberText.grouped(most), isAbove: true))
    placeEnd("lowest \(format.text(bins.low))", bins.counts, at: 0, in: &frame)
    placeEnd("highest \(format.text(bins.high))", bins.counts.reversed(), at: 1, in: &frame)
  }

  /// A text above one end of the bars, if they are low for as far as it reaches.
  private func placeEnd(
    _ text: String, _ counts: [Int], at position: Double, in frame: inout ChartFrame
  ) {
    let reached = counts.indices.prefix {
      !LabelThinning.fits(text, across: Double($0) / Double(counts.count), isNarrow: true)
    }
    let highest = reached.map { counts[$0] }.max() ?? 0
    let room = Double(highest) / frame.yScale.range.upperBound
    guard reached.count < counts.count * 2 / 3, room < 0.12 else { return }
    frame.pointLabels.append(
      PointLabel(
        x: position, y: frame.yScale.position(Double(highest)), text: text, isAbove: true))
  }

  /// The mean of whole numbers is none.
  private var averages: NumberFormat { unit == .count ? .ratio : format }

  private func frame(_ bins: HistogramBins) -> ChartFrame {
    let tallest = Double(bins.counts.max() ?? 0)
    let peak = showsNormalCurve ? bins.normalCount(at: bins.mean) : 0
    var legend = [
      LegendEntry(
        name: lossLimit.map { "Above \(NumberText.number($0))" } ?? "Count", mark: .area,
        style: "s0")
    ]
    if let lossLimit {
      legend.append(
        LegendEntry(
          name: "At most \(NumberText.number(lossLimit))", mark: .area, style: ChartStyle.loss))
    }
    if showsNormalCurve, bins.deviation > 0 {
      legend.append(
        LegendEntry(name: "Normal distribution", mark: .line, style: "s1"))
    }
    for (i, mark) in marks.enumerated() {
      let value =
        unit != .percent && mark.value == mark.value.rounded()
        ? NumberFormat.integer.text(mark.value) : format.text(mark.value)
      legend.append(
        LegendEntry(
          name: "\(mark.name) \(value)", mark: .dashed,
          style: ChartStyle.line(1 + i % 3))
      )
    }
    let range = bins.origin...bins.origin + bins.width * Double(bins.counts.count)
    let total = NumberFormat.integer.text(Double(bins.total))
    var frame = ChartFrame(
      title: title, subtitle: subtitle,
      summary: "\(total) values from \(format.text(bins.low)) to \(format.text(bins.high)), "
        + "mean \(averages.text(bins.mean)), standard deviation \(averages.text(bins.deviation)).",
      height: height, legend: legend.count > 1 ? legend : [], xScale: ChartScale(range),
      yScale: ChartScale(
        0...max(tallest * (1 + 22 / Double(height.rawValue)), peak * 1.05)
      ), xTitle: xTitle, yTitle: "Count")
    frame.placeYTicks(
      AxisTicks.linear(frame.yScale.range, count: 5, unit: .count))
    frame.placeXTicks(AxisTicks.linear(range, count: 10, unit: unit))
    placeFigures(bins, in: &frame)
    return frame
  }

  private func normalCurve(_ bins: HistogramBins, in frame: ChartFrame) -> [DrawingPoint] {
    (0...100).map { i in
      let range = frame.xScale.range
      let x = range.lowerBound + (range.upperBound - range.lowerBound) * Double(i) / 100
      return frame.point(x, bins.normalCount(at: x))
    }
  }
}

/// Counts of values in ranges of equal width.
struct HistogramBins {
  let origin: Double
  let width: Double
  let counts: [Int]
  let total: Int
  let low: Double
  let high: Double
  let mean: Double
  /// The deviation with n - 1; zero for a single value.
  let deviation: Double

  /// Bins for the finite ones of some values, or `nil` where there are none.
  ///
  /// - Parameter end: a value that belongs to the range that ends there; others belong to the one
  ///   that begins.
  init?(_ values: [Double], endingARangeAt end: Double? = nil) {
    let values = values.finiteValues
    guard let low = values.min(), let high = values.max() else { return nil }
    (self.low, self.high, total) = (low, high, values.count)
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = count > 1 ? (squares / (count - 1)).squareRoot() : 0

    let quartiles = values.orderStatistics([values.count / 4, values.count * 3 / 4])
    let spread = quartiles[1] - quartiles[0]
    let span = high - low > 0 ? high - low : max(abs(low), 1e-3) * 0.1
    let rule = 2 * spread / cbrt(count)
    let width = AxisTicks.niceStep(atLeast: min(max(rule, span / 80), span / 8))
    // A range begins at a multiple of its width, so that zero never lies inside one.
    func range(of value: Double) -> Double {
      let place = (value / width).rounded(.down)
      return value == end && place * width == value ? place - 1 : place
    }
    let first = range(of: low)
    var counts = [Int](repeating: 0, count: Int(range(of: high) - first) + 1)
    for value in values { counts[Int(range(of: value) - first)] += 1 }
    (self.width, self.counts, origin) = (width, counts, first * width)
  }

  /// How many values the normal distribution would put into a range around `x`.
  func normalCount(at x: Double) -> Double {
    guard deviation > 0 else { return 0 }
    let z = (x - mean) / deviation
    return Double(total) * width / (deviation * (2 * Double.pi).squareRoot()) * exp(-z * z / 2)
  }
}
