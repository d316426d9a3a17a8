/// A block that can also be a picture in a separate file.
///
/// What a chart of one's own draws is made of the charts of the kit:
///
///     struct Seasons: ReportChart {
///       var title = "Return by season"
///       var returns: [Double]
///       func drawing() -> ChartDrawing? {
///         BarChart(
///           title: title, categories: ["Winter", "Spring", "Summer", "Autumn"],
///           groups: [.init("Return", values: returns)], unit: .percent
///         ).drawing()
///       }
///     }
public protocol ReportChart: ReportBlock {
  /// The heading.
  var title: String { get }
  /// The chart, ready to be shown; `nil` where there are no values.
  func drawing() -> ChartDrawing?
}

extension ReportChart {
  /// Writes the chart as a figure, or says that there is nothing to draw.
  public func write(to writer: inout MarkupWriter) {
    if let drawing = drawing() {
      drawing.frame.writeFigure(marks: drawing.marks, to: &writer)
    } else {
      ReportParagraph("\(title): there are no values to show.").write(to: &writer)
    }
  }

  /// The chart as a separate SVG file, or `nil` where there are no values.
  public func svg() -> [UInt8]? { drawing()?.svg() }
}
