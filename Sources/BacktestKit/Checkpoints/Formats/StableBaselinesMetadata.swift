import BacktestFiles

extension StableBaselinesMetadata {
  /// The entry that holds the version.
  static let versionEntry = "_stable_baselines3_version"

  /// Reads `data` and the version.
  init(data: [UInt8], version: [UInt8]?) throws(CheckpointError) {
    let root: DocumentNode
    do {
      root = try DocumentReader.read(
        PythonJSON.standard(data), name: "data", format: .json)
    } catch {
      throw CheckpointError(
        problem: error.problems[0].description, advice: ReexportAdvice.stableBaselines)
    }
    guard case .table = root.content else {
      throw CheckpointError(
        problem: "expected an object, found \(root.found)",
        advice: ReexportAdvice.stableBaselines)
    }
    let policy = try root.readable("policy_class", "an object") { $0.isTable ? $0 : nil }
    policyModule = try policy?.readable("__module__", "a name", \.shortText)
    policyClass = policy.flatMap(Self.className)
    observationSpace = try StableBaselinesSpace(root, "observation_space")
    actionSpace = try StableBaselinesSpace(root, "action_space")
    usesStateDependentExploration = try root.readable("use_sde", "true or false", \.flag)
    if let arguments = try root.readable("policy_kwargs", "an object", { $0.isTable ? $0 : nil }) {
      try CheckpointError.inEntry("policy_kwargs") { () throws(CheckpointError) in
        try readArguments(arguments)
      }
    }
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

  private mutating func readArguments(_ arguments: DocumentNode) throws(CheckpointError) {
    if let layers = arguments["net_arch"], layers.kind != .null {
      self.layers = try arguments.readable(
        "net_arch", "lists of widths", StableBaselinesLayers.init)
    }
    let torch = "torch.nn.modules.activation."
    activation = arguments["activation_fn"].map { node in
      guard let path = node.classPath, path.hasPrefix(torch),
        !path.dropFirst(torch.count).contains(".")
      else { return node.cleaned }
      return path.lastPart
    }
    let extractor = arguments["features_extractor_class"]
    featuresExtractorPath = extractor?.classPath
    featuresExtractor = extractor.map { $0.classPath?.lastPart ?? $0.cleaned }
    squashesOutput = try arguments.readable("squash_output", "true or false", \.flag)
    initialisesOrthogonally = try arguments.readable("ortho_init", "true or false", \.flag)
    clipMean = try arguments.readable("clip_mean", "a number", \.number)
    normalisationEpsilon = try arguments.readable("batch_norm_eps", "a number", \.number)
    recurrent = try StableBaselinesRecurrence(arguments)
  }

  /// The class of a policy, from the text of one of its functions, preferably the one that every
  /// class defines: `<function ActorCriticPolicy.__init__ at 0x…>`.
  private static func className(_ policy: DocumentNode) -> String? {
    guard case .table(let members) = policy.content else { return nil }
    let start = "<function "
    let own = members.filter { $0.key == "__init__" } + members
    let text = own.lazy.compactMap(\.value.shortText).first { $0.hasPrefix(start) }
    // For a class inside a function the name is `make.<locals>.Policy.__init__`.
    let path = text?.dropFirst(start.count).split(separator: " ").first?.split(separator: ".")
    return path?.dropLast().last.map(String.init)
  }
}

extension StableBaselinesSpace {
  /// Reads the space under a key; `nil` where there is none.
  fileprivate init?(_ root: DocumentNode, _ key: String) throws(CheckpointError) {
    guard let node = root[key] else { return nil }
    self = try CheckpointError.inEntry(key) { () throws(CheckpointError) in
      try StableBaselinesSpace(node)
    }
  }

  private init(_ node: DocumentNode) throws(CheckpointError) {
    let name = try node.required(":type:", "the class of a space") { $0.classPath?.lastPart }
    switch name {
    case "Discrete":
      let count = try node.required("n", "a whole number above 0", \.printedCount)
      let start = try node.readable("start", "a whole number", \.printedInteger)
      self = .discrete(count: count, start: start ?? 0)
    case "Box":
      let key = node["_shape"] == nil && node["shape"] != nil ? "shape" : "_shape"
      let (shape, count) = try node.required(key, "lengths of at least 0") { node in
        node.integers.flatMap { shape in Self.count(of: shape).map { (shape, $0) } }
      }
      func bounds(_ key: String) -> [Double]? {
        node[key]?.printedNumbers.flatMap { $0.count == count ? $0 : nil }
      }
      self = .box(
        shape: shape, elementType: node["dtype"]?.shortText ?? "float32", low: bounds("low"),
        high: bounds("high"))
    case "MultiDiscrete":
      self = .multiDiscrete(
        try node.required("nvec", "whole numbers above 0") { node in
          guard let numbers = node.printedNumbers else { return nil }
          let counts = numbers.compactMap { Int(exactly: $0) }.filter { $0 > 0 }
          return counts.count == numbers.count ? counts : nil
        })
    case "MultiBinary":
      if let count = node["n"]?.printedCount {
        self = .multiBinary(count)
        return
      }
      // For choices in several dimensions `n` is a tuple, and the shape has the count.
      let key = node["_shape"] == nil ? "n" : "_shape"
      self = .multiBinary(
        try node.required(key, "whole numbers above 0") { $0.integers.flatMap(Self.count) })
    case "Dict":
      let parts = node["spaces"]?.printedParts
      self = parts.map { .parts($0) } ?? .other(name)
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
      // One of the two may be missing, and has no layers then.
      let ends = [node["pi"], node["vf"] ?? node["qf"]]
      let widths = ends.map { $0.map(\.integers) ?? [] }
      guard let policy = widths[0], let value = widths[1], ends.contains(where: { $0 != nil })
      else { return nil }
      self.init(shared: [], policy: policy, value: value)
    default: return nil
    }
  }
}

extension StableBaselinesRecurrence {
  fileprivate init?(_ arguments: DocumentNode) throws(CheckpointError) {
    hiddenSize = try arguments.readable("lstm_hidden_size", "a whole number", \.integer)
    layerCount = try arguments.readable("n_lstm_layers", "a whole number", \.integer)
    isShared = try arguments.readable("shared_lstm", "true or false", \.flag)
    hasCriticNetwork = try arguments.readable("enable_critic_lstm", "true or false", \.flag)
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

  /// The value of a key in an expected form; `nil` where the key is missing.
  fileprivate func readable<Value>(
    _ key: String, _ expected: String, _ read: (DocumentNode) -> Value?
  ) throws(CheckpointError) -> Value? {
    guard let node = self[key] else { return nil }
    guard let value = read(node) else {
      throw CheckpointError(
        entry: key, problem: "expected \(expected), found \(node.found)",
        advice: ReexportAdvice.stableBaselines)
    }
    return value
  }

  /// The value of a required key.
  fileprivate func required<Value>(
    _ key: String, _ expected: String, _ read: (DocumentNode) -> Value?
  ) throws(CheckpointError) -> Value {
    guard let value = try readable(key, expected, read) else {
      throw CheckpointError(
        entry: key, problem: "is missing: expected \(expected)",
        advice: ReexportAdvice.stableBaselines)
    }
    return value
  }

  fileprivate var isTable: Bool { kind == .table }

  fileprivate var number: Double? {
    switch content {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  fileprivate var integer: Int? {
    if case .integer(let value) = content { value } else { nil }
  }

  fileprivate var flag: Bool? {
    if case .bool(let value) = content { value } else { nil }
  }

  /// A text as short as a name or a short description, on one line.
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

  /// A class with its module: `gymnasium.spaces.box.Box` of `<class 'gymnasium.spaces.box.Box'>`.
  fileprivate var classPath: String? {
    guard let text = shortText, text.hasPrefix("<class '"), text.hasSuffix("'>") else {
      return nil
    }
    let path = text.dropFirst(8).dropLast(2)
    return path.isEmpty || path.hasPrefix(".") || path.hasSuffix(".") ? nil : String(path)
  }

  /// Any value as it is written, short and on one line. A text that could be mistaken for a name is
  /// quoted.
  fileprivate var cleaned: String {
    guard case .text(let text) = content else { return found }
    let quoted = quotedForMessage(text, limit: 120)
    return text.hasPrefix("<") ? String(quoted.dropFirst().dropLast()) : quoted
  }

  /// The parts of a dictionary of boxes, as Gymnasium prints it: `{'a': Box(-inf, inf, (2,),
  /// float32), …}`; `nil` where a part is something else.
  fileprivate var printedParts: [StableBaselinesSpace.Part]? {
    guard case .text(let text) = content, text.utf8.count <= 1 << 16, text.hasPrefix("{'"),
      text.hasSuffix(")}")
    else { return nil }
    var parts: [StableBaselinesSpace.Part] = []
    let inner = text.dropFirst().dropLast()
    for entry in inner.split(separator: "), '", omittingEmptySubsequences: false) {
      // The first key keeps its quote, and the last entry its bracket.
      let words = (entry.first == "'" ? entry.dropFirst() : entry[...])
      guard let end = words.firstRange(of: "': Box("), let open = words.lastIndex(of: "("),
        let close = words[open...].firstIndex(of: ")"), open >= end.upperBound,
        words[..<end.lowerBound].utf8.allSatisfy({ 0x20 < $0 && $0 < 0x7F && $0 != 0x27 })
      else { return nil }
      let lengths = words[words.index(after: open)..<close].split(separator: ",").map { word in
        Int(word.drop { $0 == " " })
      }
      let shape = lengths.compactMap(\.self)
      guard !shape.isEmpty, shape.count == lengths.count, shape.count <= 2,
        shape.allSatisfy({ 1...1_000_000 ~= $0 })
      else { return nil }
      parts.append(StableBaselinesSpace.Part(name: String(words[..<end.lowerBound]), shape: shape))
    }
    return parts.count <= 1_000 && Set(parts.map(\.name)).count == parts.count ? parts : nil
  }

  /// A whole number, written as a number or as text.
  fileprivate var printedInteger: Int? { integer ?? shortText.flatMap { Int($0) } }

  /// A number of choices, written in one of these ways.
  fileprivate var printedCount: Int? { printedInteger.flatMap { $0 > 0 ? $0 : nil } }

  /// The numbers of an array as NumPy prints it; `nil` where it shortened them.
  fileprivate var printedNumbers: [Double]? {
    guard case .text(let text) = content, text.utf8.count <= 1 << 16 else { return nil }
    let words = text.split { "[] \n".contains($0) }
    let numbers = words.compactMap { Double($0) }
    return numbers.count == words.count && !numbers.isEmpty ? numbers : nil
  }
}

extension String {
  /// The part behind the last dot.
  fileprivate var lastPart: String { split(separator: ".").last.map(String.init) ?? self }
}
