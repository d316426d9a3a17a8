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
        + (nearest.map { "; did you mean '\($0)'?" } ?? "; `bt-run strategies` lists them")
    case .unknownParameter(let name, let strategy, let known):
      "\(strategy) has no parameter '\(name)'; it has \(known.joined(separator: ", "))"
    case .unsuitable(let name, let strategy, let value, let expected):
      "\(strategy): \(name) is \(value), but must be \(expected)"
    case .inconsistent(let strategy, let reason): "\(strategy): \(reason)"
    }
  }
}
