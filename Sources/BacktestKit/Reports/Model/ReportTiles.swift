/// Whether a figure or a verdict speaks for the strategy or against it.
public enum ReportTone: Hashable, Sendable {
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
public struct ReportTiles: ReportBlock {
  /// One figure.
  public struct Tile: Hashable, Sendable {
    /// The figure, already formatted.
    public var value: String
    /// Its name.
    public var caption: String
    /// A second line, for example the benchmark's figure or an interval.
    public var detail: String?
    /// What the figure means, shown when the reader points at it.
    public var definition: String?
    /// Whether it speaks for the strategy; shown as a coloured edge and never by colour alone.
    public var tone: ReportTone

    /// A tile from its parts.
    public init(
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
  public var tiles: [Tile]

  /// A row of these figures.
  public init(_ tiles: [Tile]) { self.tiles = tiles }

  /// Writes a list whose items flow into as many columns as fit.
  public func write(to writer: inout MarkupWriter) {
    writer.element("ul", ["class": "tiles"]) { writer in
      for tile in tiles {
        writer.element("li", ["class": tile.tone.cssClass + tile.sizeClass]) { writer in
          write(tile, to: &writer)
        }
      }
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

/// A box that stands out: limits and warnings of a result, or the verdict of a gate.
public struct ReportNotice: ReportBlock {
  /// What kind of notice it is, which gives it its colour.
  public enum Kind: Hashable, Sendable {
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
  public var kind: Kind
  /// The first line.
  public var title: String
  /// The points, one sentence each.
  public var items: [String]

  /// A notice from its parts.
  public init(_ kind: Kind, title: String, items: [String] = []) {
    self.kind = kind
    self.title = title
    self.items = items
  }

  /// Writes an `aside` element.
  public func write(to writer: inout MarkupWriter) {
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
public struct ReportDefinitions: ReportBlock {
  /// One name and its value.
  public struct Item: Hashable, Sendable {
    /// The name.
    public var term: String
    /// The value.
    public var value: String

    /// A name and its value.
    public init(_ term: String, _ value: String) {
      self.term = term
      self.value = value
    }
  }

  /// The pairs, in order.
  public var items: [Item]

  /// A list of these pairs.
  public init(_ items: [Item]) { self.items = items }

  /// Writes a `dl` element.
  public func write(to writer: inout MarkupWriter) {
    writer.element("dl") { writer in
      for item in items {
        writer.element("dt", text: item.term)
        writer.element("dd", text: item.value)
      }
    }
  }
}

extension ReportTiles.Tile {
  /// Long figures are set smaller, very long ones over two columns.
  fileprivate var sizeClass: String {
    switch value.count {
    case ..<10: ""
    case 10...12: " long"
    default: " long wide"
    }
  }
}
