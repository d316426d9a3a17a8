import BacktestCore

extension ReportDocument {
  /// The page as Markdown, for a pull request or a log: texts and tables, and a line of blocks for
  /// each chart of lines. Equal documents give equal bytes.
  ///
  /// - Parameter sections: the anchors of the sections that are wanted; `nil` are all.
  func markdown(sections wanted: Set<String>? = nil) -> [UInt8] {
    var writer = MarkdownWriter()
    writer.heading(1, title)
    if let subtitle { writer.paragraph(subtitle) }
    if let verdict { writer.paragraph(verdict, isStrong: true) }
    for block in summary { Self.write(block, to: &writer) }
    for section in sections where wanted?.contains(section.id) ?? true {
      writer.heading(2, section.title)
      if let summary = section.summary { writer.paragraph(summary) }
      for block in section.blocks { Self.write(block, to: &writer) }
    }
    if let footer { writer.paragraph(footer) }
    return Array(writer.text.utf8)
  }

  private static func write(_ block: any ReportBlock, to writer: inout MarkdownWriter) {
    if let columns = block as? ReportColumns {
      for block in columns.blocks { write(block, to: &writer) }
    } else if let block = block as? any MarkdownBlock {
      block.write(to: &writer)
    }
  }
}

extension ReportNotice: MarkdownBlock {
  func write(to writer: inout MarkdownWriter) {
    writer.paragraph(title, isStrong: true)
    writer.list(items)
  }
}

extension ReportTiles: MarkdownBlock {
  func write(to writer: inout MarkdownWriter) {
    writer.table(
      ["Figure", "Value", "Beside it"],
      tiles.map { tile in
        let mark =
          switch tile.tone {
          case .favourable: " ▲"
          case .adverse: " ▼"
          case .neutral: ""
          }
        return [tile.caption, tile.value + mark, tile.detail ?? ""]
      }, rightColumns: [1])
    if let comparison, tiles.contains(where: { $0.tone != .neutral }) {
      writer.paragraph("▲ better and ▼ worse than \(comparison).")
    }
  }
}

extension ReportDefinitions: MarkdownBlock {
  func write(to writer: inout MarkdownWriter) {
    writer.table(["Rule", "Value"], items.map { [$0.term, $0.value] })
  }
}

extension LineChart: MarkdownBlock {
  /// How wide the line of blocks is.
  private static let width = 48

  func write(to writer: inout MarkdownWriter) {
    guard let line = series.first, isOverTime else { return }
    let blocks = Sparkline.text(of: line.y, width: Self.width)
    guard !blocks.isEmpty else { return }
    let format: NumberFormat = unit == .percent ? .percent(decimals: 1) : .ratio
    writer.paragraph(
      "\(title): \(blocks) \(line.spoken(as: format, extent: ChartScale.extent(of: line.y)))")
  }
}
