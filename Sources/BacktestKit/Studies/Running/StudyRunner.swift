import BacktestCore
import BacktestEvidence
package import BacktestFiles
import BacktestPolicies

/// Runs a study: reads its bars, runs or walks forward, splits by regimes, and hands everything
/// to the report and the result files.
///
///     let study = try Study(path: "study.yaml", catalogue: .standard)
///     let outcome = try StudyRunner(study).run()
///     print(outcome.metrics.sharpe ?? .nan)
///     try outcome.write(to: "Reports/study")
public struct StudyRunner: Sendable {
  /// What is asked for.
  public var study: Study
  /// The number of parallel runs; `nil` is the number of processors.
  public var threads: Int?
  /// Called after each run of a walk-forward with the number of finished runs and of all runs, one
  /// call at a time, on any thread. Finding or training a checkpoint counts as a run.
  public var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
  /// Whether the user asked to stop; asked while a checkpoint is trained.
  public var isInterrupted: @Sendable () -> Bool = { false }
  /// Called with how far each stage is, from its beginning to its end, one call at a time and on
  /// any thread.
  package var stageProgress: (@Sendable (_ stage: Stage, _ done: Int, _ total: Int) -> Void)?
  /// Where runs and trials are stored; `nil` stores and counts none.
  public var store: RunStore?
  /// Why there is no store.
  package var storeAbsence = TrialCounting.noStore
  /// The synthetic markets in which `run()` tries the strategy as well; `nil` for none.
  package var monteCarlo: MonteCarlo?
  /// Ends waiting for other programs, and writing.
  package var interrupt = Interrupt()
  /// Where the results will go; beside it a sweep keeps what it has done.
  package var resultFolder: String?
  /// The resamples behind each interval, where they are not as many as intervals need: what looks
  /// at other things than bounds saves time with fewer.
  package var draws: Int?
  /// The prices, where they are read already.
  package var market: StudyMarket?
  /// What other processes have done of the job, all of it.
  package var shards: MergedShards?

  /// What takes long about a study, and what its progress is counted in.
  package enum Stage: Sendable {
    /// Reading prices, in bytes.
    case reading
    /// One run over all bars, in instants.
    case running
    /// The runs of a walk-forward or of a cross-validation.
    case walkingForward
    /// The sets of a sweep, or the runs of a sensitivity analysis.
    case searching
    /// The runs of a look-ahead analysis.
    case cutting
    /// The runs in synthetic markets.
    case resampling
    /// What is computed of a run once it is over; it is not counted.
    case measuring
  }

  /// A runner of a study.
  public init(
    _ study: Study, threads: Int? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) {
    self.study = study
    self.threads = threads
    self.progress = progress
  }

  /// A run or a walk-forward.
  ///
  /// - Throws: `StudyError` as `run()` and `walkForward()` do.
  package func outcome(of kind: ResultRecord.Kind) throws(StudyError) -> StudyOutcome {
    switch kind {
    case .run: try run()
    case .walkForward: try walkForward()
    case .sweep: try sweep()
    case .sensitivity: try sensitivity()
    }
  }

  /// One run over all bars with the study's parameters, or one for each replicate.
  ///
  /// - Throws: `StudyError` when the data cannot be used or ends within the warm-up, or a policy
  ///   cannot decide in the market.
  public func run() throws(StudyError) -> StudyOutcome {
    try checkReplicatesOfRun()
    let market = try readMarket()
    let trials = JobTrials(store: store, absence: storeAbsence)
    let shards = shards
    let shown = try replicated(kept: { shards?.metrics(ofRun: $0) }) {
      (study, _, _) throws(StudyError) in
      let outcome = try run(study, market)
      trials.observer(study, market)?(
        Trial(outcome.metrics, of: outcome.result, parameters: study.strategy.parameters))
      return outcome
    }
    return try withMonteCarlo(counted(shown, trials))
  }

  /// Refuses replicates that a run cannot have.
  func checkReplicatesOfRun() throws(StudyError) {
    guard let replicates = study.replicates, replicates.checkpoints.isEmpty else { return }
    throw StudyError(
      .replicates, "'seeds' are for the checkpoints of a walk-forward; a run has 'checkpoints'")
  }

  func run(_ study: Study, _ market: StudyMarket) throws(StudyError) -> StudyOutcome {
    let programs = try study.strategy.programs(interrupt)
    let strategy = try study.strategy.make(sharing: programs, in: market)
    let warmup = study.configuration.warmup ?? strategy.warmup
    let bars = market.feed.instants.count
    guard bars >= 2, warmup < bars else { throw Self.tooFewBars(bars, warmup) }
    let result = run(strategy, study, market)
    try programs.check()
    var outcome = try outcome(study, market, result, walkForward: nil)
    if let (configuration, fee) = study.trainersAccounting(of: strategy, in: market) {
      var other = study
      other.configuration = configuration
      let trainers = run(strategy, other, market)
      outcome.trainersAccounting = TrainersAccounting(
        fee: fee, finalEquity: trainers.curve.equity.last ?? 0)
    }
    return outcome
  }

  /// A walk-forward by the study's plan, or one for each replicate.
  ///
  /// - Throws: `StudyError` when the data cannot be used, the study has no plan, the plan does not
  ///   fit the data, or the checkpoint of a fold is not there.
  public func walkForward() throws(StudyError) -> StudyOutcome {
    let part = try plannedWalkForward()
    let market = try readMarket()
    let trials = JobTrials(store: store, absence: storeAbsence)
    var first = 0
    let shown = try replicated { (study, seed, progress) throws(StudyError) in
      let programs = try study.strategy.programs(interrupt)
      var walk = try walkForward(part, of: study, seed, in: market, programs)
      walk.onTrial = trials.observer(study, market)
      if let shards {
        walk.finishedUnits = ShiftedUnits(shards, from: first)
        first += try StudyError.wrapping(.walkForward) { try walk.unitCount() }
      }
      let plan = walk
      // A program in another process decides for one run at a time.
      let result = try StudyError.wrapping(.walkForward) {
        try plan.run(threads: programs.isEmpty ? threads : 1, progress: progress)
      }
      try programs.check()
      return try outcome(study, market, result.stitched, walkForward: result)
    }
    return counted(shown, trials)
  }

  /// The walk-forward that the study plans.
  func plannedWalkForward() throws(StudyError) -> StudyWalkForward {
    guard let part = study.walkForward else {
      throw StudyError(
        .file,
        "\(study.path): the study has no 'walk-forward' section; the command `init` writes an "
          + "example")
    }
    guard study.configuration.warmup == nil else {
      throw StudyError(
        .walkForward,
        "'warmup' is for a single run; the first window of a walk-forward begins after 'skip' "
          + "bars, so remove 'warmup' and, if it is needed, set 'walk-forward.skip'")
    }
    return part
  }

  /// The walk-forward of a study, or of one of its replicates, before anything of it is run.
  func walkForward(
    _ part: StudyWalkForward, of study: Study, _ seed: Int, in market: StudyMarket,
    _ programs: PolicyPrograms
  ) throws(StudyError) -> WalkForward {
    // A policy that cannot decide here says so before anything is trained or searched.
    if study.strategy.isPolicy {
      _ = try study.strategy.make(sharing: programs, in: market)
    }
    var walk = WalkForward(
      study.strategy.definition(sharing: programs), grid: part.grid, on: market.feed,
      configuration: study.configuration, plan: part.plan)
    if let training = part.training, let policy = study.strategy.policies.first {
      let checkpoints = FoldCheckpoints(
        study: study, policy: policy, training: training, market: market, seed: seed,
        isInterrupted: isInterrupted, interrupt: interrupt)
      walk.strategyOfFold = { (fold) throws(EvidenceError) in
        try checkpoints.strategy(of: fold)
      }
    }
    return walk
  }

  /// An outcome with the trials behind it.
  func counted(_ outcome: StudyOutcome, _ trials: JobTrials) -> StudyOutcome {
    var outcome = withIntervals(outcome)
    outcome.featureDrifts = Self.featureDrifts(outcome)
    outcome.trials = trials.count(
      outcome.study, outcome.market, deflating: outcome.result)
    if outcome.trials.count != nil { outcome.storedNumber = store?.record(outcome) }
    return outcome
  }

  func outcome(
    _ study: Study, _ market: StudyMarket, _ result: BacktestResult,
    walkForward: WalkForwardResult?
  ) throws(StudyError) -> StudyOutcome {
    var benchmark = try StudyError.wrapping(.benchmark) {
      try market.benchmark.map { try BenchmarkCurve($0) }
    }
    if study.benchmark?.hold == .equalParts {
      benchmark = BenchmarkCurve.buyAndHold(result)
      guard benchmark != nil else {
        throw StudyError(
          .benchmark, "equal parts cannot be held, because a price is not above zero")
      }
    }
    // A policy's edge is judged only against what holding would have earned.
    if benchmark == nil, !study.strategy.policies.isEmpty {
      benchmark = BenchmarkCurve.buyAndHold(result)
    }
    let regimes = try regimes(of: study, market, result)
    return StudyOutcome(
      study: study, market: market, result: result, walkForward: walkForward,
      benchmark: benchmark, regimes: regimes)
  }

  private static func tooFewBars(_ bars: Int, _ warmup: Int) -> StudyError {
    StudyError(
      .data,
      "\(NumberText.count(bars, "bar")), but the warm-up takes \(warmup) and a return needs two; "
        + "give more bars or a shorter 'warmup'")
  }

  /// Reads the prices, unless that is done.
  ///
  /// - Throws: `StudyError` where they cannot be used, or a policy cannot decide by them.
  package func readMarket() throws(StudyError) -> StudyMarket {
    if let market { return market }
    let market = try StudyMarket(study, interrupt: interrupt) { done, total in
      stageProgress?(.reading, done, total)
    }
    try StudyError.wrapping(.policy) {
      for policy in study.strategy.policies {
        try policy.checkDatedDecisions(in: market.universe)
      }
    }
    try shards?.check(study, market)
    return market
  }

  // The existential is opened once for each run, and the loop inside is generic.
  private func run<S: Strategy>(
    _ strategy: S, _ study: Study, _ market: StudyMarket
  ) -> BacktestResult {
    var strategy = strategy
    var engine = Engine(
      feed: market.feed, configuration: study.configuration, warmup: strategy.warmup)
    if let stageProgress {
      engine.reportProgress { done, total in stageProgress(.running, done, total) }
    }
    engine.run(&strategy)
    stageProgress?(.measuring, 0, 0)
    return engine.result(strategy: study.strategy.definition.name)
  }

  private func regimes(
    of study: Study, _ market: StudyMarket, _ result: BacktestResult
  ) throws(StudyError) -> [RegimeAnalysis] {
    guard !study.regimes.isEmpty else { return [] }
    let series = try market.regimeSeries(study.regimeSettings)
    return try StudyError.wrapping(.regimes) {
      try study.regimes.map { choice in
        var analysis = try Self.analysis(result, series, try study.classifier(of: choice))
        let wanted = Self.draws(Bootstrap().draws, affordableFor: result.curve.equity.count)
        let bootstrap = Bootstrap(draws: draws ?? wanted, seed: study.seed)
        try analysis.measureIntervals(bootstrap, threads: threads)
        return analysis
      }
    }
  }

  private static func analysis(
    _ result: BacktestResult, _ series: RegimeSeries, _ classifier: some RegimeClassifier
  ) throws(EvidenceError) -> RegimeAnalysis {
    try RegimeAnalysis(result, series: series, classifier: classifier)
  }
}

extension StudyRunner {
  /// Reports how many runs are done.
  typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  /// Reports runs of a walk-forward.
  private var runProgress: Progress {
    let (progress, stageProgress) = (progress, stageProgress)
    return { done, total in
      progress?(done, total)
      stageProgress?(.walkingForward, done, total)
    }
  }

  /// Does the work of a study once or, where it asks for replicates, once for each, and gives the
  /// outcome in the middle with all of them in it.
  ///
  /// - Parameters:
  ///   - kept: gives the metrics of a replicate that need not be run, by name.
  ///   - work: takes a study, what `{seed}` is replaced with, and where progress goes.
  func replicated(
    kept: (Int) -> [String: Double]? = { _ in nil },
    _ work: (Study, _ seed: Int, @escaping Progress) throws(StudyError) -> StudyOutcome
  ) throws(StudyError) -> StudyOutcome {
    let ownSeed = Int(clamping: study.seed)
    guard let replicates = study.replicates else { return try work(study, ownSeed, runProgress) }
    let count = replicates.count
    func outcome(_ index: Int) throws(StudyError) -> StudyOutcome {
      let (variant, seed) = try study.replicate(index, of: replicates)
      return try work(variant, seed ?? ownSeed) { done, total in
        runProgress(index * total + done, count * total)
      }
    }
    var outcomes: [StudyOutcome?] = []
    var members: [Replicates.Member] = []
    for index in 0..<count {
      let kept = kept(index)
      outcomes.append(kept == nil ? try outcome(index) : nil)
      members.append(
        Replicates.Member(
          name: replicates.name(index),
          values: kept ?? outcomes[index]?.metrics.valuesByName ?? [:]))
    }
    let walksForward = outcomes.contains { $0?.walkForward != nil }
    let objective =
      replicates.objective ?? (walksForward ? study.walkForward?.plan.objective : nil) ?? "sharpe"
    let summary = Replicates(members, objective: objective)
    var shown: StudyOutcome
    if let own = outcomes[summary.shown] { shown = own } else { shown = try outcome(summary.shown) }
    shown.replicates = summary
    return shown
  }
}

extension StudyReplicates {
  /// What results call a replicate.
  fileprivate func name(_ index: Int) -> String {
    checkpoints.isEmpty ? "seed \(seeds[index])" : checkpoints[index]
  }
}

extension Study {
  /// The study of a replicate, and its seed where it has one.
  func replicate(
    _ index: Int, of replicates: StudyReplicates
  ) throws(StudyError) -> (study: Study, seed: Int?) {
    guard !replicates.checkpoints.isEmpty else {
      return (self, replicates.seeds[index])
    }
    let name = replicates.checkpoints[index]
    var variant = self
    variant.strategy.policies[0] = try StudyError.wrapping(.replicates) {
      try strategy.policies[0].replacing(with: resolved(name), named: name)
    }
    return (variant, nil)
  }

  /// The configuration that is the accounting of the policy's training, where the study runs by
  /// orders and that makes sense: one policy that states weights, was trained to act at the close
  /// it observes, and pays costs that are a share of what is traded.
  func trainersAccounting(
    of made: any Strategy, in market: StudyMarket
  ) -> (configuration: BacktestConfiguration, fee: Double)? {
    guard strategy.policies.count == 1, strategy.policies[0].command.isEmpty,
      (made as? PolicyStrategy)?.setsTargetWeights == true,
      strategy.policies[0].manifest.execution == .sameClose, configuration.accounting.placesOrders,
      let fee = configuration.execution.constantCostShare
    else { return nil }
    var other = configuration
    // A portfolio of shares that sum to 1 begins with equal parts in its trainers' environments.
    let sumsToOne = strategy.policies[0].manifest.action?.meaning == .softmaxWeights
    other.accounting = .weights(fee: fee, initialWeights: sumsToOne ? .equal : .zero)
    return (try? other.validate(for: market.universe)) == nil ? nil : (other, fee)
  }
}
