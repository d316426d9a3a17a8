import BacktestFiles

/// Finds the tensors in nested dictionaries of a pickle and names them with dots:
/// `{"model": {"weight": …}}` holds `model.weight`.
///
/// Lists, numbers and texts beside them, such as an optimizer's settings, are ignored. All names
/// and totals are checked before anything is copied.
struct StateDictionary {
  /// A tensor or an array with its name.
  struct Leaf {
    let name: String
    let kind: PickleNode.Kind
  }

  private let graph: PickleGraph
  private(set) var leaves: [Leaf] = []
  private var names: Set<String> = []
  private var steps = 0
  private var walkedBytes = 0

  init(_ graph: PickleGraph) throws(CheckpointError) {
    self.graph = graph
    let items = graph.node(graph.root).flatMap { Self.entries($0, graph) }
    guard let items else {
      throw CheckpointError(
        problem: "the checkpoint is not a dictionary of named tensors",
        advice: ReexportAdvice.stateDictionary)
    }
    try walk(items, prefix: "", depth: 1)
    try CheckpointError.unless(
      !leaves.isEmpty, "no tensors in it", advice: ReexportAdvice.stateDictionary)
  }

  /// Keys and values of a dictionary, or of a tuple of dictionaries by position, in which some
  /// scripts store several networks.
  private static func entries(_ root: PickleNode, _ graph: PickleGraph) -> [PickleValue]? {
    if case .dictionary = root.kind { return root.items }
    guard case .tuple = root.kind, 1...16 ~= root.items.count else { return nil }
    let areDictionaries = root.items.allSatisfy { item in
      if case .dictionary? = graph.node(item)?.kind { true } else { false }
    }
    guard areDictionaries else { return nil }
    return root.items.enumerated().flatMap { [.integer($0.offset), $0.element] }
  }

  private mutating func walk(
    _ items: [PickleValue], prefix: String, depth: Int
  ) throws(CheckpointError) {
    try CheckpointError.unless(
      depth <= CheckpointLimits.depth, "nested too deep: more than \(CheckpointLimits.depth)")
    steps += items.count / 2
    try CheckpointError.unless(
      steps <= CheckpointLimits.steps,
      "more than \(CheckpointLimits.steps) entries on the paths through its dictionaries")
    var keys: Set<String> = []
    for position in stride(from: 0, to: items.count - 1, by: 2) {
      if case .text(let key) = items[position] {
        try charge(key.utf8.count)
        try CheckpointError.unless(
          keys.insert(key).inserted, "duplicate key \(quotedForMessage(key))")
      }
      guard let node = graph.node(items[position + 1]) else { continue }
      switch node.kind {
      case .dictionary:
        guard !node.items.isEmpty else { continue }
        let key = try key(items[position])
        try charge(prefix.utf8.count + key.utf8.count)
        let name = prefix + key
        // Below a longer prefix all names would be too long.
        try TensorNameRule.check(name.isEmpty ? "." : name)
        try walk(node.items, prefix: name + ".", depth: depth + 1)
      case .array(let array) where array.isScalar: continue
      case .tensor, .array:
        guard case .text(let key) = items[position] else {
          throw CheckpointError(problem: "a tensor is named by a number, expected a text")
        }
        try charge(prefix.utf8.count + key.utf8.count)
        let name = prefix + key
        try TensorNameRule.check(name)
        try CheckpointError.unless(
          names.insert(name).inserted, "duplicate tensor name \(quotedForMessage(name))")
        leaves.append(Leaf(name: name, kind: node.kind))
      default: continue
      }
    }
  }

  /// Counts the bytes of keys and names, because the same ones may be reached on many paths.
  private mutating func charge(_ count: Int) throws(CheckpointError) {
    walkedBytes += count
    try CheckpointError.unless(
      walkedBytes <= CheckpointLimits.walkedBytes,
      "more than \(CheckpointLimits.walkedBytes >> 20) MiB of names on the paths through its "
        + "dictionaries")
  }

  private func key(_ value: PickleValue) throws(CheckpointError) -> String {
    switch value {
    case .text(let text): return text
    case .integer(let number): return String(number)
    default:
      throw CheckpointError(
        problem: "the key of a dictionary is neither a text nor a whole number")
    }
  }
}

/// Adds up the sizes of all tensors of a file, whether they share bytes or not.
struct TensorTotals {
  private var elements = 0
  private var bytes = 0

  mutating func add(_ count: Int, _ type: TensorElementType) throws(CheckpointError) {
    elements += count
    bytes += count * type.byteCount
    try CheckpointError.unless(
      elements <= CheckpointLimits.elements && bytes <= CheckpointLimits.tensorBytes,
      "tensors too large: together more than 2^26 elements or "
        + "\(CheckpointLimits.tensorBytes >> 20) MiB",
      advice: ReexportAdvice.safetensors)
  }
}
