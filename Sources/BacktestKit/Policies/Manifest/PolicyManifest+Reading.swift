import BacktestFiles
import BacktestNetworks

extension PolicyManifest {
  /// The name and version of the format.
  static let format = "backtestkit.policy/1"

  init(_ table: inout DocumentTable, path: String, folder: String) {
    self.path = path
    self.folder = folder
    _ = table.value("format", .policyFormat)
    name = table.value("name", .text)
    algorithm = table.value("algorithm", .text)
    weights = table.sections("weights") { WeightsFile(&$0) }
    network = table.optionalSection("network") { NetworkDefinition(&$0) }
    observation = table.section("observation") { table in
      ObservationDefinition(&table) { (file, digest) throws(DocumentError) in
        try Normaliser(file: "\(folder)/\(file)", digest: digest)
      }
    }
    action = table.optionalSection("action") { ActionDefinition(&$0) }
    output = table.optionalSection("output") { OutputDefinition(&$0) }
    uncertainty = table.optionalSection("uncertainty") { UncertaintyDefinition(&$0) }
    execution = table.optional("execution", .choice())
    cooldown = table.value("cooldown", .integer(.within(0...1_000_000)), default: 0)
    golden = table.sections("golden") { GoldenDecision(&$0) }
    remarks = ["timing", "reward"].compactMap { key in
      table.optional(key, .text).map { "\(key): \($0)" }
    }
    trainedUntil = table.section("trained") { trained in
      let end = trained.optional("data_end", .date)
      remarks += trained.keys.compactMap { key in
        trained.node(key).map { "\(key): \($0.plainText)" }
      }
      return end
    }
    check(&table)
  }

  /// Whether the deciding head has a layer that can drop out.
  private var hasDropout: Bool {
    let layers = network?[head: decidingHead]?.layers ?? []
    return layers.contains { layer in
      if case .dropout = layer { true } else { false }
    }
  }

  /// What does not fit together.
  private func check(_ table: inout DocumentTable) {
    if action == nil, output == nil {
      table.report("a policy needs an 'action', or an 'output' where it only predicts")
    } else if action != nil, output != nil {
      table.report(
        "'action' and 'output' exclude each other: a policy acts or predicts", at: "output")
    }
    if let network, !network.heads.contains(where: { $0.name == decidingHead }) {
      table.report("the network needs a head '\(decidingHead)'", at: "network")
    }
    if network != nil, weights.isEmpty {
      table.report("a network needs 'weights'; name their file", at: "weights")
    }
    if uncertainty != nil, !hasDropout {
      table.report("mc_dropout needs a dropout layer in the network", at: "uncertainty")
    }
    for (index, decision) in golden.enumerated()
    where decision.observation.count != observation.count {
      table.report(
        "golden decision \(index) has \(decision.observation.count) numbers, the observation "
          + "\(observation.count)", at: "golden")
      break
    }
    if let count = observation.normaliser.count, !observation.count.isMultiple(of: count) {
      table.report(
        "the normaliser has \(count) numbers, the observation \(observation.count)",
        at: "observation")
    }
  }
}

extension PolicyManifest.WeightsFile {
  fileprivate init(_ table: inout DocumentTable) {
    file = table.value("file", .text)
    format = table.value("format", .choice())
    _ = table.optional("member", .text)
    digest = table.optional("sha256", .sha256)
    if !isBelow(file) {
      table.report("a weights file lies in the manifest's folder or below it", at: "file")
    }
  }
}

/// Whether a file named in a manifest lies in its folder or below it.
func isBelow(_ file: String) -> Bool {
  !file.hasPrefix("/") && !file.split(separator: "/").contains("..")
}

extension DocumentRule where Value == String {
  fileprivate static var policyFormat: DocumentRule {
    text(PolicyManifest.format, placeholder: "") { $0 == PolicyManifest.format ? $0 : nil }
  }

  static var sha256: DocumentRule {
    text("a SHA-256 digest of 64 hexadecimal digits", placeholder: "") { text in
      let digits = text.lowercased()
      return digits.utf8.count == 64 && digits.allSatisfy(\.isHexDigit) ? digits : nil
    }
  }
}

extension DocumentNode {
  /// The value on one line, for a reader.
  fileprivate var plainText: String {
    switch content {
    case .text(let text): text
    case .null: "nothing"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .list(let items): items.map(\.plainText).joined(separator: ", ")
    case .table(let entries):
      entries.map { "\($0.key) \($0.value.plainText)" }.joined(separator: ", ")
    }
  }
}
