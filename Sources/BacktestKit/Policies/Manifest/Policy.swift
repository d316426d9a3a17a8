package import BacktestCore

/// Decides from an observation alone: a trained network, a program in another process, an ensemble.
///
/// A policy knows nothing of bars, accounts or orders: what it observes and what its actions mean
/// is said beside it, in a `PolicyManifest`. It is a value made anew for each run; recurrent state
/// lies in it.
public protocol Policy: Sendable {
  /// The numbers of an observation.
  var observationCount: Int { get }
  /// A decision with room for the policy's action and outputs, so that deciding allocates nothing.
  func makeDecision() -> PolicyDecision
  /// Begins an episode: recurrent state goes back to its start.
  mutating func reset()
  /// Decides on an observation.
  ///
  /// - Parameters:
  ///   - observation: the features before normalisation, row-major, 64 bits.
  ///   - decision: made by `makeDecision()`; overwritten.
  /// - Throws: `PolicyRefusal` when there is no decision.
  mutating func decide(
    _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
  ) throws(PolicyRefusal)
}

/// What a policy decided.
public struct PolicyDecision: Sendable, Equatable {
  /// The action after the rule of its training library: for discrete choices the number of each,
  /// for a box its components within their bounds; empty for a predictor.
  public var action: ContiguousArray<Double>
  /// The outputs of the deciding head, such as logits or means; empty where the policy does not
  /// tell.
  public var outputs: ContiguousArray<Double>
  /// What it expects of the next bar, where it says so.
  public var prediction = PolicyPrediction()
  /// The discrete actions that it may choose from, a bit for each; set before deciding.
  package var allowed = UInt64.max
  /// When the observation was made, set before deciding; `nil` outside of a market.
  package var time: Timestamp?

  /// A decision with room for so many numbers.
  public init(actionCount: Int, outputCount: Int) {
    action = ContiguousArray(repeating: 0, count: actionCount)
    outputs = ContiguousArray(repeating: 0, count: outputCount)
  }
}

/// What a policy expects of the next bar; each figure is `nil` where the policy does not say.
public struct PolicyPrediction: Sendable, Equatable, BitwiseCopyable {
  /// A signed number: its sign is the direction, its size ranks.
  public var signal: Double?
  /// The probability of a rise, 0...1.
  public var probabilityUp: Double?
  /// The probability of a fall, 0...1, where it is not the rest of that of a rise.
  public var probabilityDown: Double?
  /// The expected log return.
  public var expectedReturn: Double?
  /// The standard deviation of the log return, or of the signal where no return is predicted.
  public var deviation: Double?

  /// Nothing is expected.
  public init() {}

  /// Rounds all numbers to 32 bits, the precision in which networks are trained.
  mutating func round() {
    func rounded(_ value: Double?) -> Double? { value.map { Double(Float($0)) } }
    signal = rounded(signal)
    probabilityUp = rounded(probabilityUp)
    probabilityDown = rounded(probabilityDown)
    expectedReturn = rounded(expectedReturn)
    deviation = rounded(deviation)
  }
}

/// Why a policy did not decide.
public struct PolicyRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The reason, in one line.
  public var reason: String
  /// Whether it cannot decide any more in this run.
  public var isFinal: Bool

  /// A refusal.
  public init(_ reason: String, isFinal: Bool = false) {
    self.reason = reason
    self.isFinal = isFinal
  }

  /// The reason.
  public var description: String { reason }
}
