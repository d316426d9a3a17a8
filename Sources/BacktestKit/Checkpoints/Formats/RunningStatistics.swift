import BacktestFiles

/// The running mean and variance with which Stable-Baselines3 normalised observations, from its
/// `vecnormalize.pkl`.
///
/// An observation x became `clip((x - mean) / sqrt(variance + epsilon), -clip, clip)`, computed in
/// 64 bits and then rounded to 32.
///
/// ```swift
/// let statistics = try RunningStatistics(vecNormalize: "vecnormalize.pkl")
/// print(statistics.mean.count, statistics.clip)
/// ```
package struct RunningStatistics: Sendable, Equatable {
  /// The shape of an observation.
  package let shape: [Int]
  /// The mean of each number of an observation, in row-major order.
  package let mean: [Double]
  /// The variance of each number, not its standard deviation.
  package let variance: [Double]
  /// The number of observations they come from.
  package let count: Double
  /// What is added to the variance under the root.
  package let epsilon: Double
  /// The bound of normalised values.
  package let clip: Double
  /// Whether observations were normalised at all; if not, mean and variance may be empty.
  package let normalisesObservations: Bool
  /// The named parts of an observation in the order of the numbers; empty where it has none.
  package let parts: [StableBaselinesSpace.Part]

  /// Reads a `vecnormalize.pkl`; nothing in it is executed.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(vecNormalize path: String) throws(CheckpointError) {
    try self.init(vecNormalize: try CheckpointFile.bytes(path), name: path)
  }

  /// Reads the bytes of a `vecnormalize.pkl`; `name` is its name in messages.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(vecNormalize bytes: [UInt8], name: String) throws(CheckpointError) {
    self = try CheckpointError.inFile(name) { () throws(CheckpointError) in
      let budget = try CheckpointBudget(fileBytes: bytes.count)
      return try VecNormalizeReader(bytes[...], budget).statistics()
    }
  }

  /// Statistics from their parts.
  ///
  /// - Precondition: mean and variance fill the shape, or all three are empty.
  init(
    shape: [Int], mean: [Double], variance: [Double], count: Double, epsilon: Double, clip: Double,
    normalisesObservations: Bool, parts: [StableBaselinesSpace.Part] = []
  ) {
    precondition(mean.count == variance.count, "a variance for each mean")
    self.shape = shape
    self.mean = mean
    self.variance = variance
    self.count = count
    self.epsilon = epsilon
    self.clip = clip
    self.normalisesObservations = normalisesObservations
    self.parts = parts
  }

  /// The same statistics with their parts in another order, that of an observation.
  ///
  /// - Throws: `CheckpointError` where they are not of these parts.
  package func ordered(
    _ wanted: [StableBaselinesSpace.Part]
  ) throws(CheckpointError) -> RunningStatistics {
    guard normalisesObservations else { return self }
    var (means, variances): ([Double], [Double]) = ([], [])
    for part in wanted {
      guard let place = parts.firstIndex(where: { $0.name == part.name }),
        parts[place].count == part.count
      else {
        throw CheckpointError(
          entry: "obs_rms",
          problem: "the part \(quotedForMessage(part.name)) of observations was not normalised, or "
            + "has another shape",
          advice: "normalise all parts, or write the rule as 'observation.normalise'")
      }
      let start = parts[..<place].reduce(0) { $0 + $1.count }
      means += mean[start..<(start + part.count)]
      variances += variance[start..<(start + part.count)]
    }
    return RunningStatistics(
      shape: [means.count], mean: means, variance: variances, count: count, epsilon: epsilon,
      clip: clip, normalisesObservations: true, parts: wanted)
  }
}

/// Finds the running statistics in the pickle of a `VecNormalize`.
struct VecNormalizeReader {
  private let graph: PickleGraph
  private let budget: CheckpointBudget
  private static let advice =
    "in Python, write mean, var, epsilon and clip_obs of VecNormalize.load(path, venv) as norm.json"

  init(_ bytes: ArraySlice<UInt8>, _ budget: CheckpointBudget) throws(CheckpointError) {
    if let refusal = UnsupportedFormat.refusal(of: bytes) { throw refusal }
    do {
      graph = try PickleReader.read(bytes, .vecNormalize, budget)
    } catch {
      var refused = error
      refused.advice = Self.advice
      throw refused
    }
    self.budget = budget
  }

  func statistics() throws(CheckpointError) -> RunningStatistics {
    let whole = try state(of: graph.root, class: "VecNormalize")
    let isOn = try flag(whole, "norm_obs")
    let epsilon = try number(whole, "epsilon")
    // Infinity means no limit; the largest number has the same effect and can be written in JSON.
    let clip = min(
      try number(whole, "clip_obs", allowsInfinity: true), .greatestFiniteMagnitude)
    try Self.require(
      epsilon >= 0 && clip > 0,
      "expected epsilon of at least 0 and clip_obs above 0, "
        + "found \(epsilon) and \(clip)")
    guard let observations = try value(whole, "obs_rms") else {
      try Self.require(!isOn, "obs_rms is missing")
      return RunningStatistics(
        shape: [], mean: [], variance: [], count: 0, epsilon: epsilon, clip: clip,
        normalisesObservations: false)
    }
    var (means, variances): ([Double], [Double]) = ([], [])
    var (count, shape): (Double, [Int]) = (0, [])
    var parts: [StableBaselinesSpace.Part] = []
    if let node = graph.node(observations), case .dictionary = node.kind {
      for position in stride(from: 0, to: node.items.count, by: 2) {
        guard case .text(let name) = node.items[position], parts.count < 1_000 else {
          throw CheckpointError(
            entry: "obs_rms", problem: "expected at most 1,000 named parts", advice: Self.advice)
        }
        let one = try moments(node.items[position + 1], epsilon)
        means += one.mean.doubles()
        variances += one.variance.doubles()
        count = one.count
        parts.append(StableBaselinesSpace.Part(name: name, shape: one.mean.shape))
        try Self.require(means.count <= 1 << 20, "more than 2^20 numbers in an observation")
      }
      shape = [means.count]
    } else {
      let one = try moments(observations, epsilon)
      (means, variances) = (one.mean.doubles(), one.variance.doubles())
      (count, shape) = (one.count, one.mean.shape)
    }
    return RunningStatistics(
      shape: shape, mean: means, variance: variances, count: count, epsilon: epsilon, clip: clip,
      normalisesObservations: isOn, parts: parts)
  }

  /// The mean, variance and count of one instance of running statistics.
  private func moments(
    _ value: PickleValue, _ epsilon: Double
  ) throws(CheckpointError) -> (mean: NamedTensor, variance: NamedTensor, count: Double) {
    let running = try state(of: value, class: "RunningMeanStd")
    let (mean, variance) = (try array(running, "mean"), try array(running, "var"))
    try Self.require(
      mean.shape == variance.shape,
      "mean and var differ in shape: \(mean.shape) and \(variance.shape)")
    try Self.require(
      mean.doubles().allSatisfy(\.isFinite)
        && variance.doubles().allSatisfy { $0 >= 0 && ($0 + epsilon).isFinite && $0 + epsilon > 0 },
      "expected finite means and finite variances of at least 0")
    return (mean, variance, try number(running, "count"))
  }

  private static func require(
    _ condition: Bool, _ problem: @autoclosure () -> String
  ) throws(CheckpointError) {
    try CheckpointError.unless(condition, problem(), advice: advice)
  }

  /// The attributes of an instance.
  private func state(
    of value: PickleValue, class name: String
  ) throws(CheckpointError) -> [PickleValue] {
    guard let node = graph.node(value), case .object(.inert(let full)) = node.kind,
      full.hasSuffix(" " + name), node.items.count == 1, let state = graph.node(node.items[0]),
      case .dictionary = state.kind
    else {
      throw CheckpointError(problem: "expected an instance of \(name)", advice: Self.advice)
    }
    return state.items
  }

  private func value(
    _ items: [PickleValue], _ key: String
  ) throws(CheckpointError) -> PickleValue? {
    var found: PickleValue?
    for position in stride(from: 0, to: items.count - 1, by: 2) {
      guard case .text(let text) = items[position], text == key else { continue }
      try Self.require(found == nil, "duplicate key '\(key)'")
      found = items[position + 1]
    }
    return found
  }

  private func flag(_ items: [PickleValue], _ key: String) throws(CheckpointError) -> Bool {
    switch try value(items, key) {
    case .boolean(let value)?: return value
    case .node?:
      let tensor = try array(items, key)
      if tensor.elementType == .boolean, tensor.count == 1 { return tensor.doubles()[0] != 0 }
    default: break
    }
    throw CheckpointError(entry: key, problem: "expected true or false", advice: Self.advice)
  }

  private func number(
    _ items: [PickleValue], _ key: String, allowsInfinity: Bool = false
  ) throws(CheckpointError) -> Double {
    var found: Double?
    switch try value(items, key) {
    case .number(let value)?: found = value
    case .integer(let value)?: found = Double(value)
    case .node?:
      let tensor = try array(items, key)
      if tensor.count == 1 { found = tensor.doubles()[0] }
    default: break
    }
    guard let found, found.isFinite || allowsInfinity && found == .infinity else {
      throw CheckpointError(
        entry: key, problem: "expected a finite number", advice: Self.advice)
    }
    return found
  }

  private func array(_ items: [PickleValue], _ key: String) throws(CheckpointError) -> NamedTensor {
    try CheckpointError.inEntry(key) { () throws(CheckpointError) in
      guard let value = try value(items, key), let node = graph.node(value),
        case .array(let array) = node.kind
      else {
        throw CheckpointError(problem: "expected an array of numbers", advice: Self.advice)
      }
      let view = try array.view(in: graph)
      // A million numbers for each observation, eight bytes each once converted.
      try Self.require(view.layout.count <= 1 << 20, "more than 2^20 numbers in an observation")
      return try view.tensor(key, budget)
    }
  }
}
