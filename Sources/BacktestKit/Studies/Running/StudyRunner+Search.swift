import BacktestCore
public import BacktestEvidence
import BacktestFiles

extension StudyRunner {
  /// Every set of parameters of the study's grid on all bars, with the run of the best.
  ///
  /// The grid is that of the section `sweep`, without one that of the walk-forward. A sweep that is
  /// killed goes on where it stopped when it is started again for the same folder.
  ///
  /// - Throws: `StudyError` when the data cannot be used, the study has no grid, or the strategy
  ///   cannot run on the instruments.
  public func sweep() throws(StudyError) -> StudyOutcome {
    let part = try plannedSweep()
    let market = try readMarket()
    let trials = JobTrials(store: store, absence: storeAbsence)
    let programs = try study.strategy.programs(interrupt)
    var sweep = try sweep(part, in: market, programs)
    sweep.onTrial = trials.observer(study, market)
    let journal =
      shards == nil ? resultFolder.map { UnitJournal(beside: $0, of: "sweep", study, market) } : nil
    sweep.finishedUnits = shards ?? trials.storing(before: journal)
    let (prepared, stageProgress) = (sweep, stageProgress)
    let result = try StudyError.wrapping(.sweep) {
      try prepared.run(threads: programs.isEmpty ? threads : 1) { done, total in
        stageProgress?(.searching, done, total)
      }
    }
    try programs.check()
    stageProgress?(.measuring, 0, 0)
    guard let run = result.shownRun else {
      throw StudyError(.sweep, "no set of the grid could be run")
    }
    var best = study
    best.strategy.parameters = result.sets[result.best ?? 0]
    var outcome = try outcome(best, market, run, walkForward: nil)
    outcome.sweep = result
    outcome.heatMapReduction = part.reduction
    outcome.afterWriting = { journal?.remove() }
    return counted(outcome, trials)
  }

  /// The sweep that the study plans.
  func plannedSweep() throws(StudyError) -> StudySweep {
    guard let part = study.plannedSweep else {
      throw StudyError(
        .file,
        "\(study.path): the study has neither a 'sweep' nor a 'walk-forward' section with a "
          + "'grid'; add 'sweep: {grid: {…}}' with the values of each parameter")
    }
    guard study.replicates == nil else {
      throw StudyError(
        .replicates, "a sweep runs one checkpoint; remove 'replicates' to sweep parameters")
    }
    return part
  }

  /// The sweep before anything of it is run.
  func sweep(
    _ part: StudySweep, in market: StudyMarket, _ programs: PolicyPrograms
  ) throws(StudyError) -> ParameterSweep {
    if study.strategy.isPolicy { _ = try study.strategy.make(sharing: programs, in: market) }
    return ParameterSweep(
      study.strategy.definition(sharing: programs), grid: part.grid, on: market.feed,
      configuration: study.configuration, plan: part.plan)
  }

  /// The study's run, and what becomes of it when one thing is changed at a time.
  ///
  /// - Parameter parts: what is changed; `nil` is everything.
  /// - Throws: `StudyError` when the data cannot be used or ends within the warm-up, or the
  ///   strategy cannot run on the instruments.
  public func sensitivity(
    of parts: Set<SensitivityPlan.Part>? = nil
  ) throws(StudyError) -> StudyOutcome {
    guard study.replicates == nil else {
      throw StudyError(
        .replicates,
        "a sensitivity analysis runs one checkpoint; remove 'replicates' to change other things")
    }
    var outcome = try run()
    let programs = try study.strategy.programs(interrupt)
    var plan = study.sensitivity?.plan ?? SensitivityPlan()
    if let parts { plan.parts = parts }
    plan.seed = study.seed
    plan.grid = study.plannedSweep?.grid ?? plan.grid
    var analysis = SensitivityAnalysis(
      study.strategy.definition(sharing: programs), study.strategy.parameters,
      on: outcome.market.feed, configuration: study.configuration, plan: plan)
    let trials = JobTrials(store: store, absence: storeAbsence)
    analysis.onTrial = trials.observer(study, outcome.market)
    let planned = analysis
    let stageProgress = stageProgress
    outcome.sensitivity = try StudyError.wrapping(.strategy) {
      // A program in another process decides for one run at a time.
      try planned.run(threads: programs.isEmpty ? threads : 1) { done, total in
        stageProgress?(.searching, done, total)
      }
    }
    try programs.check()
    outcome.trials = trials.count(study, outcome.market, deflating: outcome.result)
    return outcome
  }
}
