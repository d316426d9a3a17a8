import BacktestCore
import BacktestFiles

/// In which order a head's nodes are computed, and who reads whom.
struct NetworkOrder {
  /// The positions of the nodes, each after those it reads. Where the definition has such an order
  /// it is kept.
  private(set) var order: [Int] = []
  /// The positions of the nodes that each node reads; `nil` is the observation.
  private(set) var sources: [[Int?]]
  /// The positions of the nodes that read each node.
  private(set) var readers: [[Int]]

  /// - Throws: `NetworkError` that names the node.
  init(_ head: NetworkDefinition.Head) throws(NetworkError) {
    let nodes = head.nodes
    sources = []
    readers = nodes.map { _ in [] }
    let positions = try Self.positions(head)
    for (index, node) in nodes.enumerated() {
      func problem(_ text: String) -> NetworkError {
        NetworkError(at: head.place(of: index), text)
      }
      let read = try Self.sources(of: node, at: index, positions, problem)
      if node.layer.readsSeveral {
        guard read.count > 1 else { throw problem("'inputs' must name two nodes or more") }
      } else if read.count != 1 {
        throw problem("'inputs' must name one node, not \(read.count)")
      }
      for case let source? in read { readers[source].append(index) }
      sources.append(read)
    }
    try sort(head)
    if let unused = nodes.indices.dropLast().first(where: { readers[$0].isEmpty }) {
      throw NetworkError(
        at: head.place(of: unused),
        "no node reads it, and it is not the last, which is the output; name it among the 'inputs' "
          + "of another node, or remove it")
    }
  }

  private static func positions(
    _ head: NetworkDefinition.Head
  ) throws(NetworkError) -> [String: Int] {
    var positions: [String: Int] = [:]
    for (index, node) in head.nodes.enumerated() {
      guard let name = node.name else { continue }
      guard NetworkNode.isName(name) else {
        throw NetworkError(
          at: "network.\(head.name)[\(index)]", "\(quotedForMessage(name)) cannot name a node")
      }
      if let other = positions.updateValue(index, forKey: name) {
        throw NetworkError(
          at: head.place(of: index), "node \(other) has the name '\(name)' already; rename one")
      }
    }
    return positions
  }

  private static func sources(
    of node: NetworkNode, at index: Int, _ positions: [String: Int],
    _ problem: (String) -> NetworkError
  ) throws(NetworkError) -> [Int?] {
    guard let inputs = node.inputs else { return [index > 0 ? index - 1 : nil] }
    var sources: [Int?] = []
    for input in inputs {
      if input == NetworkNode.observation {
        sources.append(nil)
      } else if let position = positions[input] {
        sources.append(position)
      } else {
        let names = positions.keys.sorted() + [NetworkNode.observation]
        let advice =
          NearestName.find(input, among: names).map { "did you mean '\($0)'?" }
          ?? "name a node, or '\(NetworkNode.observation)'"
        throw problem("there is no node \(quotedForMessage(input)) to read; \(advice)")
      }
    }
    return sources
  }

  /// Depth first from each node in the order of the definition, without recursion.
  private mutating func sort(_ head: NetworkDefinition.Head) throws(NetworkError) {
    enum Progress { case new, open, done }
    var progress = head.nodes.map { _ in Progress.new }
    for start in head.nodes.indices where progress[start] == .new {
      var path = [(node: start, next: 0)]
      progress[start] = .open
      while let (node, next) = path.last {
        guard next < sources[node].count else {
          progress[node] = .done
          order.append(node)
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        guard let source = sources[node][next] else { continue }
        if progress[source] == .open {
          throw NetworkError(
            at: head.place(of: source),
            "reads its own output through \(head.words(for: node)); remove the cycle")
        }
        if progress[source] == .new {
          progress[source] = .open
          path.append((source, 0))
        }
      }
    }
  }

  /// The nodes that a node needs, itself included, in order.
  func needed(for target: Int) -> [Int] {
    var isNeeded = Set([target])
    for node in order.reversed() where isNeeded.contains(node) {
      isNeeded.formUnion(sources[node].compactMap { $0 })
    }
    return order.filter(isNeeded.contains)
  }
}

extension NetworkDefinition.Head {
  /// A node for messages: `network.policy[2] (linear)`, or `network.policy.encoder (linear)`.
  func place(of index: Int) -> String {
    let operation = nodes[index].layer.operation.rawValue
    return "network.\(name)\(nodes[index].name.map { ".\($0)" } ?? "[\(index)]") (\(operation))"
  }

  /// A node in the middle of a message.
  fileprivate func words(for index: Int) -> String {
    nodes[index].name.map { "'\($0)'" } ?? "node \(index)"
  }
}

extension NetworkCompiler {
  /// Compiles the nodes of a head, or those that one of its nodes needs.
  mutating func compile(
    _ head: NetworkDefinition.Head, upTo target: Int? = nil, _ input: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    guard !head.nodes.isEmpty else { return input }
    let plan = try NetworkOrder(head)
    let target = target ?? head.nodes.count - 1
    let reused = positionsReused(from: head)
    var values: [Int: NetworkValue] = [:]
    for index in plan.needed(for: target) {
      let node = head.nodes[index]
      place = head.place(of: index)
      let readers = plan.readers[index]
      nextLayer = readers.count == 1 ? head.nodes[readers[0]].layer : nil
      let inputs = plan.sources[index].map { $0.flatMap { values[$0] } ?? input }
      var value = try compile(node.layer, inputs, of: head, at: index, input)
      if readers.count > 1 || reused.contains(index) { value.isKept = true }
      if node.layer.isRecurrent || reused.contains(index) {
        value.isKept = true
        reusable["\(head.name).\(index)"] = value
      }
      values[index] = value
    }
    return values[target] ?? input
  }

  private mutating func compile(
    _ layer: NetworkLayer, _ inputs: [NetworkValue], of head: NetworkDefinition.Head,
    at index: Int, _ observation: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    if case .reuse(let source) = layer { return try reused(source, by: head.name, observation) }
    for value in inputs where value.mustBeFlattened {
      switch layer {
      case .flatten, .reshape: break
      default: throw problem("works on a vector or a table; put a flatten layer before it")
      }
    }
    let result =
      layer.readsSeveral
      ? try join(layer, inputs)
      : try compile(
        layer, inputs[0], name: "\(head.name).\(head.nodes[index].name ?? "\(index)")")
    guard memoryCount <= Self.largestMemory else {
      throw problem("the values up to here take more than \(Self.largestMemory) numbers of memory")
    }
    return result
  }

  /// The named nodes of a head that other heads reuse.
  private func positionsReused(from head: NetworkDefinition.Head) -> Set<Int> {
    var positions: Set<Int> = []
    for layer in definition.heads.lazy.flatMap(\.layers) {
      guard case .reuse(let source) = layer, source.hasPrefix("\(head.name).") else { continue }
      let name = source.dropFirst(head.name.count + 1)
      if let index = head.nodes.firstIndex(where: { $0.name.map { $0 == name } ?? false }) {
        positions.insert(index)
      }
    }
    return positions
  }

  /// The output of another head's node: of a name, or of the first recurrent layer from a position
  /// on. Nodes up to it are compiled where that head is not evaluated itself.
  private mutating func reused(
    _ source: String, by head: String, _ input: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    let here = place
    let (other, index) = try reusedNode(source, by: head)
    if let value = reusable["\(other.name).\(index)"] { return value }
    if compiledHeads.contains(other.name) {
      throw problem("'\(other.name)' reuses a layer of '\(head)'")
    }
    let order = try NetworkOrder(other)
    for position in order.needed(for: index) {
      if case .reuse = other.nodes[position].layer {
        throw problem("'\(other.name)' reuses a layer itself")
      }
    }
    compiledHeads.insert(other.name)
    let value = try compile(other, upTo: index, input)
    compiledHeads.remove(other.name)
    place = here
    return value
  }

  private func reusedNode(
    _ source: String, by head: String
  ) throws(NetworkError) -> (head: NetworkDefinition.Head, index: Int) {
    let named = definition.heads.first { other in
      source.hasPrefix("\(other.name).")
        && other.nodes.contains { $0.name.map { source == "\(other.name).\($0)" } ?? false }
    }
    if let named, named.name != head,
      let index = named.nodes.firstIndex(where: {
        $0.name.map { source == "\(named.name).\($0)" } ?? false
      })
    {
      return (named, index)
    }
    guard let dot = source.lastIndex(of: "."), let from = Int(source[source.index(after: dot)...])
    else {
      throw problem("'of' must name a head and a layer, such as policy.0, not '\(source)'")
    }
    let name = String(source[..<dot])
    guard name != head else { throw problem("'of' must name another head, not '\(name)'") }
    let other = try self.head(name)
    guard from >= 0,
      let index = other.nodes.indices.dropFirst(from).first(where: {
        other.nodes[$0].layer.isRecurrent
      })
    else { throw problem("'\(name)' has no recurrent layer from layer \(from) on") }
    return (other, index)
  }
}
