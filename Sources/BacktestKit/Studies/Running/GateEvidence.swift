import BacktestCore
import BacktestEvidence
internal import Synchronization

// What takes more than the run itself, each measured only where a rule asks for it.
extension GateRun {
  /// What an outcome tells beyond its record.
  func measure(_ outcome: StudyOutcome, into inputs: inout GateInputs) throws(StudyError) {
    inputs.count(outcome.trials)
    if gate.rules.contains(where: { $0.check == .noLookAhead }) {
      inputs.noLookAhead = lookAhead(choices(of: outcome))
    }
    let asked = gate.metricsWithIntervals
    if !asked.isEmpty { try addIntervals(of: asked, outcome, to: &inputs) }
    if let searched, asksForCandidates { try search(searched, outcome, &inputs) }
    if gate.asks(for: "break-even-basis-points") {
      inputs.breakEvenBasisPoints = try breakEven(outcome.market)
    }
  }

  /// Whether the candidates have to be run. A sweep and a walk-forward have run theirs; beside one
  /// run those of the study's `sweep` are not counted yet.
  private var asksForCandidates: Bool {
    let deflates = gate.asks(for: "dsr", "trials", "effective-trials")
    return gate.asks(for: "pbo", "spa-p") || deflates && (kind == .run || kind == .sensitivity)
  }

  /// The sets of parameters that a search chose, without the study's own.
  private func choices(of outcome: StudyOutcome) -> [StrategyParameters] {
    let folds = outcome.walkForward?.folds.map(\.parameters) ?? []
    let best = outcome.sweep?.best.flatMap { outcome.sweep?.sets[$0] }
    var seen: Set = [runner.study.strategy.parameters]
    return (folds + [best].compactMap(\.self)).filter { seen.insert($0).inserted }
  }

  /// - Parameter choices: the other parameters that were traded.
  private func lookAhead(_ choices: [StrategyParameters]) -> GateProof {
    let found: LookaheadOutcome
    let ofChoices: [LookaheadVerdict]
    do throws(StudyError) {
      found = try runner.lookahead()
      ofChoices = try runner.lookahead(with: choices)
    } catch {
      // Two runs that differ, above all, of which the rule about that says more.
      return .missing(error.reason)
    }
    let all = [found.strategy] + ofChoices + found.regimes
    guard !all.contains(where: \.hasLookahead) else {
      let clearest = all.lazy.compactMap(\.clearest).first
      return .fails(clearest.map { "\($0)" } ?? "a decision depends on later data")
    }
    let moments = ([found.strategy] + ofChoices).map { verdict in
      verdict.cuts.reduce(0) { $0 + $1.momentCount }
    }
    guard moments.allSatisfy({ $0 > 0 }) else {
      return .missing("no decision could be compared at a cut")
    }
    let chosen =
      choices.isEmpty
      ? ""
      : ", with the study's own parameters and " + NumberText.count(choices.count, "chosen set")
    let ignoresBars = ([found.strategy] + ofChoices).contains(where: \.ignoresBars)
    guard !ignoresBars || runner.study.strategy.policies.allSatisfy(\.command.isEmpty) else {
      return .missing(
        LookaheadVerdict.ignoredBars + "; a program in another process can read later prices")
    }
    let ignored = ignoresBars ? "; " + LookaheadVerdict.ignoredBars : ""
    return .holds(
      "\(NumberText.count(moments.reduce(0, +), "decision")) compared at "
        + "\(NumberText.count(found.strategy.cuts.count, "cut"))\(chosen)\(ignored)")
  }

  private func addIntervals(
    of names: [String], _ outcome: StudyOutcome, to inputs: inout GateInputs
  ) throws(StudyError) {
    let rows = max(outcome.metrics.sample.count, outcome.result.trades.count)
    let bootstrap = Bootstrap(
      draws: StudyRunner.draws(Bootstrap().draws, affordableFor: rows), seed: runner.study.seed)
    let compared = outcome.benchmarkComparison
    var found: [String: ClosedRange<Double>] = [:]
    for (metrics, isComparison) in [(outcome.metrics, false), (compared, true)] {
      let own = names.filter {
        Metrics.find($0)?.group == .benchmark ? isComparison : !isComparison
      }
      guard let metrics, !own.isEmpty else { continue }
      let intervals = try StudyError.wrapping(.configuration) {
        try bootstrap.intervals(of: own, in: metrics, threads: runner.threads)
      }
      for one in intervals.all where one.lower <= one.upper {
        found[one.metric] = one.lower...one.upper
      }
    }
    let metric = inputs.metric
    inputs.metric = { [found] name in
      let figure = metric(name)
      return GateFigure(
        figure.value, interval95: found[name] ?? figure.interval95, absence: figure.absence ?? "")
    }
  }

  private func breakEven(_ market: StudyMarket) throws(StudyError) -> GateFigure {
    let study = runner.study
    let programs = try study.strategy.programs(runner.interrupt)
    let analysis = SensitivityAnalysis(
      study.strategy.definition(sharing: programs), study.strategy.parameters, on: market.feed,
      configuration: study.configuration)
    let found = try StudyError.wrapping(.strategy) {
      try analysis.breakEvenCost(threads: programs.isEmpty ? runner.threads : 1)
    }
    try programs.check()
    return GateFigure(found.basisPoints, absence: found.absence ?? "nothing was traded")
  }
}

// The candidates of a search
extension GateRun {
  /// More returns than these are not kept.
  private static let returnLimit = 100_000_000

  /// Runs all candidates over all bars, and judges the choice among them.
  private func search(
    _ part: StudySweep, _ outcome: StudyOutcome, _ inputs: inout GateInputs
  ) throws(StudyError) {
    let study = runner.study
    let programs = try study.strategy.programs(runner.interrupt)
    var sweep = ParameterSweep(
      study.strategy.definition(sharing: programs), grid: part.grid, on: outcome.market.feed,
      configuration: study.configuration, plan: part.plan)
    let kept = KeptTrials(limit: Self.returnLimit)
    let trials = JobTrials(store: runner.store, absence: runner.storeAbsence)
    let store = trials.observer(study, outcome.market)
    sweep.onTrial = {
      kept.add($0)
      store?($0)
    }
    let (prepared, threads) = (sweep, programs.isEmpty ? runner.threads : 1)
    let result = try StudyError.wrapping(.walkForward) { try prepared.run(threads: threads) }
    try programs.check()
    // What the gate tries counts as much as what was tried before.
    inputs.count(trials.count(study, outcome.market, deflating: outcome.result))
    guard let (columns, dates) = kept.columns(of: result.sets) else {
      let reason = "the returns of \(NumberText.count(result.sets.count, "candidate")) do not fit"
      inputs.overfitProbability = .missing(reason)
      inputs.superiorAbilityPValue = .missing(reason)
      return
    }
    let benchmark = outcome.benchmark.map { $0.returns(on: dates) }
    do throws(EvidenceError) {
      let found = try OverfittingProbability.estimate(trials: columns, threads: runner.threads)
      inputs.overfitProbability = GateFigure(found.map(\.probability))
      inputs.overfitting = try? found.get()
      if let found = inputs.overfitting, found.trials < columns.count {
        inputs.overfitProbability.detail =
          "\(NumberText.count(columns.count - found.trials, "candidate")) of \(columns.count) "
          + "that traded little or nothing \(columns.count - found.trials == 1 ? "is" : "are") "
          + "left out"
      }
      guard gate.asks(for: "spa-p") else { return }
      let test = try SuperiorityTest.run(
        trials: columns, benchmark: benchmark, seed: study.seed, threads: runner.threads)
      inputs.superiorAbilityPValue = GateFigure(test.map(\.studentised.consistent))
    } catch {
      // Too few returns for the blocks, above all; other rules can be judged nevertheless.
      if inputs.overfitProbability.value == nil { inputs.overfitProbability = .missing("\(error)") }
      inputs.superiorAbilityPValue = .missing("\(error)")
    }
  }
}

extension GateFigure {
  /// A statistic of a search.
  fileprivate init(_ result: Result<Double, StatisticAbsence>) {
    switch result {
    case .success(let value): self.init(value, absence: "")
    case .failure(let reason): self.init(nil, absence: reason.description)
    }
  }
}

extension GateInputs {
  /// Takes in the number of trials, and the Sharpe ratio deflated by it.
  mutating func count(_ trials: TrialCounting) {
    switch trials {
    case .notCounted(let reason):
      let missing = GateFigure.missing("the trials are not counted: \(reason)")
      (self.trials, effectiveTrials, deflatedSharpe) = (missing, missing, missing)
    case .counted(let count):
      self.trials = GateFigure(Double(count.counted), absence: "")
      effectiveTrials = GateFigure(count.effective, absence: "")
      deflatedSharpe = GateFigure(
        count.deflatedSharpe, absence: "the Sharpe ratio or its variance has no value")
      let effective = NumberFormat.number(decimals: 1).text(count.effective)
      let forgotten =
        count.forgotten > 0 ? ", \(NumberText.grouped(count.forgotten)) more forgotten" : ""
      deflatedSharpe.detail =
        "by \(NumberText.count(count.counted, "trial")), \(effective) effective\(forgotten)"
    }
  }
}

extension BenchmarkCurve {
  /// The return from the price before each date to that on it; 0 where there is none before.
  fileprivate func returns(on dates: [CivilDate]) -> [Double] {
    var row = -1
    var earlier: Double?
    return dates.enumerated().map { index, date in
      while row + 1 < self.dates.count, self.dates[row + 1] < date { row += 1 }
      if index == 0, row >= 0 { earlier = prices[row] }
      while row + 1 < self.dates.count, self.dates[row + 1] <= date { row += 1 }
      guard row >= 0 else { return 0 }
      defer { earlier = prices[row] }
      return earlier.map { prices[row] / $0 - 1 } ?? 0
    }
  }
}

/// The returns of the candidates of a search, which come in any order.
private final class KeptTrials: Sendable {
  private let limit: Int
  private let trials = Mutex<[(parameters: StrategyParameters, returns: [Float])]>([])
  private let dates = Mutex<[CivilDate]>([])

  init(limit: Int) { self.limit = limit }

  func add(_ trial: Trial) {
    dates.withLock { if $0.isEmpty { $0 = trial.dates } }
    trials.withLock { kept in
      guard (kept.count + 1) * trial.returns.count <= limit else { return }
      kept.append((trial.parameters, trial.returns))
    }
  }

  /// One column for each set in their order, and the dates of their rows; `nil` where some were not
  /// kept.
  func columns(of sets: [StrategyParameters]) -> (columns: [[Double]], dates: [CivilDate])? {
    let dates = dates.withLock { $0 }
    var byParameters: [StrategyParameters: [Float]] = [:]
    for trial in trials.withLock({ $0 }) { byParameters[trial.parameters] = trial.returns }
    let columns = sets.compactMap { byParameters[$0]?.map { Double($0) } }
    guard columns.count == sets.count, columns.allSatisfy({ $0.count == dates.count }) else {
      return nil
    }
    return (columns, dates)
  }
}
