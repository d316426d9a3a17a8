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
/// Nothing in a file is ever executed, and reading one takes less than 512 MB. Formats that are not
/// read are named in the error, with a line of Python that exports the weights again.
public struct TensorArchive: Sendable {
  /// The tensors in the order of the file, with unique names.
  public let tensors: [NamedTensor]
  /// The file they come from, for messages.
  public let source: String
  private let positions: [String: Int]

  /// An archive of tensors in memory; `source` is its name in messages.
  ///
  /// - Precondition: names are unique.
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

extension TensorArchive {
  /// Checks that all numbers are finite.
  ///
  /// - Throws: `CheckpointError` that names the first tensor with another value.
  public func requireFinite() throws(CheckpointError) {
    for tensor in tensors { try requireFinite(tensor) }
  }

  /// The tensor of a name, with this shape and finite numbers.
  ///
  /// - Throws: `CheckpointError` when it is missing, has another shape, or is not finite.
  public func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> NamedTensor {
    guard let tensor = self[name] else {
      let nearest = NearestName.find(name, among: names)
      throw CheckpointError(
        file: source, entry: name,
        problem: "is missing: expected a tensor of shape \(shape) among \(tensors.count)",
        advice: nearest.map { "did you mean \(quotedForMessage($0))?" })
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
