/// A value of a YAML or JSON document, with the place where it was written.
package struct DocumentNode: Sendable {
  /// What the value is.
  package enum Content: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([DocumentNode])
    /// Entries in the order of the document, no key twice.
    case table([DocumentEntry])
  }

  /// What the value is.
  package var content: Content
  /// Where it begins.
  package var place: DocumentPlace
  /// A plain scalar as it was written, for messages; empty when the content says it all.
  var written = ""

  package init(content: Content, place: DocumentPlace, written: String = "") {
    self.content = content
    self.place = place
    self.written = written
  }
}

/// A key of a table and its value.
package struct DocumentEntry: Sendable {
  /// The name.
  package var key: String
  /// Where the name stands.
  var keyPlace: DocumentPlace
  /// What it is set to.
  package var value: DocumentNode
}

extension DocumentNode {
  /// The kinds of value, for keys that accept more than one.
  package enum Kind: Sendable { case null, bool, number, text, list, table }

  /// The kind of this value.
  package var kind: Kind {
    switch content {
    case .null: .null
    case .bool: .bool
    case .integer, .number: .number
    case .text: .text
    case .list: .list
    case .table: .table
    }
  }

  /// The value as a message names it: `the number 5`, `a list of 3`.
  package var found: String {
    switch content {
    case .null: "nothing"
    case .bool(let value): "the boolean \(written.isEmpty ? "\(value)" : written)"
    case .integer(let value): "the number \(written.isEmpty ? "\(value)" : written)"
    case .number(let value): "the number \(written.isEmpty ? "\(value)" : written)"
    case .text(let text): text.isEmpty ? "an empty text" : "the text \(quotedForMessage(text))"
    case .list(let items): items.isEmpty ? "an empty list" : "a list of \(items.count)"
    case .table: "a table"
    }
  }

  /// The same tree with every place replaced by one.
  func moved(to place: DocumentPlace) -> DocumentNode {
    var node = self
    node.place = place
    switch content {
    case .list(let items): node.content = .list(items.map { $0.moved(to: place) })
    case .table(let entries):
      node.content = .table(
        entries.map { entry in
          DocumentEntry(key: entry.key, keyPlace: place, value: entry.value.moved(to: place))
        })
    default: break
    }
    return node
  }
}
