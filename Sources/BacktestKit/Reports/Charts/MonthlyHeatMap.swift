import BacktestCore

/// Returns by month and year as a table whose cells are coloured by sign and size.
///
/// The figures are in the cells, so nothing depends on colour alone. The figure of the year
/// compounds its months.
public struct MonthlyHeatMap: ReportBlock {
  /// The return of one month.
  public struct Month: Hashable, Sendable {
    /// The year.
    public var year: Int
    /// The month, 1 to 12.
    public var month: Int
    /// The return as a fraction.
    public var value: Double

    /// A month's return.
    public init(year: Int, month: Int, value: Double) {
      precondition((1...12).contains(month), "months are 1 to 12")
      self.year = year
      self.month = month
      self.value = value
    }
  }

  /// What the table shows.
  public var caption: String
  /// The months, in any order; of two for the same month the later one counts.
  public var months: [Month]

  /// A table of these months.
  public init(caption: String, months: [Month]) {
    self.caption = caption
    self.months = months
  }

  /// Writes a table with a row a year; on a narrow page each year takes two lines of six months.
  public func write(to writer: inout MarkupWriter) {
    let scale = colourScale
    writer.element("table", ["class": "heat"]) { writer in
      writer.element("caption", text: "\(caption), \(scaleText)")
      writer.element("thead") { writer in
        writer.element("tr") { writer in
          writer.element("th", ["scope": "col"], text: "Year")
          for name in TimeTicks.monthNames { writer.element("th", ["scope": "col"], text: name) }
          writer.element("th", ["scope": "col"], text: "Total")
        }
      }
      writer.element("tbody") { writer in
        for (year, values) in years() {
          writer.element("tr") { writeRow(year, values, scale: scale, to: &$0) }
        }
      }
    }
  }

  private func writeRow(
    _ year: Int, _ values: [Double?], scale: HeatScale, to writer: inout MarkupWriter
  ) {
    writer.element("th", ["scope": "row"], text: "\(year)")
    var growth = 1.0
    for value in values {
      guard let value, value.isFinite else {
        writer.markup("<td></td>")
        continue
      }
      growth *= 1 + value
      writer.markup(MonthlyHeatMap.cellTag(scale.level(of: value)))
      writer.text(value * 100, as: MonthlyHeatMap.format(value))
      writer.markup("</td>")
    }
    writer.markup(growth < 1 ? "<td class=\"loss\">" : "<td>")
    writer.text((growth - 1) * 100, as: MonthlyHeatMap.format(growth - 1))
    writer.markup("</td>")
  }

  /// The years in ascending order, each with its twelve months.
  func years() -> [(year: Int, values: [Double?])] {
    guard let first = months.map(\.year).min(), let last = months.map(\.year).max() else {
      return []
    }
    var rows = (first...last).map {
      (year: $0, values: [Double?](repeating: nil, count: 12))
    }
    for month in months { rows[month.year - first].values[month.month - 1] = month.value }
    return rows.filter { row in row.values.contains { $0 != nil } }
  }

  /// The unit, and what the colours mean.
  var scaleText: String {
    let full = NumberFormat.percent(decimals: 1).text(colourScale.full)
    return "in percent. Full colour from ±\(full) per month"
  }

  /// The colours of the months.
  var colourScale: HeatScale {
    HeatScale(months.map(\.value), smallest: 0.001, whenEmpty: 0.01)
  }

  /// One decimal where that fits a cell of a narrow page.
  static func format(_ value: Double) -> NumberFormat {
    if abs(value) < 0.9995 { return .number(decimals: 1) }
    return abs(value) < 99.995 ? .integer : .compact(decimals: 0)
  }

  private static func cellTag(_ level: Int) -> StaticString {
    let tags: [StaticString] = [
      "<td class=\"n4\">", "<td class=\"n3\">", "<td class=\"n2\">", "<td class=\"n1\">", "<td>",
      "<td class=\"p1\">", "<td class=\"p2\">", "<td class=\"p3\">", "<td class=\"p4\">",
    ]
    return tags[level + 4]
  }
}
