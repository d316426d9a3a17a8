import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// Measures what the rules of a gate ask of a study.
///
///     let measured = try GateRun(gate, runner: StudyRunner(study), kind: .run).measure()
///     print(gate.verdict(on: measured.inputs).passes)
package struct GateRun: Sendable {
  private let gate: Gate
  private let runner: StudyRunner
  private let kind: ResultRecord.Kind

  /// What was measured.
  package struct Measured: Sendable {
    /// The result that is judged.
    package var record: ResultRecord
    /// What the gate knows.
    package var inputs: GateInputs
  }

  /// The measurement for a gate.
  package init(_ gate: Gate, runner: StudyRunner, kind: ResultRecord.Kind) {
    self.gate = gate
    var runner = runner
    if runner.study.regimes.isEmpty, gate.asks(for: "worst-regime") {
      runner.study.regimes = StudyRegimes.standard
    }
    self.runner = runner
    self.kind = kind
  }

  /// Runs the study, and again where that is asked for.
  ///
  /// - Throws: `StudyError` where the study cannot be run.
  package func measure() throws(StudyError) -> Measured {
    let outcome = try runner.outcome(of: kind)
    let record = try StudyError.wrapping(.file) { try ResultRecord(outcome, folder: ".") }
    var inputs = GateInputs(record, metrics: outcome.metrics)
    if asksForReproduction {
      let again = try runner.outcome(of: kind).result.fingerprint.description
      inputs.reproduction = Self.reproduction(of: record.fingerprint, again: again)
    }
    return Measured(record: record, inputs: inputs)
  }

  /// Judges a stored result, and runs its study again where the rules ask for that.
  ///
  /// - Parameter isRerun: whether the study may run.
  /// - Throws: `StudyError` where the study cannot be run.
  package func measure(
    stored record: ResultRecord, isRerun: Bool
  ) throws(StudyError) -> Measured {
    guard isRerun, asksForReproduction || gate.rules.contains(where: { $0.check == .noLookAhead })
    else {
      var inputs = GateInputs(record)
      inputs.reproduction = .missing("the study was not run again")
      inputs.noLookAhead = .missing("the study was not run again")
      return Measured(record: record, inputs: inputs)
    }
    let outcome = try runner.outcome(of: kind)
    let again = outcome.result.fingerprint.description
    var inputs = GateInputs(record, metrics: outcome.metrics)
    inputs.reproduction = Self.reproduction(of: record.fingerprint, again: again)
    return Measured(record: record, inputs: inputs)
  }

  private var asksForReproduction: Bool {
    gate.rules.contains { $0.check == .reproducible }
  }

  private static func reproduction(of first: String, again: String) -> GateProof {
    first == again
      ? .holds("the study gave the fingerprint \(again) again")
      : .fails("the study gave the fingerprint \(again) when it ran again, not \(first)")
  }
}
