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
