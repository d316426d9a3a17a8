internal import BacktestCore

/// One rule of a gate, such as a Sharpe ratio of at least 0.5.
///
///     GateRule(.bound("sharpe", of: .lower95, minimum: 0))
public struct GateRule: Hashable, Sendable {
  /// What has to hold.
  public var check: Check
  /// When it has to hold.
  public var condition: Condition
  /// Where it is written; `nil` for a rule of the default gate.
  public var place: Place?

  /// A rule.
  public init(_ check: Check, when condition: Condition = .always, at place: Place? = nil) {
    self.check = check
    self.condition = condition
    self.place = place
  }

  /// What has to hold.
  public enum Check: Hashable, Sendable {
    /// A quantity is at least `minimum` and at most `maximum`, those that are given.
    case bound(String, of: Part = .value, minimum: Double? = nil, maximum: Double? = nil)
    /// A quantity is not worse than that of the baseline by more than so much.
    case baseline(String, worseBy: Tolerance)
    /// No decision depends on later data.
    case noLookAhead
    /// The run gives the same fingerprint again.
    case reproducible
    /// The result does not have this limit.
    case noLimit(ResultCaveat.Code)
  }

  /// Which number of a quantity is judged.
  public enum Part: String, Hashable, Sendable, CaseIterable {
    /// The value.
    case value
    /// The lower end of the interval that holds it with 95 % confidence.
    case lower95 = "lower-95"
    /// The upper end of that interval.
    case upper95 = "upper-95"
  }

  /// When a rule has to hold.
  public enum Condition: String, Hashable, Sendable, CaseIterable {
    /// Always.
    case always
    /// Where parameters were chosen among several.
    case searched
  }

  /// By how much a quantity may be worse than that of the baseline.
  public enum Tolerance: Hashable, Sendable {
    /// In the unit of the quantity.
    case absolute(Double)
    /// As a share of the size of the baseline's value: 0.1 is 10 %.
    case relative(Double)

    /// The amount for a baseline's value.
    func amount(of value: Double) -> Double {
      switch self {
      case .absolute(let amount): amount
      case .relative(let share): share * value.magnitude
      }
    }
  }

  /// Where a rule is written.
  public struct Place: Hashable, Sendable {
    /// The file as it was named.
    public var file: String
    /// The line, from 1; `nil` where it is not known.
    public var line: Int?

    /// A place in a file.
    public init(file: String, line: Int?) {
      self.file = file
      self.line = line
    }
  }
}

extension GateRule {
  /// The name of the quantity that it bounds; `nil` where it bounds none.
  public var quantity: String? {
    switch check {
    case .bound(let name, _, _, _), .baseline(let name, _): name
    case .noLookAhead, .reproducible, .noLimit: nil
    }
  }

  /// The rule in the words of a gate file: `sharpe of lower-95 at least 0.5`.
  public var text: String {
    switch check {
    case .bound(let name, let part, let minimum, let maximum):
      let subject = part == .value ? name : "\(name) of \(part.rawValue)"
      switch (minimum, maximum) {
      case (let low?, let high?):
        return "\(subject) from \(NumberText.exact(low)) to \(NumberText.exact(high))"
      case (let low?, nil): return "\(subject) at least \(NumberText.exact(low))"
      case (nil, let high?): return "\(subject) at most \(NumberText.exact(high))"
      case (nil, nil): return "\(subject) without a bound"
      }
    case .baseline(let name, .absolute(let amount)):
      return "\(name) not worse than the baseline by more than \(NumberText.exact(amount))"
    case .baseline(let name, .relative(let share)):
      return "\(name) not worse than the baseline by more than \(NumberText.percent(share))"
    case .noLookAhead: return "no look-ahead"
    case .reproducible: return "reproducible"
    case .noLimit(let code): return "not \(code.rawValue)"
    }
  }
}
