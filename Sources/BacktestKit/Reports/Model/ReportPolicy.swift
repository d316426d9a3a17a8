public import BacktestPolicies

/// What a report says of a policy that decided: what it observes, what its actions mean, where it
/// comes from.
public struct ReportPolicy: Sendable {
  /// What the policy is.
  public var manifest: PolicyManifest
  /// The folder or manifest as the study names it.
  public var path: String
  /// The SHA-256 digest of the manifest.
  public var manifestDigest: String?
  /// The file of weights that was read; `nil` for a policy in a process of its own.
  public var weightsPath: String?
  /// The SHA-256 digest of that file.
  public var weightsDigest: String?
  /// Whether each fold of a walk-forward had weights of its own, so that its own decided nothing.
  public var foldsHaveWeights = false
  /// Its network on one line, such as `17 -> 64 tanh -> 3`.
  public var network: String?
  /// The command that decides, for a policy in a process of its own.
  public var command: [String] = []

  /// A policy as its manifest says it.
  public init(
    _ manifest: PolicyManifest, path: String? = nil, digest: String? = nil,
    weightsPath: String? = nil, weightsDigest: String? = nil
  ) {
    self.manifest = manifest
    self.path = path ?? manifest.path
    manifestDigest = digest
    self.weightsPath = weightsPath
    self.weightsDigest = weightsDigest
  }
}

extension PolicyManifest {
  /// How many of its golden decisions came out; loading refuses a policy when one does not.
  var goldenText: String {
    golden.isEmpty
      ? "None given, so nothing proves that it was read as its trainer meant it."
      : "\(golden.count) of \(golden.count) came out as in the training library."
  }

  /// When its trainer carried actions out, in words.
  var executionText: String {
    execution?.text ?? "The manifest does not say when ('execution')."
  }
}

extension PolicyManifest.Execution {
  /// In words.
  var text: String {
    switch self {
    case .sameClose: "At the very close that it observes."
    case .nextOpen: "At the next open."
    case .nextClose: "At the next close."
    }
  }
}

extension ObservationDefinition {
  /// What is observed, features of one name together.
  var text: String {
    var names: [String] = []
    var counts: [String: Int] = [:]
    for feature in features {
      if counts.updateValue((counts[feature.label] ?? 0) + 1, forKey: feature.label) == nil {
        names.append(feature.label)
      }
    }
    let list = names.map { name in
      counts[name].map { $0 > 1 ? "\(name) (\($0))" : name } ?? name
    }
    let bars = window == 1 ? "" : ", \(window) bars"
    return "\(ReportText.count(count, "number"))\(bars): \(list.joined(separator: ", "))."
  }
}

extension ObservationDefinition.Feature {
  /// The name as the manifest gives it.
  fileprivate var label: String {
    switch self {
    case .market(let feature):
      [feature.indicator?.name ?? feature.kind.rawValue, feature.asset].compactMap(\.self)
        .joined(separator: " of ")
    case .state(let feature): feature.kind.rawValue
    case .prediction(let feature): "\(feature.field.rawValue) of \(feature.policy)"
    }
  }
}

extension Normaliser {
  /// In words.
  var text: String {
    switch self {
    case .none: "Not at all."
    case .zScore: "Less the mean, over the deviation, both from training."
    case .runningStatistics(_, _, _, let limit):
      "Less the running mean, over the root of the running variance, clipped at "
        + "\(ReportText.number(limit)); both are from training."
    case .minimumMaximum(_, _, let low, let high):
      "From the range seen in training to \(ReportText.number(low)) ... \(ReportText.number(high))."
    case .scale: "Times a factor each."
    }
  }
}

extension ActionDefinition {
  /// The actions and what they mean, in words.
  var text: String {
    let space: String =
      switch kind {
      case .discrete: "One of \(sizes[0])"
      case .multiDiscrete: "One of each of \(ReportText.list(sizes.map { "\($0)" }, limit: 8))"
      case .box: ReportText.count(sizes[0], "number")
      }
    return "\(space) (\(transform.rawValue)): \(meaning.text)"
  }
}

extension ActionDefinition.Meaning {
  fileprivate var text: String {
    switch self {
    case .targetWeights(let rows):
      rows.isEmpty
        ? "the share of equity to hold."
        : "the share of equity to hold: "
          + ReportText.list(
            rows.map { $0.map { ReportText.number($0) }.joined(separator: "/") }, limit: 12) + "."
    case .softmaxWeights: "shares of equity that sum to 1, by the softmax of the numbers."
    case .shareDeltas(let rule):
      "units to buy or sell, up to \(ReportText.number(rule.limit)) at a time."
    case .positionCommands(let table): "commands by the table of \(table.rawValue)."
    case .onChangeTargets(let targets):
      "the share of equity to hold, traded when another action is chosen: "
        + ReportText.list(targets.map { ReportText.number($0) }, limit: 12) + "."
    case .orders(let table):
      "buys and sells of the wallet in \(ReportText.count(table.steps, "step"))."
    }
  }
}

extension OutputDefinition {
  /// What is predicted, in words.
  var text: String {
    switch kind {
    case .classes(let classes): "Probabilities of \(classes.names.joined(separator: ", "))."
    case .regression: "The return of the next bar."
    case .gaussian: "The mean and the variance of the return of the next bar."
    }
  }
}
