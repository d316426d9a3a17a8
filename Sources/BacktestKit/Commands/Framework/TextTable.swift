import BacktestCore

/// A table of aligned columns for a terminal.
///
///     var table = TextTable([.left("metric"), .right("value")])
///     table.add(["Sharpe", "0.48"])
///     context.output.write(table.text)
struct TextTable {
  /// A column: its heading and the alignment of its cells.
  struct Column: Sendable {
    fileprivate var heading: String
    fileprivate var isRight: Bool

    /// A column of text.
    static func left(_ heading: String) -> Column { Column(heading: heading, isRight: false) }
    /// A column of numbers.
    static func right(_ heading: String) -> Column { Column(heading: heading, isRight: true) }
  }

  private var columns: [Column]
  private var rows: [[String]] = []

  /// A table without rows.
  init(_ columns: [Column]) { self.columns = columns }

  /// The number of rows.
  var rowCount: Int { rows.count }

  /// Adds a row.
  ///
  /// - Precondition: there are as many cells as columns.
  mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row must have a cell for each column")
    rows.append(cells)
  }

  /// The headings, a rule, and the rows; each line ends in a line feed. Without headings, only
  /// the rows.
  var text: String {
    let widths = columns.indices.map { index in
      rows.reduce(columns[index].heading.displayWidth) { max($0, $1[index].displayWidth) }
    }
    var lines = rows.map { line($0, widths) }
    if columns.contains(where: { !$0.heading.isEmpty }) {
      let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
      lines.insert(contentsOf: [line(columns.map(\.heading), widths), rule], at: 0)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The table without the last columns that a width has no room for, and how many these are; the
  /// whole table where there is no width.
  func text(in width: Int?) -> String {
    guard let width else { return text }
    var table = self
    func isTooWide() -> Bool {
      table.text.split(separator: "\n").contains { $0.displayWidth > width }
    }
    while table.columns.count > 2, isTooWide() {
      table.columns.removeLast()
      for row in table.rows.indices { table.rows[row].removeLast() }
    }
    let left = columns.count - table.columns.count
    let names = columns.suffix(left).map(\.heading).joined(separator: ", ")
    return table.text + (left > 0 ? "without \(names), for which the line is too short\n" : "")
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = columns.indices.map { index in
      columns[index].isRight
        ? cells[index].leftPadded(to: widths[index]) : cells[index].padded(to: widths[index])
    }.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}

extension StringProtocol {
  /// The columns that the text takes in a terminal: none for combining marks and control
  /// characters, two for East Asian wide characters and emoji, one for all others.
  ///
  /// A close approximation of Unicode Standard Annex 11 by blocks.
  var displayWidth: Int { unicodeScalars.reduce(0) { $0 + $1.displayWidth } }

  /// The text with blanks behind it, up to a width.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - displayWidth))
  }

  /// The text with blanks before it, up to a width.
  func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - displayWidth)) + self
  }

  /// The text cut to a width, with `…` as its last character where something was cut.
  func cut(to width: Int) -> String {
    guard displayWidth > width else { return String(self) }
    var text = ""
    var used = 1
    for character in self {
      used += String(character).displayWidth
      guard used <= width else { break }
      text.append(character)
    }
    return width > 0 ? text + "…" : ""
  }
}

extension Unicode.Scalar {
  fileprivate var displayWidth: Int {
    if value < 0x7F { return value < 0x20 ? 0 : 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
