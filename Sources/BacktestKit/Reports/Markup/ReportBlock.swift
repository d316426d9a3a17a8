/// Something a report can show: a chart, a table, a paragraph, or what a user makes.
///
///     struct Signature: ReportBlock {
///       func write(to writer: inout MarkupWriter) {
///         writer.element("p") { $0.text("Reviewed by the desk.") }
///       }
///     }
public protocol ReportBlock: Sendable {
  /// Writes the block as HTML flow content. The same value always writes the same bytes.
  func write(to writer: inout MarkupWriter)
}

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

/// A paragraph of plain text.
public struct ReportParagraph: ReportBlock {
  /// The text.
  public var text: String

  /// A paragraph with this text.
  public init(_ text: String) { self.text = text }

  /// Writes a `p` element.
  public func write(to writer: inout MarkupWriter) { writer.element("p", text: text) }
}

/// A heading inside a section.
struct ReportSubheading: ReportBlock {
  /// The text.
  var text: String

  /// A heading with this text.
  init(_ text: String) { self.text = text }

  /// Writes an `h3` element.
  func write(to writer: inout MarkupWriter) { writer.element("h3", text: text) }
}
