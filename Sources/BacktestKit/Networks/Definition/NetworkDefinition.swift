/// The networks of a policy, as in its manifest: for each head a chain of layers, or a graph of
/// named nodes.
///
///     let actor = NetworkDefinition(heads: [
///       .init(name: "policy", layers: [
///         .flatten, .linear(params: "mlp_extractor.policy_net.0"), .tanh,
///         .linear(params: "action_net"),
///       ])
///     ])
public struct NetworkDefinition: Sendable, Equatable {
  /// A network that turns an observation into numbers.
  public struct Head: Sendable, Equatable {
    /// What it is for: `policy`, `value`, `predict`.
    public var name: String
    /// Its layers and what each reads. The last one is the output.
    public var nodes: [NetworkNode]

    /// A network of layers, one after the other.
    public init(name: String, layers: [NetworkLayer]) {
      self.init(name: name, nodes: layers.map { NetworkNode($0) })
    }

    /// A network of nodes, the last of which is the output. The others may be in any order.
    ///
    ///     .init(name: "policy", nodes: [
    ///       NetworkNode(.linear(params: "a"), name: "first"),
    ///       NetworkNode(.tanh, name: "second"),
    ///       NetworkNode(.add, inputs: ["first", "second"]),
    ///     ])
    public init(name: String, nodes: [NetworkNode]) {
      self.name = name
      self.nodes = nodes
    }

    /// The layers in the order of the definition.
    public var layers: [NetworkLayer] { nodes.map(\.layer) }
  }

  /// The heads in the order of the manifest.
  public var heads: [Head]

  /// Networks that belong together.
  public init(heads: [Head]) { self.heads = heads }

  /// The head of a name, or `nil`.
  public subscript(head name: String) -> Head? { heads.first { $0.name == name } }
}

/// A layer of a network, with a name for others to read it by.
public struct NetworkNode: Sendable, Equatable {
  /// The name in the inputs of other nodes, or `nil`.
  public var name: String?
  /// What it computes.
  public var layer: NetworkLayer
  /// The names of the nodes it reads, in order; `observation` is the network's input. With `nil`
  /// it reads the node before it in the list, and the first one reads the observation.
  public var inputs: [String]?

  /// A node of a network.
  public init(_ layer: NetworkLayer, name: String? = nil, inputs: [String]? = nil) {
    self.name = name
    self.layer = layer
    self.inputs = inputs
  }

  /// The name of the network's input among the inputs of a node.
  static var observation: String { "observation" }
}
