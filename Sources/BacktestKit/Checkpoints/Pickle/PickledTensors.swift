import BacktestFiles

/// The element type of a NumPy array: its name, such as `f4`, and its byte order.
struct NumericType {
  private let name: String
  private var order = "="

  /// Reads the arguments of `numpy.dtype`.
  init(_ items: [PickleValue]) throws(CheckpointError) {
    guard case .text(let name)? = items.first else { throw CheckpointError(problem: "bad dtype") }
    self.name = name
  }

  /// Reads the state of a `numpy.dtype`, `(version, order, …)`.
  mutating func restore(_ items: [PickleValue]?) throws(CheckpointError) {
    guard let items, items.count >= 2, case .text(let order) = items[1],
      ["<", "|", ">", "="].contains(order)
    else { throw CheckpointError(problem: "bad dtype state") }
    self.order = order
  }

  var isBigEndian: Bool { order == ">" }

  /// The element type, which must be one that weights have.
  func elementType() throws(CheckpointError) -> TensorElementType {
    guard let type = Self.types[name] else {
      throw CheckpointError(
        problem: "array type \(quotedForMessage(name)) is not read",
        advice: "save it as float32 or float64: array.astype(\"float32\")")
    }
    return type
  }

  private static let types: [String: TensorElementType] = [
    "f8": .float64, "f4": .float32, "f2": .float16, "i8": .int64, "i4": .int32, "i2": .int16,
    "i1": .int8, "u1": .uint8, "b1": .boolean,
  ]
}

/// A NumPy array or number as described by its pickle.
struct NumericArray {
  private var type = PickleValue.none
  private var shape: [Int] = []
  private var isColumnMajor = false
  private var data: ArraySlice<UInt8>?
  /// Whether it is a single number and no array.
  private(set) var isScalar = false

  /// An array whose state follows later.
  init() {}

  /// Reads `(bytes, dtype, shape, order)`.
  init(buffer items: [PickleValue], _ graph: PickleGraph) throws(CheckpointError) {
    guard items.count == 4, let data = graph.data(items[0]), case .text(let order) = items[3],
      order == "C" || order == "F"
    else { throw CheckpointError(problem: "bad array arguments") }
    type = items[1]
    shape = try graph.dimensions(items[2], "shape")
    isColumnMajor = order == "F"
    self.data = data
  }

  /// Reads `(dtype, bytes)`.
  init(scalar items: [PickleValue], _ graph: PickleGraph) throws(CheckpointError) {
    guard items.count == 2, let data = graph.data(items[1]) else {
      throw CheckpointError(problem: "bad number arguments")
    }
    type = items[0]
    isScalar = true
    self.data = data
  }

  /// Reads the state of an array, `(version, shape, dtype, is column-major, bytes)`.
  mutating func restore(
    _ items: [PickleValue]?, _ graph: PickleGraph
  ) throws(CheckpointError) {
    guard let items, items.count == 5, case .boolean(let isColumnMajor) = items[3],
      let data = graph.data(items[4])
    else { throw CheckpointError(problem: "bad array state") }
    shape = try graph.dimensions(items[1], "shape")
    type = items[2]
    self.isColumnMajor = isColumnMajor
    self.data = data
  }

  /// The elements in their storage.
  func view(in graph: PickleGraph) throws(CheckpointError) -> TensorView {
    guard let data, let node = graph.node(type), case .elementType(let type) = node.kind else {
      throw CheckpointError(problem: "an array without state")
    }
    let elementType = try type.elementType()
    let layout =
      isColumnMajor
      ? try TensorLayout(columnMajor: shape) : try TensorLayout(rowMajor: shape)
    let (count, width) = (layout.count, elementType.byteCount)
    try CheckpointError.unless(
      count * width == data.count,
      "array size does not match its data: shape \(shape) in \(data.count) bytes")
    return TensorView(
      elementType: elementType, layout: layout, bytes: data,
      isBigEndian: type.isBigEndian)
  }
}

/// The bytes behind one or several tensors of PyTorch.
struct TorchStorage: Hashable {
  /// The name of its entry in the archive, digits only.
  let key: String
  let elementType: TensorElementType
  /// The number of elements.
  let count: Int

  /// Reads `('storage', class, key, location, count)`; the location, such as `cuda:0`, is ignored.
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
