@testable import BacktestPolicies
import TestSupport
import Testing

/// The programs of `Examples/ExternalPolicy`.
@Suite struct ExamplePolicyTests {
  private static let folder = Fixture.path("../Examples/ExternalPolicy")

  /// The rule of the example in plain Python, told once more: the side of the sum where it is more
  /// than 1 %, else as before.
  @Test(.enabled(if: TestPolicies.hasPython)) func plainPythonDecides() throws {
    let manifest = try PolicyManifest(path: Self.folder)
    let policy = AskedPolicy(
      try ExternalPolicy(
        [TestPolicies.python, "pure_python.py"], folder: Self.folder, manifest: manifest))
    var random = TestRandom(seed: 20_260_101)
    var (expected, changes) = (0.0, 0)
    for step in 0..<400 {
      if step % 100 == 0 {
        policy.reset()
        expected = 0
      }
      let returns = (0..<10).map { _ in Double(Float(random.below(2_001) - 1_000) * 6e-6) }
      let sum = returns.reduce(0, +)
      if abs(sum) > 0.01 {
        changes += expected == (sum > 0 ? 1 : 2) ? 0 : 1
        expected = sum > 0 ? 1 : 2
      }
      let decision = try policy.answer(returns)
      #expect(decision.action == [expected])
      #expect(decision.prediction.signal.map { abs($0 - sum) < 1e-7 } == true)
    }
    #expect(changes > 20)
  }

  /// Numbers cross over and back as the same 32 bits.
  @Test(.enabled(if: TestPolicies.hasPython)) func numbersKeepTheirBits() throws {
    let script = """
      import json, struct, sys
      sys.stdin.readline()
      print('{"ready": true}', flush=True)
      for line in sys.stdin:
          request = json.loads(line)
          bits = [struct.unpack("<I", struct.pack("<f", x))[0] for x in request["observation"]]
          print(json.dumps({"id": request["id"], "action": 0, "outputs": bits}), flush=True)
      """
    let policy = AskedPolicy(
      try ExternalPolicy(
        [TestPolicies.python, "-c", script], manifest: try TestPolicies.manifest()))
    var random = TestRandom(seed: 7)
    var patterns: [UInt32] = [
      0, 0x8000_0000, 1, 0x007F_FFFF, 0x0080_0000, 0x7F7F_FFFF, 0xFF7F_FFFF,
    ]
    while patterns.count < 1_000 {
      let bits = UInt32(truncatingIfNeeded: random.next())
      if Float(bitPattern: bits).isFinite { patterns.append(bits) }
    }
    for bits in patterns {
      let value = Double(Float(bitPattern: bits))
      #expect(try policy.answer([value, 1]).outputs.first == Double(bits))
    }
  }

  /// What Stable-Baselines3 decided when the fixtures were made, asked of it through its server.
  @Test(
    .enabled(if: TestPolicies.hasStableBaselines, "Stable-Baselines3 is not installed"),
    arguments: [
      ("ppo_discrete", "PPO"), ("sac_box", "SAC"), ("rppo_lstm_d3", "RecurrentPPO"),
    ], [true, false])
  func stableBaselinesDecides(_ model: (name: String, algorithm: String), pickle: Bool) throws {
    let folder = Fixture.path("policies/\(model.name)")
    var manifest = try PolicyManifest(path: folder)
    var command = [
      TestPolicies.python, "policy_server.py", model.algorithm, "\(folder)/model.zip",
    ]
    if pickle {
      manifest.observation.normaliser = .none
      command += ["--vecnormalize", "\(folder)/vecnormalize.pkl"]
    }
    // Several of them at once load large libraries on a machine that may be busy.
    var limits = ExternalPolicy.Limits()
    limits.start = 600
    let policy = AskedPolicy(
      try ExternalPolicy(command, folder: Self.folder, manifest: manifest, limits: limits))
    let oracle = try PolicyOracle(model.name)
    #expect(oracle.raw.count >= 128)
    for (index, observation) in oracle.raw.enumerated() {
      if oracle.startsEpisode(index) { policy.reset() }
      #expect(try Array(policy.answer(observation).action) == oracle.actions[index])
    }
  }
}
