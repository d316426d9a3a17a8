@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// The manifests of real policies, and manifests that must be refused.
@Suite struct PolicyManifestTests {
  static let names = [
    "a2c_window_d5", "a3c_lstmcell_d3", "cleanrl_ppo_box1", "cnn_gru_bn_ln", "cnn_lstm_19843",
    "dqn_d3", "ppo_box1", "ppo_box1_sde", "ppo_discrete", "ppo_portfolio4", "rllib_ppo_d3",
    "rppo_lstm2_box", "rppo_lstm_d3", "sac_box", "sac_sde", "td3_box",
  ]

  @Test(arguments: names)
  func realManifestsAreRead(_ name: String) throws {
    let manifest = try PolicyManifest(path: Fixture.path("policies/\(name)"))
    #expect(manifest.name == name)
    #expect((manifest.action == nil) != (manifest.output == nil))
    #expect(manifest.weights.contains { $0.format == .safetensors })
  }

  @Test func aDiscretePolicySaysWhatItDoes() throws {
    let manifest = try PolicyManifest(path: Fixture.path("policies/ppo_discrete"))
    #expect(manifest.observation.shape == [17])
    var first = MarketFeature(.logReturn)
    first.lag = 9
    #expect(manifest.observation.features.first == .market(first))
    #expect(manifest.observation.features.last == .state(StateFeature(.positionWeight)))
    #expect(manifest.observation.normaliser.count == 17)
    #expect(manifest.action?.meaning == .targetWeights([[0], [1], [-1]]))
    #expect(manifest.action?.transform == .argmax)
  }

  @Test func aPredictorSaysWhatItPredicts() throws {
    let manifest = try PolicyManifest(path: Fixture.path("policies/cnn_lstm_19843"))
    guard case .classes(let classes)? = manifest.output?.kind else {
      Issue.record("not a predictor of classes")
      return
    }
    #expect(classes.names == ["down", "flat", "up"])
    #expect(classes.up == 2 && classes.down == 0 && classes.usesSoftmax)
    #expect(manifest.uncertainty == UncertaintyDefinition(samples: 32))
    let gaussian = try PolicyManifest(path: Fixture.path("policies/cnn_gru_bn_ln"))
    #expect(gaussian.output?.kind == .gaussian && gaussian.output?.unit == .percentLogReturn)
  }

  /// A change to the manifest of `ppo_box1`, and a part of the message that it must cause.
  @Test(arguments: [
    ("\"name\": \"ppo_box1\"", "\"nam\": \"ppo_box1\"", "did you mean 'name'?"),
    ("\"log_close_over_sma\"", "\"log_close_over_smma\"", "did you mean 'log_close_over_sma'?"),
    ("\"position_weight\"", "\"position_wait\"", "did you mean 'position_weight'?"),
    ("\"clip\"", "\"clap\"", "did you mean 'clip'?"),
    ("backtestkit.policy/1", "backtestkit.policy/9", "must be backtestkit.policy/1"),
    ("\"target_weights\"", "\"freqai\"", "target_weights"),
    ("-1.0\n", "1.0\n", "each 'low' must be below its 'high'"),
    ("\"size\": 1", "\"size\": 2", "a box of 2 needs 2 numbers"),
    ("\"model.zip\"", "\"../model.zip\"", "in the manifest's folder"),
    ("norm.json", "nrm.json", "cannot read the file"),
  ])
  func whatIsWrongIsNamed(_ old: String, _ new: String, _ message: String) throws {
    let text = try Fixture.text("policies/ppo_box1/manifest.json")
    #expect(text.contains(old))
    let changed = text.replacing(old, with: new, maxReplacements: 1)
    let document = try JSONReader.read(Array(changed.utf8), name: "manifest.json")
    do throws(DocumentError) {
      _ = try PolicyManifest(document: document, folder: Fixture.path("policies/ppo_box1"))
      Issue.record("it was accepted")
    } catch {
      #expect("\(error)".contains(message), "\(error)")
    }
  }
}
