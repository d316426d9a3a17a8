import BacktestFiles
import BacktestNetworks
internal import Synchronization

/// The process that the copies of an external policy share.
final class PolicyProcess: Sendable {
  private let command: [String]
  private let folder: String?
  private let manifest: PolicyManifest
  private let limits: ExternalPolicy.Limits
  private let state = Mutex(State())

  private struct State: Sendable {
    var child: ChildProcess?
    var failure: PolicyError?
    var isStopped = false
    /// The number of the last observation.
    var number = 0
  }

  init(
    _ command: [String], folder: String?, manifest: PolicyManifest, limits: ExternalPolicy.Limits
  ) {
    self.command = command
    self.folder = folder
    self.manifest = manifest
    self.limits = limits
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
  func ask(_ observation: [Double], startsEpisode: Bool) throws(PolicyRefusal) -> PolicyAnswer {
    do throws(PolicyError) {
      return try state.withLock { (state) throws(PolicyError) in
        let child = try running(&state)
        state.number += 1
        let request = PolicyLine.request(
          state.number, observation: observation, startsEpisode: startsEpisode)
        let what = "observation \(state.number)"
        let line = try exchange(request, within: limits.decision, what, child, &state)
        do throws(PolicyLine.Problem) {
          return try PolicyAnswer(line: line, number: state.number, manifest: manifest)
        } catch {
          throw fail(unusable(line, as: "answered \(what)", error), child, &state)
        }
      }
    } catch {
      throw PolicyRefusal(error.description, isFinal: true)
    }
  }

  /// The process, started and greeted if it has not been.
  private func running(_ state: inout State) throws(PolicyError) -> ChildProcess {
    if let failure = state.failure { throw failure }
    if state.isStopped { throw error("it was stopped and decides no more") }
    if let child = state.child { return child }
    let child: ChildProcess
    do throws(ChildProcessError) {
      child = try ChildProcess(command, folder: folder, streams: .lines)
    } catch {
      let failure = self.error("\(error)")
      state.failure = failure
      throw failure
    }
    state.child = child
    let greeting = PolicyLine.greeting(manifest)
    let line = try exchange(greeting, within: limits.start, "the greeting", child, &state)
    do throws(PolicyLine.Problem) {
      try PolicyLine.checkReady(line)
    } catch {
      throw fail(unusable(line, as: "answered the greeting", error), child, &state)
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

  private func unusable(_ line: [UInt8], as deed: String, _ problem: PolicyLine.Problem) -> String {
    var text = String(decoding: line, as: UTF8.self)
    if text.hasSuffix("\r") { text.removeLast() }
    return "it \(deed) with \(quotedForMessage(text)): \(problem.text)"
  }

  /// Ends the process and keeps why.
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
    PolicyError(source: CommandTemplate.shown(command), problem)
  }
}
