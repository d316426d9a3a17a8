import BacktestCore
import BacktestEvidence
import BacktestPolicies

extension ReportFacts {
  /// What the policies are that decided; nothing for other strategies.
  var policySections: [ReportSection] {
    guard !policies.isEmpty else { return [] }
    var blocks: [any ReportBlock] = []
    for policy in policies {
      if policies.count > 1 { blocks.append(ReportSubheading(policy.manifest.name)) }
      blocks.append(ReportDefinitions(items(policy)))
    }
    return [
      ReportSection(
        id: "policy", title: policies.count > 1 ? "Policies" : "Policy",
        summary: "Who decided. It was trained elsewhere; here its files are only read.",
        blocks: blocks)
    ]
  }

  private typealias Item = ReportDefinitions.Item

  private func items(_ policy: ReportPolicy) -> [Item] {
    let manifest = policy.manifest
    var items = [
      Item("Name", "\(manifest.name), \(manifest.algorithm)"),
      Item("Observes", manifest.observation.text),
      Item("Normalised", manifest.observation.normaliser.text),
    ]
    if let network = policy.network { items.append(Item("Network", network)) }
    if !policy.command.isEmpty {
      items.append(Item("Process", policy.command.joined(separator: " ")))
    }
    if let action = manifest.action { items.append(Item("Action", action.text)) }
    if let output = manifest.output { items.append(Item("Predicts", output.text)) }
    items.append(Item("Trained to act", manifest.executionText))
    items.append(
      Item(
        "Trained on data until",
        manifest.trainedUntil.map(\.description) ?? "The manifest does not say it."))
    // The last day is told already.
    let remarks = manifest.remarks.filter {
      manifest.trainedUntil == nil || !$0.hasPrefix("data_end:")
    }
    items += remarks.map { remark in
      let parts = remark.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { return Item("Remark", remark) }
      return Item("Its " + parts[0], String(parts[1].drop { $0 == " " }))
    }
    items.append(Item("Golden decisions", manifest.goldenText))
    items.append(Item("Manifest", file(policy.path, policy.manifestDigest)))
    if let path = policy.weightsPath {
      items.append(Item("Weights", file(path, policy.weightsDigest)))
    } else if policy.foldsHaveWeights {
      items.append(Item("Weights", "Each fold has its own; the table of folds names them."))
    }
    return items
  }

  private func file(_ path: String, _ digest: String?) -> String {
    path + (digest.map { ", SHA-256 \($0)" } ?? "")
  }
}

extension ReportFacts {
  /// How figures are spread over checkpoints that differ by chance; nothing without them.
  var replicateSections: [ReportSection] {
    guard let replicates else { return [] }
    let shown = replicates.members[replicates.shown].name
    let objective = Metrics.find(replicates.objective)?.title ?? replicates.objective
    return [
      ReportSection(
        id: "replicates", title: "Replicates",
        summary: "\(replicates.members.count) runs that differ by the checkpoint alone. The run "
          + "shown in full is the one in the middle by \(objective) (\(shown)), not the best; of "
          + "an even number it is the worse of the two.",
        blocks: [spread(replicates), memberTable(replicates)])
    ]
  }

  private func spread(_ replicates: Replicates) -> ReportTable {
    ReportTable(
      caption: "Spread over replicates",
      columns: [
        .text("Figure"), .number("n", as: .integer, definition: "runs in which the figure exists"),
        .number("Minimum", as: .ratio), .number("Lower quartile", as: .ratio),
        .number("Median", as: .ratio), .number("Upper quartile", as: .ratio),
        .number("Maximum", as: .ratio),
        .number("IQR", as: .ratio, definition: "upper less lower quartile (type 7)"),
      ],
      rows: Metrics.headlineNames.compactMap { name in
        guard let metric = Metrics.find(name), let found = replicates.distribution(of: name)
        else { return nil }
        let figures = [
          found.minimum, found.lowerQuartile, found.median, found.upperQuartile, found.maximum,
          found.interquartileRange,
        ]
        return [.text(metric.title), .number(Double(found.count))]
          + figures.map { .text(metric.unit.format.text($0)) }
      })
  }

  private func memberTable(_ replicates: Replicates) -> ReportTable {
    let names = ["total-return", "sharpe", "max-drawdown", "trade-count"]
    let metrics = names.compactMap { Metrics.find($0) }
    return ReportTable(
      caption: "Each replicate, in the order of the study",
      columns: [.text("Replicate")] + metrics.map { .number($0.title, as: $0.unit.format) }
        + [.text("")],
      rows: replicates.members.enumerated().map { index, member in
        [.text(member.name)]
          + metrics.map { .number(member.values[$0.name], else: "it does not exist") }
          + [.text(index == replicates.shown ? "shown in full" : "")]
      }, limit: .init(rowCount: 60, file: "result.json"))
  }
}
