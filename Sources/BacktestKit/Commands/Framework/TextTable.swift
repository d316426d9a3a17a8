import BacktestCore
import BacktestFiles

/// A table of aligned columns for a terminal.
///
///     var table = TextTable([.left("metric"), .right("value")])
///     table.add(["Sharpe", "0.48"])
///     context.output.write(table.text(in: context.output.tableWidth))
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
  ///
  /// Where a width has no room for them, cells of text go on below, and then the last columns are
  /// left out, with a line that names them.
  ///
  /// - Parameter width: the columns of a terminal; `nil` where lines may be long.
  func text(in width: Int?) -> String {
    let natural = columns.indices.map { index in
      rows.reduce(columns[index].heading.displayWidth) { max($0, $1[index].displayWidth) }
    }
    guard let width else { return text(natural) }
    let kept = columns.indices.reversed().first {
      $0 < 2 || Self.fits(natural.prefix($0 + 1).enumerated().map(narrowest), in: width)
    }
    let count = min((kept ?? 0) + 1, columns.count)
    let names = columns[count...].map(\.heading).joined(separator: ", ")
    return text(narrowed(Array(natural.prefix(count)), to: width))
      + (names.isEmpty ? "" : "without \(names), for which the line is too short\n")
  }

  /// The least width of a column: of text, which may go on below, that of a few words.
  private func narrowest(_ index: Int, _ natural: Int) -> Int {
    columns[index].isRight
      ? natural : min(natural, max(columns[index].heading.displayWidth, Self.narrowText))
  }

  private static let narrowText = 16

  private static func fits(_ widths: [Int], in width: Int) -> Bool {
    widths.reduce(0, +) + gap.count * (widths.count - 1) <= width
  }

  private static let gap = "  "

  /// Widths of which those of text are smaller, the widest first, as far as needed.
  private func narrowed(_ natural: [Int], to width: Int) -> [Int] {
    var widths = natural
    while !Self.fits(widths, in: width) {
      let narrower = widths.indices.filter { widths[$0] > narrowest($0, natural[$0]) }
      guard let widest = narrower.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
    }
    return widths
  }

  /// The first columns, as many as there are widths.
  private func text(_ widths: [Int]) -> String {
    var lines = rows.flatMap { self.lines($0, widths) }
    if columns.contains(where: { !$0.heading.isEmpty }) {
      let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: Self.gap)
      lines.insert(contentsOf: self.lines(columns.map(\.heading), widths) + [rule], at: 0)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func lines(_ cells: [String], _ widths: [Int]) -> [String] {
    let parts = widths.indices.map { index in
      columns[index].isRight ? [cells[index]] : cells[index].wrapped(to: widths[index])
    }
    return (0..<(parts.map(\.count).max() ?? 0)).map { number in
      var line = widths.indices.map { index in
        let part = number < parts[index].count ? parts[index][number] : ""
        return columns[index].isRight
          ? part.leftPadded(to: widths[index]) : part.padded(to: widths[index])
      }.joined(separator: Self.gap)
      while line.last == " " { line.removeLast() }
      return line
    }
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

  /// The text in lines of at most a width, parted at blanks where there are any.
  func wrapped(to width: Int) -> [String] {
    guard width > 0, displayWidth > width else { return [String(self)] }
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ") {
      if !line.isEmpty, line.displayWidth + 1 + word.displayWidth > width {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? "" : " "
      for character in word {
        if line.displayWidth + String(character).displayWidth > width {
          lines.append(line)
          line = ""
        }
        line.append(character)
      }
    }
    return line.isEmpty ? lines : lines + [line]
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

/// A text as a paragraph: what a name may hold breaks no line, and where a person looks, it is
/// parted at the width of the terminal.
///
/// - Parameters:
///   - width: the columns of the terminal; `nil` where lines may be long.
///   - first: what the first line begins with; the others are indented by as much.
func paragraph(_ text: String, in width: Int?, after first: String = "") -> String {
  let shown = printable(text, limit: 2_000)
  let lines = width.map { shown.wrapped(to: max($0 - first.count, 8)) } ?? [shown]
  let indent = String(repeating: " ", count: first.count)
  return lines.enumerated().map { "\($0 == 0 ? first : indent)\($1)\n" }.joined()
}

/// A text as an item of a list, as `paragraph` writes it.
func listItem(_ text: String, in width: Int?) -> String { paragraph(text, in: width, after: "- ") }

extension Unicode.Scalar {
  fileprivate var displayWidth: Int {
    if value < 0x7F { return value < 0x20 ? 0 : 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    // Two of these letters make a flag, which is as wide as they are.
    let isRegionalIndicator = (0x1F1E6...0x1F1FF).contains(value)
    if properties.isEmojiPresentation { return isRegionalIndicator ? 1 : 2 }
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
