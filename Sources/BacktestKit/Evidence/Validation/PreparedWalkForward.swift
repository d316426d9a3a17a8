import BacktestCore

/// A walk-forward that was checked: everything that its runs need is known.
struct PreparedWalkForward: Sendable {
  let request: WalkForward
  let candidates: [StrategyParameters]
  let infeasibleCount: Int
  let objective: FoldObjective
  /// The name of the objective, shared by all trials.
  let objectiveNames: [String]
  let schedule: WalkForwardSchedule
  /// The session date of each bar of the evaluation axis.
  let dates: [CivilDate]
  let skip: Int
  /// The longest warm-up of all candidates.
  var warmup: Int
  /// For each fold the candidates that it tries, in grid order.
  let draws: [[Int]]
  /// The strategy of each fold.
  var strategies: [FoldStrategy]
  /// Indicator values that the runs share.
  let sharedSeries: SharedSeries?

  var folds: [WalkForwardSchedule.Windows] { schedule.folds }
  var plan: WalkForwardPlan { request.plan }

  init(_ request: WalkForward) throws(EvidenceError) {
    self.request = request
    sharedSeries = request.sharesSeries ? SharedSeries(request.feed) : nil
    let plan = request.plan
    guard plan.boundary != .carry || plan.carry == .equity else { throw .carryNeedsEquity }
    objective = try FoldObjective(
      plan.objective, universe: request.feed.universe,
      riskFree: request.configuration.riskFreeRate)
    objectiveNames = [objective.metric.name]
    (candidates, infeasibleCount) = try request.grid.candidates(of: request.definition)
    warmup = try PreparedWalkForward.longestWarmup(
      of: candidates, request.definition, on: request.feed.universe)

    let bars = request.feed.instants.count
    let wanted = plan.skip ?? warmup + 1
    guard wanted >= 1 else { throw .invalidSkip(wanted) }
    let bounds = (request.configuration.window ?? 0..<bars).clamped(to: 0..<bars)
    if let skip = plan.skip, skip >= bounds.upperBound {
      throw .skipTooLong(skip, bars: bounds.upperBound)
    }
    skip = min(max(wanted, bounds.lowerBound), bounds.upperBound)
    let axis = EvaluationDates(feed: request.feed, instants: skip..<bounds.upperBound)
    dates = axis.dates
    do throws(EvidenceError) {
      schedule = try plan.windows.schedule(dates: axis.dates, nextDate: axis.nextDate)
    } catch {
      guard case .tooFewBars(let available, let needed, _) = error else { throw error }
      throw .tooFewBars(available: available, needed: needed, skipped: skip)
    }
    let longest = schedule.folds.map(\.train.count).max() ?? 0
    guard candidates.count == 1 || longest >= objective.metric.minimumCount else {
      throw .tooShortToChoose(
        objective: plan.objective, returns: longest, needed: objective.metric.minimumCount)
    }
    draws = try PreparedWalkForward.draws(
      plan, candidateCount: candidates.count, foldCount: schedule.folds.count)
    strategies = Array(repeating: FoldStrategy(request.definition), count: schedule.folds.count)
  }

  /// The longest warm-up of a strategy's candidates.
  static func longestWarmup(
    of candidates: [StrategyParameters], _ definition: StrategyDefinition, on universe: Universe
  ) throws(EvidenceError) -> Int {
    do throws(StrategyError) {
      var longest = 0
      for candidate in candidates {
        longest = max(longest, try definition.make(candidate, for: universe).warmup)
      }
      return longest
    } catch {
      throw .universe(error)
    }
  }

  private static func draws(
    _ plan: WalkForwardPlan, candidateCount: Int, foldCount: Int
  ) throws(EvidenceError) -> [[Int]] {
    let everything = Array(0..<candidateCount)
    guard case .random(let count) = plan.search else {
      return Array(repeating: everything, count: foldCount)
    }
    guard count >= 1 else { throw .emptySearch(count: count) }
    guard count < candidateCount else { return Array(repeating: everything, count: foldCount) }
    return (0..<foldCount).map { fold in
      var random = Randomness(seed: plan.seed, stream: "search/\(fold)")
      // In grid order, because of equals the first in the grid is chosen.
      return random.sample(count, from: candidateCount).sorted()
    }
  }
}

/// The session dates of an evaluation axis.
private struct EvaluationDates {
  let dates: [CivilDate]
  /// The date of the bar after the axis, or of the session that comes after all bars.
  let nextDate: CivilDate?

  init(feed: Feed, instants: Range<Int>) {
    let (universe, times) = (feed.universe, feed.instants)
    dates = instants.map { universe.sessionDate(of: times[$0]) }
    if instants.upperBound < times.count {
      nextDate = universe.sessionDate(of: times[instants.upperBound])
    } else {
      nextDate = times.last.flatMap { universe.sessionDate(after: $0) }
    }
  }
}

/// What a fold chose on its train window.
struct FoldChoice: Sendable {
  /// The position of the choice among all candidates.
  var candidate: Int
  var score: FoldObjective.Score
  /// The number of candidates tried without an objective.
  var nullCount: Int
  /// The candidates that were tried, in grid order, and the objective of each.
  var tried: [Int]
  var values: [Double?]
}

extension PreparedWalkForward {
  /// The number of runs of the search.
  var searchCount: Int { draws.reduce(0) { $0 + $1.count } }

  /// Tries the candidates of each fold on its train window and chooses the best; of equals the
  /// first in the grid, and the first of all when none has an objective.
  func search(
    threads: Int?, progress: @escaping @Sendable (Int) -> Void
  ) throws(EvidenceError) -> [FoldChoice] {
    let width = draws.first?.count ?? 0
    let scores =
      request.finishedUnits == nil
      ? try parallelMap(count: searchCount, threads: threads, progress: progress) {
        (index) throws(EvidenceError) in
        try score(fold: index / width, place: index % width)
      } : try searchUnits(threads: threads, progress: progress)
    return draws.indices.map { fold in
      let tried = scores[(fold * width)..<((fold + 1) * width)]
      var best = tried.startIndex
      for index in tried.indices
      where objective.metric.isBetter(tried[index].value, than: tried[best].value) {
        best = index
      }
      return FoldChoice(
        candidate: draws[fold][best - tried.startIndex], score: tried[best],
        nullCount: tried.count { $0.value == nil }, tried: draws[fold],
        values: tried.map(\.value))
    }
  }

  /// Tries a candidate of a fold on its train window.
  ///
  /// - Parameter place: its position among those that the fold tries.
  func score(fold: Int, place: Int) throws(EvidenceError) -> FoldObjective.Score {
    let candidate = draws[fold][place]
    let run = try simulate(candidate, of: fold, on: folds[fold].train)
    let score = objective.score(run.endingFold(by: plan.boundary))
    report(run, score.value, candidate: candidate, fold: fold, isTest: false)
    return score
  }

  /// Runs each choice on its test window; `nil` for folds after a run that ended early.
  func runTests(
    _ choices: [FoldChoice], threads: Int?, progress: @escaping @Sendable (Int) -> Void
  ) throws(EvidenceError) -> [BacktestResult?] {
    guard plan.carry == .equity else {
      // Each fold begins anew, so that none waits for another.
      let runs = try parallelMap(
        count: folds.count, threads: threads, progress: progress
      ) { (fold) throws(EvidenceError) in
        try tested(choices[fold].candidate, of: fold)
      }
      let last = runs.firstIndex(where: \.endedEarly) ?? runs.endIndex
      return runs.indices.map { $0 <= last ? runs[$0] : nil }
    }
    var results: [BacktestResult?] = []
    var before: Account?
    var endedEarly = false
    for fold in folds.indices {
      guard !endedEarly else {
        results.append(nil)
        progress(fold + 1)
        continue
      }
      var run = try simulate(
        choices[fold].candidate, of: fold, on: folds[fold].test, onWindowEnd: windowEnd,
        after: before
      ).endingFold(by: plan.boundary)
      let account = run.account
      if plan.boundary == .carry, let before { run.account.subtractSums(of: before) }
      before = account
      endedEarly = run.endedEarly || account.equity <= 0
      results.append(run)
      progress(fold + 1)
    }
    return results
  }

  /// Runs a candidate on the test window of a fold, which begins with the initial cash.
  func tested(_ candidate: Int, of fold: Int) throws(EvidenceError) -> BacktestResult {
    try simulate(candidate, of: fold, on: folds[fold].test, onWindowEnd: windowEnd)
      .endingFold(by: plan.boundary)
  }

  private var windowEnd: BacktestConfiguration.WindowEndRule {
    plan.boundary == .liquidate ? .close : .hold
  }

  /// Runs a candidate of a fold's strategy on bars of the evaluation axis.
  ///
  /// - Parameter before: the account as the fold before left it: its equity is what this run begins
  ///   with, and under `boundary: carry` its positions too.
  private func simulate(
    _ candidate: Int, of fold: Int, on bars: Range<Int>,
    onWindowEnd: BacktestConfiguration.WindowEndRule = .hold, after before: Account? = nil
  ) throws(EvidenceError) -> BacktestResult {
    var configuration = request.configuration
    configuration.warmup = nil
    configuration.window = (bars.lowerBound + skip)..<(bars.upperBound + skip)
    configuration.onWindowEnd = onWindowEnd
    var inherited: Account?
    if plan.boundary == .carry {
      inherited = before
    } else if let before {
      configuration.account.initialCash = before.equity
    }
    let strategy: any Strategy
    do throws(StrategyError) {
      strategy = try strategies[fold].definition.make(
        candidates[candidate], for: request.feed.universe)
    } catch {
      throw .universe(error)
    }
    let engine = Engine(
      feed: request.feed, configuration: configuration, account: inherited, sharing: sharedSeries)
    return drive(engine, by: strategy)
  }

  /// Opens the strategy's type once for the whole run.
  private func drive<S: Strategy>(_ engine: Engine, by strategy: S) -> BacktestResult {
    var (engine, strategy) = (engine, strategy)
    engine.run(&strategy)
    return engine.result(strategy: request.definition.name)
  }
}

extension BacktestResult {
  /// Whether the run ended before its last bar, so that no fold can follow.
  fileprivate var endedEarly: Bool { ruinedAt != nil || overflowedAt != nil }

  /// The run of a window whose positions end with it: round trips that are still open are closed at
  /// the mark and count from now on. Under `carry` they go on.
  func endingFold(by boundary: WalkForwardPlan.Boundary) -> BacktestResult {
    guard boundary != .carry else { return self }
    var run = self
    run.tables = tables.endingOpenTrades()
    return run
  }
}

extension Account {
  /// Leaves of the sums over the whole life of the account those since an earlier moment.
  fileprivate mutating func subtractSums(of earlier: Account) {
    priceProfit -= earlier.priceProfit
    commissionPaid -= earlier.commissionPaid
    slippagePaid -= earlier.slippagePaid
    taxPaid -= earlier.taxPaid
    deficitWrittenOff -= earlier.deficitWrittenOff
    tradedNotional -= earlier.tradedNotional
    income.add(earlier.income, scale: -1)
  }
}

extension PreparedWalkForward {
  /// Makes the strategy of some folds, in order of time and one at a time: what makes it may use
  /// all processors itself.
  mutating func prepareStrategies(
    of wanted: [Int], progress: (Int) -> Void
  ) throws(EvidenceError) {
    guard let make = request.strategyOfFold else { return }
    for (done, fold) in wanted.enumerated() {
      let strategy = try make(period(fold))
      strategies[fold] = strategy
      do throws(EvidenceError) {
        let longest = try PreparedWalkForward.longestWarmup(
          of: candidates, strategy.definition, on: request.feed.universe)
        warmup = max(warmup, longest)
      } catch {
        let period = period(fold)
        throw .strategy(fold: fold, testDates: period.testDates, reason: "\(error)")
      }
      progress(done + 1)
    }
  }

  /// The dates of a fold.
  func period(_ fold: Int) -> FoldPeriod {
    let windows = folds[fold]
    return FoldPeriod(
      index: fold,
      trainDates: dates[windows.train.lowerBound]...dates[windows.train.upperBound - 1],
      testDates: dates[windows.test.lowerBound]...dates[windows.test.upperBound - 1])
  }
}
