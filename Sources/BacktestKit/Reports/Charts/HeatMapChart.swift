public import BacktestCore

/// A value over two axes of categories as coloured cells.
///
/// The figures are written in the cells of a small map, and shown when the reader points at a cell
/// of one that is not very large.
public struct HeatMapChart: ReportChart {
  /// The heading.
  public var title: String
  /// A line below the heading.
  public var subtitle: String?
  /// The names of the columns, left to right.
  public var columns: [String]
  /// The names of the rows, bottom to top.
  public var rows: [String]
  /// The values, row by row; `nil` where there is none.
  public var values: [[Double?]]
  /// What the columns are.
  public var xTitle: String
  /// What the rows are.
  public var yTitle: String
  /// How values are written.
  public var format: NumberFormat
  /// A column and row to mark, such as the best.
  public var marked: (column: Int, row: Int)?
  /// The sizes from which the second, third and fourth colour begin; by default they follow from
  /// the values.
  var bounds: [Double]?

  /// A map from its parts; each row has a value for each column.
  public init(
    title: String, subtitle: String? = nil, columns: [String], rows: [String],
    values: [[Double?]], xTitle: String, yTitle: String, format: NumberFormat = .ratio
  ) {
    precondition(values.count == rows.count, "a line of values for each row")
    precondition(values.allSatisfy { $0.count == columns.count }, "a value for each column")
    self.title = title
    self.subtitle = subtitle
    self.columns = columns
    self.rows = rows
    self.values = values
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.format = format
  }

  /// The height of a row that has its name beside it, in pixels.
  private static let rowPixels = 13.0
  /// The most columns whose names can stand upright side by side on a narrow page.
  private static let uprightLimit = 16
  /// The most columns and rows between which the figures are written.
  private static let writtenLimit = (columns: 8, rows: 12)
  /// The most cells that each have their figure to point at.
  private static let largestTitledCount = 400

  /// The chart, ready to be shown; `nil` where there are no values.
  public func drawing() -> ChartDrawing? {
    let known = values.joined().compactMap(\.self).finiteValues
    guard let least = known.min(), let most = known.max() else { return nil }
    let scale =
      bounds.map { HeatScale(bounds: $0) }
      ?? HeatScale(known, smallest: 1e-12, whenEmpty: 1, fromZero: false)
    var frame = ChartFrame(
      title: title, subtitle: subtitle,
      summary: "\(columns.count) by \(rows.count) cells from \(format.text(least)) to "
        + "\(format.text(most)).",
      height: Double(rows.count) * Self.rowPixels <= Double(ChartHeight.tall.rawValue)
        ? .tall : .large,
      legend: Self.legend(scale, known, format),
      xScale: ChartScale(0...Double(columns.count)), yScale: ChartScale(0...Double(rows.count)),
      xTitle: xTitle, yTitle: yTitle)
    frame.placeXTicks(
      columns.enumerated().map {
        AxisTick(value: Double($0.offset) + 0.5, label: $0.element, isMajor: false)
      })
    // Numbers may be left out between others, names may not.
    if columns.count <= Self.uprightLimit, columns.contains(where: { Double($0) == nil }),
      frame.xTicks.count < columns.count
        || frame.xTicks.contains(where: { $0.isOptional || $0.isForWidePages })
    {
      frame.xTicks = []
      frame.xCategories = columns
      frame.hasUprightCategories = true
    }
    frame.placeYTicks(
      rows.enumerated().map {
        AxisTick(value: Double($0.offset) + 0.5, label: $0.element, isMajor: false)
      }, distance: Self.rowPixels)
    writeFigures(in: &frame)
    var marks = MarkupWriter()
    draw(in: frame, scale, to: &marks)
    return ChartDrawing(frame: frame, marks: marks)
  }

  private func writeFigures(in frame: inout ChartFrame) {
    guard columns.count <= Self.writtenLimit.columns, rows.count <= Self.writtenLimit.rows else {
      return
    }
    for (row, line) in values.enumerated() {
      for (column, value) in line.enumerated() {
        guard let value, value.isFinite else { continue }
        frame.pointLabels.append(
          PointLabel(
            x: (Double(column) + 0.5) / Double(columns.count),
            y: (Double(row) + 0.5) / Double(rows.count), text: format.text(value), isAbove: false,
            isInside: true, isOptional: columns.count > 5))
      }
    }
  }

  private func draw(in frame: ChartFrame, _ scale: HeatScale, to marks: inout MarkupWriter) {
    let isTitled = columns.count * rows.count <= Self.largestTitledCount
    // Several names before several values would only make it harder to read.
    let rowName = yTitle.contains(",") ? "" : yTitle + " "
    var levels = [PathData](repeating: PathData(), count: 9)
    var titled = [[(data: PathData, title: String)]](repeating: [], count: 9)
    for (row, line) in values.enumerated() {
      for (column, value) in line.enumerated() {
        guard let value, value.isFinite else { continue }
        let level = scale.level(of: value) + 4
        let (a, b) = (
          frame.point(Double(column), Double(row)),
          frame.point(Double(column + 1), Double(row + 1))
        )
        guard isTitled else {
          levels[level].rectangle(a, b)
          continue
        }
        var cell = PathData()
        cell.rectangle(a, b)
        titled[level].append(
          (
            cell, "\(xTitle) \(columns[column]), \(rowName)\(rows[row]): \(format.text(value))"
          ))
      }
    }
    for (level, style) in Self.styles.enumerated() {
      marks.path(levels[level], style)
      marks.titledPaths(style, nil, titled[level])
    }
    guard let marked else { return }
    var frameOfCell = PathData()
    frameOfCell.rectangle(
      frame.point(Double(marked.column), Double(marked.row)),
      frame.point(Double(marked.column + 1), Double(marked.row + 1)))
    marks.path(frameOfCell, "cellmark")
  }

  private static func legend(
    _ scale: HeatScale, _ known: [Double], _ format: NumberFormat
  ) -> [LegendEntry] {
    // The last level takes what is beyond the third.
    func entries(_ words: (String, String), _ sign: Double, _ first: Int) -> [LegendEntry] {
      (first...4).map { level in
        let bound = format.text(sign * scale.bounds[min(level, 3) - 1])
        return LegendEntry(
          name: "\(level == 4 ? words.1 : words.0) \(bound)", mark: .area,
          style: styles[4 + Int(sign) * level])
      }
    }
    let (loses, gains) = (known.contains { $0 < 0 }, known.contains { $0 > 0 })
    // Beside gains the deepest loss is enough: the others are paler.
    return (loses ? entries(("to", "below"), -1, gains ? 4 : 1) : [])
      + (gains ? entries(("to", "above"), 1, 1) : [])
  }

  /// The class of a cell, from its level of -4 to 4.
  static func style(_ level: Int) -> StaticString { styles[level + 4] }

  private static let styles: [StaticString] = [
    "cell n4", "cell n3", "cell n2", "cell n1", "cell z", "cell p1", "cell p2", "cell p3",
    "cell p4",
  ]
}
