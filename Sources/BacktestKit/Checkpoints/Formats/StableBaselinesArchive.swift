import BacktestFiles

/// Reads what `model.save(path)` of Stable-Baselines3 writes: a zip archive around one of PyTorch.
///
/// Only the policy is read, never the optimizers, which are two thirds of the file, and never the
/// pickled parts of `data`.
struct StableBaselinesReader {
  private let archive: ZipArchive
  private let policy: ZipArchive.Entry
  private let folder: String
  private let budget: CheckpointBudget

  init(_ bytes: ArraySlice<UInt8>, _ budget: CheckpointBudget) throws(CheckpointError) {
    try UnsupportedFormat.requireZip(bytes)
    archive = try ZipArchive(bytes, budget: budget)
    policy = try ArchiveEntry.only("policy.pth", in: archive, ReexportAdvice.stableBaselines)
    folder = String(policy.name.dropLast("policy.pth".count))
    self.budget = budget
  }

  func tensors() throws(CheckpointError) -> [NamedTensor] {
    let bytes = try archive.read(policy)
    return try CheckpointError.inEntry(policy.name) { () throws(CheckpointError) in
      try TorchZipReader.tensors(in: bytes, budget)
    }
  }

  /// The metadata in `data`; `nil` where the archive has none.
  func metadata() throws(CheckpointError) -> StableBaselinesMetadata? {
    guard let data = archive[folder + "data"] else { return nil }
    var version: [UInt8]?
    if let entry = archive[folder + StableBaselinesMetadata.versionEntry] {
      version = Array(try archive.read(entry, atMost: 4_096))
    }
    let text = try archive.read(data, atMost: CheckpointLimits.pickleBytes)
    try budget.takeDocument(text)
    let bytes = Array(text)
    return try CheckpointError.inEntry(data.name) { () throws(CheckpointError) in
      try StableBaselinesMetadata(data: bytes, version: version)
    }
  }
}

/// The archive of a model of Stable-Baselines3 or sb3-contrib: its tensors and its metadata in
/// plain text.
///
/// ```swift
/// let model = try StableBaselinesArchive(path: "model.zip")
/// if case .discrete(let count, _)? = model.metadata?.actionSpace { print("\(count) actions") }
/// ```
package struct StableBaselinesArchive: Sendable {
  /// The tensors of the policy.
  package let tensors: TensorArchive
  /// The metadata in `data`; `nil` where the archive has none.
  package let metadata: StableBaselinesMetadata?

  /// Reads `model.zip`, or the folder that it was unpacked into.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(path: String) throws(CheckpointError) {
    if FolderTree.isFolder(path) {
      tensors = try TensorArchive(path: path, format: .stableBaselines)
      metadata = try Self.metadata(inFolder: path)
    } else {
      (tensors, metadata) = try Self.read(try CheckpointFile.bytes(path), name: path)
    }
  }

  /// Reads the bytes of `model.zip`; `name` is what messages call it.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(bytes: [UInt8], name: String) throws(CheckpointError) {
    (tensors, metadata) = try Self.read(bytes, name: name)
  }

  private static func read(
    _ bytes: [UInt8], name: String
  ) throws(CheckpointError) -> (TensorArchive, StableBaselinesMetadata?) {
    try CheckpointError.inFile(name) { () throws(CheckpointError) in
      let budget = try CheckpointBudget(fileBytes: bytes.count)
      let reader = try StableBaselinesReader(bytes[...], budget)
      return (TensorArchive(try reader.tensors(), source: name), try reader.metadata())
    }
  }

  private static func metadata(
    inFolder path: String
  ) throws(CheckpointError) -> StableBaselinesMetadata? {
    let data = "\(path)/data"
    guard FolderTree.isFile(data) else { return nil }
    let versionPath = "\(path)/\(StableBaselinesMetadata.versionEntry)"
    let version =
      FolderTree.isFile(versionPath) ? try CheckpointFile.bytes(versionPath) : nil
    return try CheckpointError.inFile(data) { () throws(CheckpointError) in
      try StableBaselinesMetadata(data: try CheckpointFile.bytes(data), version: version)
    }
  }
}

/// The metadata of a Stable-Baselines3 model in plain text.
///
/// Beside each pickled value, `data` holds a text; the pickles are never read. Values that the
/// texts do not hold are `nil`: the activation of a policy with default arguments, for example,
/// depends on its class and is not written. A text that is not understood is an error.
package struct StableBaselinesMetadata: Sendable, Equatable {
  /// The module of the policy's class, such as `stable_baselines3.common.policies`; it shows the
  /// family of the algorithm, which is not stored separately.
  package var policyModule: String?
  /// The policy's class, such as `ActorCriticPolicy`; `nil` for a class that defines no functions,
  /// whose name is not written.
  package var policyClass: String?
  /// What the policy observes.
  package var observationSpace: StableBaselinesSpace?
  /// What the policy decides.
  package var actionSpace: StableBaselinesSpace?
  /// The widths of the hidden layers, where they were given.
  package var layers: StableBaselinesLayers?
  /// The class of the activation, where it was given: for one of PyTorch the name alone, such as
  /// `ReLU`; anything else as it is written, such as `<class '__main__.ReLU'>` or a function.
  package var activation: String?
  /// The class of the features extractor, where it was given; anything but a class as it is
  /// written.
  package var featuresExtractor: String?
  /// The class of the features extractor with its module, such as
  /// `stable_baselines3.common.torch_layers.FlattenExtractor` or `__main__.Mine`.
  package var featuresExtractorPath: String?
  /// The bound to which mean actions are clipped under gSDE (`clip_mean`), where it was given.
  package var clipMean: Double?
  /// What batch normalisation adds to variances (`batch_norm_eps`), where it was given.
  package var normalisationEpsilon: Double?
  /// Whether exploration depends on the state (gSDE).
  package var usesStateDependentExploration: Bool?
  /// Whether actions are squashed by tanh, where it was given.
  package var squashesOutput: Bool?
  /// Whether weights were initialised orthogonally, where it was given.
  package var initialisesOrthogonally: Bool?
  /// The recurrent part, where any of its arguments were given or the class is a recurrent one.
  package var recurrent: StableBaselinesRecurrence?
  /// The number of steps that the model was trained for.
  package var trainedSteps: Int?
  /// The seed of the training.
  package var seed: Int?
  /// The version of Stable-Baselines3 that wrote the archive.
  package var version: String?
}

/// The space of an observation or an action.
package enum StableBaselinesSpace: Sendable, Equatable {
  /// One of `count` whole numbers from `start` on.
  case discrete(count: Int, start: Int)
  /// Numbers in a shape, between bounds. The bounds are as printed, with eight digits, in row-major
  /// order; `nil` where the text is shortened.
  case box(shape: [Int], elementType: String, low: [Double]?, high: [Double]?)
  /// Several discrete choices, with the number of each.
  case multiDiscrete([Int])
  /// A number of choices of 0 or 1.
  case multiBinary(Int)
  /// Named vectors or windows of numbers, in the order in which they are joined.
  case parts([Part])
  /// A space of another class.
  case other(String)

  /// A named part of an observation.
  package struct Part: Sendable, Equatable {
    /// Its key.
    package var name: String
    /// Its shape.
    package var shape: [Int]

    /// The number of its values.
    package var count: Int { shape.reduce(1, *) }
  }
}

/// The widths of the hidden layers of actor and critic.
///
/// A plain list means the same for both; in releases before 1.8 such layers were shared, which the
/// names of the tensors show (`mlp_extractor.shared_net`).
package struct StableBaselinesLayers: Sendable, Equatable {
  /// Layers before those of actor and critic.
  package var shared: [Int]
  /// The layers of the actor.
  package var policy: [Int]
  /// The layers of the critic.
  package var value: [Int]
}

/// The recurrent part of a policy; a value is `nil` where it was not given and the library's
/// default applies.
package struct StableBaselinesRecurrence: Sendable, Equatable {
  /// The width of the hidden state; 256 by default.
  package var hiddenSize: Int?
  /// The number of layers; 1 by default.
  package var layerCount: Int?
  /// Whether actor and critic share the network; not by default.
  package var isShared: Bool?
  /// Whether the critic has its own recurrent network; it has by default.
  package var hasCriticNetwork: Bool?
}
