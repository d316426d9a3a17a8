import BacktestCore

/// The `d` attribute of a path in whole units and relative steps, as few bytes as that takes.
struct PathData {
  private(set) var bytes: [UInt8] = []
  private var current = DrawingPoint(x: 0, y: 0)
  /// Whether the last command was `l`, so that a further pair of numbers continues it.
  private var isInLine = false

  /// Begins a new line.
  mutating func move(to point: DrawingPoint) {
    command(bytes.isEmpty ? "M" : "m")
    pair(point.x - current.x, point.y - current.y)
    current = point
    isInLine = false
  }

  /// Draws to a point; nothing where the pen already is.
  mutating func line(to point: DrawingPoint) {
    guard point != current else { return }
    if !isInLine { command("l") }
    pair(point.x - current.x, point.y - current.y, isContinued: isInLine)
    current = point
    isInLine = true
  }

  /// A line through the points.
  mutating func polyline(_ points: [DrawingPoint]) {
    guard let first = points.first else { return }
    move(to: first)
    for point in points.dropFirst() { line(to: point) }
  }

  /// A dot, which a round cap turns into a disc of the stroke's width whatever the drawing's scale.
  mutating func dot(at point: DrawingPoint) {
    move(to: point)
    stay()
  }

  /// An upright line through a point.
  mutating func tick(at point: DrawingPoint, height: Int) {
    move(to: DrawingPoint(x: point.x, y: point.y - height / 2))
    line(to: DrawingPoint(x: point.x, y: point.y + height / 2))
  }

  /// A closed rectangle between two corners.
  mutating func rectangle(_ a: DrawingPoint, _ b: DrawingPoint) {
    move(to: a)
    bytes += "h\(b.x - a.x)v\(b.y - a.y)h\(a.x - b.x)z".utf8
    isInLine = false
  }

  /// A rectangle over the whole height of a drawing, closed by its fill.
  mutating func column(from left: Int, to right: Int) {
    move(to: DrawingPoint(x: left, y: 0))
    bytes += "h\(right - left)v1e3H\(left)".utf8
    current = DrawingPoint(x: left, y: ChartFrame.height)
    isInLine = false
  }

  /// Closes the current line.
  mutating func close(at start: DrawingPoint) {
    command("z")
    current = start
    isInLine = false
  }

  /// Adds another path, which begins with an absolute place.
  mutating func append(_ other: PathData) {
    bytes += other.bytes
    current = other.current
    isInLine = false
  }

  private mutating func stay() {
    bytes += "h0".utf8
    isInLine = false
  }

  private mutating func command(_ letter: Unicode.Scalar) { bytes.append(UInt8(ascii: letter)) }

  private mutating func pair(_ x: Int, _ y: Int, isContinued: Bool = false) {
    if isContinued, x >= 0 { bytes.append(UInt8(ascii: " ")) }
    number(x)
    if y >= 0 { bytes.append(UInt8(ascii: " ")) }
    number(y)
  }

  private mutating func number(_ value: Int) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var divisor = 1
    let size = value.magnitude
    while size / UInt(divisor) >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(size / UInt(divisor) % 10))
      divisor /= 10
    }
  }
}

extension PathData {
  /// A closed area between a line and a horizontal baseline.
  mutating func area(_ points: [DrawingPoint], baseline: Int) {
    guard let first = points.first, let last = points.last else { return }
    let start = DrawingPoint(x: first.x, y: baseline)
    move(to: start)
    for point in points { line(to: point) }
    line(to: DrawingPoint(x: last.x, y: baseline))
    close(at: start)
  }
}

extension PathData {
  /// A closed area inside a line.
  mutating func polygon(_ points: [DrawingPoint]) {
    guard let first = points.first else { return }
    polyline(points)
    close(at: first)
  }
}

/// A point in the units of a drawing.
struct DrawingPoint: Hashable {
  var x: Int
  var y: Int
}

/// Lines reduced to what a screen can show.
enum PointDecimation {
  /// Points in ascending x, at most two for each column of `width` units: the highest and the
  /// lowest, in the order in which they came. The first and the last point always stay.
  ///
  /// Where columns hold two points or fewer, nothing is lost.
  static func extremes(of points: [DrawingPoint], width: Int) -> [DrawingPoint] {
    guard points.count > 2 else { return points }
    var kept: [DrawingPoint] = []
    kept.reserveCapacity(points.count)
    var start = 0
    while start < points.count {
      let column = points[start].x.flooredQuotient(by: width).quotient
      var (low, high, end) = (start, start, start + 1)
      while end < points.count, points[end].x.flooredQuotient(by: width).quotient == column {
        if points[end].y < points[low].y { low = end }
        if points[end].y > points[high].y { high = end }
        end += 1
      }
      if start == 0, min(low, high) > 0 { kept.append(points[0]) }
      kept.append(points[min(low, high)])
      if low != high { kept.append(points[max(low, high)]) }
      if end == points.count, max(low, high) < end - 1 { kept.append(points[end - 1]) }
      start = end
    }
    return kept
  }

  /// The rows that can show of a long line: the first, the highest, the lowest and the last of each
  /// of a thousand columns. Short lines keep all rows.
  static func extremeRows(
    _ rows: Range<Int>, x: [Double], y: [Double], over range: ClosedRange<Double>
  ) -> [Int] {
    guard rows.count > 8_000, range.upperBound > range.lowerBound else { return Array(rows) }
    // Two units of the drawing, as places on it are rounded.
    let unit = (range.upperBound - range.lowerBound) / Double(ChartFrame.width)
    var kept: [Int] = []
    kept.reserveCapacity(4_000)
    var start = rows.lowerBound
    while start < rows.upperBound {
      let place = ((x[start] - range.lowerBound) / unit + 0.5) / 2
      let bound = range.lowerBound + (2 * place.rounded(.down) + 1.5) * unit
      var (low, high, end) = (start, start, start + 1)
      while end < rows.upperBound, x[end] < bound {
        if y[end] < y[low] { low = end }
        if y[end] > y[high] { high = end }
        end += 1
      }
      var column = [start, min(low, high), max(low, high), end - 1]
      if column[3] == column[2] { column.removeLast() }
      if column[2] == column[1] { column.remove(at: 2) }
      if column[1] == column[0] { column.remove(at: 1) }
      kept += column
      start = end
    }
    return kept
  }

  /// A line without the points that lie on the way between their neighbours, to half a unit, which
  /// is what rounding moves them.
  static func bends(of points: [DrawingPoint]) -> [DrawingPoint] {
    guard points.count > 2 else { return points }
    var kept = [points[0]]
    kept.reserveCapacity(points.count)
    var start = 0
    while start < points.count - 1 {
      // The slopes of the straight lines that pass all points since the last bend.
      var (low, high, end) = (-Double.infinity, Double.infinity, start + 1)
      var next = start + 1
      while next < points.count, points[next].x > points[next - 1].x {
        let (dx, dy) = (
          Double(points[next].x - points[start].x), Double(points[next].y - points[start].y)
        )
        guard (low...high).contains(dy / dx) else { break }
        (low, high) = (max(low, (dy - 0.5) / dx), min(high, (dy + 0.5) / dx))
        end = next
        next += 1
      }
      kept.append(points[end])
      start = end
    }
    return kept
  }

  /// Dots without those that would cover another: the first in each cell of about two pixels.
  static func distinct(_ points: [DrawingPoint]) -> [DrawingPoint] {
    var taken: Set<DrawingPoint> = []
    return points.filter { taken.insert(DrawingPoint(x: $0.x / 4, y: $0.y / 8)).inserted }
  }
}

/// The classes of marks, which the style sheet colours; colours repeat after the last.
enum ChartStyle {
  /// The benchmark, in every chart.
  static let benchmark: StaticString = "sb"
  /// Gains, in every chart.
  static let gain: StaticString = "sg"
  /// Losses, in every chart.
  static let loss: StaticString = "sl"

  /// A line of a series, the first being 0.
  static func line(_ i: Int) -> StaticString {
    (["s1", "s2", "s3", "s4", "s5", "s6"] as [StaticString])[i % 6]
  }

  /// Ranges of values, the widest first.
  static func range(_ i: Int) -> StaticString { i == 0 ? "r1" : "r2" }

  /// Shaded ranges.
  static func band(_ i: Int) -> StaticString {
    (["b1", "b2", "b3", "b4"] as [StaticString])[i % 4]
  }
}
