/// The values of a strategy's parameters, complete and checked against their definitions.
public struct StrategyParameters: Hashable, Sendable {
  /// Names and values in the order of the definitions.
  public let values: [Named]

  /// One parameter and its value.
  public struct Named: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value.
    public var value: ParameterValue

    package init(name: String, value: ParameterValue) {
      self.name = name
      self.value = value
    }
  }

  package init(values: [Named]) { self.values = values }

  /// The value of a parameter, or `nil` when there is none of that name.
  public subscript(name: String) -> ParameterValue? { values.first { $0.name == name }?.value }

  /// A whole number.
  ///
  /// - Precondition: the strategy's definition has an integer parameter of that name.
  public func integer(_ name: String) -> Int {
    guard case .integer(let value)? = self[name] else {
      preconditionFailure("no integer parameter '\(name)' is defined")
    }
    return value
  }

  /// A number.
  ///
  /// - Precondition: the strategy's definition has a number parameter of that name.
  public func number(_ name: String) -> Double {
    guard case .number(let value)? = self[name] else {
      preconditionFailure("no number parameter '\(name)' is defined")
    }
    return value
  }

  /// Yes or no.
  ///
  /// - Precondition: the strategy's definition has a boolean parameter of that name.
  public func boolean(_ name: String) -> Bool {
    guard case .boolean(let value)? = self[name] else {
      preconditionFailure("no boolean parameter '\(name)' is defined")
    }
    return value
  }

  /// One of a few words.
  ///
  /// - Precondition: the strategy's definition has a choice parameter of that name.
  public func choice(_ name: String) -> String {
    guard case .choice(let value)? = self[name] else {
      preconditionFailure("no choice parameter '\(name)' is defined")
    }
    return value
  }
}

extension StrategyParameters: CustomStringConvertible {
  /// `fast=10 slow=50`.
  public var description: String {
    values.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
  }
}

/// Parameters that a strategy cannot take.
public enum ParameterError: Error, Equatable, CustomStringConvertible {
  /// No strategy of that name; the nearest name, where one is near.
  case unknownStrategy(String, nearest: String?)
  /// No parameter of that name; the names that there are.
  case unknownParameter(String, strategy: String, known: [String])
  /// A value outside a parameter's domain.
  case unsuitable(String, strategy: String, value: ParameterValue, expected: String)
  /// Values that do not go together, in the strategy's words.
  case inconsistent(strategy: String, reason: String)

  /// One line that says what is wrong and what would be right.
  public var description: String {
    switch self {
    case .unknownStrategy(let name, let nearest):
      "no strategy is called '\(name)'"
        + (nearest.map { "; did you mean '\($0)'?" } ?? "; name one of the catalogue")
    case .unknownParameter(let name, let strategy, let known):
      known.isEmpty
        ? "\(strategy) has no parameters; remove '\(name)'"
        : "\(strategy) has no parameter '\(name)'; "
          + (NearestName.find(name, among: known).map { "did you mean '\($0)'?" }
            ?? "it has \(NearestName.list(known, near: name))")
    case .unsuitable(let name, let strategy, let value, let expected):
      "\(strategy): \(name) is \(value), but must be \(expected)"
    case .inconsistent(let strategy, let reason): "\(strategy): \(reason)"
    }
  }
}

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

/// The value of a strategy's parameter.
public enum ParameterValue: Hashable, Sendable {
  /// A whole number.
  case integer(Int)
  /// A number.
  case number(Double)
  /// Yes or no.
  case boolean(Bool)
  /// One of a few words.
  case choice(String)
}

extension ParameterValue: CustomStringConvertible {
  /// As a study file would write it.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .boolean(let value): "\(value)"
    case .choice(let value): value
    }
  }
}

extension ParameterValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByStringLiteral
{
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Yes or no.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  /// A word.
  public init(stringLiteral value: String) { self = .choice(value) }
}
