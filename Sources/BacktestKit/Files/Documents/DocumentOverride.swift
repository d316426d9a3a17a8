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
  /// holds a dot stands in quotes: `prices.'BRK.B'=1`. The value is YAML: `5`, `true`,
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
