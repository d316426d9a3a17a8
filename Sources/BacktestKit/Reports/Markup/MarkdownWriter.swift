import BacktestCore
import BacktestFiles

/// A growing Markdown text whose data is escaped by construction.
struct MarkdownWriter {
  private(set) var text = ""

  /// Writes a heading of a level from 1 to 6.
  mutating func heading(_ level: Int, _ title: String) {
    separate()
    text += String(repeating: "#", count: level) + " " + MarkdownText.escaped(title) + "\n"
  }

  /// Writes a paragraph.
  mutating func paragraph(_ words: String, isStrong: Bool = false) {
    separate()
    let words = MarkdownText.escaped(words)
    text += isStrong ? "**\(words)**\n" : words + "\n"
  }

  /// Writes a list.
  mutating func list(_ items: [String]) {
    guard !items.isEmpty else { return }
    separate()
    for item in items { text += "- \(MarkdownText.escaped(item))\n" }
  }

  /// Writes a table.
  ///
  /// - Parameter rightColumns: the columns that are aligned to the right.
  mutating func table(_ header: [String], _ rows: [[String]], rightColumns: Set<Int> = []) {
    separate()
    row(header)
    text += "|"
    for column in header.indices { text += rightColumns.contains(column) ? " --: |" : " --- |" }
    text += "\n"
    for cells in rows { row(cells) }
  }

  /// Writes what is folded away until the reader asks for it.
  mutating func folded(_ summary: String, _ body: (inout MarkdownWriter) -> Void) {
    separate()
    text += "<details><summary>\(MarkdownText.escaped(summary))</summary>\n"
    body(&self)
    text += "\n</details>\n"
  }

  private mutating func row(_ cells: [String]) {
    text += "| " + cells.map(MarkdownText.escaped).joined(separator: " | ") + " |\n"
  }

  private mutating func separate() { if !text.isEmpty { text += "\n" } }
}

/// A block that Markdown can show as well.
protocol MarkdownBlock {
  /// Writes the block as Markdown.
  func write(to writer: inout MarkdownWriter)
}

extension ReportParagraph: MarkdownBlock {
  func write(to writer: inout MarkdownWriter) { writer.paragraph(text) }
}

extension ReportSubheading: MarkdownBlock {
  func write(to writer: inout MarkdownWriter) { writer.heading(3, text) }
}

extension ReportTable: MarkdownBlock {
  /// The most rows of a table, and from how many on it is folded.
  private static let (mostRows, mostOpenRows) = (60, 16)

  func write(to writer: inout MarkdownWriter) {
    guard !isFolded, rows.count <= Self.mostOpenRows else {
      return writer.folded(caption) { writeTable(to: &$0) }
    }
    writer.paragraph(caption, isStrong: true)
    writeTable(to: &writer)
  }

  private func writeTable(to writer: inout MarkdownWriter) {
    let shown = min(rows.count, limit?.rowCount ?? rows.count, Self.mostRows)
    writer.table(
      columns.map(\.title),
      rows.prefix(shown).map { row in zip(row, columns).map { $0.text(as: $1.format) } },
      rightColumns: Set(columns.indices.filter { columns[$0].isNumeric }))
    let rest = rows.count + omittedCount - shown
    if rest > 0 {
      let place = limit.map { " in \($0.file)" } ?? ""
      writer.paragraph("\(NumberFormat.integer.text(Double(rest))) more\(place)")
    }
  }
}
