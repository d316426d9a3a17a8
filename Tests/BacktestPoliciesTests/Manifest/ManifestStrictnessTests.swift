@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Manifests that contradict themselves, or whose texts could mislead, are refused.
@Suite struct ManifestStrictnessTests {
  /// What is wrong with the manifest of `ppo_box1` after a change.
  private func problems(_ change: (inout JSONValue) -> Void) throws -> [String] {
    let bytes = try Fixture.bytes("policies/ppo_box1/manifest.json")
    var manifest = JSONValue(try JSONReader.read(bytes, name: "manifest.json"))
    change(&manifest)
    let document = try JSONReader.read(JSONWriter.bytes(of: manifest), name: "manifest.json")
    do throws(DocumentError) {
      _ = try PolicyManifest(document: document, folder: Fixture.path("policies/ppo_box1"))
      return []
    } catch {
      return error.problems.map(\.message)
    }
  }

  private func observation(_ key: String, _ value: JSONValue) -> (inout JSONValue) -> Void {
    { manifest in
      var observation = manifest["observation"] ?? .table([])
      observation.set(key, value)
      manifest.set("observation", observation)
    }
  }

  @Test func theManifestItselfIsRead() throws {
    #expect(try problems { _ in }.isEmpty)
  }

  /// The schema asks for lists too.
  @Test(arguments: ["shape", "inputs"]) func oneValueIsNoList(_ key: String) throws {
    let found = try problems(observation(key, key == "shape" ? 18 : "SPY"))
    #expect(found.contains { $0.contains("must be a list") }, "\(found)")
    let unused = try problems { $0.set("unused_tensors", "critic") }
    #expect(unused.count == 1 && unused[0].contains("must be a list"))
  }

  @Test func aWrongShapeIsReportedOnce() throws {
    let golden: JSONValue = [["observation": [1, 2], "action": [0]]]
    for shape: JSONValue in [["x"], [0], [1_000_000, 1_000_000], []] {
      let found = try problems { manifest in
        observation("shape", shape)(&manifest)
        manifest.set("golden", golden)
      }
      #expect(found.count == 1, "\(found)")
    }
    // With a shape that can be read the same decision is compared.
    let found = try problems { $0.set("golden", golden) }
    #expect(found.contains { $0.contains("golden decision 0 has 2 numbers") })
  }

  @Test(arguments: [0, 1e39, -1e300, 1e-60]) func aScaleIsANumberOf32Bits(
    _ scale: Double
  ) throws {
    for feature: JSONValue in [
      ["name": "close"], ["state": "cash"], ["calendar": "month"], ["reference": "VIX"],
      ["cross": "rank"], ["prediction": "../other"],
    ] {
      var scaled = feature
      scaled.set("scale", .number(scale))
      let found = try problems(observation("features", [scaled]))
      #expect(found.contains { $0.contains("'scale' must be") }, "\(feature)")
      #expect(try problems(observation("features", [feature])).isEmpty)
    }
  }

  @Test func inputsAreUsedAndNamedOnce() throws {
    let feature: JSONValue = ["cross": "spread", "with": "SPY"]
    let owned: JSONValue = ["name": "close", "asset": "QQQ"]
    func found(_ inputs: JSONValue) throws -> [String] {
      try problems { manifest in
        observation("features", [feature, owned])(&manifest)
        observation("inputs", inputs)(&manifest)
      }
    }
    #expect(try found(["SPY", "QQQ"]).isEmpty)
    #expect(try found(["SPY", "QQQ", "SPY"]) == ["'inputs' names 'SPY' twice"])
    let unused = try found(["SPY", "QQQ", "IWM"])
    #expect(unused.count == 1 && unused[0].contains("no feature uses the input 'IWM'"))
  }

  @Test func weightsNeedANetwork() throws {
    let found = try problems { _ = $0.remove("network") }
    #expect(found.count == 1 && found[0].contains("'weights' need a 'network', or 'onnx'"))
    let external = try problems { manifest in
      _ = manifest.remove("network")
      _ = manifest.remove("weights")
    }
    #expect(external.isEmpty, "\(external)")
  }

  @Test(arguments: [".", "./", "././."]) func weightsAreAFile(_ name: String) throws {
    let found = try problems {
      $0.set("weights", [["file": .text(name), "format": "safetensors"]])
    }
    #expect(found.contains { $0.contains("must name a file of weights") }, "\(found)")
  }

  /// A mark of writing direction can show a name backwards, and a line separator can forge a line.
  @Test(arguments: ["\u{202E}", "\u{2066}", "\u{200F}", "\u{2028}", "\u{2029}", "\u{85}"])
  func textsThatMisleadAreRefused(_ mark: String) throws {
    for key in ["name", "algorithm", "reward"] {
      let found = try problems { $0.set(key, .text("a\(mark)b")) }
      #expect(found.contains { $0.contains("a text holds a control character") }, "\(key)")
      #expect(found.allSatisfy { !$0.contains(mark) })
    }
  }

  @Test(arguments: ["name", "algorithm"]) func namesAreShortAndOnOneLine(_ key: String) throws {
    let longest = String(repeating: "ä", count: 200)
    #expect(try problems { $0.set(key, .text(longest)) }.isEmpty)
    #expect(
      try problems { $0.set(key, .text(longest + "x")) }
        == ["'\(key)' has 201 characters, more than 200"])
    for space in ["\n", "\t"] {
      #expect(
        try problems { $0.set(key, .text("a\(space)b")) }
          == ["'\(key)' must be one line without tabs"])
    }
  }

  @Test func tensorsInUseAreNotUnused() throws {
    let source = try PolicyImport(checkpoint: TrainerFixture.path("torch_shared.pt"))
    let layers: JSONValue = [
      ["op": "linear", "params": "shared.0"], ["op": "tanh"],
      ["op": "linear", "params": "actor.0"], ["op": "tanh"],
      ["op": "linear", "params": "actor.2"],
    ]
    let answers = try TrainerFixture.answers([
      "network": ["policy": layers], "unused_tensors": ["shared"], "observation": ["shape": [5]],
      "action": ["kind": "discrete", "size": 3, "rule": "argmax"],
    ])
    let error = #expect(throws: PolicyError.self) { try source.loaded(answers) }
    #expect(error?.problem.contains("'shared', which the network uses") == true)
  }

  @Test func contradictionsAreShownOnOneLine() {
    #expect(JSONValue.text("elu").line == "\"elu\"")
    #expect(JSONValue.list([1, 2]).line == "[1,2]" || JSONValue.list([1, 2]).line == "[1, 2]")
  }
}

/// What a check says about what a policy can be used for.
@Suite struct NamedInstrumentTests {
  @Test func featuresOfOneInstrumentAreSaid() throws {
    let scratch = try ScratchFolder()
    let source = try PolicyImport(checkpoint: TrainerFixture.path("ppo_tanh.zip"))
    let features = (0..<5).map { lag -> JSONValue in
      ["name": "log_return", "lag": .integer(lag), "asset": "QQQ"]
    }
    let answers = try TrainerFixture.answers(["observation": ["features": .list(features)]])
    try source.policy(named: "one", answers).write(to: scratch.path)
    let named = try PolicyCheck(path: scratch.path).summary
    #expect(named.hasSuffix("; its features are of 'QQQ', so it runs on no other instrument"))
    try source.policy(named: "any", try TrainerFixture.answers()).write(to: scratch.path)
    #expect(try !PolicyCheck(path: scratch.path).summary.contains("instrument"))
  }

  @Test func anErrorOfAnotherCheckpointNamesItOnce() throws {
    let scratch = try ScratchFolder()
    let source = try PolicyImport(checkpoint: TrainerFixture.path("ppo_tanh.zip"))
    try source.policy(named: "one", try TrainerFixture.answers()).write(to: scratch.path)
    let policy = try TrainedPolicy(path: scratch.path)
    for file in ["torch_shared.pt", "missing.pt"] {
      let path = TrainerFixture.path(file)
      let error = #expect(throws: PolicyError.self) { try policy.replacingWeights(from: path) }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.hasPrefix("\(path): ") && text.ranges(of: path).count == 1, "\(text)")
    }
  }
}

/// What is said about files that are no model, or one that is not known.
@Suite struct UnknownModelFileTests {
  @Test func anEmptyFileIsSaidToBeEmpty() {
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointFormat.detected(in: [], name: "model.onnx")
    }
    #expect(error.map { "\($0)".contains("model.onnx: an empty file") } == true)
    #expect(error.map { "\($0)".contains("safetensors") } == false)
  }

  @Test func aNewerVersionOfONNXIsNamed() throws {
    var bytes = try Fixture.bytes("policies/ppo_box1/model_raw.onnx")
    #expect(try CheckpointFormat.detected(in: bytes, name: "model.onnx") == .onnx)
    bytes[1] = 99
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointFormat.detected(in: bytes, name: "model.onnx")
    }
    #expect(error.map { "\($0)".contains("an ONNX model of IR version 99") } == true)
  }

  @Test func anErrorOfANodeNamesTheFile() throws {
    let scratch = try ScratchFolder()
    try PlainFile.write(
      try Fixture.bytes("policies/ppo_box1/model_raw.onnx"), to: "\(scratch.path)/model.onnx")
    let manifest: JSONValue = [
      "format": "backtestkit.policy/1", "name": "wide", "algorithm": "PPO",
      "weights": [["file": "model.onnx", "format": "onnx"]],
      "onnx": ["heads": ["policy": "action_head"]],
      "observation": [
        "shape": [3],
        "features": [["name": "close"], ["name": "open"], ["name": "high"]],
        "normalise": ["kind": "none"],
      ],
      "action": [
        "kind": "box", "size": 1, "low": [-1], "high": [1], "transform": "clip",
        "meaning": "target_weights",
      ],
    ]
    try PlainFile.write(JSONWriter.bytes(of: manifest), to: "\(scratch.path)/manifest.json")
    let error = #expect(throws: PolicyError.self) { try TrainedPolicy(path: scratch.path) }
    #expect(error?.source == "\(scratch.path)/model.onnx")
    #expect(error?.problem.hasPrefix("onnx") == true)
  }
}
