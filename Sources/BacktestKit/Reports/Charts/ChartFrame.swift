internal import Glibc

/// The height of a chart on the page.
public enum ChartHeight: Int, Hashable, Sendable {
  /// 150 pixels, for a chart that accompanies another.
  case short = 150
  /// 220 pixels.
  case medium = 220
  /// 320 pixels, for the chart that a section is about.
  case tall = 320
  /// 520 pixels, for a map of many rows.
  case large = 520
}

/// An entry of a legend: a mark and what it means.
struct LegendEntry {
  enum Mark: Hashable { case line, area, dot, ring, tick, dashed }
  var name: String
  var mark: Mark
  /// The class that colours it: `s0` to `s6`, `b1` to `b4`, `gain`, `loss`, `soft`.
  var style: StaticString
}

/// A label beside the drawing.
struct PlacedLabel: Hashable {
  /// Its position along the axis, from 0 to 1, left to right or bottom to top.
  var position: Double
  var text: String
  /// Whether it goes away where the chart is narrow.
  var isOptional = false
  /// Whether it shows on a wide page only.
  var isForWidePages = false
}

/// A value written beside the drawing, at the end of its line.
struct EndLabel: Hashable {
  /// Its position from bottom to top, 0 to 1.
  var position: Double
  var text: String
  /// The name of the line, written before the value where there is room; may be empty.
  var name = ""
  /// Whether it belongs to the series that the chart is about.
  var isOwn: Bool
}

extension EndLabel {
  /// Name and value.
  var fullText: String { name.isEmpty ? text : "\(name) \(text)" }
}

/// A value written inside the drawing, at the point where it was reached.
struct PointLabel: Hashable {
  /// Its position from left to right, 0 to 1.
  var x: Double
  /// Its position from bottom to top, 0 to 1.
  var y: Double
  var text: String
  /// Whether it is written above the point rather than below it.
  var isAbove: Bool
  /// Whether it is written to the right of the point, level with it.
  var isBeside = false
  /// Whether it is centred on the point even near the edges.
  var isCentred = false
  /// Whether it is in the middle of a cell, with the point in its centre.
  var isInside = false
  /// Whether it goes away where the chart is narrow.
  var isOptional = false
}

/// All of a chart but its marks: title, legend, axes and the frame around the drawing.
///
/// The drawing is an SVG that stretches to the width of the page while its strokes do not; every
/// text is HTML beside it, so letters have the same size on a phone and on a wide screen.
struct ChartFrame {
  /// The units of a drawing; half a pixel or less on the widest page.
  static let width = 2_000
  static let height = 1_000

  var title: String
  var subtitle: String?
  /// What the chart shows, in words, for readers who do not see it.
  var summary: String
  var height: ChartHeight
  var legend: [LegendEntry] = []
  var xScale: ChartScale
  var yScale: ChartScale
  var xTicks: [PlacedLabel] = []
  var yTicks: [PlacedLabel] = []
  /// Names of categories of equal width, written instead of the labels of the x axis; each may
  /// take several lines.
  var xCategories: [String] = []
  /// Whether these names are written upright, since side by side they have no room.
  var hasUprightCategories = false
  var xTitle: String?
  var yTitle: String?
  /// Labels along the upper edge, for shaded ranges.
  var bandLabels: [PlacedLabel] = []
  /// The last value of each line, right of the drawing.
  var endLabels: [EndLabel] = []
  /// Extremes and other values that deserve their figure.
  var pointLabels: [PointLabel] = []
  /// Whether the drawing is as wide as it is tall, so that both axes have one scale.
  var isSquare = false

  /// Where a pair of values is drawn; values outside the axes are moved to the edge.
  func point(_ x: Double, _ y: Double) -> DrawingPoint {
    DrawingPoint(x: column(x), y: row(y))
  }

  /// Where an x value is drawn.
  func column(_ x: Double) -> Int {
    Int((min(max(xScale.position(x), 0), 1) * Double(ChartFrame.width)).rounded())
  }

  /// Where a y value is drawn, the upper edge being 0.
  func row(_ y: Double) -> Int {
    Int(((1 - min(max(yScale.position(y), 0), 1)) * Double(ChartFrame.height)).rounded())
  }

  /// The labels of the y axis, thinned until none touches another.
  ///
  /// - Parameter distance: between the middles of labels, in pixels.
  mutating func placeYTicks(_ ticks: [AxisTick], distance: Double = 20) {
    let gap = distance / Double(height.rawValue) - 1e-9
    var last = -Double.infinity
    yTicks = ticks.compactMap { tick in
      let position = yScale.position(tick.value)
      guard (0...1).contains(position), position - last >= gap else { return nil }
      last = position
      return PlacedLabel(position: position, text: tick.label)
    }
  }

  /// Moves the labels at the ends of lines apart until none touches another; the own one keeps its
  /// place as far as the drawing allows.
  mutating func placeEndLabels(_ labels: [EndLabel]) {
    let gap = 15 / Double(height.rawValue)
    let sorted = labels.sorted { ($0.position, $0.isOwn ? 1 : 0) < ($1.position, $1.isOwn ? 1 : 0) }
    var placed = sorted
    for i in placed.indices.dropFirst() {
      placed[i].position = max(placed[i].position, placed[i - 1].position + gap)
    }
    let excess = max((placed.last?.position ?? 0) - 1, 0)
    if excess > 0 {
      placed[placed.count - 1].position -= excess
      for i in placed.indices.dropLast().reversed() {
        placed[i].position = min(placed[i].position, placed[i + 1].position - gap)
      }
    }
    endLabels = placed
  }

  /// The labels of the x axis: those that fit a wide page, some of them only there.
  mutating func placeXTicks(_ ticks: [AxisTick]) {
    let placed = ticks.map { tick in
      let label = PlacedLabel(position: xScale.position(tick.value), text: tick.label)
      return (label: label, isMajor: tick.isMajor)
    }
    xTicks = LabelThinning.thinned(placed.filter { (-1e-9...1 + 1e-9).contains($0.label.position) })
  }
}

/// The choice of labels along a horizontal axis so that none touches another.
enum LabelThinning {
  /// The narrowest drawing: a page of 360 pixels less margins and the labels of the y axis.
  private static let narrow = 250.0
  /// The narrowest drawing at which optional labels show; the style sheet has the same border.
  private static let wide = 460.0
  /// The narrowest drawing at which the labels for wide pages show, as the style sheet has it.
  private static let widest = 780.0

  /// Every k-th label, k as small as a wide page allows, marked where a narrower one needs a
  /// larger k.
  static func thinned(_ labels: [(label: PlacedLabel, isMajor: Bool)]) -> [PlacedLabel] {
    let all = choice(of: Array(labels.indices), labels, width: widest)
    let wideChoice = choice(of: all, labels, width: wide)
    let narrowChoice = choice(of: wideChoice, labels, width: narrow)
    return all.map { index in
      var label = labels[index].label
      label.isForWidePages = !wideChoice.contains(index)
      label.isOptional = !narrowChoice.contains(index)
      return label
    }
  }

  /// Those of some labels that do not touch an earlier one, marked optional where they would on a
  /// narrow chart.
  ///
  /// - Parameter labels: the most important first.
  static func apart(_ labels: [PlacedLabel]) -> [PlacedLabel] {
    var kept: [PlacedLabel] = []
    for var label in labels {
      func touches(_ other: PlacedLabel, _ width: Double) -> Bool {
        abs(other.position - label.position) * width
          < (pixels(other.text) + pixels(label.text)) / 2 + 4
      }
      guard !kept.contains(where: { touches($0, wide) }) else { continue }
      label.isOptional = kept.contains { !$0.isOptional && touches($0, narrow) }
      kept.append(label)
    }
    return kept
  }

  private static func choice(
    of indices: [Int], _ labels: [(label: PlacedLabel, isMajor: Bool)], width: Double
  ) -> [Int] {
    guard !indices.isEmpty else { return [] }
    for stride in 1..<max(indices.count, 2) {
      // Among the possible beginnings, one that keeps the most major labels.
      let offsets = (0..<stride).filter { offset in
        fits(picked(indices, stride, offset), labels, width: width)
      }
      let best = offsets.max { a, b in
        majors(indices, stride, a, labels) < majors(indices, stride, b, labels)
      }
      if let best { return picked(indices, stride, best) }
    }
    return [indices[0]]
  }

  private static func picked(_ indices: [Int], _ stride: Int, _ offset: Int) -> [Int] {
    Swift.stride(from: offset, to: indices.count, by: stride).map { indices[$0] }
  }

  private static func majors(
    _ indices: [Int], _ stride: Int, _ offset: Int,
    _ labels: [(label: PlacedLabel, isMajor: Bool)]
  ) -> Int {
    picked(indices, stride, offset).count { labels[$0].isMajor }
  }

  private static func fits(
    _ indices: [Int], _ labels: [(label: PlacedLabel, isMajor: Bool)], width: Double
  ) -> Bool {
    zip(indices, indices.dropFirst()).allSatisfy { a, b in
      let (a, b) = (labels[a].label, labels[b].label)
      let needed = (pixels(a.text) + pixels(b.text)) / 2 + 10
      return (b.position - a.position) * width >= needed
    }
  }

  /// Whether a label fits into a share of a wide drawing, or of a narrow one.
  static func fits(_ text: String, across share: Double, isNarrow: Bool = false) -> Bool {
    pixels(text) <= share * (isNarrow ? narrow : wide)
  }

  /// About how wide a label is.
  static func pixels(_ text: String) -> Double { Double(text.count) * 7.2 }
}

/// The map from values to positions along an axis, 0 at its lower end and 1 at its upper end.
struct ChartScale {
  /// The values at the two ends.
  let range: ClosedRange<Double>
  /// Whether equal ratios rather than equal differences are equally far apart.
  let isLogarithmic: Bool
  private let origin: Double
  private let span: Double

  /// A scale over a range; logarithmic only where the range is positive.
  init(_ range: ClosedRange<Double>, isLogarithmic: Bool = false) {
    self.range = range
    self.isLogarithmic = isLogarithmic && range.lowerBound > 0
    let (low, high) = (range.lowerBound, range.upperBound)
    origin = self.isLogarithmic ? log(low) : low
    let length = (self.isLogarithmic ? log(high) : high) - origin
    span = length > 0 ? length : 1
  }

  /// The position of a value; below 0 or above 1 outside the range.
  func position(_ value: Double) -> Double {
    ((isLogarithmic ? log(max(value, Double.leastNormalMagnitude)) : value) - origin) / span
  }

  /// The smallest range that holds every finite value, or `nil` where there is none.
  static func extent(of values: some Sequence<Double>) -> ClosedRange<Double>? {
    var low = Double.infinity
    var high = -Double.infinity
    for value in values where value.isFinite {
      if value < low { low = value }
      if value > high { high = value }
    }
    return low <= high ? low...high : nil
  }

  /// A range widened by a share of its length on both sides, and to some length where it has none.
  static func padded(
    _ range: ClosedRange<Double>, by share: Double, isLogarithmic: Bool = false
  ) -> ClosedRange<Double> {
    let (low, high) = (range.lowerBound, range.upperBound)
    if isLogarithmic, low > 0 {
      let factor = high > low ? pow(high / low, share) : 1.1
      return low / factor...high * factor
    }
    let margin = high > low ? (high - low) * share : max(abs(high) * 0.1, 0.5e-3)
    return low - margin...high + margin
  }
}
