package import BacktestCore

/// What a key must hold: how a message names it, and how a node is turned into it.
///
/// A schema adds its own rules:
///
///     extension DocumentRule where Value == Timeframe {
///       static let timeframe = text("a timeframe such as 15m or 1d", placeholder: .days(1)) {
///         Timeframe($0)
///       }
///     }
package struct DocumentRule<Value> {
  /// What is expected, as a message says it: `a number from 0 to 1`.
  package var expected: String
  /// What decoding continues with where the value is missing or wrong; it never leaves the decoder.
  package var placeholder: Value
  /// The value of a node, or `nil` where the node does not fit.
  package var convert: (DocumentNode) -> Value?
  /// What to do about a node that does not fit, where more can be said than what is expected.
  package var advice: (DocumentNode) -> String? = { _ in nil }
  /// The words that it accepts, where they are all.
  package var words: [String] = []
  /// The value as a document gives it.
  package var write: (Value) -> JSONValue = { .text("\($0)") }

  package init(
    expected: String, placeholder: Value, convert: @escaping (DocumentNode) -> Value?,
    advice: @escaping (DocumentNode) -> String? = { _ in nil }, words: [String] = [],
    write: @escaping (Value) -> JSONValue = { .text("\($0)") }
  ) {
    self.expected = expected
    self.placeholder = placeholder
    self.convert = convert
    self.advice = advice
    self.words = words
    self.write = write
  }

  /// What is expected, said to somebody who gave something else: of many words those most like it.
  package func expected(insteadOf node: DocumentNode) -> String {
    guard case .text(let text) = node.content, expected == listed(words, "or") else {
      return expected
    }
    return NearestName.list(words, near: text, "or")
  }
}

extension DocumentRule where Value == Double {
  /// A finite number.
  package static func number(_ bounds: NumberBounds = .any) -> DocumentRule {
    DocumentRule(
      expected: "a number\(bounds.phrase)", placeholder: bounds.placeholder,
      convert: { node in
        switch node.content {
        case .integer(let value) where bounds.contains(Double(value)): Double(value)
        case .number(let value) where bounds.contains(value): value
        default: nil
        }
      },
      advice: numberAdvice, write: { .number($0) })
  }
}

extension DocumentRule where Value == Int {
  /// A whole number; `1e6` and `10.0` are whole too.
  package static func integer(_ bounds: NumberBounds = .any) -> DocumentRule {
    DocumentRule(
      expected: "a whole number\(bounds.phrase)", placeholder: Int(bounds.placeholder),
      convert: { node in
        switch node.content {
        case .integer(let value) where bounds.contains(Double(value)): value
        case .number(let value) where bounds.contains(value) && abs(value) <= 0x1p53:
          Int(exactly: value)
        default: nil
        }
      },
      advice: numberAdvice, write: { .integer($0) })
  }
}

extension DocumentRule where Value == Bool {
  /// `true` or `false`, and no other word.
  package static var flag: DocumentRule {
    DocumentRule(
      expected: "true or false", placeholder: false,
      convert: { node in
        guard case .bool(let value) = node.content else { return nil }
        return value
      },
      advice: { node in
        guard case .text(let text) = node.content else { return nil }
        switch text.lowercased() {
        case "yes", "on", "y", "true": return "write true"
        case "no", "off", "n", "false": return "write false"
        default: return nil
        }
      }, words: ["true", "false"], write: { .bool($0) })
  }
}

extension DocumentRule where Value == String {
  /// Text that is not empty.
  package static var text: DocumentRule {
    DocumentRule(
      expected: "text", placeholder: "",
      convert: { node in
        guard case .text(let text) = node.content, !text.isEmpty else { return nil }
        return text
      },
      advice: quoteAdvice)
  }
}

extension DocumentRule where Value == CivilDate {
  /// A date such as `2018-12-31`.
  package static var date: DocumentRule<CivilDate> {
    text("a date such as 2018-12-31", placeholder: CivilDate(daysSinceEpoch: 0)) { CivilDate($0) }
  }
}

extension DocumentRule where Value == DocumentNode {
  /// Any value, unchanged.
  package static func anything(placeholder: DocumentNode) -> DocumentRule {
    DocumentRule(expected: "a value", placeholder: placeholder, convert: { $0 })
  }
}

extension DocumentRule {
  /// Text that `parse` understands.
  package static func text(
    _ expected: String, placeholder: Value, parse: @escaping (String) -> Value?
  ) -> DocumentRule {
    DocumentRule(
      expected: expected, placeholder: placeholder,
      convert: { node in
        guard case .text(let text) = node.content else { return nil }
        return parse(text)
      },
      advice: quoteAdvice)
  }
}

extension DocumentRule where Value: RawRepresentable<String> & CaseIterable {
  /// One of the names of an enumeration.
  package static func choice(of type: Value.Type = Value.self) -> DocumentRule {
    guard let first = Value.allCases.first else {
      preconditionFailure("an enumeration without cases cannot be chosen from")
    }
    return .word(
      of: Value.allCases.map(\.rawValue), placeholder: first, parse: Value.init,
      write: { .text($0.rawValue) })
  }
}

extension DocumentRule {
  /// One of some words.
  ///
  /// - Parameters:
  ///   - words: all words that are valid.
  ///   - placeholder: what decoding goes on with after a problem.
  ///   - parse: the value of a valid word.
  ///   - write: the word of a value.
  package static func word(
    of words: [String], placeholder: Value, parse: @escaping (String) -> Value?,
    write: @escaping (Value) -> JSONValue
  ) -> DocumentRule {
    DocumentRule(
      expected: listed(words, "or"), placeholder: placeholder,
      convert: { node in
        guard case .text(let text) = node.content, words.contains(text) else { return nil }
        return parse(text)
      },
      advice: { node in
        guard case .text(let text) = node.content else { return nil }
        return NearestName.find(text, among: words).map { "did you mean '\($0)'?" }
      }, words: words, write: write)
  }

  /// The same rule for another type.
  package func map<Other>(
    _ transform: @escaping (Value) -> Other, write: @escaping (Other) -> JSONValue
  ) -> DocumentRule<Other> {
    DocumentRule<Other>(
      expected: expected, placeholder: transform(placeholder),
      convert: { convert($0).map(transform) }, advice: advice, words: words, write: write)
  }
}

/// Names as a sentence lists them: `a, b or c`.
package func listed(_ names: [String], _ conjunction: String) -> String {
  guard names.count > 1, let last = names.last else { return names.first ?? "" }
  return "\(names.dropLast().joined(separator: ", ")) \(conjunction) \(last)"
}

private func quoteAdvice(_ node: DocumentNode) -> String? {
  switch node.content {
  case .bool, .integer, .number: "put it in quotes"
  default: nil
  }
}

private func numberAdvice(_ node: DocumentNode) -> String? {
  guard case .text(let text) = node.content else { return nil }
  if text.hasSuffix("%"), Double(text.dropLast()) != nil { return "write it without %" }
  if Double(text.filter { $0 != "," && $0 != "_" }) != nil {
    return "write it without quotes and separators"
  }
  return nil
}
