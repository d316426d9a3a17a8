import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestPolicies
import BacktestReports

extension StudyPolicy {
  /// The policy as `result.json` has it.
  ///
  /// - Parameters:
  ///   - foldsHaveWeights: whether each fold's own checkpoint decided, and its weights did nowhere.
  ///   - drift: how its features differ from those of its training.
  func json(foldsHaveWeights: Bool, drift: FeatureDrift?) -> JSONValue {
    let golden = manifest.golden.count
    var parts: [(String, JSONValue)] = [
      ("name", .text(manifest.name)), ("algorithm", .text(manifest.algorithm)),
      ("path", .text(path)), ("manifest-sha256", .text(manifestDigest)),
    ]
    if !foldsHaveWeights {
      parts += [
        ("weights", JSONValue(weightsPath)), ("weights-sha256", JSONValue(trained?.weightsDigest)),
      ]
    }
    parts += [
      ("network", JSONValue(trained?.networkSummary)),
      ("command", .list(command.map { .text($0) })),
      ("golden", .integer(golden)), ("golden-reproduced", .integer(golden)),
      ("execution", JSONValue(manifest.execution?.rawValue)),
      ("trained-until", JSONValue(manifest.trainedUntil?.description)),
      ("remarks", .list(manifest.remarks.map { .text($0) })),
    ]
    if let drift { parts.append(("feature-drift", drift.json)) }
    return .table(parts.map { JSONMember(key: $0.0, value: $0.1) })
  }

  /// The policy as the report has it.
  ///
  /// - Parameters:
  ///   - foldsHaveWeights: whether each fold's own checkpoint decided.
  ///   - drift: how its features differ from those of its training.
  func report(foldsHaveWeights: Bool, drift: FeatureDrift?) -> ReportPolicy {
    var policy = ReportPolicy(
      manifest, path: path, digest: manifestDigest,
      weightsPath: foldsHaveWeights ? nil : weightsPath,
      weightsDigest: foldsHaveWeights ? nil : trained?.weightsDigest)
    policy.foldsHaveWeights = foldsHaveWeights
    policy.network = trained?.networkSummary
    policy.command = command
    policy.drift =
      drift.map { .measured($0) }
      ?? .unknown(
        foldsHaveWeights
          ? "each fold has its own checkpoint"
          : "its normaliser has no mean and standard deviation of the training")
    return policy
  }
}

extension StudyOutcome {
  /// How the features of each policy of the study differ from those of its training.
  var drifts: [FeatureDrift?] {
    study.strategy.policies.indices.map { index in
      featureDrifts.indices.contains(index) ? featureDrifts[index] : nil
    }
  }

  /// Whether each fold's own checkpoint decided.
  var foldsHaveWeights: Bool { walkForward?.folds.contains { $0.source != nil } ?? false }

  /// What `result.json` has only of a policy, in order.
  var policyParts: [(String, JSONValue)] {
    let policies = study.strategy.policies
    guard !policies.isEmpty else { return [] }
    var parts: [(String, JSONValue)] = [
      (
        "policies",
        .list(
          zip(policies, drifts).map { $0.json(foldsHaveWeights: foldsHaveWeights, drift: $1) })
      )
    ]
    if let verdict = report().policyVerdict {
      parts.append(
        (
          "edge",
          [
            "shown": .bool(verdict.isEdgeShown),
            "mean-difference": JSONValue(verdict.difference?.mean),
            "t-statistic": JSONValue(verdict.difference?.statistic), "text": .text(verdict.text),
          ]
        ))
    }
    if let trainersAccounting {
      let final = result.curve.equity.last ?? 0
      parts.append(
        (
          "trainers-accounting",
          [
            "fee": .number(trainersAccounting.fee),
            "final-equity": .number(trainersAccounting.finalEquity),
            "difference": .number(trainersAccounting.finalEquity - final),
          ]
        ))
    }
    if let replicates { parts.append(("replicates", replicates.json)) }
    let decisions = DecisionSummary.all(of: result)
    if !decisions.isEmpty {
      parts.append(("decisions", .list(decisions.map { $0.json(in: result.universe) })))
    }
    return parts
  }

  /// How policies decide, under `configuration`.
  var policyConfiguration: JSONValue? {
    guard let first = study.strategy.policies.first else { return nil }
    var json = PolicyOptions.table.json(first.options)
    if let ensemble = study.strategy.ensemble {
      json.set("ensemble", StudyEnsemble.table.json(ensemble))
    }
    return json
  }
}

extension FeatureDrift {
  /// The drift as `result.json` has it.
  fileprivate var json: JSONValue {
    [
      "observations": .integer(observationCount), "refused": .integer(refusedCount),
      "features": .list(
        items.map { item in
          [
            "name": .text(item.name), "position": .integer(item.position),
            "training-mean": .number(item.trainingMean),
            "training-deviation": .number(item.trainingDeviation), "mean": .number(item.mean),
            "deviation": .number(item.deviation), "shift": .number(item.shift),
            "deviation-ratio": .number(item.ratio),
            "clipped-share": JSONValue(item.clippedShare),
          ] as JSONValue
        }),
    ]
  }
}

extension DecisionSummary {
  /// What was decided about an instrument, as `result.json` has it.
  fileprivate func json(in universe: Universe) -> JSONValue {
    [
      "symbol": .text(universe[instrument].instrument.symbol), "count": .integer(total.count),
      "of": .text(isOfUnits ? "units" : "weight"), "long": .integer(total.long),
      "flat": .integer(total.flat), "short": .integer(total.short),
      "changes": .integer(changeCount),
      "actions": .list(
        actions.map { ["action": .integer($0.action), "count": .integer($0.count)] as JSONValue }),
    ]
  }
}

extension Replicates {
  /// The replicates as `result.json` has them.
  var json: JSONValue {
    let names = Metrics.headlineNames
    return [
      "objective": .text(objective), "shown": .integer(shown),
      "members": .list(
        members.map { member in
          [
            "name": .text(member.name),
            "metrics": .table(
              names.compactMap { name in
                member.values[name].map { JSONMember(key: name, value: .number($0)) }
              }),
          ] as JSONValue
        }),
      "spread": .table(
        names.compactMap { name in
          distribution(of: name).map { JSONMember(key: name, value: $0.json) }
        }),
    ]
  }
}

extension ValueDistribution {
  /// The spread as `result.json` has it.
  var json: JSONValue {
    [
      "n": .integer(count), "minimum": .number(minimum), "lower-quartile": .number(lowerQuartile),
      "median": .number(median), "upper-quartile": .number(upperQuartile),
      "maximum": .number(maximum), "iqr": .number(interquartileRange),
    ]
  }
}
