import BacktestCore
import BacktestFiles

/// The tensors of a checkpoint, whatever library wrote it.
///
/// ```swift
/// let archive = try TensorArchive(path: "model.zip")
/// try archive.requireFinite()
/// let weight = try archive.tensor("action_net.weight", shape: [3, 64])
/// print(weight.doubles()[0])
/// ```
///
/// Nothing in a file is ever executed, and no file needs more than 512 MB. What is not read is
/// refused by its name, with a line of Python that exports it again.
public struct TensorArchive: Sendable {
  /// The tensors in the order of the file, no name twice.
  public let tensors: [NamedTensor]
  /// The file they are from, for messages.
  public let source: String
  private let positions: [String: Int]

  /// An archive of some tensors; `source` is what messages call it.
  ///
  /// - Precondition: no name stands twice.
  public init(_ tensors: [NamedTensor], source: String = "tensors") {
    self.tensors = tensors
    self.source = source
    positions = Dictionary(uniqueKeysWithValues: zip(tensors.map(\.name), tensors.indices))
  }

  /// The tensor of a name, or `nil`.
  public subscript(name: String) -> NamedTensor? { positions[name].map { tensors[$0] } }

  /// The names in the order of the file.
  public var names: [String] { tensors.map(\.name) }
}

// Reading
extension TensorArchive {
  /// Reads a checkpoint.
  ///
  /// The path is a file, or the folder of an unpacked Stable-Baselines3 archive (`policy.pth`) or
  /// of an RLlib checkpoint. Without a format, the bytes show which one it is.
  ///
  /// - Throws: what is wrong with it, in one line.
  public init(path: String, format: CheckpointFormat? = nil) throws(CheckpointError) {
    guard FolderTree.isFolder(path) else {
      try self.init(bytes: try CheckpointFile.bytes(path), name: path, format: format)
      return
    }
    let policy = "\(path)/policy.pth"
    if format ?? .stableBaselines == .stableBaselines, FolderTree.isFile(policy) {
      try self.init(bytes: try CheckpointFile.bytes(policy), name: policy, format: .torchZip)
    } else if format ?? .rllib == .rllib, let state = try CheckpointFile.moduleState(in: path) {
      try self.init(bytes: try CheckpointFile.bytes(state), name: state, format: .rllib)
    } else {
      throw CheckpointError(
        file: path,
        problem: "a folder with neither policy.pth (Stable-Baselines3) nor "
          + "learner_group/learner/rl_module/default_policy/module_state.pkl (RLlib)",
        advice: "give the file of weights itself")
    }
  }

  /// Reads the bytes of a checkpoint; `name` is what messages call it.
  ///
  /// - Throws: what is wrong with it, in one line.
  public init(
    bytes: [UInt8], name: String, format: CheckpointFormat? = nil
  ) throws(CheckpointError) {
    let tensors = try CheckpointError.inFile(name) { () throws(CheckpointError) in
      let budget = try CheckpointBudget(fileBytes: bytes.count)
      let all = bytes[...]
      let actual: CheckpointFormat
      if let format { actual = format } else { actual = try CheckpointFormat.detected(in: all) }
      switch actual {
      case .safetensors: return try SafetensorsReader.tensors(in: all, budget)
      case .torchZip: return try TorchZipReader.tensors(in: all, budget)
      case .rllib: return try ArrayPickleReader.tensors(in: all, budget)
      case .stableBaselines:
        return try StableBaselinesReader(all, budget).tensors()
      }
    }
    self.init(tensors, source: name)
  }
}

// Checking
extension TensorArchive {
  /// Refuses an archive in which a number is infinite or not a number.
  ///
  /// - Throws: an error that names the first such tensor.
  public func requireFinite() throws(CheckpointError) {
    for tensor in tensors { try requireFinite(tensor) }
  }

  /// The tensor of a name, which must have a shape and finite numbers.
  ///
  /// - Throws: when it is missing, of another shape, or not finite.
  public func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> NamedTensor {
    guard let tensor = self[name] else {
      let nearest = NearestName.find(name, among: names)
      throw CheckpointError(
        file: source, entry: name,
        problem: "is missing: expected a tensor of shape \(shape) among \(tensors.count)",
        advice: nearest.map { "did you mean \(quotedForMessage($0))?" } ?? "")
    }
    guard tensor.shape == shape else {
      throw CheckpointError(
        file: source, entry: name, problem: "has shape \(tensor.shape), expected \(shape)",
        advice: "take the weights that belong to this network")
    }
    try requireFinite(tensor)
    return tensor
  }

  private func requireFinite(_ tensor: NamedTensor) throws(CheckpointError) {
    guard !tensor.isFinite else { return }
    let index = tensor.doubles().firstIndex { !$0.isFinite } ?? 0
    throw CheckpointError(
      file: source, entry: String(quotedForMessage(tensor.name).dropFirst().dropLast()),
      problem: "has a non-finite value: element \(index) is \(tensor.doubles()[index])",
      advice: "the training diverged; take an earlier checkpoint")
  }
}
