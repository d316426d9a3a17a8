@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// The schema of manifests and their reader accept the same keys of an `output`.
@Suite struct OutputSchemaTests {
  private let schema: JSONValue

  init() throws {
    let path = Fixture.path("../Documentation/policy-manifest.schema.json")
    let root = JSONValue(try DocumentReader.read(path: path))
    schema = try #require(root["properties"]?["output"])
  }

  private static let values: [(key: String, value: JSONValue)] = [
    ("classes", ["down", "up"]), ("transform", "softmax"), ("class_values", [-1, 1]),
    ("signal", "p(up)-p(down)"), ("fields", ["mean", "log_variance"]), ("unit", "log_return"),
  ]

  /// Whether the schema accepts a table: its keys are known, and each `allOf` picks by the kind
  /// what is required and what is forbidden.
  private func schemaAccepts(_ output: JSONValue, kind: String) throws -> Bool {
    guard case .table(let members) = output,
      case .list(let rules)? = schema["allOf"]
    else { throw Fixture.Missing(name: "allOf") }
    let keys = Set(members.map(\.key))
    guard keys.allSatisfy({ schema["properties"]?[$0] != nil }) else { return false }
    for rule in rules {
      guard case .list(let kinds)? = rule["if"]?["properties"]?["kind"]?["enum"] else {
        throw Fixture.Missing(name: "if")
      }
      guard let branch = kinds.contains(.text(kind)) ? rule["then"] : rule["else"] else { continue }
      if case .list(let required)? = branch["required"] {
        for case .text(let key) in required where !keys.contains(key) { return false }
      }
      guard case .table(let properties)? = branch["properties"] else { continue }
      if properties.contains(where: { $0.value == false && keys.contains($0.key) }) {
        return false
      }
    }
    return true
  }

  private func readerAccepts(_ output: JSONValue) throws -> Bool {
    let node = try JSONReader.read(JSONWriter.bytes(of: output), name: "output")
    return (try? node.decode { OutputDefinition(&$0) }) != nil
  }

  @Test(arguments: ["class_probabilities", "regression", "gaussian"])
  func bothAcceptTheSameKeys(_ kind: String) throws {
    var accepted = 0
    for choice in 0..<(1 << Self.values.count) {
      var output: JSONValue = ["kind": .text(kind)]
      for (index, entry) in Self.values.enumerated() where choice & 1 << index != 0 {
        output.set(entry.key, entry.value)
      }
      let isRead = try readerAccepts(output)
      #expect(try schemaAccepts(output, kind: kind) == isRead, "\(output)")
      accepted += isRead ? 1 : 0
    }
    #expect(accepted > 0)
  }
}
