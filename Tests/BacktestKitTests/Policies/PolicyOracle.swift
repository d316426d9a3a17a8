import Testing

@testable import BacktestKit

/// What the training library decided: the `oracle.json` of a fixture.
struct PolicyOracle {
  /// Observations before normalisation.
  var raw: [[Double]]
  /// Observations as the network saw them.
  var normalised: [[Double]]
  /// The actions after the library's rule.
  var actions: [[Double]]
  /// Where episodes begin; empty for a policy without memory.
  var starts: [Bool]

  init(_ name: String) throws {
    let bytes = try Fixture.bytes("policies/\(name)/oracle.json")
    let root = try JSONReader.read(bytes, name: name)
    normalised = try #require(root["obs"]).rows
    raw = root["obs_raw"]?.rows ?? normalised
    actions = try #require(root["action"]).rows
    starts = root["episode_start"]?.numbers.map { $0 != 0 } ?? []
  }
}

extension DocumentNode {
  /// The value of a key of a table.
  subscript(key: String) -> DocumentNode? {
    guard case .table(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// The numbers of a list, or a number as a list of one.
  var numbers: [Double] {
    switch content {
    case .integer(let value): [Double(value)]
    case .number(let value): [value]
    case .bool(let value): [value ? 1 : 0]
    case .list(let items): items.flatMap(\.numbers)
    default: []
    }
  }

  /// The rows of a list of lists.
  var rows: [[Double]] {
    guard case .list(let items) = content else { return [] }
    return items.map(\.numbers)
  }
}
