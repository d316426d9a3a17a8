public import BacktestNetworks

/// A policy that runs in a process of its own: a program in any language that reads observations
/// and writes actions, one line of JSON each.
///
///     let manifest = try PolicyManifest(path: "policies/momentum/manifest.json")
///     var policy = try ExternalPolicy(["python3", "momentum.py"], manifest: manifest)
///     try policy.start()          // optional; else the first decision starts it
///     …
///     if let failure = policy.failure { … }
///
/// The manifest says what is observed, how it is normalised and what actions mean; the process gets
/// the numbers after that normalisation. `Documentation/ExternalPolicies.md` describes the lines.
///
/// Copies share one process, and with it the memory that the process keeps of an episode. Make a
/// policy anew for each run. The process ends with the last copy.
public struct ExternalPolicy: Policy {
  /// What it observes and what its actions mean.
  public let manifest: PolicyManifest
  private let process: PolicyProcess
  private var startsEpisode = true

  /// How long a process may take.
  public struct Limits: Sendable, Equatable {
    /// Seconds from its start until it says that it is ready.
    public var start = 60.0
    /// Seconds for each decision.
    public var decision = 10.0
    /// Seconds that it has to end, after its input was closed and again after a SIGTERM.
    public var grace = 2.0

    /// 60 seconds to start, 10 for a decision, 2 to end.
    public init() {}
  }

  /// A policy whose process starts with `start()` or the first decision.
  ///
  /// - Parameters:
  ///   - command: the program, looked for on the PATH unless its name has a slash, and its words;
  ///     no shell reads them.
  ///   - folder: where the process works; `nil` for the folder of this one.
  ///   - manifest: what is observed and what actions mean; weights are not needed.
  ///   - limits: how long the process may take.
  /// - Throws: `PolicyError` when the command is empty or the manifest contradicts itself.
  public init(
    _ command: [String], folder: String? = nil, manifest: PolicyManifest,
    limits: Limits = Limits()
  ) throws(PolicyError) {
    guard command.first?.isEmpty == false else {
      throw PolicyError(source: manifest.path, "the command of an external policy names no program")
    }
    let count = manifest.observation.count
    if let width = manifest.observation.normaliser.count, width == 0 || count % width != 0 {
      throw PolicyError(
        source: manifest.path,
        "'normalise' holds \(width) numbers, which an observation of \(count) is no multiple of")
    }
    self.manifest = manifest
    process = PolicyProcess(command, folder: folder, manifest: manifest, limits: limits)
  }

  /// Starts the process, where it does not run yet, and waits until it is ready.
  ///
  /// - Throws: `PolicyError` with why it did not start, in one line.
  public func start() throws(PolicyError) { try process.start() }

  /// Ends the process; it cannot decide any more. It also ends with the last copy of the policy.
  public func stop() { process.stop() }

  /// Why the process cannot decide any more; `nil` while it can. A refusal is no failure.
  ///
  /// A strategy only sees a final refusal; whoever runs it asks here, of any copy, and ends with
  /// an error.
  public var failure: PolicyError? { process.failure }

  /// The numbers of an observation.
  public var observationCount: Int { manifest.observation.count }

  /// A decision with room for an action; what is told beside it takes room when it comes.
  public func makeDecision() -> PolicyDecision {
    PolicyDecision(actionCount: manifest.action?.componentCount ?? 0, outputCount: 0)
  }

  /// Begins an episode: the process is told with the next observation.
  public mutating func reset() { startsEpisode = true }

  /// Asks the process for a decision on an observation.
  ///
  /// - Parameters:
  ///   - observation: the features before normalisation, row-major.
  ///   - decision: made by `makeDecision()`; overwritten.
  /// - Throws: `PolicyRefusal`: not final when the process refuses or a number is not finite; final
  ///   when the process is too slow, ends, or answers what cannot be used.
  public mutating func decide(
    _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
  ) throws(PolicyRefusal) {
    precondition(observation.count == observationCount, "the observation has another size")
    var values = Array(observation)
    values.withUnsafeMutableBufferPointer { manifest.observation.normaliser.apply(to: $0) }
    if let position = values.firstIndex(where: { !Float($0).isFinite }) {
      throw PolicyRefusal(
        "number \(position + 1) of the observation is \(values[position]); a process is only asked "
          + "about finite numbers")
    }
    let answer = try process.ask(values, startsEpisode: startsEpisode)
    // A process that refused has seen the observation, so its episode has begun.
    startsEpisode = false
    if let reason = answer.refusal { throw PolicyRefusal(reason) }
    decision.action = ContiguousArray(answer.action)
    decision.outputs = ContiguousArray(answer.outputs)
    decision.prediction = answer.prediction
  }
}
