/// Reads YAML and JSON documents into trees.
///
/// One document a file. Anchors, aliases, tags and keys given twice are refused, and so is what
/// is too large or too deep, so a hostile file costs little and a careless one is noticed.
package enum DocumentReader {
  /// The language of a document.
  package enum Format: Sendable { case yaml, json }

  /// The most bytes a document may have.
  static let byteLimit = 16 << 20
  /// The most values, tables and lists included, a document may have.
  package static let nodeLimit = 1_000_000
  /// How deep tables and lists may nest.
  static let depthLimit = 64

  /// Reads a file; one whose name ends in `.json` is JSON, any other is YAML.
  package static func read(path: String) throws(DocumentError) -> DocumentNode {
    let bytes = try contents(of: path)
    return try read(bytes, name: path, format: path.hasSuffix(".json") ? .json : .yaml)
  }

  /// Reads a file of a policy, which must be one on a disk: a pipe or a device may never end.
  package static func read(file path: String) throws(DocumentError) -> DocumentNode {
    guard !FolderTree.isSpecial(path) else {
      throw DocumentError(
        at: DocumentPlace(source: path), "cannot read the file: it is a pipe or a device")
    }
    return try read(path: path)
  }

  /// Reads the bytes of a document; `name` is what messages call it.
  package static func read(
    _ bytes: [UInt8], name: String, format: Format
  ) throws(DocumentError) -> DocumentNode {
    guard bytes.count <= byteLimit else { throw tooLarge(name) }
    // Some editors begin a text in UTF-8 with a byte order mark.
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
    switch format {
    case .yaml: return try YAMLReader.read(bytes, name: name)
    case .json: return try JSONReader.read(bytes, name: name)
    }
  }

  /// The error for a table or list inside too many others.
  static func tooDeep(_ place: DocumentPlace) -> DocumentError {
    DocumentError(at: place, "tables and lists nest more than \(depthLimit) deep; flatten them")
  }

  /// The error for a document of too many values.
  static func tooMany(_ place: DocumentPlace) -> DocumentError {
    DocumentError(
      at: place, "the document has more than \(nodeLimit) values; keep data in separate files")
  }

  /// The error for a key that its table already has.
  static func duplicate(
    _ key: String, at place: DocumentPlace, first: DocumentPlace
  ) -> DocumentError {
    DocumentError(
      at: place, keyPath: key,
      "key \(quotedForMessage(key)) is given twice, first in line \(first.line); remove one of them"
    )
  }

  private static func tooLarge(_ name: String) -> DocumentError {
    DocumentError(
      at: DocumentPlace(source: name),
      "the document is larger than \(byteLimit >> 20) MB; keep data in separate files")
  }

  private static func contents(of path: String) throws(DocumentError) -> [UInt8] {
    do throws(FileError) {
      let bytes = try FileBytes.read(path, upTo: byteLimit)
      if bytes.count <= byteLimit { return bytes }
    } catch {
      throw DocumentError(
        at: DocumentPlace(source: path), "cannot read the file: \(error.reason)")
    }
    throw tooLarge(path)
  }
}

/// The keys of a table under construction, to find one that is given twice.
struct TableKeys {
  private var places: [String: DocumentPlace] = [:]

  /// Adds a key, or refuses one that is there.
  mutating func add(_ key: String, at place: DocumentPlace) throws(DocumentError) {
    if let first = places.updateValue(place, forKey: key) {
      throw DocumentReader.duplicate(key, at: place, first: first)
    }
  }
}

/// A value of a document replaced from the command line: `--set execution.slippage=2`.
package struct DocumentOverride: Sendable {
  /// A step down the tree.
  private enum Step: Sendable {
    case key(String)
    case index(Int)
  }

  private let steps: [Step]
  private let value: DocumentNode
  private let place: DocumentPlace

  /// Reads `path=value`.
  ///
  /// The path names keys with dots between them and list items by `[index]` from 0. A key that
  /// holds a dot is quoted: `prices.'BRK.B'=1`. The value is YAML: `5`, `true`,
  /// `[1, 2]`, `{ticks: 1}`; nothing after `=` is null.
  ///
  /// - Throws: where the path or the value cannot be read.
  package init(parsing argument: String) throws(DocumentError) {
    let place = DocumentPlace(source: "--set " + abbreviated(argument))
    let (steps, rest) = try Self.path(of: argument, place)
    self.place = place
    self.steps = steps
    self.value = try Self.value(of: String(rest), place)
  }

  private static func value(
    of text: String, _ place: DocumentPlace
  ) throws(DocumentError) -> DocumentNode {
    if text.allSatisfy({ $0 == " " }) { return DocumentNode(content: .null, place: place) }
    do {
      return try DocumentReader.read(Array(text.utf8), name: "", format: .yaml).moved(to: place)
    } catch {
      throw DocumentError(at: place, "the value: \(error.problems[0].message)")
    }
  }

  private static func path(
    of argument: String, _ place: DocumentPlace
  ) throws(DocumentError) -> ([Step], Substring) {
    var rest = argument[...]
    var steps: [Step] = []
    while let first = rest.first {
      switch first {
      case "=" where !steps.isEmpty:
        return (steps, rest.dropFirst())
      case "[" where !steps.isEmpty:
        let digits = rest.dropFirst().prefix { $0 != "]" && $0 != "=" }
        rest = rest.dropFirst(digits.count + 1)
        guard let index = Int(digits), index >= 0, rest.popFirst() == "]" else { throw malformed() }
        steps.append(.index(index))
      default:
        if !steps.isEmpty, rest.popFirst() != "." { throw malformed() }
        guard let key = key(&rest) else { throw malformed() }
        steps.append(.key(key))
      }
      guard steps.count <= DocumentReader.depthLimit else { throw DocumentReader.tooDeep(place) }
    }
    throw malformed()

    func malformed() -> DocumentError {
      DocumentError(at: place, "write --set key.key=value, or key[0]=value for an item of a list")
    }
  }

  private static func key(_ rest: inout Substring) -> String? {
    if let quote = rest.first, quote == "'" || quote == "\"" {
      rest.removeFirst()
      let key = rest.prefix { $0 != quote }
      rest = rest.dropFirst(key.count)
      return rest.popFirst() == quote && !key.isEmpty ? String(key) : nil
    }
    let key = rest.prefix { $0 != "." && $0 != "[" && $0 != "=" }
    rest = rest.dropFirst(key.count)
    return key.isEmpty ? nil : String(key)
  }
}

extension DocumentOverride {
  /// The document with the value replaced. Tables that are missing on the way are made; an index
  /// one past the end of a list appends.
  ///
  /// - Throws: where the path leads through something that is no table or no such item.
  package func applied(to root: DocumentNode) throws(DocumentError) -> DocumentNode {
    try applied(to: root, steps[...], path: "")
  }

  private func applied(
    to node: DocumentNode, _ steps: ArraySlice<Step>, path: String
  ) throws(DocumentError) -> DocumentNode {
    guard let step = steps.first else { return value }
    var node = node
    switch step {
    case .key(let key):
      let path = path.isEmpty ? key : "\(path).\(key)"
      var entries: [DocumentEntry]
      switch node.content {
      case .table(let present): entries = present
      case .null:
        entries = []
        node = DocumentNode(content: .table([]), place: place)
      default: throw blocked(node, "a table, so it has no key \(quotedForMessage(key))", path)
      }
      let index = entries.firstIndex { $0.key == key } ?? entries.endIndex
      if index == entries.endIndex {
        let empty = DocumentNode(content: .null, place: place)
        entries.append(DocumentEntry(key: key, keyPlace: place, value: empty))
      }
      entries[index].value = try applied(
        to: entries[index].value, steps.dropFirst(), path: path)
      node.content = .table(entries)
    case .index(let index):
      guard case .list(var items) = node.content else { throw blocked(node, "a list", path) }
      guard index <= items.count else {
        throw DocumentError(
          at: place, keyPath: path,
          "\(quotedPath(path)) has \(items.count) items; write an index from 0 to \(items.count)")
      }
      if index == items.count { items.append(DocumentNode(content: .null, place: place)) }
      items[index] = try applied(
        to: items[index], steps.dropFirst(), path: "\(path)[\(index)]")
      node.content = .list(items)
    }
    return node
  }

  private func blocked(_ node: DocumentNode, _ wanted: String, _ path: String) -> DocumentError {
    DocumentError(
      at: place, keyPath: path, "\(node.place) holds \(node.found), which is not \(wanted)")
  }
}

private func abbreviated(_ argument: String) -> String {
  String(quotedForMessage(argument, limit: 80).dropFirst().dropLast())
}
