/// Whether a figure or a verdict speaks for the strategy or against it.
enum ReportTone: Hashable, Sendable {
  /// Neither.
  case neutral
  /// For it.
  case favourable
  /// Against it.
  case adverse

  fileprivate var cssClass: String {
    switch self {
    case .neutral: "tile"
    case .favourable: "tile good"
    case .adverse: "tile bad"
    }
  }
}

/// A row of big figures: what a reader wants to know first.
struct ReportTiles: ReportBlock {
  /// One figure.
  struct Tile: Hashable, Sendable {
    /// The figure, already formatted.
    var value: String
    /// Its name.
    var caption: String
    /// A second line, for example the benchmark's figure or an interval.
    var detail: String?
    /// What the figure means, shown when the reader points at it.
    var definition: String?
    /// Whether it speaks for the strategy; shown as a coloured edge and never by colour alone.
    var tone: ReportTone

    /// A tile from its parts.
    init(
      _ caption: String, value: String, detail: String? = nil, definition: String? = nil,
      tone: ReportTone = .neutral
    ) {
      self.caption = caption
      self.value = value
      self.detail = detail
      self.definition = definition
      self.tone = tone
    }
  }

  /// The figures, most important first.
  var tiles: [Tile]
  /// With what the tones compare, such as the name of the benchmark.
  var comparison: String?

  /// A row of these figures.
  init(_ tiles: [Tile], comparison: String? = nil) {
    self.tiles = tiles
    self.comparison = comparison
  }

  /// Writes a list in as many columns as fit, so that no tile is left alone in a row.
  func write(to writer: inout MarkupWriter) {
    let count = tiles.count
    let wide = count <= 6 ? count : count % 4 == 0 ? 4 : count % 3 == 0 ? 3 : 5
    let medium = count <= 3 ? max(count, 1) : count % 3 == 0 ? 3 : count % 2 == 0 ? 2 : 3
    writer.element("ul", ["class": "tiles", "style": "--w:\(wide);--m:\(medium)"]) { writer in
      for tile in tiles {
        writer.element("li", ["class": tile.tone.cssClass + tile.sizeClass]) { writer in
          write(tile, to: &writer)
        }
      }
    }
    if let comparison, tiles.contains(where: { $0.tone != .neutral }) {
      writer.element(
        "p", ["class": "key"], text: "▲ better and ▼ worse than \(comparison).")
    }
  }

  private func write(_ tile: Tile, to writer: inout MarkupWriter) {
    writer.element("span", ["class": "caption"]) { writer in
      if let definition = tile.definition {
        writer.element("abbr", ["title": definition], text: tile.caption)
      } else {
        writer.text(tile.caption)
      }
    }
    writer.element("strong", text: tile.value)
    if let detail = tile.detail { writer.element("span", ["class": "detail"], text: detail) }
  }
}

/// A highlighted box: limits and warnings of a result, or the verdict of a gate.
struct ReportNotice: ReportBlock {
  /// What kind of notice it is, which gives it its colour.
  enum Kind: Hashable, Sendable {
    /// Something the reader must know before believing a figure.
    case warning
    /// Something worth knowing.
    case note
    /// All conditions hold.
    case passed
    /// A condition does not hold.
    case failed
  }

  /// What kind of notice it is.
  var kind: Kind
  /// The first line.
  var title: String
  /// The points, one sentence each.
  var items: [String]

  /// A notice from its parts.
  init(_ kind: Kind, title: String, items: [String] = []) {
    self.kind = kind
    self.title = title
    self.items = items
  }

  /// Writes an `aside` element.
  func write(to writer: inout MarkupWriter) {
    let style =
      switch kind {
      case .warning: "notice warning"
      case .note: "notice"
      case .passed: "notice good"
      case .failed: "notice bad"
      }
    writer.element("aside", ["class": style, "aria-label": title]) { writer in
      writer.element("p") { $0.element("strong", text: title) }
      guard !items.isEmpty else { return }
      writer.element("ul") { writer in
        for item in items { writer.element("li", text: item) }
      }
    }
  }
}

/// Names and their values, as assumptions and provenance need them.
struct ReportDefinitions: ReportBlock {
  /// One name and its value.
  struct Item: Hashable, Sendable {
    /// The name.
    var term: String
    /// The value.
    var value: String

    /// A name and its value.
    init(_ term: String, _ value: String) {
      self.term = term
      self.value = value
    }
  }

  /// The pairs, in order.
  var items: [Item]

  /// A list of these pairs.
  init(_ items: [Item]) { self.items = items }

  /// Writes a `dl` element.
  func write(to writer: inout MarkupWriter) {
    writer.element("dl") { writer in
      for item in items {
        writer.element("dt", text: item.term)
        writer.element("dd", text: item.value)
      }
    }
  }
}

extension ReportTiles.Tile {
  /// Long figures are set smaller, very long ones smaller still.
  fileprivate var sizeClass: String {
    switch value.count {
    case ..<10: ""
    case 10...12: " long"
    default: " wide"
    }
  }
}
