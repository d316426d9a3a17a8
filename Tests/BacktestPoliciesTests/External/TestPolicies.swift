@testable import BacktestFiles
@testable import BacktestPolicies
import Glibc

/// Policies in processes of their own, for tests.
enum TestPolicies {
  /// What a script does that says that it is ready.
  static let ready = #"read greeting; echo '{"ready":true}'; "#

  static let discrete = #"""
    {"kind": "discrete", "size": 3, "rule": "argmax", "meaning": "target_weights",
     "targets": [0, 1, -1]}
    """#

  static let box = #"""
    {"kind": "box", "size": 2, "low": [-0.5, 0.1], "high": [1, 0.7], "transform": "clip",
     "meaning": "softmax_weights", "assets": ["A", "B"]}
    """#

  /// A manifest of two features.
  static func manifest(
    action: String? = discrete, normalise: String = #"{"kind": "none"}"#
  ) throws -> PolicyManifest {
    let decides =
      action.map { #""action": \#($0)"# }
      ?? #""output": {"kind": "regression", "unit": "log_return"}"#
    let text = #"""
      {"format": "backtestkit.policy/1", "name": "a \"test\"", "algorithm": "none",
       "observation": {"shape": [2], "normalise": \#(normalise),
         "features": [{"name": "log_return", "lag": 1}, {"name": "log_return", "lag": 0}]},
       \#(decides)}
      """#
    let document = try DocumentReader.read(
      Array(text.utf8), name: "test.json", format: .json)
    return try PolicyManifest(document: document, folder: ".")
  }

  /// A policy that a shell script plays, with time-outs that no working script reaches.
  static func shell(
    _ script: String, manifest: PolicyManifest? = nil, limits: ExternalPolicy.Limits? = nil
  ) throws -> AskedPolicy {
    AskedPolicy(
      try ExternalPolicy(
        ["sh", "-c", script], manifest: manifest ?? Self.manifest(), limits: limits ?? .init()))
  }

  /// The program that runs Python, and whether it has Stable-Baselines3.
  static let python = getenv("BACKTESTKIT_PYTHON").map { String(cString: $0) } ?? "python3"
  static let hasPython = runs([python, "-c", "pass"])
  static let hasStableBaselines = runs([python, "-c", "import sb3_contrib"])

  private static func runs(_ command: [String]) -> Bool {
    (try? CommandRun.run(command)) != nil
  }
}

/// A policy whose decisions are asked for one by one.
final class AskedPolicy {
  private(set) var policy: ExternalPolicy

  init(_ policy: ExternalPolicy) { self.policy = policy }

  var failure: PolicyError? { policy.failure }

  func reset() { policy.reset() }

  /// A decision, or the refusal.
  func answer(_ observation: [Double]) throws(PolicyRefusal) -> PolicyDecision {
    var decision = policy.makeDecision()
    try observation.withUnsafeBufferPointer { (values) throws(PolicyRefusal) in
      try policy.decide(values, into: &decision)
    }
    return decision
  }

  /// The refusal of an observation, `nil` where there is a decision.
  func refusal(_ observation: [Double]) -> PolicyRefusal? {
    do throws(PolicyRefusal) {
      _ = try answer(observation)
      return nil
    } catch {
      return error
    }
  }
}
