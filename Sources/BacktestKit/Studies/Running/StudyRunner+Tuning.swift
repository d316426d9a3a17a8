import BacktestCore
import BacktestEvidence
import BacktestFiles

extension StudyRunner {
  /// Searches the study's space for the best parameters, and runs the study with them.
  ///
  /// A tuning that is killed goes on where it stopped when it is started again for the same folder.
  ///
  /// - Throws: `StudyError` when the data cannot be used, the plan does not fit them, or the
  ///   sampler fails.
  package func tune() throws(StudyError) -> StudyOutcome {
    guard !study.strategy.isPolicy else {
      throw StudyError(
        .strategy, "a policy has no parameters to tune; train it with other hyperparameters")
    }
    let planned = study.plannedTuning
    guard planned.evaluation == .inSample || study.walkForward != nil else {
      throw StudyError(
        .file, "\(study.path): 'evaluate: walk-forward' needs the section 'walk-forward'")
    }
    let market = try readMarket()
    let trials = JobTrials(store: store, absence: storeAbsence)
    var tuning = ParameterTuning(
      study.strategy.definition, planned.space, on: market.feed,
      configuration: study.configuration, plan: planned.plan)
    tuning.onTrial = trials.observer(study, market)
    let journal = resultFolder.map { UnitJournal(beside: $0, of: "tune", study, market) }
    tuning.finishedUnits = trials.storing(before: journal)
    let (prepared, seed) = (tuning, study.seed)
    let result = try StudyError.wrapping(.tuning) {
      let objective = try Metrics.named(planned.plan.objective)
      let isBetterHigher = objective.higherIsBetter ?? true
      guard planned.program.isEmpty else {
        let sampler = try ExternalSampler(
          planned.program, in: study.folder, planned, seed: seed, isBetterHigher: isBetterHigher,
          interrupt: interrupt)
        return try run(prepared, sampler)
      }
      switch planned.sampler {
      case .grid: return try run(prepared, try GridSampler(planned.space))
      case .random: return try run(prepared, RandomSampler(planned.space, seed: seed))
      case .tpe:
        return try run(
          prepared,
          ParzenSampler(planned.space, seed: seed, isBetterHigher: isBetterHigher))
      }
    }
    guard let best = result.best else {
      throw StudyError(
        .tuning, "no trial has a \(planned.plan.objective); choose another objective, or more bars")
    }
    var chosen = study
    chosen.strategy.parameters = result.trials[best].parameters
    var outcome = try run(chosen, market)
    outcome.tuning = result
    outcome.afterWriting = { journal?.remove() }
    return counted(outcome, trials)
  }

  private func run(
    _ tuning: ParameterTuning, _ sampler: some ParameterSampler
  ) throws -> TuningResult {
    let stageProgress = stageProgress
    return try tuning.run(sampler, threads: threads) { done, total in
      stageProgress?(.searching, done, total)
    }
  }
}
