/// The running mean and variance by which Stable-Baselines3 normalised observations, out of its
/// `vecnormalize.pkl`.
///
/// An observation x became `clip((x - mean) / sqrt(variance + epsilon), -clip, clip)`, computed in
/// 64 bits and then rounded to 32.
///
/// ```swift
/// let statistics = try RunningStatistics(vecNormalize: "vecnormalize.pkl")
/// print(statistics.mean.count, statistics.clip)
/// ```
public struct RunningStatistics: Sendable, Equatable {
  /// The shape of an observation.
  public let shape: [Int]
  /// The mean of each number of an observation, in row-major order.
  public let mean: [Double]
  /// The variance of each number, not its root.
  public let variance: [Double]
  /// How many observations they come from.
  public let count: Double
  /// What is added to the variance under the root.
  public let epsilon: Double
  /// The bound of normalised values.
  public let clip: Double
  /// Whether observations were normalised at all; if not, mean and variance may be empty.
  public let normalisesObservations: Bool

  /// Reads a `vecnormalize.pkl`; nothing in it is executed.
  ///
  /// - Throws: what is wrong with it, in one line; observations in a dictionary are refused.
  public init(vecNormalize path: String) throws(CheckpointError) {
    try self.init(vecNormalize: try CheckpointFile.bytes(path), name: path)
  }

  /// Reads the bytes of a `vecnormalize.pkl`; `name` is what messages call it.
  ///
  /// - Throws: what is wrong with it, in one line; observations in a dictionary are refused.
  public init(vecNormalize bytes: [UInt8], name: String) throws(CheckpointError) {
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
    normalisesObservations: Bool
  ) {
    precondition(mean.count == variance.count, "a variance for each mean")
    self.shape = shape
    self.mean = mean
    self.variance = variance
    self.count = count
    self.epsilon = epsilon
    self.clip = clip
    self.normalisesObservations = normalisesObservations
  }
}
