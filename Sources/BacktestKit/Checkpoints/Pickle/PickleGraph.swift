import BacktestFiles

/// A value of a pickle: small ones are stored here, all others as nodes of a graph.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  /// An integer of more than 64 bits, which weights never need.
  case largeInteger
  case number(Double)
  case text(String)
  /// Bytes, by their position in the pickle.
  case bytes(Range<Int>)
  case global(PickleGlobal)
  /// The index of a node.
  case node(Int)
}

/// A value with parts.
struct PickleNode {
  indirect enum Kind {
    case tuple
    case list
    /// Alternating keys and values.
    case dictionary
    /// An instance of a class of which only the name is used; its items are arguments and state.
    case object(PickleGlobal)
    case storage(TorchStorage)
    case tensor(TorchTensor)
    case elementType(NumericType)
    case array(NumericArray)
    /// Bytes that the pickle holds in another form.
    case bytes([UInt8])
  }

  var kind: Kind
  var items: [PickleValue] = []
  /// The depth of the nodes below, as known when they were added.
  var depth = 1
}

/// The values of a pickle.
///
/// All nodes are in one array and refer to each other by index. A container may occur in many
/// places or inside itself, as pickles allow, and everything is still freed in one flat pass: no
/// cycle leaks memory, and no chain of a million nodes is freed recursively.
struct PickleGraph {
  private(set) var nodes: [PickleNode] = []
  /// The value of the whole pickle.
  var root = PickleValue.none
  /// The pickle, for values that are positions in it.
  let bytes: ArraySlice<UInt8>
  private var cells = 0
  /// The most items and nodes that there may be. Each takes at most about 100 bytes.
  private static let cellLimit = 1_000_000

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// The node that a value is, or `nil`.
  func node(_ value: PickleValue) -> PickleNode? {
    guard case .node(let index) = value else { return nil }
    return nodes[index]
  }

  /// The items of a tuple, or `nil`.
  func tuple(_ value: PickleValue) -> [PickleValue]? {
    guard let node = node(value), case .tuple = node.kind else { return nil }
    return node.items
  }

  /// The bytes at a position.
  func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
    bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
  }

  /// Counts items before memory is allocated.
  mutating func take(_ count: Int) throws(CheckpointError) {
    cells += count
    try CheckpointError.unless(
      cells <= Self.cellLimit, "too many values: more than \(Self.cellLimit)")
  }

  /// A new node.
  mutating func add(
    _ kind: PickleNode.Kind, _ items: [PickleValue] = []
  ) throws(CheckpointError) -> PickleValue {
    try take(4 + items.count)
    nodes.append(PickleNode(kind: kind))
    try append(items, to: nodes.count - 1)
    return .node(nodes.count - 1)
  }

  /// Adds values to a container; they were counted already.
  private mutating func append(_ items: [PickleValue], to index: Int) throws(CheckpointError) {
    for item in items {
      if case .node(let child) = item {
        let depth = nodes[child].depth + 1
        try CheckpointError.unless(
          depth <= CheckpointLimits.depth, "nested too deep: more than \(CheckpointLimits.depth)")
        nodes[index].depth = max(nodes[index].depth, depth)
      }
    }
    nodes[index].items.append(contentsOf: items)
  }

  /// Adds values to a container.
  mutating func extend(_ index: Int, _ items: [PickleValue]) throws(CheckpointError) {
    try take(items.count)
    try append(items, to: index)
  }

  /// Replaces what a node is, once its state is known.
  mutating func change(_ index: Int, to kind: PickleNode.Kind) { nodes[index].kind = kind }
}

// The meaning of the listed names: descriptions of values, never calls.
extension PickleGraph {
  /// The value of REDUCE or NEWOBJ with a listed name.
  mutating func reduced(
    _ global: PickleGlobal, _ arguments: [PickleValue], _ profile: PickleProfile
  ) throws(CheckpointError) -> PickleValue {
    switch global {
    case .orderedDictionary:
      try CheckpointError.unless(arguments.isEmpty, "OrderedDict with arguments")
      return try add(.dictionary)
    case .rebuildTensor: return try add(.tensor(try TorchTensor(arguments, self)))
    case .rebuildParameter:
      guard arguments.count == 3, let node = node(arguments[0]), case .tensor = node.kind else {
        throw CheckpointError(problem: "bad parameter arguments")
      }
      return arguments[0]
    case .elementType: return try add(.elementType(try NumericType(arguments)))
    case .arrayFromBuffer: return try add(.array(try NumericArray(buffer: arguments, self)))
    case .arrayReconstruct: return try add(.array(NumericArray()))
    case .scalar: return try add(.array(try NumericArray(scalar: arguments, self)))
    case .latinBytes: return try add(.bytes(try latinBytes(arguments)))
    case .inert: return try add(.object(global), arguments)
    case .storage, .arrayClass:
      throw CheckpointError(problem: "call of a class that is only a name")
    }
  }

  /// Reads the arguments of `_codecs.encode`: a text and `latin1`, in which a character is a byte.
  private func latinBytes(_ arguments: [PickleValue]) throws(CheckpointError) -> [UInt8] {
    guard arguments.count == 2, case .text(let text) = arguments[0],
      case .text("latin1") = arguments[1]
    else { throw CheckpointError(problem: "bytes that are not encoded in latin1") }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else {
        throw CheckpointError(problem: "bytes that are not encoded in latin1")
      }
      bytes.append(byte)
    }
    return bytes
  }

  /// The bytes that a value is, or `nil`.
  func data(_ value: PickleValue) -> ArraySlice<UInt8>? {
    if case .bytes(let place) = value { return slice(place) }
    if let node = node(value), case .bytes(let bytes) = node.kind { return bytes[...] }
    return nil
  }

  /// Applies BUILD to a value.
  mutating func restore(
    _ value: PickleValue, from state: PickleValue
  ) throws(CheckpointError) {
    guard case .node(let index) = value else { throw Self.badBuild }
    switch nodes[index].kind {
    case .dictionary:
      // The versions of a module's parts, `_metadata`, are not needed.
      guard let node = node(state), case .dictionary = node.kind, node.items.count <= 2 else {
        throw CheckpointError(problem: "BUILD on a dictionary with something other than _metadata")
      }
      if let key = node.items.first {
        guard case .text("_metadata") = key else {
          throw CheckpointError(
            problem: "BUILD on a dictionary with something other than _metadata")
        }
      }
    case .elementType(var type):
      try type.restore(tuple(state))
      change(index, to: .elementType(type))
    case .array(var array):
      try array.restore(tuple(state), self)
      change(index, to: .array(array))
    case .object: try extend(index, [state])
    default: throw Self.badBuild
    }
  }

  private static var badBuild: CheckpointError {
    CheckpointError(problem: "BUILD of something without a state")
  }

  /// A list of sizes or strides.
  func dimensions(_ value: PickleValue, _ what: String) throws(CheckpointError) -> [Int] {
    guard let items = tuple(value), items.count <= CheckpointLimits.rank else {
      throw CheckpointError(
        problem: "bad \(what): expected at most \(CheckpointLimits.rank) dimensions")
    }
    var dimensions: [Int] = []
    for item in items {
      guard case .integer(let length) = item, 0..<TensorLayout.lengthLimit ~= length else {
        throw CheckpointError(problem: "bad \(what): expected numbers from 0 to 2^40")
      }
      dimensions.append(length)
    }
    return dimensions
  }
}

extension CheckpointError {
  /// An error for a name that is not allowed.
  static func foreignGlobal(module: String, name: String) -> CheckpointError {
    let full = "\(module).\(name)"
    let shown = quotedForMessage(full, limit: 120)
    func refused(_ why: String, _ advice: String) -> CheckpointError {
      CheckpointError(problem: "global \(shown) is not allowed: \(why)", advice: advice)
    }
    if full.hasSuffix("VecNormalize") {
      return refused(
        "the file holds running statistics, not weights",
        "pass it as the VecNormalize file and the model as model.zip")
    }
    guard module == "torch" || module.hasPrefix("torch.") else {
      return refused(
        "expected a state dictionary, found a whole module, another object or code",
        ReexportAdvice.stateDictionary)
    }
    if name.contains("sparse") {
      return refused(
        "sparse tensors are not read", "save its dense form: tensor.to_dense()")
    }
    if name.contains("qtensor") || name.hasPrefix("Q") {
      return refused(
        "quantized tensors are not read", "save its plain form: tensor.dequantize()")
    }
    if name.hasPrefix("Complex") {
      return refused(
        "complex tensors are not read", "save two real ones: torch.view_as_real(tensor)")
    }
    return refused(
      "no tensor of a state dictionary needs it", ReexportAdvice.stateDictionary)
  }
}
