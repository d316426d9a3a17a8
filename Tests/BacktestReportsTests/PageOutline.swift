import Foundation
import TestSupport
import Testing

/// The text and structure of a page, a line for each heading, sentence, table row and chart, and
/// without the long data of paths.
///
/// It is compared with a file of `Fixtures/pages`. With `BACKTESTKIT_REWRITE=1` in the environment
/// the file is written instead: read the difference before keeping it.
struct PageOutline {
  private(set) var lines: [String] = []
  /// The most rows of a table that are kept word by word.
  private static let mostRows = 8

  /// The outline of a page that `MarkupChecker` accepts.
  init(_ bytes: [UInt8]) throws {
    _ = try MarkupChecker(bytes)
    // Pages name files where they are, which differs from one clone to the next.
    let page = String(decoding: bytes, as: UTF8.self)
      .replacing(Fixture.path(""), with: "Fixtures/")
    var rest = page[...]
    while let start = rest.firstIndex(of: "<") {
      add(text: rest[..<start])
      rest = rest[rest.index(after: start)...]
      guard let end = rest.firstIndex(of: ">") else { break }
      let tag = rest[..<end]
      rest = rest[rest.index(after: end)...]
      let name = String(tag.prefix { $0 != " " })
      if name == "style" || name == "script" {
        lines.append(name)
        rest = rest[(rest.firstRange(of: "</\(name)>")?.lowerBound ?? rest.endIndex)...]
      } else {
        add(tag: tag, name)
      }
    }
    finish()
  }

  private var depth = 0
  private var words = ""
  private var groupStyle = ""
  private var paths: [(style: String, count: Int)] = []
  private var rowCount = 0
  private static let blocks: Set<String> = [
    "h1", "h2", "h3", "p", "li", "dt", "dd", "caption", "summary", "title", "desc", "tr",
    "figcaption", "footer",
  ]
  private static let frames: Set<String> = [
    "header", "nav", "main", "section", "aside", "figure", "table", "details", "dl", "svg",
  ]

  private mutating func add(text: Substring) {
    let plain = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    words += plain
  }

  private mutating func add(tag: Substring, _ name: String) {
    switch name {
    case "g": groupStyle = Self.attribute("class", of: tag)
    case "/g": groupStyle = ""
    case "path", "use":
      let own = Self.attribute("class", of: tag)
      let style = own.isEmpty ? groupStyle : own
      if let place = paths.firstIndex(where: { $0.style == style }) {
        paths[place].count += 1
      } else {
        paths.append((style, 1))
      }
    case "/path": words = ""
    case _ where Self.blocks.contains(name) && name != "title": finish()
    case "td", "th", "span", "strong": if !words.isEmpty { words += " | " }
    case "/svg":
      let all = paths.map { "\($0.style) \($0.count)" }.joined(separator: ", ")
      line("paths: \(all)")
      paths = []
      depth -= 1
    case _ where Self.frames.contains(name):
      finish()
      let (id, style) = (Self.attribute("id", of: tag), Self.attribute("class", of: tag))
      line(name + (id.isEmpty ? "" : " #\(id)") + (style.isEmpty ? "" : " .\(style)"))
      depth += 1
      rowCount = 0
    case _ where name.hasPrefix("/") && Self.frames.contains(String(name.dropFirst())):
      finish()
      if name == "/table", rowCount > Self.mostRows + 1 {
        line("and \(rowCount - Self.mostRows - 1) more rows")
      }
      depth -= 1
    case _ where name.hasPrefix("/") && Self.blocks.contains(String(name.dropFirst())):
      finish(as: String(name.dropFirst()))
    default: break
    }
  }

  /// Ends a line; a row of a table counts.
  private mutating func finish(as name: String = "") {
    defer { words = "" }
    guard paths.isEmpty || name != "title" else { return }
    let text = words.trimmingCharacters(in: .whitespaces)
    if name == "tr" {
      rowCount += 1
      guard rowCount <= Self.mostRows + 1 else { return }
    }
    if !text.isEmpty { line(name.isEmpty ? text : "\(name): \(text)") }
  }

  private mutating func line(_ text: String) {
    lines.append(String(repeating: "  ", count: max(depth, 0)) + text)
  }

  private static func attribute(_ name: String, of tag: Substring) -> String {
    guard let start = tag.firstRange(of: "\(name)=\"") else { return "" }
    return String(tag[start.upperBound...].prefix { $0 != "\"" })
  }
}

extension PageOutline {
  /// Compares with the file of that name, and shows the lines that differ.
  func check(_ name: String, _ place: SourceLocation = #_sourceLocation) throws {
    let file = Fixture.path("pages/\(name).txt")
    if ProcessInfo.processInfo.environment["BACKTESTKIT_REWRITE"] == "1" {
      try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
      return
    }
    let kept = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    let wanted = kept.split(separator: "\n").map(String.init)
    guard wanted != lines else { return }
    Issue.record(
      """
      the page is not as in Fixtures/pages/\(name).txt; where the change is meant, write the file \
      with BACKTESTKIT_REWRITE=1
      \(Self.difference(from: wanted, to: lines).joined(separator: "\n"))
      """, sourceLocation: place)
  }

  /// The lines that were removed and added, in order, with their numbers; at most forty.
  static func difference(from old: [String], to new: [String]) -> [String] {
    let changes = new.difference(from: old)
    let shown = changes.map { change in
      switch change {
      case .remove(let offset, let line, _): (offset, "-\(offset + 1): \(line)")
      case .insert(let offset, let line, _): (offset, "+\(offset + 1): \(line)")
      }
    }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.1)
    let rest = shown.count - 40
    return Array(shown.prefix(40)) + (rest > 0 ? ["and \(rest) more lines"] : [])
  }
}
