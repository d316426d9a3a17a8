package import BacktestCore

/// What a key must hold: how a message names it, and how a node is turned into it.
///
/// A schema adds rules of its own:
///
///     extension DocumentRule where Value == Timeframe {
///       static let timeframe = text("a timeframe such as 15m or 1d", placeholder: .days(1)) {
///         Timeframe($0)
///       }
///     }
package struct DocumentRule<Value> {
  /// What is expected, as a message says it: `a number from 0 to 1`.
  package var expected: String
  /// What decoding goes on with where the value is missing or wrong; it never leaves the decoder.
  package var placeholder: Value
  /// The value of a node, or `nil` where the node does not fit.
  package var convert: (DocumentNode) -> Value?
  /// What to do about a node that does not fit, where more can be said than what is expected.
  package var advice: (DocumentNode) -> String? = { _ in nil }

  package init(
    expected: String, placeholder: Value, convert: @escaping (DocumentNode) -> Value?,
    advice: @escaping (DocumentNode) -> String? = { _ in nil }
  ) {
    self.expected = expected
    self.placeholder = placeholder
    self.convert = convert
    self.advice = advice
  }
}

extension DocumentRule where Value == Double {
  /// A finite number.
  package static func number(_ bounds: DocumentBounds = .any) -> DocumentRule {
    DocumentRule(
      expected: "a number\(bounds.phrase)", placeholder: bounds.placeholder,
      convert: { node in
        switch node.content {
        case .integer(let value) where bounds.contains(Double(value)): Double(value)
        case .number(let value) where bounds.contains(value): value
        default: nil
        }
      },
      advice: numberAdvice)
  }
}

extension DocumentRule where Value == Int {
  /// A whole number; `1e6` and `10.0` are whole too.
  package static func integer(_ bounds: DocumentBounds = .any) -> DocumentRule {
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
      advice: numberAdvice)
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
      })
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
  /// Anything, as it stands.
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
    let names = Value.allCases.map(\.rawValue)
    guard let first = Value.allCases.first else {
      preconditionFailure("an enumeration without cases cannot be chosen from")
    }
    return DocumentRule(
      expected: listed(names, "or"), placeholder: first,
      convert: { node in
        guard case .text(let text) = node.content else { return nil }
        return Value(rawValue: text)
      },
      advice: { node in
        guard case .text(let text) = node.content else { return nil }
        return NearestName.find(text, among: names).map { "did you mean '\($0)'?" }
      })
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
