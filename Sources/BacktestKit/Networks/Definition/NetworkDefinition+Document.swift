import BacktestCore
package import BacktestFiles

extension NetworkDefinition {
  /// Decodes the table `network` of a manifest.
  package init(_ table: inout DocumentTable) {
    heads = []
    for name in table.keys {
      let nodes = table.sections(name) { NetworkNode(&$0) }
      if case .list(let items)? = table.node(name)?.content, items.isEmpty {
        table.report("\(quotedForMessage(name)) has no layers", at: name)
      }
      heads.append(Head(name: name, nodes: nodes))
    }
    if heads.isEmpty {
      table.report("there is no network; add one, such as \"policy\": [{\"op\": \"linear\", …}]")
    }
  }

  /// The table `network` of a manifest.
  package var json: JSONValue {
    .table(heads.map { JSONMember(key: $0.name, value: .list($0.nodes.map(\.json))) })
  }
}

extension NetworkNode {
  /// Decodes a node of a manifest: a layer, perhaps with a name and the names of its inputs.
  init(_ table: inout DocumentTable) {
    layer = NetworkLayer(&table)
    name = table.optional("name", .nodeName)
    inputs = table.optionalList("inputs", of: .text, takesSingle: false)
  }

  /// The node as a manifest writes it.
  var json: JSONValue {
    guard case .table(var members) = layer.json else { return layer.json }
    if let name { members.insert(JSONMember(key: "name", value: .text(name)), at: 0) }
    if let inputs {
      members.append(JSONMember(key: "inputs", value: .list(inputs.map { .text($0) })))
    }
    return .table(members)
  }

  /// Whether a text can name a node: letters, digits and `_`, `-`, `.`, `/`, at most 100.
  static func isName(_ text: String) -> Bool {
    (1...100).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "_-./".utf8.contains($0)
      } && text != observation
  }
}

extension DocumentRule where Value == String {
  /// The name of a node of a network.
  fileprivate static var nodeName: DocumentRule {
    text(
      "a name of letters, digits, '_', '-', '.' and '/' that is not '\(NetworkNode.observation)'",
      placeholder: "node"
    ) { NetworkNode.isName($0) ? $0 : nil }
  }
}
