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

/// A titled part of a report with an anchor of its own in the list of contents.
public struct ReportSection: Sendable {
  /// The anchor; other characters than `a-z 0-9 -` are replaced when the document is made.
  public var id: String
  /// The heading.
  public var title: String
  /// A sentence or two below the heading: what the section answers.
  public var summary: String?
  /// What it shows, in order.
  public var blocks: [any ReportBlock]

  /// A section from its parts.
  public init(
    id: String, title: String, summary: String? = nil, blocks: [any ReportBlock] = []
  ) {
    self.id = id
    self.title = title
    self.summary = summary
    self.blocks = blocks
  }
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
public struct ReportSubheading: ReportBlock {
  /// The text.
  public var text: String

  /// A heading with this text.
  public init(_ text: String) { self.text = text }

  /// Writes an `h3` element.
  public func write(to writer: inout MarkupWriter) { writer.element("h3", text: text) }
}

/// Blocks side by side where the page is wide enough, one below the other where it is not.
public struct ReportColumns: ReportBlock {
  /// The blocks, in reading order.
  public var blocks: [any ReportBlock]

  /// These blocks side by side.
  public init(_ blocks: [any ReportBlock]) { self.blocks = blocks }

  /// Writes a grid with a cell for each block.
  public func write(to writer: inout MarkupWriter) {
    writer.element("div", ["class": "columns"]) { writer in
      for block in blocks {
        writer.element("div") { block.write(to: &$0) }
      }
    }
  }
}

/// Blocks that are folded away until the reader asks for them; on paper they are open.
public struct ReportDisclosure: ReportBlock {
  /// The line that is always there.
  public var title: String
  /// What is behind it.
  public var blocks: [any ReportBlock]

  /// Blocks behind a line of text.
  public init(_ title: String, _ blocks: [any ReportBlock]) {
    self.title = title
    self.blocks = blocks
  }

  /// Writes a `details` element.
  public func write(to writer: inout MarkupWriter) {
    writer.element("details") { writer in
      writer.element("summary", text: title)
      for block in blocks { block.write(to: &writer) }
    }
  }
}
