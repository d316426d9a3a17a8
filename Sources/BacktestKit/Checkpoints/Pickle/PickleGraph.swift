/// A value of a pickle: small ones as they are, all others as nodes of a graph.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  /// An integer of more than 64 bits, which no weights need.
  case largeInteger
  case number(Double)
  case text(String)
  /// Bytes by their place in the pickle.
  case bytes(Range<Int>)
  case global(PickleGlobal)
  /// The index of a node.
  case node(Int)
}

/// What is more than a plain value.
struct PickleNode {
  indirect enum Kind {
    case tuple
    case list
    /// Keys and values by turns.
    case dictionary
    /// An instance of a class that stays what it is, a name; its items are arguments and state.
    case object(PickleGlobal)
    case storage(TorchStorage)
    case tensor(TorchTensor)
    case elementType(NumericType)
    case array(NumericArray)
  }

  var kind: Kind
  var items: [PickleValue] = []
  /// How deep nodes nest below, as far as was known when they were put in.
  var depth = 1
}

/// The values of a pickle.
///
/// Nodes lie in one array and name each other by index. So a container may stand in many places
/// or in itself, as pickles allow, and still everything is freed in one flat pass: no cycle keeps
/// memory, no chain of a million nodes is freed by recursion.
struct PickleGraph {
  private(set) var nodes: [PickleNode] = []
  /// The value of the whole pickle.
  var root = PickleValue.none
  /// The pickle, for values that are places in it.
  let bytes: ArraySlice<UInt8>
  private var cells = 0
  /// How many items and nodes there may be. One takes at most about 100 bytes.
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

  /// The bytes that a value is, or `nil`.
  func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
    bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
  }

  /// Counts items before memory is asked for.
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

  /// Puts values into a container, the count of which was taken already.
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

  /// Puts more values into a container.
  mutating func extend(_ index: Int, _ items: [PickleValue]) throws(CheckpointError) {
    try take(items.count)
    try append(items, to: index)
  }

  /// Makes a node what its state says it is.
  mutating func change(_ index: Int, to kind: PickleNode.Kind) { nodes[index].kind = kind }
}

// What the few listed names stand for: values that are described, never calls.
extension PickleGraph {
  /// The value that REDUCE or NEWOBJ of a listed name stands for.
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
    case .inert: return try add(.object(global), arguments)
    case .storage, .arrayClass:
      throw CheckpointError(problem: "call of a class that is only a name")
    }
  }

  /// What BUILD does to a value.
  mutating func restore(
    _ value: PickleValue, from state: PickleValue
  ) throws(CheckpointError) {
    guard case .node(let index) = value else { throw Self.badBuild }
    switch nodes[index].kind {
    case .dictionary:
      // The versions of a module's parts, `_metadata`, belong to no tensor.
      guard let node = node(state), case .dictionary = node.kind, node.items.count <= 2 else {
        throw CheckpointError(problem: "BUILD on a dictionary with something else than _metadata")
      }
      if let key = node.items.first {
        guard case .text("_metadata") = key else {
          throw CheckpointError(
            problem: "BUILD on a dictionary with something else than _metadata")
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
    CheckpointError(problem: "BUILD of something that has no state")
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
  /// A name that no state dictionary holds.
  static func foreignGlobal(module: String, name: String) -> CheckpointError {
    let full = "\(module).\(name)"
    let shown = quotedForMessage(full, limit: 120)
    func refused(_ why: String, _ advice: String) -> CheckpointError {
      CheckpointError(problem: "global \(shown) is not allowed: \(why)", advice: advice)
    }
    if full.hasSuffix("VecNormalize") {
      return refused(
        "this is a file of running statistics, not of weights",
        "give it as the VecNormalize file and the model as model.zip")
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
