package import BacktestFiles

/// The networks of a policy, as its manifest writes them: for each head its layers in order.
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
    /// The layers from the observation to the output.
    public var layers: [NetworkLayer]

    /// A network of some layers.
    public init(name: String, layers: [NetworkLayer]) {
      self.name = name
      self.layers = layers
    }
  }

  /// The heads in the order of the manifest.
  public var heads: [Head]

  /// Networks that belong together.
  public init(heads: [Head]) { self.heads = heads }

  /// The head of a name, or `nil`.
  public subscript(head name: String) -> Head? { heads.first { $0.name == name } }
}

extension NetworkDefinition {
  /// Decodes the table `network` of a manifest.
  package init(_ table: inout DocumentTable) {
    heads = []
    for name in table.keys {
      let layers = table.sections(name) { NetworkLayer(&$0) }
      if case .list(let items)? = table.node(name)?.content, items.isEmpty {
        table.report("\(quotedForMessage(name)) has no layers", at: name)
      }
      heads.append(Head(name: name, layers: layers))
    }
    if heads.isEmpty {
      table.report("there is no network; add one, such as \"policy\": [{\"op\": \"linear\", …}]")
    }
  }

  /// The table `network` of a manifest.
  var json: JSONValue {
    .table(heads.map { JSONMember(key: $0.name, value: .list($0.layers.map(\.json))) })
  }
}
