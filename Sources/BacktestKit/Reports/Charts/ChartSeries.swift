public import BacktestCore

/// A line of a chart: a name and points in ascending x.
///
/// A value that is not finite interrupts the line.
public struct ChartSeries: Sendable {
  /// The name in the legend.
  public var name: String
  /// The positions of the points: any unit, or seconds since 1970 on an axis of time.
  public var x: [Double]
  /// The values, one for each x.
  public var y: [Double]
  /// Whether it is the benchmark, which is grey in every chart.
  public var isBenchmark = false
  /// The class that colours it; by default the next colour.
  var style: StaticString?
  /// Whether it is drawn as bars along the x axis rather than as a thin line, for ranges.
  public var isThick = false

  /// A series over numbers.
  public init(_ name: String, x: [Double], y: [Double]) {
    precondition(x.count == y.count, "an x for each y")
    self.name = name
    self.x = x
    self.y = y
  }

  /// A series over time.
  public init(_ name: String, times: [Timestamp], values: [Double]) {
    self.init(name, x: times.map(\.axisSeconds), y: values)
  }

  /// A series over time in which `nil` interrupts the line.
  public init(_ name: String, times: [Timestamp], values: [Double?]) {
    self.init(name, times: times, values: values.map { $0 ?? .nan })
  }
}

/// A range of values at each x, such as that between two quantiles of many lines.
public struct ChartRange: Sendable {
  /// The name in the legend.
  public var name: String
  /// The positions along the x axis, ascending.
  public var x: [Double]
  /// The lower values, one for each x.
  public var lower: [Double]
  /// The upper values, one for each x.
  public var upper: [Double]

  /// A range between two lines.
  public init(_ name: String, x: [Double], lower: [Double], upper: [Double]) {
    precondition(x.count == lower.count && x.count == upper.count, "both values for each x")
    self.name = name
    self.x = x
    self.lower = lower
    self.upper = upper
  }
}

/// A shaded range behind the lines of a chart: a fold, or a time in one regime.
public struct ChartBand: Hashable, Sendable {
  /// Where it begins.
  public var from: Timestamp
  /// Where it ends.
  public var to: Timestamp
  /// What the shade means; it appears once in the legend. Bands of one name share a shade.
  public var name: String
  /// A short text at its upper edge, shown where there is room.
  public var label: String?

  /// A band from its parts.
  public init(from: Timestamp, to: Timestamp, name: String, label: String? = nil) {
    self.from = from
    self.to = to
    self.name = name
    self.label = label
  }
}

/// A set of dots on a chart, for example all entries.
public struct ChartMarkers: Sendable {
  /// How the dots look.
  public enum Shape: Hashable, Sendable {
    /// A filled dot.
    case dot
    /// A dot with an empty middle.
    case ring
    /// A short upright line, which leaves the others to be seen where there are many.
    case tick
  }

  /// The name in the legend.
  public var name: String
  /// How the dots look.
  public var shape: Shape
  /// Their times.
  public var times: [Timestamp]
  /// Their values, one for each time.
  public var values: [Double]

  /// Markers from their parts.
  public init(_ name: String, shape: Shape, times: [Timestamp], values: [Double]) {
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

  /// Where an axis of days shows a close: one at midnight belongs to the day that it ends.
  var closeSeconds: Double {
    nanoseconds.isMultiple(of: 86_400_000_000_000) ? axisSeconds - 1 : axisSeconds
  }
}

extension ChartSeries {
  /// The line in the units of a drawing, cut where a value is missing and reduced to what shows.
  func runs(in frame: ChartFrame) -> [[DrawingPoint]] {
    var runs: [[DrawingPoint]] = []
    var start = 0
    while start < y.count {
      guard x[start].isFinite, y[start].isFinite else {
        start += 1
        continue
      }
      var end = start + 1
      while end < y.count, x[end].isFinite, y[end].isFinite { end += 1 }
      let rows = PointDecimation.extremeRows(start..<end, x: x, y: y, over: frame.xScale.range)
      runs.append(
        PointDecimation.extremes(
          of: rows.map { frame.point(x[$0], y[$0]) }, width: frame.height == .tall ? 2 : 4))
      start = end
    }
    return runs
  }

  /// The smallest and largest finite value and the last one, in words.
  func spoken(as format: NumberFormat, extent: ClosedRange<Double>?) -> String {
    guard let extent else { return "\(name): no values." }
    let last = y.last { $0.isFinite }
    return "\(name): from \(format.text(extent.lowerBound)) to \(format.text(extent.upperBound)), "
      + "last \(format.text(last))."
  }
}
