/// A JSON value to be written, its keys in the order in which they were given.
///
///     let summary: JSONValue = ["name": "crossover", "sharpe": 0.5, "folds": [1, 2, 3]]
///     summary.text   // pretty, ends in a line feed
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  /// A number; one that is not finite is written as null.
  case number(Double)
  case text(String)
  case list([JSONValue])
  case table([JSONMember])
}

/// A key of a JSON table and its value.
package struct JSONMember: Sendable, Equatable {
  /// The name.
  package var key: String
  /// What it is set to.
  package var value: JSONValue

  package init(key: String, value: JSONValue) {
    self.key = key
    self.value = value
  }
}

extension JSONValue {
  /// A number, or null where there is none.
  package init(_ number: Double?) { self = number.map { .number($0) } ?? .null }

  /// Text, or null where there is none.
  package init(_ text: String?) { self = text.map { .text($0) } ?? .null }

  /// A document as it was read, such as a study to be kept with its result.
  package init(_ node: DocumentNode) {
    switch node.content {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .text(let text): self = .text(text)
    case .list(let items): self = .list(items.map { JSONValue($0) })
    case .table(let entries):
      self = .table(entries.map { JSONMember(key: $0.key, value: JSONValue($0.value)) })
    }
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(stringLiteral value: String) { self = .text(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .table(elements.map { JSONMember(key: $0.0, value: $0.1) })
  }
}

extension JSONValue {
  /// The value of a key of a table.
  package subscript(key: String) -> JSONValue? {
    guard case .table(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// Sets a key of a table, at its end unless `first` or already there.
  package mutating func set(_ key: String, _ value: JSONValue, first: Bool = false) {
    guard case .table(var members) = self else { return }
    if let place = members.firstIndex(where: { $0.key == key }) {
      members[place].value = value
    } else {
      members.insert(JSONMember(key: key, value: value), at: first ? 0 : members.count)
    }
    self = .table(members)
  }

  /// Takes a key out of a table.
  package mutating func remove(_ key: String) -> JSONValue? {
    guard case .table(var members) = self,
      let place = members.firstIndex(where: { $0.key == key })
    else { return nil }
    let value = members.remove(at: place).value
    self = .table(members)
    return value
  }
}

/// Writes JSON values as bytes: the same value is always the same bytes, and a finite number reads
/// back as the same Double.
///
/// Two spaces a level. A list without tables or lists in it stays on one line while it fits.
package struct JSONWriter {
  private static let lineWidth = 100
  private var bytes: [UInt8] = []
  private var isOneLine = false

  /// The text of a value as UTF-8, with a line feed at the end.
  package static func bytes(of value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.write(value, depth: 0)
    writer.bytes.append(0x0A)
    return writer.bytes
  }

  /// The text of a value on one line as UTF-8, with a line feed at the end.
  package static func line(of value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.isOneLine = true
    writer.write(value, depth: 0)
    writer.bytes.append(0x0A)
    return writer.bytes
  }

  private mutating func write(_ value: JSONValue, depth: Int) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .number(let value): append(value.isFinite ? value.description : "null")
    case .text(let text): write(text: text)
    case .list(let items): write(items, depth: depth)
    case .table(let members): write(members, depth: depth)
    }
  }

  private mutating func write(_ items: [JSONValue], depth: Int) {
    if items.isEmpty { return append("[]") }
    if !isOneLine, items.allSatisfy(\.isScalar) {
      let start = bytes.count
      append("[")
      for (index, item) in items.enumerated() {
        if index > 0 { append(", ") }
        write(item, depth: depth)
        if bytes.count - start > Self.lineWidth { break }
      }
      append("]")
      if bytes.count - start + 2 * depth <= Self.lineWidth { return }
      bytes.removeSubrange(start...)
    }
    append("[")
    for (index, item) in items.enumerated() {
      newLine(depth: depth + 1, isFirst: index == 0)
      write(item, depth: depth + 1)
    }
    newLine(depth: depth, isFirst: true)
    append("]")
  }

  private mutating func write(_ members: [JSONMember], depth: Int) {
    if members.isEmpty { return append("{}") }
    append("{")
    for (index, member) in members.enumerated() {
      newLine(depth: depth + 1, isFirst: index == 0)
      write(text: member.key)
      append(isOneLine ? ":" : ": ")
      write(member.value, depth: depth + 1)
    }
    newLine(depth: depth, isFirst: true)
    append("}")
  }

  private mutating func newLine(depth: Int, isFirst: Bool) {
    append(isFirst ? "" : ",")
    if isOneLine { return }
    append("\n")
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * depth))
  }

  private mutating func write(text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case 0x22: append("\\\"")
      case 0x5C: append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20, 0x7F:
        append("\\u00")
        append(byte < 0x10 ? "0" : "")
        append(String(byte, radix: 16))
      default: bytes.append(byte)
      }
    }
    append("\"")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension JSONValue {
  /// The value as pretty JSON, with a line feed at the end.
  package var text: String { String(decoding: JSONWriter.bytes(of: self), as: UTF8.self) }

  fileprivate var isScalar: Bool {
    switch self {
    case .list, .table: false
    default: true
    }
  }
}
