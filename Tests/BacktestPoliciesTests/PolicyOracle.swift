@testable import BacktestFiles
import TestSupport
import Testing

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

  /// Whether an episode begins with an observation.
  func startsEpisode(_ index: Int) -> Bool { starts.isEmpty ? index == 0 : starts[index] }
}

extension DocumentNode {
  /// The rows of a list of lists.
  var rows: [[Double]] { items.map(\.numbers) }
}
