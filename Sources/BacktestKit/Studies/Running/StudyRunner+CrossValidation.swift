import BacktestCore
import BacktestEvidence

extension StudyRunner {
  /// A cross-validation by the study's plan.
  ///
  /// - Throws: `StudyError` when the data cannot be used, the study has no plan, or the plan does
  ///   not fit the data.
  public func crossValidate() throws(StudyError) -> CrossValidationOutcome {
    try crossValidate(keepingUnitsBeside: nil)
  }

  /// A cross-validation whose finished runs are kept in a file until its results are written.
  ///
  /// - Parameter folder: where the results will go; `nil` keeps nothing.
  package func crossValidate(
    keepingUnitsBeside folder: String?
  ) throws(StudyError) -> CrossValidationOutcome {
    let (progress, stageProgress) = (progress, stageProgress)
    let part = try plannedCrossValidation()
    let market = try readMarket()
    let programs = try study.strategy.programs(interrupt)
    var validation = try crossValidation(part, in: market, programs)
    let journal =
      shards == nil ? folder.map { UnitJournal(beside: $0, of: "crossval", study, market) } : nil
    validation.finished = shards ?? journal
    let trials = JobTrials(store: store, absence: storeAbsence)
    validation.onTrial = trials.observer(study, market)
    let ready = validation
    let result: CrossValidationResult
    do throws(EvidenceError) {
      // A program in another process decides for one run at a time.
      result = try ready.run(threads: programs.isEmpty ? threads : 1) { done, total in
        progress?(done, total)
        stageProgress?(.walkingForward, done, total)
      }
    } catch {
      // What is refused has no runs that another job could go on with.
      journal?.remove()
      throw StudyError(.crossValidation, "\(error)")
    }
    try programs.check()
    return CrossValidationOutcome(
      study: study, market: market, result: result,
      trials: trials.count(study, market, deflating: nil),
      removeUnits: { journal?.remove() })
  }

  /// The cross-validation that the study plans.
  func plannedCrossValidation() throws(StudyError) -> StudyCrossValidation {
    guard let part = study.crossValidation else {
      throw StudyError(
        .file,
        "\(study.path): the study has no 'cross-validation' section; add one, such as "
          + "'cross-validation: {method: combinatorial, folds: 6, test-folds: 2, purge: 5}'")
    }
    guard study.configuration.warmup == nil else {
      throw StudyError(
        .crossValidation,
        "'warmup' is for a single run; the first fold of a cross-validation begins after 'skip' "
          + "bars, so remove 'warmup' and, if it is needed, set 'cross-validation.skip'")
    }
    guard study.replicates == nil else {
      throw StudyError(
        .replicates,
        "a cross-validation runs one strategy; remove 'replicates', or use the "
          + "command 'walkforward'")
    }
    return part
  }

  /// The cross-validation before anything of it is run.
  func crossValidation(
    _ part: StudyCrossValidation, in market: StudyMarket, _ programs: PolicyPrograms
  ) throws(StudyError) -> CrossValidation {
    if study.strategy.isPolicy {
      _ = try study.strategy.make(sharing: programs, in: market)
    }
    var validation = CrossValidation(
      study.strategy.definition(sharing: programs), grid: part.grid, on: market.feed,
      configuration: study.configuration, plan: part.plan)
    if let choice = part.regimes {
      let series = try market.regimeSeries(study.regimeSettings)
      let classifier = try study.classifier(of: choice)
      validation.regimes = try StudyError.wrapping(.regimes) {
        try CrossValidationRegimes(classifier, of: series)
      }
    }
    return validation
  }
}
