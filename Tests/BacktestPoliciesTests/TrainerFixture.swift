@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// A model of `Fixtures/policies/trainers` with what its library answered on 200 observations.
struct TrainerFixture {
  let name: String
  /// Observations before any normalisation.
  var observations: [[Double]]
  /// The outputs of the head.
  var outputs: [[Double]]
  /// The actions after the library's rule.
  var actions: [[Double]]

  init(_ name: String) throws {
    self.name = name
    let root = try JSONReader.read(try Fixture.bytes("policies/trainers/\(name).json"), name: name)
    observations = try #require(root["obs"]).rows
    outputs = try #require(root["outputs"]).rows
    actions = try #require(root["action"]).rows
  }

  static func path(_ file: String) -> String { Fixture.path("policies/trainers/\(file)") }

  /// The answers that every fixture needs: five features and what its actions mean.
  static func answers(
    _ more: JSONValue = .table([]), isBox: Bool = false, normalise: Bool = true, width: Int = 5
  ) throws -> PolicyImport.Answers {
    let features = (0..<width).map {
      JSONValue.table([
        JSONMember(key: "name", value: "log_return"), JSONMember(key: "lag", value: .integer($0)),
      ])
    }
    var observation: JSONValue = ["features": .list(features)]
    if normalise { observation.set("normalise", ["kind": "none"]) }
    if let given = more["observation"], case .table(let members) = given {
      for member in members { observation.set(member.key, member.value) }
    }
    var action: JSONValue = ["meaning": "target_weights"]
    if !isBox { action.set("targets", [0, 1, -1]) }
    if let given = more["action"], case .table(let members) = given {
      for member in members { action.set(member.key, member.value) }
    }
    var answers = more
    answers.set("observation", observation)
    answers.set("action", action)
    return PolicyImport.Answers(
      document: try JSONReader.read(JSONWriter.bytes(of: answers), name: "answers.json"))
  }

  /// Requires that a policy decides as the library: discrete actions exactly, those of a box to
  /// 3e-6.
  func check(_ policy: TrainedPolicy, outputs checksOutputs: Bool = true) throws {
    var policy = policy
    var decision = policy.makeDecision()
    let tolerance = policy.manifest.action?.kind == .box ? 3e-6 : 0
    #expect(observations.count == 200 && actions.count == 200)
    for index in observations.indices {
      try observations[index].withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
      #expect(decision.action.count == actions[index].count)
      for (found, expected) in zip(decision.action, actions[index]) {
        #expect(abs(found - expected) <= tolerance, "\(name) \(index)")
      }
      guard checksOutputs else { continue }
      #expect(decision.outputs.count == outputs[index].count)
      for (found, expected) in zip(decision.outputs, outputs[index]) {
        #expect(abs(found - expected) <= 5e-6 + 2e-5 * abs(expected), "\(name) \(index)")
      }
    }
  }

  /// How many decisions differ from the library's.
  func differences(_ policy: TrainedPolicy) throws -> Int {
    var policy = policy
    var decision = policy.makeDecision()
    var count = 0
    for index in observations.indices {
      try observations[index].withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
      count += zip(decision.action, actions[index]).contains { abs($0 - $1) > 3e-6 } ? 1 : 0
    }
    return count
  }
}

extension PolicyImport {
  /// The policy of some answers, written and read again.
  func loaded(_ answers: Answers) throws -> TrainedPolicy {
    let scratch = try ScratchFolder()
    try policy(named: "p", answers).write(to: scratch.path)
    return try TrainedPolicy(path: scratch.path)
  }
}
