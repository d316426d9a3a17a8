@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// The schema of manifests lists the layers that the reader knows, with their keys.
struct NetworkSchemaTests {
  /// The schema of each layer, by its name.
  private func layers() throws -> [String: DocumentNode] {
    let schema = try NetworkFixture.json("../Documentation/policy-manifest.schema.json")
    let items = try #require(schema["$defs"]?["layer"]?["oneOf"]).items
    var layers: [String: DocumentNode] = [:]
    for item in items {
      guard case .text(let name)? = item["properties"]?["op"]?["const"]?.content else { continue }
      layers[name] = item
    }
    #expect(layers.count == items.count)
    return layers
  }

  @Test func everyLayerIsInTheSchema() throws {
    let names = try layers().keys.sorted()
    #expect(names == NetworkLayer.Operation.allCases.map(\.rawValue).sorted())
  }

  /// Whatever key the schema has for a layer, the reader knows it.
  @Test func everyKeyOfTheSchemaIsKnown() throws {
    for (name, layer) in try layers() {
      guard case .table(let properties)? = layer["properties"]?.content else { continue }
      let keys = properties.map { "\"\($0.key)\": \($0.key == "op" ? "\"\(name)\"" : "null")" }
      let text = "{\"policy\": [{\(keys.joined(separator: ", "))}]}"
      do {
        _ = try DocumentReader.read(Array(text.utf8), name: "manifest.json", format: .json)
          .decode { NetworkDefinition(&$0) }
      } catch {
        let unknown = error.problems.map(\.message).filter { $0.hasPrefix("unknown key") }
        #expect(unknown == [], "\(name)")
      }
    }
  }
}
