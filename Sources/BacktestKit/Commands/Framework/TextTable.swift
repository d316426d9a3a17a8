/// A table of aligned columns for a terminal.
///
///     var table = TextTable([.left("metric"), .right("value")])
///     table.add(["Sharpe", "0.48"])
///     context.output.write(table.text)
struct TextTable {
  /// A column: its heading and the side on which its cells stand.
  struct Column: Sendable {
    fileprivate var heading: String
    fileprivate var isRight: Bool

    /// A column of text.
    static func left(_ heading: String) -> Column { Column(heading: heading, isRight: false) }
    /// A column of numbers.
    static func right(_ heading: String) -> Column { Column(heading: heading, isRight: true) }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// A table without rows.
  init(_ columns: [Column]) { self.columns = columns }

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

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = columns.indices.map { index in
      columns[index].isRight
        ? cells[index].leftPadded(to: widths[index]) : cells[index].padded(to: widths[index])
    }.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}
