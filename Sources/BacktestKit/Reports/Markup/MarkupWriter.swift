public import BacktestCore

/// A growing HTML or SVG text that is balanced and escaped by construction.
///
/// Markup can only come from literals in the source; everything that comes from data passes
/// through ``text(_:)`` or an attribute value and is escaped there.
///
///     var writer = MarkupWriter()
///     writer.element("p", ["class": "note"]) { $0.text("5 < 6") }
///     // <p class="note">5 &lt; 6</p>
public struct MarkupWriter: Sendable {
  /// What was written so far, as UTF-8.
  public private(set) var bytes: [UInt8] = []
  /// Where paths are that are long enough to be worth writing once only.
  private(set) var longPaths: [Range<Int>] = []

  /// An empty text.
  public init() {}

  /// Writes text; characters with a meaning in markup are escaped, and characters that no document
  /// may contain, or that would change the direction of the text around them, become U+FFFD.
  public mutating func text(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in MarkupEscape.append(utf8, to: &bytes) }
  }

  /// Writes a number.
  public mutating func text(_ value: Double?, as format: NumberFormat) {
    text(format.text(value))
  }

  /// Writes an element and, between its tags, whatever `body` writes.
  ///
  /// Elements, attribute names and classes are literals; attribute values are escaped.
  public mutating func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
    _ body: (inout MarkupWriter) -> Void
  ) {
    openTag(name, attributes)
    bytes.append(UInt8(ascii: ">"))
    body(&self)
    markup("</")
    markup(name)
    bytes.append(UInt8(ascii: ">"))
  }

  /// Writes an element that holds only text.
  public mutating func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], text: String
  ) {
    element(name, attributes) { $0.text(text) }
  }

  /// Writes an element without content, closed as both HTML and XML read it.
  public mutating func emptyElement(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:]
  ) {
    openTag(name, attributes)
    markup("/>")
  }

  /// Writes a literal as it is. Only literals of the source can get here, never data.
  public mutating func markup(_ literal: StaticString) {
    literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// Appends what another writer holds.
  public mutating func append(_ other: MarkupWriter) {
    let offset = bytes.count
    longPaths += other.longPaths.map { $0.lowerBound + offset..<$0.upperBound + offset }
    bytes.append(contentsOf: other.bytes)
  }

  /// Appends the commands of a path as they are: letters and digits.
  mutating func append(pathCommands: [UInt8]) { bytes.append(contentsOf: pathCommands) }

  /// Remembers the element that begins at a byte and ends here as a long path.
  mutating func noteLongPath(from start: Int) { longPaths.append(start..<bytes.count) }

  private mutating func openTag(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>
  ) {
    bytes.append(UInt8(ascii: "<"))
    markup(name)
    for (key, value) in attributes {
      bytes.append(UInt8(ascii: " "))
      markup(key)
      markup("=\"")
      text(value)
      bytes.append(UInt8(ascii: "\""))
    }
  }
}

/// How a byte of UTF-8 text is written into markup.
private enum MarkupEscape {
  static func append(_ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    var clean = 0
    var i = 0
    while i < utf8.count {
      let (length, replacement) = replacement(at: i, in: utf8)
      if let replacement {
        bytes.append(contentsOf: utf8[clean..<i])
        replacement.withUTF8Buffer { bytes.append(contentsOf: $0) }
        clean = i + length
      }
      i += length
    }
    bytes.append(contentsOf: utf8[clean...])
  }

  /// The number of bytes judged, and their replacement where they are not allowed.
  private static func replacement(
    at i: Int, in utf8: UnsafeBufferPointer<UInt8>
  ) -> (length: Int, text: StaticString?) {
    switch utf8[i] {
    case UInt8(ascii: "&"): (1, "&amp;")
    case UInt8(ascii: "<"): (1, "&lt;")
    case UInt8(ascii: ">"): (1, "&gt;")
    case UInt8(ascii: "\""): (1, "&quot;")
    case UInt8(ascii: "'"): (1, "&#39;")
    case 0x09, 0x0A, 0x0D: (1, nil)
    case 0..<0x20, 0x7F: (1, "\u{FFFD}")
    case 0xC2 where (0x80...0x9F).contains(utf8[i + 1]): (2, "\u{FFFD}")
    // U+202A to U+202E and U+2066 to U+2069 would turn round the text after a name as well.
    case 0xE2 where utf8[i + 1] == 0x80 && (0xAA...0xAE).contains(utf8[i + 2]): (3, "\u{FFFD}")
    case 0xE2 where utf8[i + 1] == 0x81 && (0xA6...0xA9).contains(utf8[i + 2]): (3, "\u{FFFD}")
    // The noncharacters U+FFFE and U+FFFF are not allowed in XML.
    case 0xEF where utf8[i + 1] == 0xBF && utf8[i + 2] >= 0xBE: (3, "\u{FFFD}")
    default: (1, nil)
    }
  }
}
