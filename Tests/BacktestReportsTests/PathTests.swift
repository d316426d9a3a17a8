@testable import BacktestReports
import Testing

struct PathTests {
  /// Reads back what `PathData` writes, by its own rules of relative steps.
  private func decode(_ bytes: [UInt8]) -> [DrawingPoint] {
    var tokens: [String] = []
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if scalar == " " || scalar == "-" || scalar.properties.isAlphabetic || tokens.isEmpty {
        tokens.append("")
      }
      if scalar != " " { tokens[tokens.count - 1].unicodeScalars.append(scalar) }
      if scalar.properties.isAlphabetic { tokens.append("") }
    }
    var points: [DrawingPoint] = []
    var numbers: [Int] = []
    for token in tokens where !token.isEmpty {
      guard let number = Int(token) else { continue }
      numbers.append(number)
      if numbers.count == 2 {
        let last = points.last ?? DrawingPoint(x: 0, y: 0)
        points.append(DrawingPoint(x: last.x + numbers[0], y: last.y + numbers[1]))
        numbers = []
      }
    }
    return points
  }

  private func walk(_ count: Int, seed: UInt64) -> [DrawingPoint] {
    var state = seed
    var y = 500
    return (0..<count).map { i in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      y += Int(state >> 59) - 16
      return DrawingPoint(x: i * 2_000 / count, y: y)
    }
  }

  @Test func pathsReadBackAsTheyWereDrawn() {
    let points = walk(700, seed: 3)
    var data = PathData()
    data.polyline(points)
    #expect(decode(data.bytes) == points)
    #expect(String(decoding: data.bytes.prefix(2), as: UTF8.self) == "M0")
  }

  @Test func figuresAreShort() {
    var data = PathData()
    data.rectangle(DrawingPoint(x: 10, y: 20), DrawingPoint(x: 5, y: 0))
    data.dot(at: DrawingPoint(x: 12, y: 20))
    data.area([DrawingPoint(x: 13, y: 7), DrawingPoint(x: 14, y: 9)], baseline: 0)
    data.line(to: DrawingPoint(x: 13, y: 0))
    #expect(
      String(decoding: data.bytes, as: UTF8.self) == "M10 20h-5v-20h5zm2 0h0m1-20l0 7 1 2 0-9z")
  }

  /// What a reader sees of a column is its highest and lowest point; both must survive.
  @Test(arguments: [1, 5, 40] as [Int])
  func decimationKeepsEveryExtreme(perColumn: Int) {
    for seed in UInt64(1)...20 {
      let points = walk(1_000 * perColumn, seed: seed)
      let kept = PointDecimation.extremes(of: points, width: 2)
      #expect(kept.count <= 2 * 1_000 + 2, "seed \(seed)")
      #expect(kept.first == points.first && kept.last == points.last, "seed \(seed)")
      #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.x <= $1.x }, "seed \(seed)")
      let before = Dictionary(grouping: points) { $0.x / 2 }
      let after = Dictionary(grouping: kept) { $0.x / 2 }
      #expect(before.count == after.count, "seed \(seed)")
      for (column, all) in before {
        let left = after[column, default: []]
        #expect(all.map(\.y).max() == left.map(\.y).max(), "seed \(seed)")
        #expect(all.map(\.y).min() == left.map(\.y).min(), "seed \(seed)")
      }
      #expect(kept == PointDecimation.extremes(of: points, width: 2))
    }
  }

  @Test func fewPointsAllStay() {
    let points = walk(900, seed: 9)
    #expect(PointDecimation.extremes(of: points, width: 2) == points)
    #expect(PointDecimation.extremes(of: [], width: 2).isEmpty)
  }
}

extension PathTests {
  /// Where a line through some points is at an x.
  private func height(of points: [DrawingPoint], at x: Int) -> Double {
    guard let right = points.firstIndex(where: { $0.x >= x }), right > 0, points[right].x > x else {
      return Double(points.first { $0.x == x }?.y ?? 0)
    }
    let (a, b) = (points[right - 1], points[right])
    return Double(a.y) + Double(b.y - a.y) * Double(x - a.x) / Double(b.x - a.x)
  }

  /// A line without what lies on its way is the same line to half a unit, and a straight one has
  /// two points.
  @Test func whatLiesOnTheWayIsLeftOut() {
    for seed in UInt64(1)...20 {
      let points = walk(900, seed: seed)
      let kept = PointDecimation.bends(of: points)
      #expect(kept.first == points.first && kept.last == points.last)
      let worst = points.map { abs(height(of: kept, at: $0.x) - Double($0.y)) }.max() ?? .infinity
      #expect(worst <= 0.5, "seed \(seed)")
    }
    let straight = (0...1_000).map { DrawingPoint(x: 2 * $0, y: 700 - $0 / 2) }
    #expect(PointDecimation.bends(of: straight).count == 2)
    // Two points of one column are a jump, and both ends of it stay.
    let jump = [(0, 10), (5, 10), (5, 900), (9, 900)].map { DrawingPoint(x: $0.0, y: $0.1) }
    #expect(PointDecimation.bends(of: jump) == jump)
  }

  /// A path that comes again is referred to, whatever is between, and others stay as they are.
  @Test func aPathIsWrittenOnce() throws {
    var long = PathData()
    long.polyline(walk(300, seed: 5))
    var other = long
    other.line(to: DrawingPoint(x: 1_999, y: 3))
    var page = MarkupWriter()
    page.element("div") { page in
      for data in [long, other, long] {
        var part = MarkupWriter()
        part.line(data, "s1")
        page.append(part)
      }
      page.line(long, "s2")
      page.line(long, "s1")
    }
    let checker = try MarkupChecker(page.bytesSharingPaths())
    #expect(checker.tags.map(\.name) == ["div", "path", "path", "use", "path", "use"])
    #expect(checker.values(of: "id") == ["_1"] && checker.values(of: "href") == ["#_1", "#_1"])
    #expect(checker.values(of: "class") == ["s1", "s1", "s1", "s2", "s1"])
    #expect(checker.values(of: "d").count == 3)
  }
}
