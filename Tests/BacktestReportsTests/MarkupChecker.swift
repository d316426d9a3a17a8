/// A strict reader of markup: every tag closed by its like, every attribute quoted, no stray `<`.
struct MarkupChecker {
  struct Fault: Error, CustomStringConvertible {
    var description: String
  }

  /// The tag names in order of appearance, with their attributes.
  private(set) var tags: [(name: String, attributes: [(name: String, value: String)])] = []
  /// All text between tags, entities as written.
  private(set) var text = ""

  init(_ bytes: [UInt8]) throws(Fault) {
    guard let source = String(validating: bytes, as: UTF8.self) else {
      throw Fault(description: "not UTF-8")
    }
    var rest = Substring(source)
    if rest.hasPrefix("<!DOCTYPE html>") { rest = rest.dropFirst(15) }
    var open: [String] = []
    while let start = rest.firstIndex(of: "<") {
      try add(text: rest[..<start])
      rest = rest[rest.index(after: start)...]
      guard let end = rest.firstIndex(of: ">") else { throw Fault(description: "open tag at end") }
      let tag = rest[..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("/") {
        guard open.popLast() == String(tag.dropFirst()) else {
          throw Fault(description: "</\(tag.dropFirst())> closes another element")
        }
        continue
      }
      let name = try add(tag: tag)
      if !tag.hasSuffix("/") { open.append(name) }
      if name == "style" || name == "script" {
        guard let end = rest.firstRange(of: "</\(name)>") else {
          throw Fault(description: "open \(name)")
        }
        rest = rest[end.lowerBound...]
      }
    }
    try add(text: rest)
    guard open.isEmpty else { throw Fault(description: "never closed: \(open)") }
  }

  private mutating func add(text part: Substring) throws(Fault) {
    if part.contains(">") { throw Fault(description: "stray > in \(part)") }
    for piece in part.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
      let entities = ["amp;", "lt;", "gt;", "quot;", "#39;"]
      if !entities.contains(where: piece.hasPrefix) {
        throw Fault(description: "stray & before \(piece)")
      }
    }
    let allowed: Set<Unicode.Scalar> = ["\n", "\t", "\r"]
    for scalar in part.unicodeScalars where scalar.properties.generalCategory == .control {
      if !allowed.contains(scalar) { throw Fault(description: "control \(scalar.value)") }
    }
    text += part
  }

  private mutating func add(tag: Substring) throws(Fault) -> String {
    var rest = tag.hasSuffix("/") ? tag.dropLast() : tag
    let name = String(rest.prefix { $0.isLetter || $0.isNumber })
    guard !name.isEmpty else { throw Fault(description: "no name in <\(tag)>") }
    rest = rest.dropFirst(name.count)
    var attributes: [(name: String, value: String)] = []
    while !rest.isEmpty {
      guard rest.first == " ", let equals = rest.firstIndex(of: "=") else {
        throw Fault(description: "bad attribute in <\(tag)>")
      }
      let key = String(rest[..<equals].dropFirst())
      rest = rest[rest.index(after: equals)...]
      guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else {
        throw Fault(description: "unquoted attribute in <\(tag)>")
      }
      let value = String(rest[..<end].dropFirst())
      if attributes.contains(where: { $0.name == key }) || value.contains("<") {
        throw Fault(description: "attribute \(key) in <\(tag)>")
      }
      attributes.append((key, value))
      rest = rest[rest.index(after: end)...]
    }
    tags.append((name, attributes))
    return name
  }

  /// The names to which links lead; those of paths that are drawn again begin with an underscore.
  var anchors: [String] { values(of: "id").filter { !$0.hasPrefix("_") } }

  /// The values of an attribute, in order of appearance.
  func values(of attribute: String) -> [String] {
    tags.flatMap { $0.attributes.filter { $0.name == attribute }.map(\.value) }
  }
}
