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
