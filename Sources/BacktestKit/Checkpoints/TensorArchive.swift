/// The tensors of a checkpoint, whatever library wrote it.
public struct TensorArchive: Sendable {
  /// The tensors in the order of the file, no name twice.
  public let tensors: [NamedTensor]
  private let positions: [String: Int]

  /// An archive of some tensors.
  ///
  /// - Precondition: no name stands twice.
  public init(_ tensors: [NamedTensor]) {
    self.tensors = tensors
    positions = Dictionary(uniqueKeysWithValues: zip(tensors.map(\.name), tensors.indices))
  }

  /// The tensor of a name, or `nil`.
  public subscript(name: String) -> NamedTensor? { positions[name].map { tensors[$0] } }

  /// The names in the order of the file.
  public var names: [String] { tensors.map(\.name) }
}
