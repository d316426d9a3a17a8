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
  /// Where the name is written.
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

  /// The same table, but a list under `key` is wrapped in a table, under `inner`.
  package func wrappingList(of key: String, in inner: String) -> DocumentNode {
    guard case .table(var entries) = content else { return self }
    for row in entries.indices where entries[row].key == key && entries[row].value.kind == .list {
      let list = entries[row].value
      let entry = DocumentEntry(key: inner, keyPlace: list.place, value: list)
      entries[row].value = DocumentNode(content: .table([entry]), place: list.place)
    }
    return DocumentNode(content: .table(entries), place: place)
  }

  /// The value under a path of keys such as `account.margin`; `nil` where there is none.
  package func value(at path: String) -> DocumentNode? {
    var node = self
    for key in path.split(separator: ".") {
      guard case .table(let entries) = node.content,
        let entry = entries.first(where: { $0.key == key })
      else { return nil }
      node = entry.value
    }
    return node
  }

  /// The first scalar of the tree that was written as `text`.
  package func first(_ text: String) -> DocumentNode? {
    switch content {
    case .text(text): self
    case .list(let items): items.lazy.compactMap { $0.first(text) }.first
    case .table(let entries): entries.lazy.compactMap { $0.value.first(text) }.first
    default: nil
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

/// Where something is written: a line and column of a file, or a part of the command line.
public struct DocumentPlace: Hashable, Sendable {
  /// The file as it was named, or the whole `--set` argument.
  public var source: String
  /// The line, from 1; `nil` where the source as a whole is meant.
  public var line: Int?
  /// The column in characters, from 1; `nil` where the source as a whole is meant.
  public var column: Int?

  /// A place in a file.
  package init(source: String, line: Int, column: Int) {
    self.source = source
    self.line = line
    self.column = column
  }

  /// A source as a whole.
  package init(source: String) { self.source = source }
}

extension DocumentPlace: CustomStringConvertible {
  /// `study.yaml:12:5`, the form that editors and terminals can follow.
  public var description: String {
    guard let line, let column else { return source }
    return "\(source):\(line):\(column)"
  }
}

/// One problem of a document, in one message.
public struct DocumentProblem: Hashable, Sendable {
  /// Where it is wrong.
  public var place: DocumentPlace
  /// The way from the root to the value, such as `execution.slippage.basis-points`; empty for the
  /// document as a whole.
  public var keyPath: String
  /// What is wrong and what to do, without the place.
  public var message: String

  /// A problem at a place.
  package init(at place: DocumentPlace, keyPath: String = "", _ message: String) {
    self.place = place
    self.keyPath = keyPath
    self.message = message
  }
}

extension DocumentProblem: CustomStringConvertible {
  /// `study.yaml:12:5: unknown key 'comission' in 'execution'; did you mean 'commission'?`
  public var description: String { "\(place): \(message)" }
}

/// An invalid document, with everything that was found wrong in it.
public struct DocumentError: Error, Equatable, Sendable {
  /// What is wrong, in the order of the document; never empty.
  public var problems: [DocumentProblem]

  /// An error of several problems.
  package init(_ problems: [DocumentProblem]) {
    precondition(!problems.isEmpty, "an error needs a problem")
    self.problems = problems
  }

  /// An error of one problem.
  package init(at place: DocumentPlace, keyPath: String = "", _ message: String) {
    problems = [DocumentProblem(at: place, keyPath: keyPath, message)]
  }
}

extension DocumentError: CustomStringConvertible {
  /// One line for each problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Text of a user inside a message: in quotes, on one line, of bounded length, and without
/// characters that could steer a terminal.
package func quotedForMessage(_ text: some StringProtocol, limit: Int = 60) -> String {
  "'\(printable(text, limit: limit))'"
}

/// Text of a user on one line, of bounded length, and without characters that could steer a
/// terminal.
package func printable(_ text: some StringProtocol, limit: Int) -> String {
  var shown = ""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == limit { return shown + "…" }
    switch scalar {
    case "\n": shown += "\\n"
    case "\t": shown += "\\t"
    default:
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
  }
  return shown
}

/// A key path inside a message; its keys may be the user's own.
func quotedPath(_ path: String) -> String { quotedForMessage(path, limit: 120) }
