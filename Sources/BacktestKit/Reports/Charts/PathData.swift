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

  /// A closed rectangle between two corners.
  mutating func rectangle(_ a: DrawingPoint, _ b: DrawingPoint) {
    move(to: a)
    bytes += "h\(b.x - a.x)v\(b.y - a.y)h\(a.x - b.x)z".utf8
    isInLine = false
  }

  /// Closes the current line.
  mutating func close(at start: DrawingPoint) {
    command("z")
    current = start
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
