internal import BacktestCore
package import BacktestFiles
internal import Synchronization

/// A policy that runs in a separate process: a program in any language that reads observations and
/// writes actions, each as one line of JSON.
///
///     let manifest = try PolicyManifest(path: "policies/momentum/manifest.json")
///     var policy = try ExternalPolicy(["python3", "momentum.py"], manifest: manifest)
///     try policy.start()          // optional; otherwise the first decision starts it
///     …
///     if let failure = policy.failure { … }
///
/// The manifest says what is observed, how it is normalised and what actions mean; the process gets
/// the normalised numbers. `Documentation/ExternalPolicies.md` describes the messages.
///
/// Copies share one process, and with it what the process remembers of an episode. Make a new
/// policy for each run. The process ends with the last copy.
public struct ExternalPolicy: Policy {
  /// What it observes and what its actions mean.
  public let manifest: PolicyManifest
  private let process: PolicyProcess
  private var startsEpisode = true

  /// How long a process may take.
  public struct Limits: Sendable, Equatable {
    /// Seconds from its start until it reports that it is ready.
    public var start = 60.0
    /// Seconds for each decision.
    public var decision = 10.0
    /// Seconds it has to end after its input was closed, and again after a SIGTERM.
    public var grace = 2.0

    /// 60 seconds to start, 10 for a decision, 2 to end.
    public init() {}
  }

  /// A policy whose process starts with `start()` or the first decision.
  ///
  /// - Parameters:
  ///   - command: the program, found on the PATH unless its name has a slash, and its arguments; no
  ///     shell is involved.
  ///   - folder: its working folder; `nil` for that of this process.
  ///   - manifest: what is observed and what actions mean; weights are not needed.
  ///   - limits: how long the process may take.
  /// - Throws: `PolicyError` when the command is empty or the manifest contradicts itself.
  public init(
    _ command: [String], folder: String? = nil, manifest: PolicyManifest,
    limits: Limits = Limits()
  ) throws(PolicyError) {
    try self.init(
      command, folder: folder, manifest: manifest, limits: limits, interrupt: Interrupt())
  }

  /// A policy that fails once it is interrupted.
  package init(
    _ command: [String], folder: String?, manifest: PolicyManifest, limits: Limits = Limits(),
    interrupt: Interrupt
  ) throws(PolicyError) {
    guard command.first?.isEmpty == false else {
      throw PolicyError(source: manifest.path, "the command of an external policy has no program")
    }
    let count = manifest.observation.count
    if let width = manifest.observation.normaliser.count, width == 0 || count % width != 0 {
      throw PolicyError(
        source: manifest.path,
        "'normalise' holds \(width) numbers, of which the observation's \(count) is not a multiple")
    }
    self.manifest = manifest
    process = PolicyProcess(
      command, folder: folder, manifest: manifest, limits: limits, interrupt: interrupt)
  }

  /// Starts the process if it does not run yet, and waits until it is ready.
  ///
  /// - Throws: `PolicyError` with the reason why it did not start, in one line.
  public func start() throws(PolicyError) { try process.start() }

  /// Ends the process, so that it cannot decide any more. It also ends with the last copy.
  public func stop() { process.stop() }

  /// Why the process cannot decide any more; `nil` while it can. A refusal is not a failure.
  ///
  /// A strategy only sees a final refusal. The code that runs it checks this property, of any copy,
  /// and ends with an error.
  public var failure: PolicyError? { process.failure }

  /// The number of values in an observation.
  public var observationCount: Int { manifest.observation.count }

  /// A decision with room for an action; outputs take memory when the process sends some.
  public func makeDecision() -> PolicyDecision {
    PolicyDecision(actionCount: manifest.action?.componentCount ?? 0, outputCount: 0)
  }

  /// Begins an episode: the next observation tells the process.
  public mutating func reset() { startsEpisode = true }

  /// Asks the process for a decision on an observation.
  ///
  /// - Parameters:
  ///   - observation: the features before normalisation, row-major.
  ///   - decision: made by `makeDecision()`; overwritten.
  /// - Throws: `PolicyRefusal`: not final when the process refuses or a number is not finite; final
  ///   when the process is too slow, ends, or sends an invalid answer.
  public mutating func decide(
    _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
  ) throws(PolicyRefusal) {
    precondition(observation.count == observationCount, "an observation of the policy's length")
    var values = Array(observation)
    values.withUnsafeMutableBufferPointer { manifest.observation.normaliser.apply(to: $0) }
    if let position = values.firstIndex(where: { !Float($0).isFinite }) {
      throw PolicyRefusal(
        "number \(position + 1) of the observation is \(values[position]); only finite numbers are "
          + "sent to a process")
    }
    let answer = try process.ask(values, at: decision.time, startsEpisode: startsEpisode)
    // Also after a refusal: the process has seen the observation, so its episode has begun.
    startsEpisode = false
    if let reason = answer.refusal { throw PolicyRefusal(reason) }
    decision.action = ContiguousArray(answer.action)
    decision.outputs = ContiguousArray(answer.outputs)
    decision.prediction = answer.prediction
  }
}

/// The process that all copies of an external policy share.
final class PolicyProcess: Sendable {
  private let command: [String]
  private let folder: String?
  private let manifest: PolicyManifest
  private let limits: ExternalPolicy.Limits
  private let interrupt: Interrupt
  private let state = Mutex(State())

  private struct State: Sendable {
    var child: ChildProcess?
    var failure: PolicyError?
    var isStopped = false
    /// The number of the last observation, from 1.
    var number = 0
  }

  init(
    _ command: [String], folder: String?, manifest: PolicyManifest,
    limits: ExternalPolicy.Limits, interrupt: Interrupt
  ) {
    self.command = command
    self.folder = folder
    self.manifest = manifest
    self.limits = limits
    self.interrupt = interrupt
  }

  deinit { stop() }

  var failure: PolicyError? { state.withLock { $0.failure } }

  func start() throws(PolicyError) {
    try state.withLock { (state) throws(PolicyError) in _ = try running(&state) }
  }

  func stop() {
    state.withLock { state in
      state.child?.terminate(grace: limits.grace)
      state.isStopped = true
    }
  }

  /// Sends an observation and reads the answer.
  func ask(
    _ observation: [Double], at time: Timestamp?, startsEpisode: Bool
  ) throws(PolicyRefusal) -> PolicyAnswer {
    do throws(PolicyError) {
      return try state.withLock { (state) throws(PolicyError) in
        let child = try running(&state)
        state.number += 1
        let request = PolicyMessage.request(
          state.number, observation: observation, at: time, startsEpisode: startsEpisode)
        let what = "observation \(state.number)"
        let line = try exchange(request, within: limits.decision, what, child, &state)
        do throws(PolicyMessage.Problem) {
          return try PolicyAnswer(line: line, number: state.number, manifest: manifest)
        } catch {
          throw fail(invalid(line, "answered \(what)", error), child, &state)
        }
      }
    } catch {
      throw PolicyRefusal(error.description, isFinal: true)
    }
  }

  /// The process, started and greeted if that has not happened yet.
  private func running(_ state: inout State) throws(PolicyError) -> ChildProcess {
    if let failure = state.failure { throw failure }
    if state.isStopped { throw error("it was stopped and cannot decide any more") }
    if let child = state.child { return child }
    let child: ChildProcess
    do throws(FileError) {
      child = try ChildProcess(command, folder: folder, streams: .lines, interrupt: interrupt)
    } catch {
      let failure = self.error("\(error)")
      state.failure = failure
      throw failure
    }
    state.child = child
    let greeting = PolicyMessage.greeting(manifest)
    let line = try exchange(greeting, within: limits.start, "the greeting", child, &state)
    do throws(PolicyMessage.Problem) {
      try PolicyMessage.checkReady(line)
    } catch {
      throw fail(invalid(line, "answered the greeting", error), child, &state)
    }
    return child
  }

  private func exchange(
    _ line: [UInt8], within seconds: Double, _ what: String, _ child: ChildProcess,
    _ state: inout State
  ) throws(PolicyError) -> [UInt8] {
    let problem: String
    switch child.exchange(line, within: seconds) {
    case .line(let answer): return answer
    case .timedOut: problem = "it did not answer \(what) within \(seconds) s and was ended"
    case .interrupted: problem = "it was interrupted"
    case .tooLong:
      problem =
        "it answered \(what) with a line of more than \(ChildState.lineLimit >> 20) MiB and was "
        + "ended"
    case .closed:
      let exit = child.waitForExit(within: limits.grace)
      problem = "it \(exit?.description ?? "closed its output") before it answered \(what)"
    }
    throw fail(problem, child, &state)
  }

  private func invalid(
    _ line: [UInt8], _ action: String, _ problem: PolicyMessage.Problem
  ) -> String {
    var text = String(decoding: line, as: UTF8.self)
    if text.hasSuffix("\r") { text.removeLast() }
    return "it \(action) with \(quotedForMessage(text)): \(problem.text)"
  }

  /// Ends the process and keeps the reason.
  private func fail(
    _ problem: String, _ child: ChildProcess, _ state: inout State
  ) -> PolicyError {
    child.terminate(grace: min(limits.grace, 0.2))
    let last = child.lastLines(1).first.map {
      "; the last line of its standard error is \(quotedForMessage($0, limit: 200))"
    }
    let failure = error(problem + (last ?? ""))
    state.failure = failure
    return failure
  }

  private func error(_ problem: String) -> PolicyError {
    PolicyError(command: command, problem)
  }
}
