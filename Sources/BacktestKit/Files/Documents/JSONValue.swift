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
