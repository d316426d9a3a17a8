import BacktestFiles

/// What the outputs of a predictor are: a network that was trained to predict and not to act.
///
///     {"kind": "class_probabilities", "classes": ["down", "flat", "up"], "transform": "softmax",
///      "class_values": [-0.013, 0.0004, 0.0126]}
package struct OutputDefinition: Sendable, Equatable {
  /// What is predicted.
  package var kind: Kind
  /// The unit of predicted returns.
  package var unit: Unit

  /// What is predicted.
  package enum Kind: Sendable, Equatable {
    /// Probabilities of classes.
    case classes(Classes)
    /// The return of the next bar.
    case regression
    /// The mean of the next bar's return and the logarithm of its variance.
    case gaussian
  }

  /// Classes of what the next bar may do.
  package struct Classes: Sendable, Equatable {
    /// The names, in the order of the outputs.
    package var names: [String]
    /// Whether a softmax turns outputs into probabilities; otherwise they are probabilities
    /// already.
    package var usesSoftmax: Bool
    /// The mean log return of each class on the training data; empty where none are given.
    package var values: [Double]
    /// The position of the class for a rise.
    package var up: Int
    /// The position of the class for a fall.
    package var down: Int
  }

  /// The unit of predicted returns.
  package enum Unit: String, Sendable, CaseIterable {
    /// The logarithm of a price ratio.
    case logReturn = "log_return"
    /// The same in percent.
    case percentLogReturn = "percent_log_return"

    /// The factor from this unit to a log return.
    var factor: Double { self == .logReturn ? 1 : 0.01 }
  }

  /// The number of outputs that the network's head must have.
  package var outputCount: Int {
    switch kind {
    case .classes(let classes): classes.names.count
    case .regression: 1
    case .gaussian: 2
    }
  }
}

extension OutputDefinition {
  private enum Name: String, CaseIterable {
    case classes = "class_probabilities"
    case regression, gaussian
  }
  private enum SignalName: String, CaseIterable { case upMinusDown = "p(up)-p(down)" }
  private enum Field: String, CaseIterable { case mean, logVariance = "log_variance" }

  init(_ table: inout DocumentTable) {
    let name = table.value("kind", .choice(of: Name.self))
    unit = .logReturn
    kind = .regression
    switch name {
    case .classes: kind = .classes(Classes(&table))
    case .regression: unit = table.value("unit", .returnUnit)
    case .gaussian:
      unit = table.value("unit", .returnUnit)
      if table.list("fields", of: .choice(of: Field.self)) != [.mean, .logVariance] {
        table.report("the 'fields' of a gaussian are mean and log_variance", at: "fields")
      }
      kind = .gaussian
    }
    if name == .classes { _ = table.optional("signal", .choice(of: SignalName.self)) }
  }
}

extension OutputDefinition.Classes {
  private enum Transform: String, CaseIterable { case softmax, none }

  fileprivate init(_ table: inout DocumentTable) {
    names = table.list("classes", of: .text)
    usesSoftmax = table.value("transform", .choice(of: Transform.self)) == .softmax
    values = table.optionalList("class_values", of: .number()) ?? []
    up = names.firstIndex(of: "up") ?? 0
    down = names.firstIndex(of: "down") ?? 0
    if !names.contains("up") || !names.contains("down") || Set(names).count != names.count {
      table.report("the classes need different names, 'up' and 'down' among them", at: "classes")
    }
    if !values.isEmpty, values.count != names.count {
      table.report(
        "\(names.count) classes need as many 'class_values', not \(values.count)",
        at: "class_values")
    }
  }
}

extension DocumentRule where Value == OutputDefinition.Unit {
  /// A unit, by its name or in the words of an export.
  fileprivate static var returnUnit: DocumentRule {
    var rule = choice(of: Value.self)
    let convert = rule.convert
    rule.convert = { node in
      if case .text("percent log return of the next bar") = node.content {
        return .percentLogReturn
      }
      return convert(node)
    }
    return rule
  }
}
