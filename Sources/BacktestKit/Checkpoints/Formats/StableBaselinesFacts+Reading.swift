extension StableBaselinesFacts {
  /// The entry that holds the version.
  static let versionEntry = "_stable_baselines3_version"

  /// Reads `data`, and the text of the version.
  init(data: [UInt8], version: [UInt8]?) throws(CheckpointError) {
    let root: DocumentNode
    do {
      root = try DocumentReader.read(data, name: "data", format: .json)
    } catch {
      throw CheckpointError(
        problem: error.problems[0].description, advice: ReexportAdvice.stableBaselines)
    }
    guard case .table = root.content else {
      throw CheckpointError(
        problem: "expected an object, found \(root.found)",
        advice: ReexportAdvice.stableBaselines)
    }
    let arguments = root["policy_kwargs"]
    let policy = root["policy_class"]
    policyModule = policy?["__module__"]?.shortText
    policyClass = policy.flatMap(Self.className)
    observationSpace = root["observation_space"].flatMap(StableBaselinesSpace.init)
    actionSpace = root["action_space"].flatMap(StableBaselinesSpace.init)
    layers = arguments?["net_arch"].flatMap(StableBaselinesLayers.init)
    activation = arguments?["activation_fn"]?.className
    featuresExtractor = arguments?["features_extractor_class"]?.className
    usesStateDependentExploration = root["use_sde"]?.flag
    squashesOutput = arguments?["squash_output"]?.flag
    initialisesOrthogonally = arguments?["ortho_init"]?.flag
    recurrent = arguments.flatMap(StableBaselinesRecurrence.init)
    if recurrent == nil, policyModule?.contains("recurrent") == true {
      recurrent = StableBaselinesRecurrence()
    }
    trainedSteps = root["num_timesteps"]?.integer
    seed = root["seed"]?.integer
    self.version = version.flatMap { bytes in
      bytes.count <= 64 && bytes.allSatisfy { 0x20 < $0 && $0 < 0x7F }
        ? String(decoding: bytes, as: UTF8.self) : nil
    }
  }

  /// The class of a policy, out of the text of one of its functions:
  /// `<function ActorCriticPolicy.__init__ at 0x…>`.
  private static func className(_ policy: DocumentNode) -> String? {
    guard case .table(let members) = policy.content else { return nil }
    let start = "<function "
    let texts = members.compactMap(\.value.shortText).filter { $0.hasPrefix(start) }
    return texts.first?.dropFirst(start.count).split(separator: ".").first.map(String.init)
  }
}

extension StableBaselinesSpace {
  fileprivate init?(_ node: DocumentNode) {
    guard let name = node[":type:"]?.className else { return nil }
    let shape = node["_shape"]?.integers
    switch name {
    case "Discrete":
      guard let count = node["n"]?.printedInteger else { return nil }
      self = .discrete(count: count, start: node["start"]?.printedInteger ?? 0)
    case "Box":
      guard let shape, let count = Self.count(of: shape) else { return nil }
      func bounds(_ key: String) -> [Double]? {
        node[key]?.printedNumbers.flatMap { $0.count == count ? $0 : nil }
      }
      self = .box(
        shape: shape, elementType: node["dtype"]?.shortText ?? "float32", low: bounds("low"),
        high: bounds("high"))
    case "MultiDiscrete":
      guard let numbers = node["nvec"]?.printedNumbers else { return nil }
      let counts = numbers.compactMap { Int(exactly: $0) }
      guard counts.count == numbers.count, !counts.isEmpty else { return nil }
      self = .multiDiscrete(counts)
    case "MultiBinary":
      guard let count = node["n"]?.printedInteger ?? shape.flatMap(Self.count) else { return nil }
      self = .multiBinary(count)
    default: self = .other(name)
    }
  }

  private static func count(of shape: [Int]) -> Int? {
    shape.reduce(1) { product, length -> Int? in
      guard let product, length >= 0 else { return nil }
      let (next, overflows) = product.multipliedReportingOverflow(by: length)
      return overflows ? nil : next
    }
  }
}

extension StableBaselinesLayers {
  /// Reads `[64, 64]`, `{"pi": […], "vf": […]}` (`qf` for critics of actions), or a list of shared
  /// widths that ends in such a table.
  fileprivate init?(_ node: DocumentNode) {
    switch node.content {
    case .list(var items):
      var ends: StableBaselinesLayers?
      if let last = items.last, case .table = last.content {
        guard let own = StableBaselinesLayers(last) else { return nil }
        ends = own
        items.removeLast()
      }
      let widths = items.compactMap(\.integer)
      guard widths.count == items.count else { return nil }
      if let ends {
        self.init(shared: widths, policy: ends.policy, value: ends.value)
      } else {
        self.init(shared: [], policy: widths, value: widths)
      }
    case .table:
      guard let policy = node["pi"]?.integers else { return nil }
      self.init(
        shared: [], policy: policy, value: (node["vf"] ?? node["qf"])?.integers ?? [])
    default: return nil
    }
  }
}

extension StableBaselinesRecurrence {
  fileprivate init?(_ arguments: DocumentNode) {
    hiddenSize = arguments["lstm_hidden_size"]?.integer
    layerCount = arguments["n_lstm_layers"]?.integer
    isShared = arguments["shared_lstm"]?.flag
    hasCriticNetwork = arguments["enable_critic_lstm"]?.flag
    if hiddenSize == nil, layerCount == nil, isShared == nil, hasCriticNetwork == nil {
      return nil
    }
  }
}

extension DocumentNode {
  /// The value of a key of a table.
  fileprivate subscript(key: String) -> DocumentNode? {
    guard case .table(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  fileprivate var integer: Int? {
    if case .integer(let value) = content { value } else { nil }
  }

  fileprivate var flag: Bool? {
    if case .bool(let value) = content { value } else { nil }
  }

  /// A text of a length that a name or a short description has, on one line.
  fileprivate var shortText: String? {
    guard case .text(let text) = content, text.utf8.count <= 256,
      !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
    else { return nil }
    return text
  }

  fileprivate var integers: [Int]? {
    guard case .list(let items) = content else { return nil }
    let values = items.compactMap(\.integer)
    return values.count == items.count ? values : nil
  }

  /// The last part of a class's name: `Box` of `<class 'gymnasium.spaces.box.Box'>`.
  fileprivate var className: String? {
    guard let text = shortText, text.hasPrefix("<class '"), text.hasSuffix("'>") else {
      return nil
    }
    return text.dropFirst(8).dropLast(2).split(separator: ".").last.map(String.init)
  }

  /// A whole number that was written as itself or as its text.
  fileprivate var printedInteger: Int? { integer ?? shortText.flatMap { Int($0) } }

  /// The numbers of an array as NumPy prints it; `nil` where it shortened them.
  fileprivate var printedNumbers: [Double]? {
    guard case .text(let text) = content, text.utf8.count <= 1 << 16 else { return nil }
    let words = text.split { "[] \n".contains($0) }
    let numbers = words.compactMap { Double($0) }
    return numbers.count == words.count && !numbers.isEmpty ? numbers : nil
  }
}
