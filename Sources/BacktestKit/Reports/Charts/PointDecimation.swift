import BacktestCore

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

  /// Dots without those that would cover another: the first in each cell of about two pixels.
  static func distinct(_ points: [DrawingPoint]) -> [DrawingPoint] {
    var taken: Set<DrawingPoint> = []
    return points.filter { taken.insert(DrawingPoint(x: $0.x / 4, y: $0.y / 8)).inserted }
  }
}
