import BacktestCheckpoints
import BacktestFiles
import BacktestNetworks

/// Compares what an archive of Stable-Baselines3 says about its policy with a manifest: the
/// activation, the layers, the rule that makes an action, and the spaces.
///
/// The shapes of tensors alone do not show these: a network trained with ELU fits a manifest with
/// tanh, and decides something else.
struct StableBaselinesAgreement {
  let metadata: StableBaselinesMetadata
  let layout: CheckpointLayout?
  let manifest: PolicyManifest

  init(_ metadata: StableBaselinesMetadata, _ tensors: TensorArchive, _ manifest: PolicyManifest) {
    self.metadata = metadata
    self.manifest = manifest
    layout = CheckpointLayout(tensors, metadata: metadata)
  }

  /// How the two differ; `nil` where they agree.
  var difference: String? { networkDifference ?? actionDifference ?? observationDifference }

  private var networkDifference: String? {
    guard metadata.isPolicyOfTheLibrary, let layout, let network = manifest.network,
      let expected = layout.heads.first(where: { $0.name == "policy" })?.layers,
      manifest.decidingHead == "policy", case .list(let written)? = network.json["policy"]
    else { return nil }
    let found = written.filter { layer in
      layer["op"] != "flatten" && layer["op"] != "dropout"
    }
    // Before the known layers, a custom extractor may have more.
    let extra = found.count - expected.count
    let isWhole = metadata.isOfTheLibrary && layout.isWhole
    guard isWhole ? extra == 0 : extra >= 0 else {
      return
        "the head 'policy' has \(found.count) layers in the manifest, but \(expected.count) in "
        + "the archive"
    }
    let activation = try? metadata.activationOperation(of: layout.family)
    for (index, layer) in expected.enumerated() {
      if layer == .activation, activation == nil {
        // What the archive does not name cannot be compared, but one of another name is not it.
        guard let name = metadata.activation else { continue }
        let op = found[index + extra]["op"]
        guard let other = StableBaselinesMetadata.className(ofActivation: op) else { continue }
        return "layer \(index + extra) of the head 'policy' is \(other) in the manifest, but "
          + "\(StableBaselinesMetadata.quotedClass(name)) in the archive"
      }
      let wanted = layer.json(activation: activation ?? "")
      if !found[index + extra].holds(wanted) {
        return "layer \(index + extra) of the head 'policy' is \(found[index + extra].line) in the "
          + "manifest, but \(wanted.line) in the archive"
      }
    }
    return nil
  }

  private var actionDifference: String? {
    guard let action = manifest.action, let space = metadata.actionSpace else { return nil }
    func differs(_ key: String, _ mine: String, _ other: String) -> String {
      "'action.\(key)' is \(mine) in the manifest, but \(other) in the archive"
    }
    let isSame: Bool
    switch space {
    case .discrete(let count, _): isSame = action.kind == .discrete && action.sizes == [count]
    case .multiDiscrete(let sizes): isSame = action.kind == .multiDiscrete && action.sizes == sizes
    case .box(let shape, _, _, _):
      isSame = action.kind == .box && action.sizes == [shape.reduce(1, *)]
    case .multiBinary, .parts, .other: isSame = false
    }
    guard isSame else {
      return differs("kind", "\(action.kind.rawValue) \(action.sizes)", space.summary)
    }
    guard case .box(_, _, let low, let high) = space else { return nil }
    for (key, mine, other) in [("low", action.low, low), ("high", action.high, high)] {
      guard let other else { continue }
      if !zip(mine, other).allSatisfy({ abs($0 - $1) <= 1e-6 * max(1, abs($1)) }) {
        return differs(key, "\(mine)", "\(other)")
      }
    }
    guard metadata.isPolicyOfTheLibrary, let wanted = layout?.boxTransform(metadata),
      wanted != action.transform.rawValue
    else { return nil }
    return differs("transform", action.transform.rawValue, wanted)
  }

  private var observationDifference: String? {
    if case .parts(let parts)? = metadata.observationSpace {
      let (mine, other) = (manifest.observation.count, parts.reduce(0) { $0 + $1.count })
      guard mine != other else { return nil }
      return "an observation has \(mine) numbers in the manifest, but \(other) in the archive"
    }
    guard case .box(let shape, _, _, _)? = metadata.observationSpace else { return nil }
    let mine = manifest.observation.shape
    // A vector of as many numbers is the same window, flattened.
    guard mine != shape,
      mine.count > 1 && shape.count > 1 || mine.reduce(1, *) != shape.reduce(1, *)
    else { return nil }
    return "'observation.shape' is \(mine) in the manifest, but \(shape) in the archive"
  }
}

extension PolicyManifest {
  /// How a checkpoint differs from the manifest in what it says about itself; `nil` where it agrees
  /// or says nothing.
  func difference(from checkpoint: CheckpointContents) -> String? {
    guard let metadata = checkpoint.metadata else {
      return CheckpointLayout(checkpoint.tensors, metadata: nil)?.boundsDifference(
        checkpoint.tensors, self)
    }
    return StableBaselinesAgreement(metadata, checkpoint.tensors, self).difference
  }
}

extension CheckpointLayout {
  /// The bounds of actions that CleanRL stores beside the network, as centre and half width.
  func bounds(_ archive: TensorArchive) -> (low: [Double], high: [Double])? {
    guard [.cleanSoft, .cleanTwin].contains(family),
      let scale = archive[prefix + "action_scale"]?.floats(),
      let bias = archive[prefix + "action_bias"]?.floats(),
      scale.count == bias.count
    else { return nil }
    return (
      zip(scale, bias).map { Double($1 - $0) }, zip(scale, bias).map { Double($1 + $0) }
    )
  }

  /// How the stored bounds differ from a manifest's; `nil` where they agree or there are none.
  fileprivate func boundsDifference(
    _ archive: TensorArchive, _ manifest: PolicyManifest
  ) -> String? {
    guard let bounds = bounds(archive), let action = manifest.action else { return nil }
    for (mine, other) in [(action.low, bounds.low), (action.high, bounds.high)] {
      guard mine.count == other.count, zip(mine, other).allSatisfy({ abs($0 - $1) <= 1e-6 }) else {
        return "'action.low' and 'action.high' are \(action.low) and \(action.high) in the "
          + "manifest, but \(bounds.low) and \(bounds.high) in the checkpoint"
      }
    }
    return nil
  }
}

extension StableBaselinesMetadata {
  /// Whether the policy is a class of the library, so that the names of its tensors show what it
  /// is.
  var isPolicyOfTheLibrary: Bool {
    ["stable_baselines3.", "sb3_contrib."].contains { policyModule?.hasPrefix($0) == true }
  }

  /// Whether its features extractor is one of the library that leaves observations as they are.
  var isOfTheLibrary: Bool {
    // By module and name: users give their own classes the library's names.
    isPolicyOfTheLibrary
      && (featuresExtractor == nil
        || ["FlattenExtractor", "CombinedExtractor"].contains {
          featuresExtractorPath == "stable_baselines3.common.torch_layers.\($0)"
        })
  }

  /// The activation as a manifest names it: from the archive, or the library's default where the
  /// archive shows that no other was given; `nil` where it must be answered.
  ///
  /// - Throws: `PolicyError` where it is none that is known.
  func activationOperation(of family: CheckpointLayout.Family?) throws(PolicyError) -> String? {
    guard let name = activation else {
      return isPolicyOfTheLibrary ? family?.defaultActivation : nil
    }
    guard let operation = Self.activations[name] else {
      throw PolicyError(
        "the archive's activation is \(Self.quotedClass(name)), but only "
          + listed(Self.activations.keys.sorted(), "and")
          + " are known: give the 'network' in the answers")
    }
    return operation
  }

  /// A class for a message: its name without what Python writes around it.
  fileprivate static func quotedClass(_ text: String) -> String {
    let (start, end) = ("<class '", "'>")
    guard text.hasPrefix(start), text.hasSuffix(end) else { return quotedForMessage(text) }
    return quotedForMessage(String(text.dropFirst(start.count).dropLast(end.count)))
  }

  /// The class of PyTorch that a layer of a manifest is; `nil` where it is no activation that an
  /// archive names.
  static func className(ofActivation op: JSONValue?) -> String? {
    activations.first { .text($0.value) == op }?.key
  }

  private static let activations = [
    "Tanh": "tanh", "ReLU": "relu", "ELU": "elu", "SiLU": "silu", "GELU": "gelu",
    "Sigmoid": "sigmoid", "LeakyReLU": "leaky_relu", "SELU": "selu", "Mish": "mish",
    "Softplus": "softplus",
  ]
}

extension JSONValue {
  /// Whether a layer has all members of another.
  fileprivate func holds(_ layer: JSONValue) -> Bool {
    guard case .table(let members) = layer else { return false }
    return members.allSatisfy { member in
      self[member.key].map { $0.agrees(with: member.value) } ?? false
    }
  }

  /// The numbers of a number or a list of numbers; `nil` for anything else.
  private var numbers: [Double]? {
    switch self {
    case .integer(let value): return [Double(value)]
    case .number(let value): return [value]
    case .list(let items):
      let values = items.compactMap(\.numbers)
      return values.count == items.count ? values.flatMap(\.self) : nil
    default: return nil
    }
  }

  /// Whether two values are equal, numbers to seven digits.
  func agrees(with other: JSONValue) -> Bool {
    guard let mine = numbers, let others = other.numbers else { return self == other }
    return mine.count == others.count
      && zip(mine, others).allSatisfy { abs($0 - $1) <= 1e-7 * max(1, abs($1)) }
  }

  /// On one line, for messages.
  var line: String {
    let bytes = JSONWriter.line(of: self)
    return String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes[...], as: UTF8.self)
  }
}
