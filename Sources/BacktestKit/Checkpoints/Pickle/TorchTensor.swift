import BacktestFiles

/// The bytes behind one or several tensors of PyTorch.
struct TorchStorage: Hashable {
  /// The name of its entry in the archive, digits only.
  let key: String
  let elementType: TensorElementType
  /// The number of elements.
  let count: Int

  /// Reads `('storage', class, key, location, count)`; the location, such as `cuda:0`, is nobody's
  /// business here.
  init(_ items: [PickleValue]?, _ graph: PickleGraph) throws(CheckpointError) {
    guard let items, items.count == 5, case .text("storage") = items[0],
      case .global(.storage(let elementType)) = items[1], case .text(let key) = items[2],
      case .integer(let count) = items[4]
    else { throw CheckpointError(problem: "bad storage reference") }
    try CheckpointError.unless(
      1...12 ~= key.utf8.count && key.utf8.allSatisfy { 0x30...0x39 ~= $0 },
      "bad storage key \(quotedForMessage(key)): expected digits")
    try CheckpointError.unless(
      0...CheckpointLimits.elements ~= count, "bad storage size: \(count) elements")
    self.key = key
    self.elementType = elementType
    self.count = count
  }
}

/// A tensor of PyTorch: a view of a storage.
struct TorchTensor {
  let storage: TorchStorage
  let layout: TensorLayout

  /// Reads `(storage, offset, shape, strides, requires_grad, hooks[, metadata])`.
  init(_ items: [PickleValue], _ graph: PickleGraph) throws(CheckpointError) {
    guard 6...7 ~= items.count, let node = graph.node(items[0]),
      case .storage(let storage) = node.kind,
      case .integer(let offset) = items[1], 0..<TensorLayout.lengthLimit ~= offset
    else { throw CheckpointError(problem: "bad tensor arguments") }
    if items.count == 7 {
      switch items[6] {
      case .none: break
      default:
        guard let node = graph.node(items[6]), case .dictionary = node.kind, node.items.isEmpty
        else { throw CheckpointError(problem: "tensor metadata is not supported") }
      }
    }
    layout = try TensorLayout(
      shape: try graph.dimensions(items[2], "shape"),
      strides: try graph.dimensions(items[3], "stride"), offset: offset)
    try CheckpointError.unless(
      layout.end <= storage.count,
      "tensor reaches past its storage: element \(layout.end) of \(storage.count)")
    self.storage = storage
  }
}
