import BacktestCore

/// One self-contained HTML file: no request to anywhere, light and dark, screen and paper, with at
/// most one script.
///
///     let document = ReportDocument(title: "Crossover on SPX", sections: [
///       ReportSection(id: "equity", title: "Equity", blocks: [chart]),
///     ])
///     let bytes = document.bytes()
struct ReportDocument: Sendable {
  /// The title of the page and its first heading.
  var title: String
  /// What the window of a browser is called, where that is more than the title.
  var windowTitle: String?
  /// A line below the title, for example instrument, period and engine version.
  var subtitle: String?
  /// The result in a sentence, below the title.
  var verdict: String?
  /// What comes before the list of contents: caveats first, then the verdict.
  var summary: [any ReportBlock]
  /// The sections, in order.
  var sections: [ReportSection]
  /// A line at the end, for example the fingerprint of the run.
  var footer: String?

  /// What kind of page it is, by which an index knows it; `nil` of the page of a result, which
  /// the result beside it tells.
  var kind: PageKind?
  /// Whether the page holds the one script that lets a reader look closer.
  var isInteractive = false
  /// Whether several sections have a list of contents, which takes room from wide tables.
  var hasContents = true

  /// A document from its parts.
  init(
    title: String, subtitle: String? = nil, verdict: String? = nil,
    summary: [any ReportBlock] = [],
    sections: [ReportSection], footer: String? = nil
  ) {
    self.title = title
    self.subtitle = subtitle
    self.verdict = verdict
    self.summary = summary
    self.sections = sections
    self.footer = footer
  }

  /// The file, as UTF-8. Equal documents give equal bytes.
  func bytes() -> [UInt8] {
    var writer = MarkupWriter()
    writer.markup("<!DOCTYPE html>\n")
    writer.element("html", ["lang": "en"]) { writer in
      writer.element("head") { writeHead(to: &$0) }
      writer.element("body") { writeBody(to: &$0) }
    }
    writer.markup("\n")
    return writer.bytesSharingPaths()
  }

  private func writeHead(to writer: inout MarkupWriter) {
    writer.emptyElement("meta", ["charset": "utf-8"])
    writer.emptyElement(
      "meta", ["name": "viewport", "content": "width=device-width,initial-scale=1"])
    writer.emptyElement("meta", ["name": "color-scheme", "content": "light dark"])
    writer.emptyElement(
      "meta",
      [
        "http-equiv": "Content-Security-Policy",
        "content": isInteractive ? ReportScript.policy : ReportScript.policyWithoutScript,
      ])
    if let kind { writer.emptyElement("meta", ["name": "generator", "content": kind.mark]) }
    writer.element("title", text: windowTitle ?? title)
    writer.markup("<style>")
    for part in [ReportStyleSheet.colours, ReportStyleSheet.page, ReportStyleSheet.marks] {
      writer.markup(part)
      writer.markup("\n")
    }
    writer.markup("</style>")
  }

  private func writeBody(to writer: inout MarkupWriter) {
    let ids = anchors()
    writer.element("header") { writer in
      writer.element("h1", text: title)
      if let subtitle { writer.element("p", text: subtitle) }
      if let verdict { writer.element("p", ["class": "verdict"], text: verdict) }
    }
    writer.element("div", ["class": "page"]) { writer in
      // What the reader must know first comes before everything else, also on a narrow page.
      writer.element("div", ["class": "opening"]) { writer in
        for block in summary { block.write(to: &writer) }
      }
      if hasContents, sections.count > 1 { writeContents(ids: ids, to: &writer) }
      writer.element("main") { writer in
        // The blocks of all sections together, because sections differ much in length.
        let blocks = sections.flatMap(\.blocks)
        var written = parallelMap(count: blocks.count) { (index) throws(Never) in
          var part = MarkupWriter()
          blocks[index].write(to: &part)
          return part
        }[...]
        for (index, section) in sections.enumerated() {
          writer.element("section", ["id": ids[index], "style": "--n:\(index + 1)"]) {
            write(section, written.prefix(section.blocks.count), to: &$0)
          }
          written = written.dropFirst(section.blocks.count)
        }
      }
    }
    if let footer { writer.element("footer", text: footer) }
    guard isInteractive else { return }
    writer.markup("<script>")
    writer.markup(ReportScript.source)
    writer.markup("</script>")
  }

  private func writeContents(ids: [String], to writer: inout MarkupWriter) {
    writer.element("nav", ["aria-label": "Contents"]) { writer in
      writer.element("ol") { writer in
        for (section, id) in zip(sections, ids) {
          writer.element("li") { $0.element("a", ["href": "#" + id], text: section.title) }
        }
      }
    }
  }

  private func write(
    _ section: ReportSection, _ blocks: ArraySlice<MarkupWriter>, to writer: inout MarkupWriter
  ) {
    writer.element("h2", text: section.title)
    if let summary = section.summary {
      writer.element("p", ["class": "summary"], text: summary)
    }
    for block in blocks { writer.append(block) }
  }

  /// Every chart as a separate SVG file, with the name of its file: section and title, which stay
  /// the same when other charts come or go.
  var charts: [(name: String, svg: [UInt8])] {
    var counts: [String: Int] = [:]
    return sections.flatMap { section in
      section.charts.map { chart in
        let words = ReportDocument.anchor("\(section.id) \(chart.title)").split(separator: "-")
        let name = words.joined(separator: "-").prefix(80)
        counts[String(name), default: 0] += 1
        let number = counts[String(name)].flatMap { $0 > 1 ? "-\($0)" : nil } ?? ""
        return ("\(name)\(number).svg", chart.svg)
      }
    }
  }

  /// An anchor for each section, made unique.
  private func anchors() -> [String] {
    var taken: Set<String> = []
    return sections.map { section in
      let base = ReportDocument.anchor(section.id)
      var id = base
      var number = 1
      while !taken.insert(id).inserted {
        number += 1
        id = "\(base)-\(number)"
      }
      return id
    }
  }

  /// A text reduced to `a-z 0-9 -`.
  static func anchor(_ text: String) -> String {
    let bytes = text.lowercased().utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
      default: UInt8(ascii: "-")
      }
    }
    return bytes.isEmpty ? "section" : String(decoding: bytes, as: UTF8.self)
  }
}

/// A titled part of a report with its own anchor in the list of contents.
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

extension ReportSection {
  /// The charts among its blocks, in reading order.
  var charts: [(title: String, svg: [UInt8])] { blocks.flatMap(Self.charts) }

  private static func charts(of block: any ReportBlock) -> [(title: String, svg: [UInt8])] {
    if let columns = block as? ReportColumns { return columns.blocks.flatMap(charts) }
    if let table = block as? any PicturedTable {
      return table.svg().map { [(table.caption, $0)] } ?? []
    }
    guard let chart = block as? any ReportChart, let svg = chart.svg() else { return [] }
    return [(chart.title, svg)]
  }
}

/// Blocks side by side where the page is wide enough, one below the other where it is not.
struct ReportColumns: ReportBlock {
  /// The blocks, in reading order.
  var blocks: [any ReportBlock]

  /// These blocks side by side.
  init(_ blocks: [any ReportBlock]) { self.blocks = blocks }

  /// Writes a grid with a cell for each block.
  func write(to writer: inout MarkupWriter) {
    writer.element("div", ["class": "columns"]) { writer in
      for block in blocks {
        writer.element("div") { block.write(to: &$0) }
      }
    }
  }
}
