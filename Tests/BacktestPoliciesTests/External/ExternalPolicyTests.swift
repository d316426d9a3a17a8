@testable import BacktestPolicies
import TestSupport
import Glibc
import Testing

/// Decisions of processes that work.
@Suite struct ExternalPolicyTests {
  @Test func aScriptDecides() throws {
    let policy = try TestPolicies.shell(
      TestPolicies.ready + """
        read line; echo '{"id":1,"action":2}'
        read line; echo '{"id":2,"action":[0.0],"outputs":[0.5,-1e-3],"signal":-0.25,\
        "probability_up":0.4,"expected_return":-0.001,"deviation":0.02,"info":{"a":[1]}}'
        read line; echo ' { "action" : 1 , "id" : 3 } '
        """)
    #expect(try policy.answer([0, 1]).action == [2])
    let second = try policy.answer([0, 1])
    #expect(second.action == [0] && second.outputs == [0.5, -0.001])
    #expect(second.prediction.signal == -0.25 && second.prediction.probabilityUp == 0.4)
    #expect(second.prediction.expectedReturn == -0.001 && second.prediction.deviation == 0.02)
    let third = try policy.answer([0, 1])
    #expect(third.action == [1] && third.outputs.isEmpty)
    #expect(third.prediction == PolicyPrediction())
    #expect(policy.failure == nil)
  }

  @Test func theLinesAreThoseOfTheDocument() throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/lines"
    let policy = try TestPolicies.shell(
      "tee \(path) | { " + TestPolicies.ready + """
        read line; echo '{"id":1,"action":0}'; read line; echo '{"id":2,"action":0}'
        read line; echo '{"id":3,"action":0}'; }
        """)
    policy.reset()
    _ = try policy.answer([0.1, -0.0])
    _ = try policy.answer([1e-10, 16_777_217])
    policy.reset()
    _ = try policy.answer([1e30, -1.0 / 3])
    policy.policy.stop()
    #expect(
      folder.text("lines") == #"""
        {"protocol":"backtestkit.policy-process/1","name":"a \"test\"",\#
        "observation":{"shape":[2],"dtype":"float32"},\#
        "action":{"kind":"discrete","size":3}}
        {"id":1,"episode_start":true,"observation":[0.1,-0.0]}
        {"id":2,"episode_start":false,"observation":[1e-10,16777216.0]}
        {"id":3,"episode_start":true,"observation":[1e+30,-0.33333334]}

        """#)
  }

  @Test func theGreetingDescribesABox() throws {
    let greeting = PolicyMessage.greeting(try TestPolicies.manifest(action: TestPolicies.box))
    #expect(
      String(decoding: greeting, as: UTF8.self).hasSuffix(
        #"""
        "action":{"kind":"box","size":2,"low":[-0.5,0.1],"high":[1.0,0.7],"assets":["A","B"]}}

        """#))
  }

  @Test func theManifestNormalises() throws {
    let normalise = #"{"kind": "zscore", "mean": [1, 2], "std": [2, 4]}"#
    let folder = try ScratchFolder()
    let policy = try TestPolicies.shell(
      "tee \(folder.path)/lines | { " + TestPolicies.ready
        + #"read line; echo '{"id":1,"action":0}'; }"#,
      manifest: TestPolicies.manifest(normalise: normalise))
    _ = try policy.answer([2, 1])
    policy.policy.stop()
    #expect(folder.text("lines")?.contains(#""observation":[0.5,-0.25]}"#) == true)
  }

  @Test func aBoxIsHeldToItsBounds() throws {
    let policy = try TestPolicies.shell(
      TestPolicies.ready + """
        read line; echo '{"id":1,"action":[-0.25,0.5]}'
        read line; echo '{"id":2,"action":[1.0000001,0.099999994]}'
        """, manifest: TestPolicies.manifest(action: TestPolicies.box))
    #expect(try policy.answer([0, 0]).action == [-0.25, 0.5])
    // A rounding of 32 bits beyond a bound is the bound.
    #expect(try policy.answer([0, 0]).action == [1, 0.1])
  }

  @Test func aPredictorPredicts() throws {
    let policy = try TestPolicies.shell(
      TestPolicies.ready + """
        read line; echo '{"id":1,"expected_return":0.01}'
        read line; echo '{"id":2,"outputs":[0.02]}'
        read line; echo '{"id":3}'
        """, manifest: TestPolicies.manifest(action: nil))
    let first = try policy.answer([0, 0])
    #expect(first.action.isEmpty && first.prediction.expectedReturn == 0.01)
    #expect(try policy.answer([0, 0]).outputs == [0.02])
    #expect(policy.refusal([0, 0])?.reason.contains("it predicts nothing") == true)
  }

  @Test func aRefusalIsNoFailure() throws {
    let policy = try TestPolicies.shell(
      TestPolicies.ready + """
        read line; echo '{"id":1,"refuse":"too little history"}'
        read line; echo '{"id":2,"action":1}'
        """)
    #expect(policy.refusal([0, 0]) == PolicyRefusal("too little history"))
    #expect(policy.failure == nil)
    #expect(try policy.answer([0, 0]).action == [1])
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300])
  func onlyFiniteNumbersAreSent(_ value: Double) throws {
    let policy = try TestPolicies.shell(
      TestPolicies.ready + #"read line; echo '{"id":1,"action":1}'"#)
    let refusal = try #require(policy.refusal([0, value]))
    #expect(!refusal.isFinal && refusal.reason.contains("number 2 of the observation"))
    #expect(try policy.answer([0, 0]).action == [1])
  }

  @Test func copiesShareTheProcess() throws {
    let policy = try TestPolicies.shell(
      TestPolicies.ready + """
        read line; echo '{"id":1,"action":0}'; read line; echo '{"id":2,"action":1}'
        read line; echo '{"id":3,"action":2}'; exit 9
        """)
    #expect(try policy.answer([0, 0]).action == [0])
    let copy = AskedPolicy(policy.policy)
    #expect(try copy.answer([0, 0]).action == [1])
    #expect(try policy.answer([0, 0]).action == [2])
    #expect(copy.refusal([0, 0])?.isFinal == true)
    #expect(policy.failure?.problem.contains("exit status 9") == true)
  }

  @Test func aStoppedPolicySaysSo() throws {
    let policy = try TestPolicies.shell(TestPolicies.ready + "cat >&2")
    try policy.policy.start()
    try policy.policy.start()
    policy.policy.stop()
    policy.policy.stop()
    #expect(policy.refusal([0, 0])?.reason.contains("it was stopped") == true)
    // To be stopped is no failure.
    #expect(policy.failure == nil)
  }

  @Test func manyRunsHaveManyProcesses() async throws {
    let script =
      TestPolicies.ready
      + #"n=1; while read line; do echo "{\"id\":$n,\"action\":$((n % 3))}"; n=$((n + 1)); done"#
    let counts = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let policy = try TestPolicies.shell(script)
          for number in 1...50 {
            guard try policy.answer([0, 0]).action == [Double(number % 3)] else { return number }
          }
          return 0
        }
      }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(counts == [Int](repeating: 0, count: 8))
  }

  @Test func whatContradictsItselfIsRefusedBeforeItStarts() throws {
    #expect(throws: PolicyError.self) {
      try ExternalPolicy([], manifest: try TestPolicies.manifest())
    }
    var manifest = try TestPolicies.manifest()
    manifest.observation.normaliser = .scale([1, 1, 1])
    #expect(throws: PolicyError.self) { try ExternalPolicy(["cat"], manifest: manifest) }
  }
}
