public import BacktestCheckpoints
public import BacktestCore
public import BacktestFiles
public import BacktestNetworks

/// What a trained policy is, in a file that its weights cannot contradict: the network, what it
/// observes, what its actions mean, and the decisions that prove that it was read correctly.
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
  /// The files that hold the weights; the first that is there is read.
  public var weights: [WeightsFile]
  /// The network's heads; `nil` for a policy that runs in a process of its own.
  public var network: NetworkDefinition?
  /// What it observes.
  public var observation: ObservationDefinition
  /// What its actions are and mean; `nil` for a predictor.
  public var action: ActionDefinition?
  /// What it predicts; `nil` for a policy that acts.
  public var output: OutputDefinition?
  /// How its uncertainty is measured; `nil` where it is not.
  public var uncertainty: UncertaintyDefinition?
  /// When its trainer's environment carried out actions; `nil` where the manifest does not say.
  public var execution: Execution?
  /// Bars after a trade during which its trainer's environment traded no more.
  public var cooldown = 0
  /// Decisions of the training library, checked when the policy is loaded.
  public var golden: [GoldenDecision]
  /// Remarks for readers: timing, reward, how it was trained.
  public var remarks: [String]
  /// The last day of the data on which it was trained; `nil` where the manifest does not say.
  public var trainedUntil: CivilDate?
  /// The folder from which its files count.
  public var folder: String
  /// The manifest file as it was named.
  public var path: String

  /// A file of weights.
  public struct WeightsFile: Sendable, Equatable {
    /// The name, relative to the manifest's folder.
    public var file: String
    /// What kind of file it is.
    public var format: CheckpointFormat
    /// The SHA-256 digest in hexadecimal digits; `nil` where the manifest gives none.
    public var digest: String?
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

  /// The head that decides: `policy` or, for a predictor, `predict`.
  public var decidingHead: String { action == nil ? "predict" : "policy" }

  /// Reads a manifest.
  ///
  /// - Parameter path: a manifest, or the folder of a `manifest.json`.
  /// - Throws: everything that is wrong with it, each with its line.
  public init(path: String) throws(DocumentError) {
    let file = path.hasSuffix(".json") ? path : "\(path)/manifest.json"
    let parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let folder = parts.isEmpty ? "." : parts.joined(separator: "/")
    try self.init(document: try DocumentReader.read(file: file), folder: folder)
  }

  /// A manifest from its document.
  package init(document: DocumentNode, folder: String) throws(DocumentError) {
    let path = document.place.source
    self = try document.decode { PolicyManifest(&$0, path: path, folder: folder) }
  }
}

/// How the uncertainty of a prediction is measured.
public struct UncertaintyDefinition: Sendable, Equatable {
  /// The number of passes with dropout.
  public var samples: Int
  /// The seed of the masks.
  public var seed: UInt64

  private enum Name: String, CaseIterable { case dropout = "mc_dropout" }

  /// Passes with dropout masks drawn from a seed.
  public init(samples: Int, seed: UInt64 = 0) {
    self.samples = samples
    self.seed = seed
  }

  init(_ table: inout DocumentTable) {
    _ = table.value("kind", .choice(of: Name.self))
    samples = table.value("samples", .integer(.within(2...100_000)))
    seed = UInt64(table.value("seed", .integer(.notNegative), default: 0))
  }
}

/// What the training library decided on an observation.
public struct GoldenDecision: Sendable, Equatable {
  /// The observation before normalisation, row-major.
  public var observation: [Double]
  /// The action after its rule: the chosen number, or the components of a box; empty for a
  /// predictor.
  public var action: [Double]
  /// The outputs of the head; empty where only the action is given.
  public var outputs: [Double]
  /// Whether an episode begins with it, so that recurrent state is reset.
  public var startsEpisode: Bool

  /// A decision from its parts.
  public init(
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
    if action.isEmpty, outputs.isEmpty {
      table.report("a golden decision needs an 'action' or 'outputs'")
    }
  }
}
