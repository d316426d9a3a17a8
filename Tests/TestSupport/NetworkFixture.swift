package import BacktestCheckpoints
package import BacktestFiles
package import BacktestNetworks
import Testing

/// A trained policy of `Fixtures/policies`: its networks, its weights, what PyTorch computed.
package struct NetworkFixture {
  package let name: String
  package let definition: NetworkDefinition
  package let weights: TensorArchive
  package let inputShape: [Int]
  package let oracle: DocumentNode

  package init(_ name: String) throws {
    self.name = name
    let manifest = try Self.json("policies/\(name)/manifest.json")
    definition = try #require(manifest["network"]).decode { NetworkDefinition(&$0) }
    inputShape = try #require(manifest["observation"]?["shape"]).numbers.map { Int($0) }
    weights = try Self.safetensors("policies/\(name)/model.safetensors")
    oracle = try Self.json("policies/\(name)/oracle.json")
  }

  package static func json(_ path: String) throws -> DocumentNode {
    try DocumentReader.read(Fixture.bytes(path), name: path, format: .json)
  }

  /// A file of tensors: the length of a header in JSON, the header, the elements.
  package static func safetensors(_ path: String) throws -> TensorArchive {
    let bytes = try Fixture.bytes(path)
    let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try DocumentReader.read(Array(bytes[8..<(8 + length)]), name: path, format: .json)
    guard case .table(let entries) = header.content else { return TensorArchive([]) }
    return TensorArchive(
      try entries.filter { $0.key != "__metadata__" }.map { entry in
        let range = try #require(entry.value["data_offsets"]).numbers.map { 8 + length + Int($0) }
        guard case .text(let type)? = entry.value["dtype"]?.content,
          let elementType = TensorElementType(rawValue: type)
        else { throw Unexpected() }
        return NamedTensor(
          name: entry.key, shape: try #require(entry.value["shape"]).numbers.map { Int($0) },
          elementType: elementType, bytes: Array(bytes[range[0]..<range[1]]))
      })
  }

  package struct Unexpected: Error {
    package init() {}
  }
}

extension DocumentNode {
  /// The value of a key of a table.
  package subscript(key: String) -> DocumentNode? {
    guard case .table(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// The items of a list.
  package var items: [DocumentNode] {
    guard case .list(let items) = content else { return [] }
    return items
  }

  /// All numbers below, in order.
  package var numbers: [Double] {
    switch content {
    case .integer(let value): [Double(value)]
    case .number(let value): [value]
    case .bool(let value): [value ? 1 : 0]
    case .list(let items): items.flatMap(\.numbers)
    default: []
    }
  }
}

/// How near a network has to come to what PyTorch computed.
package enum NetworkTolerance {
  /// In double precision against double precision.
  package static func isClose(_ value: Double, _ expected: Double) -> Bool {
    abs(value - expected) <= 1e-12
  }

  /// In single precision, or against it.
  package static func isNear(_ value: Double, _ expected: Double) -> Bool {
    abs(value - expected) <= 5e-6 + 2e-5 * abs(expected)
  }

  /// The one that fits a type and what it is held against.
  package static func fits<Element: NetworkElement>(
    _ value: [Element], _ expected: [Double], isExact: Bool
  ) -> Bool {
    value.count == expected.count
      && zip(value, expected).allSatisfy {
        isExact ? isClose(Double($0), $1) : isNear(Double($0), $1)
      }
  }
}

/// The place of the largest number, the first of equals.
package func largestPlace<Element: Comparable>(_ values: [Element]) -> Int {
  values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
}
