import BacktestCore

/// A chart that is a table on the page, and a picture in a separate file.
protocol PicturedTable: ReportBlock {
  /// The heading.
  var caption: String { get }
  /// The chart as a separate SVG file, or `nil` where there are no values.
  func svg() -> [UInt8]?
}

/// The measures of a table as a picture, in pixels.
private enum TablePicture {
  static let width = 960
  static let margin = 24
  /// The height of a row.
  static let row = 26
  /// Where the first row begins.
  static let top = 66

  /// The widest name.
  static func room(for names: [String], atMost limit: Int) -> Int {
    min(max(names.map(\.count).max() ?? 0, 4) * 7 + 14, limit)
  }

  /// A name in so many pixels.
  static func cut(_ name: String, to pixels: Int) -> String {
    let count = max(pixels / 7, 2)
    return name.count <= count ? name : name.prefix(count - 1) + "…"
  }

  /// The file around the rows that `write` draws.
  static func svg(
    _ title: String, subtitle: String? = nil, summary: String, height: Int,
    _ write: (inout MarkupWriter) -> Void
  ) -> [UInt8] {
    var writer = MarkupWriter()
    let attributes: KeyValuePairs<StaticString, String> = [
      "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(width) \(height)", "role": "img",
    ]
    writer.element("svg", attributes) { writer in
      writer.element("title", text: title)
      writer.element("desc", text: summary)
      writer.imageStyle()
      writer.svgText(cut(title, to: (width - 2 * margin) * 7 / 9), x: margin, y: 32, "title")
      if let subtitle { writer.svgText(subtitle, x: margin, y: 53, "subtitle") }
      write(&writer)
    }
    writer.markup("\n")
    return writer.bytes
  }
}

extension RankedBars: PicturedTable {
  /// The chart as a separate SVG file, or `nil` where there are no bars.
  public func svg() -> [UInt8]? {
    guard !items.isEmpty else { return nil }
    let figures = items.map { format.text($0.value) }
    let names = TablePicture.room(for: items.map(\.name), atMost: 320)
    let left = TablePicture.margin + names + TablePicture.room(for: figures, atMost: 200)
    let scale = ChartScale(extent)
    func place(_ value: Double) -> Int {
      left + 14
        + Int((scale.position(value) * Double(TablePicture.width - left - 38)).rounded())
    }
    return TablePicture.svg(
      caption,
      summary: zip(items, figures).map { "\($0.name) \($1)" }.joined(separator: "; ") + ".",
      height: TablePicture.top + items.count * TablePicture.row + 18
    ) { writer in
      for (i, (item, bar)) in zip(items, spans).enumerated() {
        let y = TablePicture.top + i * TablePicture.row
        writer.svgText(
          TablePicture.cut(item.name, to: names), x: TablePicture.margin, y: y + 15, "name")
        writer.svgText(figures[i], x: left, y: y + 15, "own end")
        guard item.value.isFinite else { continue }
        var data = PathData()
        data.rectangle(
          DrawingPoint(x: place(bar.from), y: y + 2),
          DrawingPoint(x: place(bar.to), y: y + TablePicture.row - 4))
        writer.path(data, "bar", style(i), title: "\(item.name): \(figures[i])")
      }
      var zero = PathData()
      zero.polyline([
        DrawingPoint(x: place(0), y: TablePicture.top - 4),
        DrawingPoint(x: place(0), y: TablePicture.top + items.count * TablePicture.row),
      ])
      writer.path(zero, "base")
    }
  }
}

extension MonthlyHeatMap: PicturedTable {
  /// The table as a separate SVG file, or `nil` where there are no months.
  public func svg() -> [UInt8]? {
    let (rows, scale) = (years(), colourScale)
    guard !rows.isEmpty else { return nil }
    let left = TablePicture.margin + 48
    let column = (TablePicture.width - left - TablePicture.margin) / 13
    let totals = rows.map { row in
      row.values.compactMap(\.self).finiteValues.reduce(1) { $0 * (1 + $1) } - 1
    }
    func figure(_ value: Double) -> String { Self.format(value).text(value * 100) }
    func middle(_ month: Int) -> Int { left + month * column + column / 2 }
    return TablePicture.svg(
      caption, subtitle: NumberText.capitalized(scaleText),
      summary: zip(rows, totals).map { "\($0.year): \(figure($1)) %" }.joined(separator: "; ")
        + ".",
      height: TablePicture.top + (rows.count + 1) * TablePicture.row + 18
    ) { writer in
      for (i, name) in (TimeTicks.monthNames + ["Total"]).enumerated() {
        writer.svgText(name, x: middle(i), y: TablePicture.top + 16, "middle")
      }
      for (i, row) in rows.enumerated() {
        let y = TablePicture.top + (i + 1) * TablePicture.row
        writer.svgText("\(row.year)", x: TablePicture.margin, y: y + 17, "name")
        for (month, value) in row.values.enumerated() {
          guard let value, value.isFinite else { continue }
          var cell = PathData()
          cell.rectangle(
            DrawingPoint(x: left + month * column, y: y),
            DrawingPoint(x: left + (month + 1) * column, y: y + TablePicture.row))
          writer.path(
            cell, HeatMapChart.style(scale.level(of: value)),
            title: "\(TimeTicks.monthNames[month]) \(row.year): \(figure(value)) %")
          writer.svgText(figure(value), x: middle(month), y: y + 17, "inside")
        }
        writer.svgText(figure(totals[i]), x: middle(12), y: y + 17, "own middle")
      }
    }
  }
}
