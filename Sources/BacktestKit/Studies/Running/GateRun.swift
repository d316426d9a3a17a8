import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// Measures what the rules of a gate ask of a study.
///
///     let measured = try GateRun(gate, runner: StudyRunner(study), kind: .run).measure()
///     print(gate.verdict(on: measured.inputs).passes)
package struct GateRun: Sendable {
  let gate: Gate
  let runner: StudyRunner
  let kind: ResultRecord.Kind

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
    var inputs = inputs(record, outcome)
    if asksForReproduction { inputs.reproduction = try reproduction(of: record.fingerprint) }
    try measure(outcome, into: &inputs)
    return Measured(record: record, inputs: inputs)
  }

  /// Judges a stored result, and runs its study again for what the result does not hold.
  ///
  /// - Parameter isRerun: whether the study may run.
  /// - Throws: `StudyError` where the study cannot be run.
  package func measure(
    stored record: ResultRecord, isRerun: Bool
  ) throws(StudyError) -> Measured {
    var inputs = inputs(record)
    guard isRerun, gate.needsTheStudy else {
      inputs.count(record.trials)
      inputs.missAll("the study was not run again")
      return Measured(record: record, inputs: inputs)
    }
    let outcome = try runner.outcome(of: kind)
    let again = outcome.result.fingerprint.description
    let made = try StudyError.wrapping(.file) { try ResultRecord(outcome, folder: ".") }
    // What is judged is what the run shows now, not what the file says of it.
    inputs = self.inputs(made, outcome)
    inputs.reproduction =
      record.differingMetric(from: made).map { .fails($0) }
      ?? Self.reproduction(of: record.fingerprint, again: again)
    guard again == record.fingerprint else {
      // What another run would show says nothing of this one.
      inputs.missAll("the study gave another result when it ran again")
      return Measured(record: record, inputs: inputs)
    }
    try measure(outcome, into: &inputs)
    return Measured(record: record, inputs: inputs)
  }

  /// What a result tells, and whether parameters were searched for it.
  private func inputs(_ record: ResultRecord, _ outcome: StudyOutcome? = nil) -> GateInputs {
    var inputs = GateInputs(record, metrics: outcome?.metrics)
    inputs.hasSearched = searched != nil
    if !inputs.hasSearched {
      inputs.overfitProbability = .missing("no search was made")
      inputs.superiorAbilityPValue = .missing("no search was made")
    }
    return inputs
  }

  /// The sets among which the parameters were chosen; `nil` where there is one at most.
  var searched: StudySweep? {
    let study = runner.study
    let part: StudySweep?
    switch kind {
    case .walkForward: part = study.walkForward.map { StudySweep($0) }
    case .sweep: part = study.plannedSweep
    case .run, .sensitivity: part = study.sweep == nil ? nil : study.plannedSweep
    }
    let isSeveral = part?.grid.dimensions.contains { $0.values.count > 1 } ?? false
    return isSeveral ? part : nil
  }

  /// Whether a second run, which no store counts, gives a fingerprint again.
  private func reproduction(of fingerprint: String) throws(StudyError) -> GateProof {
    var runner = runner
    runner.store = nil
    let again = try runner.outcome(of: kind).result.fingerprint.description
    return Self.reproduction(of: fingerprint, again: again)
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

extension GateInputs {
  /// Gives what was not measured a reason.
  fileprivate mutating func missAll(_ reason: String) {
    if reproduction == .notMeasured { reproduction = .missing(reason) }
    if noLookAhead == .notMeasured { noLookAhead = .missing(reason) }
    let figures: [WritableKeyPath<GateInputs, GateFigure>] = [
      \.deflatedSharpe, \.overfitProbability, \.superiorAbilityPValue,
      \.trials, \.effectiveTrials, \.breakEvenBasisPoints,
    ]
    for figure in figures where self[keyPath: figure] == .notMeasured {
      self[keyPath: figure] = .missing(reason)
    }
  }
}

extension Gate {
  /// Whether a rule asks for something that only the study can give, and not its result.
  fileprivate var needsTheStudy: Bool {
    let proofs = rules.contains { $0.check == .reproducible || $0.check == .noLookAhead }
    return proofs || !metricsWithIntervals.isEmpty
      || asks(
        for: "dsr", "pbo", "spa-p", "trials", "effective-trials",
        "break-even-basis-points")
  }
}
