import BacktestCore
import BacktestEvidence
import BacktestPolicies

extension ReportModel {
  /// The policies that decided; empty for other strategies.
  var policySections: [ReportSection] {
    guard !policies.isEmpty else { return [] }
    var blocks: [any ReportBlock] = []
    for policy in policies {
      if policies.count > 1 { blocks.append(ReportSubheading(policy.manifest.name)) }
      blocks.append(ReportDefinitions(items(policy)))
      blocks += driftBlocks(policy)
    }
    return [
      ReportSection(
        id: "policy", title: policies.count > 1 ? "Policies" : "Policy",
        summary:
          "The trained policy that decided. It was trained elsewhere and is not changed here.",
        blocks: blocks)
    ]
  }

  private typealias Item = ReportDefinitions.Item

  private func items(_ policy: ReportPolicy) -> [Item] {
    let manifest = policy.manifest
    var items = [
      Item("Name", "\(manifest.name), \(manifest.algorithm)"),
      Item("Observes", manifest.observation.text),
      Item("Normalisation", manifest.observation.normaliser.text),
    ]
    if let network = policy.network { items.append(Item("Network", network)) }
    if !policy.command.isEmpty {
      items.append(Item("Process", policy.command.joined(separator: " ")))
    }
    if let action = manifest.action { items.append(Item("Action", action.text)) }
    if let output = manifest.output { items.append(Item("Predicts", output.text)) }
    items.append(Item("Execution in training", manifest.executionText))
    items.append(
      Item(
        "Trained on data until",
        manifest.trainedUntil.map(\.description) ?? "Not stated in the manifest."))
    // The last day is listed already.
    let remarks = manifest.remarks.filter {
      manifest.trainedUntil == nil || !$0.hasPrefix("data_end:")
    }
    items += remarks.map { remark in
      let parts = remark.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { return Item("Remark", remark) }
      return Item("Manifest: " + parts[0], String(parts[1].drop { $0 == " " }))
    }
    items.append(Item("Golden decisions", manifest.goldenText))
    items.append(Item("Manifest", file(policy.path, policy.manifestDigest)))
    if let path = policy.weightsPath {
      items.append(Item("Weights", file(path, policy.weightsDigest)))
    } else if policy.foldsHaveWeights {
      items.append(Item("Weights", "Each fold has its own weights, listed in the table of folds."))
    }
    return items
  }

  private func file(_ path: String, _ digest: String?) -> String {
    path + (digest.map { ", SHA-256 \($0)" } ?? "")
  }
}

extension ReportModel {
  /// The spread of figures over checkpoints that differ by chance; empty without them.
  var replicateSections: [ReportSection] {
    guard let replicates else { return [] }
    let shown = replicates.members[replicates.shown].name
    let objective = Metrics.find(replicates.objective)?.title ?? replicates.objective
    return [
      ReportSection(
        id: "replicates", title: "Replicates",
        summary:
          "\(replicates.members.count) runs that differ only in their checkpoint. The run shown in "
          + "full is the median by \(objective) (\(shown)), not the best. With an even number of "
          + "runs it is the worse of the two in the middle.",
        blocks: [memberBars(replicates), spread(replicates), memberTable(replicates)])
    ]
  }

  private func spread(_ replicates: Replicates) -> ReportTable {
    ReportTable(
      caption: "Spread over replicates",
      columns: [
        .text("Metric"),
        .number("Runs", as: .integer, definition: "runs in which the metric is defined"),
        .number("Minimum", as: .ratio), .number("Lower quartile", as: .ratio),
        .number("Median", as: .ratio), .number("Upper quartile", as: .ratio),
        .number("Maximum", as: .ratio),
        .number(
          "IQR", as: .ratio, definition: "interquartile range: upper − lower quartile (type 7)"),
      ],
      rows: Metrics.headlineNames.compactMap { name in
        guard let metric = Metrics.find(name), let found = replicates.distribution(of: name)
        else { return nil }
        let figures = [
          found.minimum, found.lowerQuartile, found.median, found.upperQuartile, found.maximum,
          found.interquartileRange,
        ]
        return [.text(metric.title), .number(Double(found.count))]
          + figures.map { .text(metric.unit.format(currency: currency).text($0)) }
      })
  }

  /// The objective of each run, the best at the top.
  private func memberBars(_ replicates: Replicates) -> RankedBars {
    let metric = Metrics.find(replicates.objective)
    let items = replicates.members.enumerated().map { index, member in
      RankedBars.Item(
        index == replicates.shown ? "\(member.name) (shown)" : member.name,
        member.values[replicates.objective] ?? .nan)
    }
    func isAbove(_ a: RankedBars.Item, _ b: RankedBars.Item) -> Bool {
      (a.value.isFinite ? a.value : -.infinity) > (b.value.isFinite ? b.value : -.infinity)
    }
    return RankedBars(
      caption: "\(metric?.title ?? replicates.objective) of each replicate",
      items: Array(items.sorted(by: isAbove).prefix(40)),
      format: metric?.unit.format(currency: currency) ?? .ratio)
  }

  private func memberTable(_ replicates: Replicates) -> ReportTable {
    let names = ["total-return", "sharpe", "max-drawdown", "trade-count"]
    let metrics = names.compactMap { Metrics.find($0) }
    return ReportTable(
      caption: "Each replicate, in the order of the study",
      columns: [.text("Replicate")]
        + metrics.map { .number($0.title, as: $0.unit.format(currency: currency)) }
        + [.text("")],
      rows: replicates.members.enumerated().map { index, member in
        [.text(member.name)]
          + metrics.map { .number(member.values[$0.name], else: "undefined") }
          + [.text(index == replicates.shown ? "shown in full" : "")]
      }, limit: .init(rowCount: 60, file: "result.json"))
  }
}

extension PolicyManifest {
  /// How many golden decisions were reproduced; a policy that fails one does not load.
  var goldenText: String {
    golden.isEmpty
      ? "None, so it is not verified that the policy was read as its trainer meant it."
      : "\(golden.count) of \(golden.count) reproduced the output of the training library."
  }

  /// At which price its training executed actions, in words.
  var executionText: String {
    execution?.text ?? "Not stated in the manifest ('execution')."
  }
}

extension PolicyManifest.Execution {
  /// In words.
  var text: String {
    switch self {
    case .sameClose: "At the close that it observes."
    case .nextOpen: "At the next open."
    case .nextClose: "At the next close."
    }
  }
}

extension ObservationDefinition {
  /// The observation in words; features of one name are counted together.
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
    return "\(NumberText.count(count, "number"))\(bars): \(list.joined(separator: ", "))."
  }
}

extension Normaliser {
  /// In words.
  var text: String {
    switch self {
    case .none: "None."
    case .zScore: "(x − mean) / standard deviation, both from training."
    case .runningStatistics(_, _, _, let limit):
      "(x − running mean) / running standard deviation, both from training, clipped at "
        + "±\(NumberText.number(limit))."
    case .minimumMaximum(_, _, let low, let high):
      "Scaled from the range seen in training to \(NumberText.number(low)) ... "
        + "\(NumberText.number(high))."
    case .scale: "Each feature times a factor."
    }
  }
}

extension ActionDefinition {
  /// The actions and what they mean, in words.
  var text: String {
    let space: String =
      switch kind {
      case .discrete: "One of \(NumberText.count(sizes[0], "action"))"
      case .multiDiscrete:
        "One action for each of the sizes \(NumberText.list(sizes.map { "\($0)" }, limit: 8))"
      case .box: NumberText.count(sizes[0], "number")
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
          + NumberText.list(
            rows.map { $0.map { NumberText.number($0) }.joined(separator: "/") }, limit: 12) + "."
    case .softmaxWeights: "shares of equity from the softmax of the numbers, which sum to 1."
    case .shareDeltas(let rule):
      "units to buy or sell, at most \(NumberText.number(rule.limit)) at a time."
    case .positionCommands(let table): "position commands of the \(table.rawValue) table."
    case .onChangeTargets(let targets):
      "the share of equity to hold, traded when the action changes: "
        + NumberText.list(targets.map { NumberText.number($0) }, limit: 12) + "."
    case .orders(let table):
      "buys or sells a part of the account in \(NumberText.count(table.steps, "step"))."
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
