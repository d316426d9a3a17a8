/// What one parameter of a strategy is: its name, type, default, range and a line of help.
public struct ParameterDefinition: Hashable, Sendable {
  /// The name in a study file, in lower case with hyphens.
  public var name: String
  /// The value that it has unless given.
  public var defaultValue: ParameterValue
  /// What it may be.
  public var domain: Domain
  /// One line for a reader.
  public var help: String

  /// What a parameter may be.
  public enum Domain: Hashable, Sendable {
    /// A whole number in a range.
    case integer(ClosedRange<Int>)
    /// A number in a range.
    case number(ClosedRange<Double>)
    /// Yes or no.
    case boolean
    /// One of a few words.
    case choice([String])
  }

  /// A whole number in a range.
  public static func integer(
    _ name: String, default value: Int, in range: ClosedRange<Int>, _ help: String
  ) -> ParameterDefinition {
    ParameterDefinition(
      name: name, defaultValue: .integer(value), domain: .integer(range), help: help)
  }

  /// A number in a range.
  public static func number(
    _ name: String, default value: Double, in range: ClosedRange<Double>, _ help: String
  ) -> ParameterDefinition {
    ParameterDefinition(
      name: name, defaultValue: .number(value), domain: .number(range), help: help)
  }

  /// Yes or no.
  public static func boolean(_ name: String, default value: Bool, _ help: String)
    -> ParameterDefinition
  {
    ParameterDefinition(name: name, defaultValue: .boolean(value), domain: .boolean, help: help)
  }

  /// One of a few words.
  public static func choice(
    _ name: String, default value: String, of words: [String], _ help: String
  ) -> ParameterDefinition {
    ParameterDefinition(
      name: name, defaultValue: .choice(value), domain: .choice(words), help: help)
  }
}

extension ParameterDefinition {
  /// The value in this parameter's type, or `nil` where it does not fit: a whole number serves as
  /// a number.
  func accepting(_ value: ParameterValue) -> ParameterValue? {
    switch (domain, value) {
    case (.integer(let range), .integer(let number)): range.contains(number) ? value : nil
    case (.number(let range), .integer(let number)):
      range.contains(Double(number)) ? .number(Double(number)) : nil
    case (.number(let range), .number(let number)): range.contains(number) ? value : nil
    case (.boolean, .boolean): value
    case (.choice(let words), .choice(let word)): words.contains(word) ? value : nil
    default: nil
    }
  }
}

extension ParameterDefinition.Domain: CustomStringConvertible {
  /// In words: `a whole number from 1 to 500`.
  public var description: String {
    switch self {
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
    case .boolean: "true or false"
    case .choice(let words): "one of \(words.joined(separator: ", "))"
    }
  }
}
