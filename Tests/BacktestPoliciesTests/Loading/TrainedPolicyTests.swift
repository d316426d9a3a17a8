@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Decisions of real policies, held to those of the libraries that trained them.
@Suite struct TrainedPolicyTests {
  static let acting = PolicyManifestTests.names.filter { !$0.hasPrefix("cnn_") }

  @Test(arguments: acting)
  func decisionsAreThoseOfTheTrainer(_ name: String) throws {
    let oracle = try PolicyOracle(name)
    var policy = try TrainedPolicy(path: Fixture.path("policies/\(name)"))
    var decision = policy.makeDecision()
    let isDiscrete = policy.manifest.action?.kind == .discrete
    for (index, observation) in oracle.raw.enumerated() {
      if oracle.startsEpisode(index) { policy.reset() }
      try observation.withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
      #expect(decision.action.count == oracle.actions[index].count)
      for (found, expected) in zip(decision.action, oracle.actions[index]) {
        #expect(abs(found - expected) <= (isDiscrete ? 0 : 3e-6), "\(name) \(index)")
      }
    }
    #expect(oracle.raw.count == oracle.actions.count && !oracle.raw.isEmpty)
  }

  @Test(arguments: acting)
  func normalisedObservationsAreEqualToTheLastBit(_ name: String) throws {
    let oracle = try PolicyOracle(name)
    let normaliser = try PolicyManifest(path: Fixture.path("policies/\(name)"))
      .observation.normaliser
    #expect(oracle.raw.count == oracle.normalised.count && !oracle.raw.isEmpty)
    for (raw, expected) in zip(oracle.raw, oracle.normalised) {
      var values = raw
      values.withUnsafeMutableBufferPointer { normaliser.apply(to: $0) }
      #expect(values.map { Float($0).bitPattern } == expected.map { Float($0).bitPattern })
    }
  }

  @Test func predictionsAreThoseOfTheTrainer() throws {
    var manifest = try PolicyManifest(path: Fixture.path("policies/cnn_lstm_19843"))
    manifest.observation.normaliser = .none
    manifest.uncertainty = nil
    var policy = try TrainedPolicy(manifest: manifest)
    var decision = policy.makeDecision()
    let root = try JSONReader.read(
      try Fixture.bytes("policies/cnn_lstm_19843/oracle.json"), name: "oracle")
    let series = try ["series_random", "series_real"].map { try #require(root[$0]).rows }
    let probabilities = try #require(root["probs_f64"]).rows
    let returns = try #require(root["expected_log_return_f64"]).numbers
    let signals = try #require(root["signal_p_up_minus_p_down_f64"]).numbers
    for index in 0..<128 {
      let rows = series[index / 64][(index % 64)..<(index % 64 + 10)]
      try rows.flatMap(\.self).withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
      let prediction = decision.prediction
      #expect(abs(try #require(prediction.probabilityUp) - probabilities[index][2]) <= 1e-12)
      #expect(abs(try #require(prediction.signal) - signals[index]) <= 1e-12)
      #expect(abs(try #require(prediction.expectedReturn) - returns[index]) <= 1e-14)
    }
  }

  @Test func aGoldenDecisionThatDoesNotComeOutIsRefused() throws {
    let oracle = try PolicyOracle("ppo_box1")
    var manifest = try PolicyManifest(path: Fixture.path("policies/ppo_box1"))
    manifest.golden = (0..<16).map { index in
      GoldenDecision(observation: oracle.raw[index], action: oracle.actions[index])
    }
    #expect(try TrainedPolicy(manifest: manifest).manifest.golden.count == 16)
    manifest.golden[7].action[0] += 0.001
    #expect {
      try TrainedPolicy(manifest: manifest)
    } throws: { error in
      "\(error)".contains("golden decision 7: action[0] is")
    }
  }

  @Test func aChangedWeightsFileIsRefused() throws {
    var manifest = try PolicyManifest(path: Fixture.path("policies/ppo_box1"))
    manifest.weights[0].digest = String(repeating: "0", count: 64)
    #expect {
      try TrainedPolicy(manifest: manifest)
    } throws: { error in
      "\(error)".contains("its SHA-256 is") && "\(error)".contains("expected 0000")
    }
  }

  @Test func anObservationThatIsNotANumberIsRefused() throws {
    var policy = try TrainedPolicy(path: Fixture.path("policies/ppo_box1"))
    var decision = policy.makeDecision()
    let observation = [Double](repeating: .nan, count: 17)
    #expect(throws: PolicyRefusal.self) {
      try observation.withUnsafeBufferPointer { try policy.decide($0, into: &decision) }
    }
  }
}
