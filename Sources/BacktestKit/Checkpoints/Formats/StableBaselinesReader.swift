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
    try ForeignFile.requireZip(bytes)
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

  /// What `data` says; `nil` where the archive has none.
  func facts() throws(CheckpointError) -> StableBaselinesFacts? {
    guard let data = archive[folder + "data"] else { return nil }
    var version: [UInt8]?
    if let entry = archive[folder + StableBaselinesFacts.versionEntry] {
      version = Array(try archive.read(entry))
    }
    let text = try archive.read(data)
    try budget.takeDocument(text)
    let bytes = Array(text)
    return try CheckpointError.inEntry(data.name) { () throws(CheckpointError) in
      try StableBaselinesFacts(data: bytes, version: version)
    }
  }
}

/// The archive of a model of Stable-Baselines3 or sb3-contrib: its tensors and what it says about
/// itself in plain text.
///
/// ```swift
/// let model = try StableBaselinesArchive(path: "model.zip")
/// if case .discrete(let count, _)? = model.facts?.actionSpace { print("\(count) actions") }
/// ```
public struct StableBaselinesArchive: Sendable {
  /// The tensors of the policy.
  public let tensors: TensorArchive
  /// What `data` says; `nil` where the archive has none.
  public let facts: StableBaselinesFacts?

  /// Reads `model.zip`, or the folder that it was unpacked into.
  ///
  /// - Throws: what is wrong with it, in one line.
  public init(path: String) throws(CheckpointError) {
    if FolderTree.isFolder(path) {
      tensors = try TensorArchive(path: path, format: .stableBaselines)
      facts = try Self.facts(inFolder: path)
    } else {
      (tensors, facts) = try Self.read(try CheckpointFile.bytes(path), name: path)
    }
  }

  /// Reads the bytes of `model.zip`; `name` is what messages call it.
  ///
  /// - Throws: what is wrong with it, in one line.
  public init(bytes: [UInt8], name: String) throws(CheckpointError) {
    (tensors, facts) = try Self.read(bytes, name: name)
  }

  private static func read(
    _ bytes: [UInt8], name: String
  ) throws(CheckpointError) -> (TensorArchive, StableBaselinesFacts?) {
    try CheckpointError.inFile(name) { () throws(CheckpointError) in
      let budget = try CheckpointBudget(fileBytes: bytes.count)
      let reader = try StableBaselinesReader(bytes[...], budget)
      return (TensorArchive(try reader.tensors(), source: name), try reader.facts())
    }
  }

  private static func facts(
    inFolder path: String
  ) throws(CheckpointError) -> StableBaselinesFacts? {
    let data = "\(path)/data"
    guard FolderTree.isFile(data) else { return nil }
    let versionPath = "\(path)/\(StableBaselinesFacts.versionEntry)"
    let version =
      FolderTree.isFile(versionPath) ? try CheckpointFile.bytes(versionPath) : nil
    return try CheckpointError.inFile(data) { () throws(CheckpointError) in
      try StableBaselinesFacts(data: try CheckpointFile.bytes(data), version: version)
    }
  }
}
