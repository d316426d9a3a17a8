package import BacktestCheckpoints
public import BacktestCore
public import BacktestFiles
public import BacktestNetworks

/// The description of a policy beside its weights: the network, what it observes, what its actions
/// mean, and reference decisions that show whether it was read correctly.
///
///     let manifest = try PolicyManifest(path: "policies/ppo/manifest.json")
///     print(manifest.name, manifest.observation.shape)
///
/// A manifest is strict: an unknown key, op or feature is an error that names its line.
public struct PolicyManifest: Sendable {
  /// The name for reports.
  public var name: String
  /// The algorithm that trained it, such as `PPO`.
  public var algorithm: String
  /// The files that hold the weights; the first that exists is read.
  package var weights: [WeightsFile]
  /// Tensors of the weights that decisions do not need, complete names or up to a dot.
  package var unusedTensors: [String] = []
  /// The network's heads; `nil` for a policy that runs in a separate process.
  public var network: NetworkDefinition?
  /// How an ONNX graph is used in place of layers; `nil` where there is none.
  package var onnx: GraphBinding?
  /// What it observes.
  package var observation: ObservationDefinition
  /// Its actions and their meaning; `nil` for a predictor.
  package var action: ActionDefinition?
  /// What it predicts; `nil` for a policy that acts.
  package var output: OutputDefinition?
  /// How its uncertainty is measured; `nil` where it is not.
  package var uncertainty: UncertaintyDefinition?
  /// When its trainer's environment carried out actions; `nil` where that is not known.
  public var execution: Execution?
  /// Bars after a trade during which its trainer's environment did not trade.
  public var cooldown = 0
  /// Decisions of the training library, checked when the policy is loaded.
  package var golden: [GoldenDecision]
  /// Remarks for readers: timing, reward, how it was trained.
  public var remarks: [String]
  /// The last day of its training data; `nil` where that is not known.
  public var trainedUntil: CivilDate?
  /// The folder to which its file names are relative.
  public var folder: String
  /// The path of the manifest as it was given.
  public var path: String

  /// A file of weights.
  package struct WeightsFile: Sendable, Equatable {
    /// The name, relative to the manifest's folder.
    package var file: String
    /// The format of the file.
    package var format: CheckpointFormat
    /// The SHA-256 digest in hexadecimal digits; `nil` where the manifest gives none.
    package var digest: String?
  }

  /// When an environment carried out actions.
  public enum Execution: String, Sendable, CaseIterable {
    /// At the close that was observed.
    case sameClose = "close_t"
    /// At the next open.
    case nextOpen = "next_open"
    /// At the next close.
    case nextClose = "next_close"
  }

  /// Whether the policy is a network, and not a program in a separate process.
  package var hasNetwork: Bool { network != nil || onnx != nil }

  /// The head that decides: `policy` or, for a predictor, `predict`.
  package var decidingHead: String { action == nil ? "predict" : "policy" }

  /// Reads a manifest.
  ///
  /// - Parameter path: a manifest, or the folder of a `manifest.json`.
  /// - Throws: `DocumentError` with everything that is wrong, each problem with its line.
  public init(path: String) throws(DocumentError) {
    let file = path.hasSuffix(".json") ? path : "\(path)/manifest.json"
    let parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let folder = parts.isEmpty ? "." : parts.joined(separator: "/")
    try self.init(document: try DocumentReader.read(path: file), folder: folder)
  }

  /// A manifest from its document.
  package init(document: DocumentNode, folder: String) throws(DocumentError) {
    let path = document.place.source
    if let place = document.controlCharacter {
      throw DocumentError(
        at: place,
        "a text holds a control character, a mark of writing direction or a line separator, which "
          + "could change what a terminal shows")
    }
    self = try document.decode { PolicyManifest(&$0, path: path, folder: folder) }
  }
}

/// How a policy measures the uncertainty of its predictions.
package struct UncertaintyDefinition: Sendable, Equatable {
  /// The number of passes with dropout.
  package var samples: Int
  /// The seed of the masks.
  package var seed: UInt64

  private enum Name: String, CaseIterable { case dropout = "mc_dropout" }

  /// Passes with dropout masks drawn from a seed.
  package init(samples: Int, seed: UInt64 = 0) {
    self.samples = samples
    self.seed = seed
  }

  init(_ table: inout DocumentTable) {
    _ = table.value("kind", .choice(of: Name.self))
    samples = table.value("samples", .integer(.within(2...100_000)))
    seed = UInt64(table.value("seed", .integer(.notNegative), default: 0))
  }
}

/// A reference decision: what the training library decided on an observation.
package struct GoldenDecision: Sendable, Equatable {
  /// The observation before normalisation, row-major.
  package var observation: [Double]
  /// The action after its rule: the chosen number, or the components of a box; empty for a
  /// predictor.
  package var action: [Double]
  /// The outputs of the head; empty where only the action is given.
  package var outputs: [Double]
  /// Whether an episode begins with it, so that recurrent state is reset.
  package var startsEpisode: Bool
  /// The day of the bar at whose close it was made; `nil` where it is tied to no bar.
  package var date: CivilDate?
  /// The instrument whose bar that is; `nil` for the only one.
  package var asset: String?

  /// A decision from its parts.
  package init(
    observation: [Double], action: [Double] = [], outputs: [Double] = [],
    startsEpisode: Bool = false
  ) {
    self.observation = observation
    self.action = action
    self.outputs = outputs
    self.startsEpisode = startsEpisode
  }

  init(_ table: inout DocumentTable) {
    observation = table.list("observation", of: .number())
    action = table.optionalList("action", of: .number()) ?? []
    outputs = table.optionalList("outputs", of: .number()) ?? []
    startsEpisode = table.value("episode_start", .flag, default: false)
    date = table.optional("date", .date)
    asset = table.optional("asset", .text)
    if action.isEmpty, outputs.isEmpty {
      table.report("a golden decision needs an 'action' or 'outputs'")
    }
  }
}

extension PolicyManifest {
  /// The name and version of the format.
  static let format = "backtestkit.policy/1"

  init(_ table: inout DocumentTable, path: String, folder: String) {
    self.path = path
    self.folder = folder
    _ = table.value("format", .policyFormat)
    name = table.value("name", .text)
    algorithm = table.value("algorithm", .text)
    Self.checkLength(of: [("name", name), ("algorithm", algorithm)], &table)
    weights = table.sections("weights") { WeightsFile(&$0) }
    unusedTensors =
      table.optionalList("unused_tensors", of: .text, takesSingle: false) ?? []
    network = table.optionalSection("network") { NetworkDefinition(&$0) }
    onnx = table.optionalSection("onnx") { GraphBinding(&$0) }
    observation = table.section("observation") { table in
      ObservationDefinition(&table) { (file, digest) throws(DocumentError) in
        try requireBelow(file, folder)
        return try Normaliser(file: "\(folder)/\(file)", digest: digest)
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

  /// Reports names that would fill more than a line of a report.
  private static func checkLength(
    of names: [(key: String, text: String)], _ table: inout DocumentTable
  ) {
    for (key, text) in names {
      if text.utf8.count > 200, text.count > 200 {
        table.report("'\(key)' has \(text.count) characters, more than 200", at: key)
      } else if text.contains(where: { $0.isNewline || $0 == "\t" }) {
        table.report("'\(key)' must be one line without tabs", at: key)
      }
    }
  }

  /// Reports what does not fit together.
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
    if hasNetwork, weights.isEmpty {
      table.report("a network needs 'weights'; name their file", at: "weights")
    }
    if !hasNetwork, !weights.isEmpty {
      table.report(
        "'weights' need a 'network', or 'onnx' for an ONNX file; a policy in a separate process "
          + "has neither", at: "weights")
    }
    checkGraph(&table)
    if uncertainty != nil, !hasDropout {
      table.report("mc_dropout needs a dropout layer in the network", at: "uncertainty")
    }
    for (index, decision) in golden.enumerated()
    where !observation.shape.isEmpty && decision.observation.count != observation.count {
      table.report(
        "golden decision \(index) has \(decision.observation.count) numbers, the observation "
          + "\(observation.count)", at: "golden")
      break
    }
    if !observation.shape.isEmpty, let count = observation.normaliser.count,
      !observation.count.isMultiple(of: count)
    {
      table.report(
        "the normaliser has \(count) numbers, the observation \(observation.count)",
        at: "observation")
    }
  }
}

extension PolicyManifest {
  /// Reports where an ONNX graph and the rest do not fit together.
  private func checkGraph(_ table: inout DocumentTable) {
    if let onnx, !onnx.heads.contains(where: { $0.name == decidingHead }) {
      table.report("the graph needs a head '\(decidingHead)'; name its output", at: "onnx")
    }
    if network != nil, onnx != nil {
      table.report(
        "'network' and 'onnx' exclude each other: an ONNX file holds its network", at: "onnx")
    }
    let graphs = weights.count { $0.format == .onnx }
    if onnx != nil, graphs != weights.count {
      table.report("the weights of a graph have the format 'onnx'", at: "weights")
    }
    if network != nil, onnx == nil, graphs > 0 {
      table.report(
        "weights of the format 'onnx' need a table 'onnx' that says which output is which head",
        at: "weights")
    }
  }
}

extension PolicyManifest.WeightsFile {
  fileprivate init(_ table: inout DocumentTable) {
    file = table.value("file", .text)
    format = table.value("format", .choice())
    _ = table.optional("member", .text)
    digest = table.optional("sha256", .sha256)
    if file.split(separator: "/").allSatisfy({ $0 == "." }) {
      table.report("'file' must name a file of weights, not \(quotedForMessage(file))", at: "file")
    } else if !isBelow(file) {
      table.report("a weights file must be in the manifest's folder or below it", at: "file")
    }
  }
}

/// Throws where a file named in a manifest lies elsewhere, because a folder on the way is a link.
private func requireBelow(_ file: String, _ folder: String) throws(DocumentError) {
  guard FolderTree.holds("\(folder)/\(file)", in: folder) else {
    throw DocumentError(
      at: DocumentPlace(source: "\(folder)/\(file)"),
      "a link leads out of the manifest's folder; copy the file into it")
  }
}

/// Whether a file named in a manifest is in its folder or below it.
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
  /// Where the first text with a control character, a mark of writing direction or a line
  /// separator is; line ends and tabs are none.
  fileprivate var controlCharacter: DocumentPlace? {
    func isControl(_ text: String) -> Bool {
      text.unicodeScalars.contains { scalar in
        switch scalar.properties.generalCategory {
        case .control: scalar != "\n" && scalar != "\t"
        case .lineSeparator, .paragraphSeparator: true
        default: scalar.properties.isBidiControl
        }
      }
    }
    switch content {
    case .text(let text): return isControl(text) ? place : nil
    case .list(let items): return items.lazy.compactMap(\.controlCharacter).first
    case .table(let entries):
      return entries.lazy.compactMap { entry in
        isControl(entry.key) ? place : entry.value.controlCharacter
      }.first
    default: return nil
    }
  }

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
