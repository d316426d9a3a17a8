import BacktestCore
import BacktestEvidence
import BacktestFiles
internal import Synchronization

/// A program that proposes parameters: it reads and writes lines of JSON.
///
///     -> {"protocol":"backtestkit.sampler/1","direction":"maximize","seed":7,"space":[…],…}
///     <- {"ready":true}
///     -> {"ask":0,"attempt":0}
///     <- {"ask":0,"parameters":{"fast":5,"slow":50}}
///     -> {"tell":0,"state":"complete","value":0.53}
///     <- {"tell":0}
final class ExternalSampler: ParameterSampler {
  /// Seconds until a program is ready, and for each answer.
  private static let (startLimit, answerLimit) = (60.0, 60.0)

  private let command: [String]
  private let space: SearchSpace
  private let child: Mutex<ChildProcess>

  /// Starts the program.
  ///
  /// - Throws: `EvidenceError` where it cannot be started or does not fit.
  init(
    _ command: [String], in folder: String, _ tuning: StudyTuning, seed: UInt64,
    isBetterHigher: Bool, interrupt: Interrupt
  ) throws(EvidenceError) {
    self.command = command
    space = tuning.space
    do throws(FileError) {
      child = Mutex(
        try ChildProcess(command, folder: folder, streams: .lines, interrupt: interrupt))
    } catch {
      throw .tuning("the sampler \(quotedForMessage(command.joined(separator: " "))): \(error)")
    }
    let greeting: JSONValue = [
      "protocol": "backtestkit.sampler/1",
      "direction": .text(isBetterHigher ? "maximize" : "minimize"),
      "seed": .integer(Int(clamping: seed)), "trials": .integer(tuning.plan.trialCount),
      "space": .list(space.dimensions.map(\.json)),
    ]
    let ready = try exchange(greeting, within: Self.startLimit) { table in
      table.value("ready", .flag)
    }
    guard ready else { throw error("is not ready") }
  }

  func ask(
    _ trial: Int, attempt: Int, _ history: [TuningTrial]
  ) throws(EvidenceError) -> [ParameterValue]? {
    let space = space
    return try exchange(
      ["ask": .integer(trial), "attempt": .integer(attempt)], within: Self.answerLimit
    ) { table in
      if table.value("ask", .integer()) != trial {
        table.report("it answers another trial than \(trial)", at: "ask")
      }
      guard table.node("parameters") != nil else { return nil }
      return table.section("parameters") { table in
        space.dimensions.map { dimension in
          let value = table.value(dimension.name, .parameter)
          // A program in another language may write a whole number as 2.0, and 2 for 2.0.
          let fitting = dimension.range.fitting(value)
          if fitting == nil {
            table.report("\(value) is not one of the values of the space", at: dimension.name)
          }
          return fitting ?? value
        }
      }
    }
  }

  func tell(_ trial: TuningTrial) throws(EvidenceError) {
    let number = trial.number
    try exchange(
      [
        "tell": .integer(number), "state": .text(trial.state.rawValue),
        "value": JSONValue(trial.value),
      ], within: Self.answerLimit
    ) { table in
      if table.value("tell", .integer()) != number {
        table.report("it answers another trial than \(number)", at: "tell")
      }
    }
  }

  /// Sends a line and reads the answer.
  @discardableResult
  private func exchange<Value: Sendable>(
    _ message: JSONValue, within seconds: Double, _ read: (inout DocumentTable) -> Value
  ) throws(EvidenceError) -> Value {
    let line = child.withLock { $0.exchange(JSONWriter.line(of: message), within: seconds) }
    guard case .line(let bytes) = line else {
      let tail = child.withLock { $0.lastLines(5) }
      let reason =
        switch line {
        case .timedOut: "gave no answer within \(Int(seconds)) s"
        case .interrupted: "was interrupted"
        case .tooLong: "answered with a line that is too long"
        case .closed, .line: "ended"
        }
      throw error(
        reason + (tail.isEmpty ? "" : "; its last lines:\n  ")
          + tail.joined(separator: "\n  "))
    }
    do throws(DocumentError) {
      let document = try JSONReader.read(bytes, name: "its answer")
      if case .table(let entries) = document.content,
        case .text(let reason)? = entries.first(where: { $0.key == "refuse" })?.value.content
      {
        throw DocumentError(at: document.place, "it refuses: \(reason)")
      }
      return try document.decode(read)
    } catch {
      throw self.error("gave an invalid answer: \(error)")
    }
  }

  private func error(_ reason: String) -> EvidenceError {
    .tuning("the sampler \(quotedForMessage(command.joined(separator: " "))) \(reason)")
  }
}

extension SearchSpace.Dimension {
  /// The dimension as the greeting of a program has it.
  fileprivate var json: JSONValue {
    switch range {
    case .choice(let values):
      ["name": .text(name), "kind": "choice", "values": .list(values.map { JSONValue($0) })]
    case .integer(let from, let to, let step, let isLogarithmic):
      [
        "name": .text(name), "kind": "integer", "from": .integer(from),
        "to": .integer(from + (to - from) / step * step), "step": .integer(step),
        "log": .bool(isLogarithmic),
      ]
    case .number(let from, let to, let isLogarithmic):
      [
        "name": .text(name), "kind": "number", "from": .number(from), "to": .number(to),
        "log": .bool(isLogarithmic),
      ]
    }
  }
}

extension SearchSpace.Range {
  /// The value of the range that equals another; `nil` where there is none.
  fileprivate func fitting(_ value: ParameterValue) -> ParameterValue? {
    let number = value.number
    switch self {
    case .choice(let values):
      return values.first { $0 == value || number != nil && $0.description == value.description }
    case .integer(let from, let to, let step, _):
      guard let number, let whole = Int(exactly: number), whole >= from, whole <= to,
        (whole - from).isMultiple(of: step)
      else { return nil }
      return .integer(whole)
    case .number(let from, let to, _):
      guard let number, number >= from, number <= to else { return nil }
      return .number(number)
    }
  }
}
