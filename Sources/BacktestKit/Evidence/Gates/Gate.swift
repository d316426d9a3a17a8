internal import BacktestCore

/// A list of rules that a study has to pass before anybody acts on it.
///
///     let gate = try Gate(rules: [GateRule(.bound("sharpe", of: .lower95, minimum: 0))])
///
/// A rule about something without a value fails, so a gate never passes for want of evidence.
public struct Gate: Hashable, Sendable {
  /// The rules in the order in which they are reported.
  public let rules: [GateRule]

  /// A gate of rules.
  ///
  /// - Throws: `GateError` for a list without rules or with a rule that nothing can satisfy.
  public init(rules: [GateRule]) throws(GateError) {
    guard !rules.isEmpty else { throw .noRules }
    for rule in rules { try rule.validate() }
    self.rules = rules
  }

  private init(unchecked rules: [GateRule]) { self.rules = rules }

  /// What a study has to pass that names no rules: not ruined, at least 30 closed trades,
  /// reproducible, no look-ahead, a deflated Sharpe ratio of at least 0.95, and where parameters
  /// were searched, a probability of backtest overfitting of at most 0.20.
  public static let standard = Gate(
    unchecked: [
      GateRule(.noLimit(.ruined)), GateRule(.bound("trades", minimum: 30)),
      GateRule(.reproducible), GateRule(.noLookAhead), GateRule(.bound("dsr", minimum: 0.95)),
      GateRule(.bound("pbo", maximum: 0.2), when: .searched),
    ])

  /// What a study has to pass that is compared with a baseline by no rule: the annual return, the
  /// Sharpe ratio and the deepest drawdown are not worse by more than a tenth.
  public static let standardBaselineRules = ["cagr", "sharpe", "max-drawdown"].map {
    GateRule(.baseline($0, worseBy: .relative(0.1)))
  }

  /// Whether a rule asks for any of these quantities.
  package func asks(for names: String...) -> Bool {
    rules.contains { rule in rule.quantity.map(names.contains) ?? false }
  }

  /// The metrics of the catalogue of which a rule asks for an interval.
  package var metricsWithIntervals: [String] {
    var names: [String] = []
    for rule in rules {
      guard case .bound(let name, let part, _, _) = rule.check, part != .value else { continue }
      let metric = name == "drawdown" ? "max-drawdown" : name
      if Metrics.find(metric) != nil, !names.contains(metric) { names.append(metric) }
    }
    return names
  }
}

/// Why rules make no gate.
public enum GateError: Error, Hashable {
  /// There are no rules.
  case noRules
  /// No quantity has that name; the nearest names first.
  case unknownQuantity(String, candidates: [String])
  /// A rule about a quantity has no bound.
  case noBound(String)
  /// The minimum of a rule is above its maximum.
  case boundsReversed(String, minimum: Double, maximum: Double)
  /// A bound that no value of a quantity meets, or every value of its range.
  case boundOutOfRange(String, Double, range: ClosedRange<Double>)
  /// Only a minimum of a quantity that is better when it is lower, or a maximum of one that is
  /// better when it is higher.
  case boundOnWrongSide(String, higherIsBetter: Bool)
  /// A tolerance in the unit of a share that is 100 % or more.
  case toleranceTooLarge(String, Double)
  /// An end of an interval of a quantity that has none.
  case noInterval(String)
  /// A bound or a tolerance that is not a number, or a tolerance below zero.
  case invalidNumber(String, Double)
  /// A quantity of which neither direction is better, so that nothing is worse.
  case noDirection(String)
}

extension GateError: CustomStringConvertible {
  /// One line that says what is wrong and what to do.
  public var description: String {
    switch self {
    case .noRules: "the gate has no rules; give at least one"
    case .unknownQuantity(let name, let candidates):
      "there is no quantity \"\(name)\"; "
        + (candidates.isEmpty
          ? "see the list of metrics" : "did you mean \(candidates.joined(separator: ", "))?")
    case .noBound(let name): "the rule about \(name) has no bound; give a minimum or a maximum"
    case .boundsReversed(let name, let minimum, let maximum):
      "the minimum \(minimum) of \(name) is above its maximum \(maximum); exchange them"
    case .boundOutOfRange(let name, let bound, let range):
      "the bound \(DecimalText.shortest(bound)) decides nothing: \(name) is \(Self.text(range))"
        + (name == "max-drawdown"
          ? "; give a minimum below 0, or bound 'drawdown' by a maximum" : "")
    case .boundOnWrongSide(let name, true):
      "\(name) is better when it is higher, and the rule has only a maximum; give a minimum"
    case .boundOnWrongSide(let name, false):
      "\(name) is better when it is lower, and the rule has only a minimum; give a maximum"
    case .toleranceTooLarge(let name, let amount):
      "\(name) may be worse by \(NumberText.percent(amount)), which decides nothing; "
        + "\(DecimalText.shortest(amount))% is written with the sign"
    case .noInterval(let name): "\(name) has no 95 % interval; remove 'of'"
    case .invalidNumber(let name, let value):
      "\(value) cannot be a bound of \(name); give a finite number, and a tolerance of at least 0"
    case .noDirection(let name):
      "neither direction of \(name) is better, so it cannot be worse than a baseline; give a "
        + "minimum or a maximum"
    }
  }
}

extension GateError {
  private static func text(_ range: ClosedRange<Double>) -> String {
    let (low, high) = (
      DecimalText.shortest(range.lowerBound), DecimalText.shortest(range.upperBound)
    )
    if range.lowerBound == -.infinity { return "never above \(high)" }
    return range.upperBound == .infinity ? "never below \(low)" : "from \(low) to \(high)"
  }
}

extension GateRule {
  /// Whether anything could satisfy it.
  ///
  /// - Throws: `GateError` where nothing can.
  package func validate() throws(GateError) {
    guard let name = quantity else { return }
    guard let quantity = GateQuantity.find(name) else {
      let candidates = NearestName.several(name, among: GateQuantity.names)
      throw .unknownQuantity(name, candidates: candidates)
    }
    switch check {
    case .bound(_, let part, let minimum, let maximum):
      if minimum == nil, maximum == nil { throw .noBound(name) }
      for bound in [minimum, maximum].compactMap(\.self) where !bound.isFinite {
        throw .invalidNumber(name, bound)
      }
      if part != .value, !quantity.hasInterval { throw .noInterval(name) }
      if let range = quantity.range {
        try validate(minimum, maximum, of: quantity, from: range)
      }
      if let minimum, let maximum, minimum > maximum {
        throw .boundsReversed(name, minimum: minimum, maximum: maximum)
      }
    case .baseline(_, let tolerance):
      let amount = tolerance.amount(of: 1)
      guard amount.isFinite, amount >= 0 else { throw .invalidNumber(name, amount) }
      if quantity.higherIsBetter == nil { throw .noDirection(name) }
      if case .absolute(let amount) = tolerance, quantity.unit == .fraction, amount >= 1 {
        throw .toleranceTooLarge(name, amount)
      }
    case .noLookAhead, .reproducible, .noLimit: break
    }
  }

  /// Bounds of a quantity that is known to be within a range have to leave something out.
  private func validate(
    _ minimum: Double?, _ maximum: Double?, of quantity: GateQuantity,
    from range: ClosedRange<Double>
  ) throws(GateError) {
    if let minimum, minimum <= range.lowerBound || minimum > range.upperBound {
      throw .boundOutOfRange(quantity.name, minimum, range: range)
    }
    if let maximum, maximum >= range.upperBound || maximum < range.lowerBound {
      throw .boundOutOfRange(quantity.name, maximum, range: range)
    }
    guard let isBetter = quantity.higherIsBetter, range.upperBound < .infinity else { return }
    if isBetter ? minimum == nil : maximum == nil {
      throw .boundOnWrongSide(quantity.name, higherIsBetter: isBetter)
    }
  }
}
