import BacktestCore

/// What a fold chose on its train window.
struct FoldChoice: Sendable {
  /// The position of the choice among all candidates.
  var candidate: Int
  var score: FoldObjective.Score
  /// The number of candidates tried without an objective.
  var nullCount: Int
}

extension WalkForwardStudy {
  /// The number of runs of the search.
  var searchCount: Int { draws.reduce(0) { $0 + $1.count } }

  /// Tries the candidates of each fold on its train window and chooses the best; of equals the
  /// first in the grid, and the first of all when none has an objective.
  func search(threads: Int?, progress: @escaping @Sendable (Int) -> Void) -> [FoldChoice] {
    let width = draws.first?.count ?? 0
    let scores = parallelMap(count: searchCount, threads: threads, progress: progress) { index in
      let (fold, place) = index.quotientAndRemainder(dividingBy: width)
      let run = simulate(draws[fold][place], of: fold, on: folds[fold].train)
      return objective.score(run)
    }
    return draws.indices.map { fold in
      let tried = scores[(fold * width)..<((fold + 1) * width)]
      var best = tried.startIndex
      for index in tried.indices
      where objective.metric.isBetter(tried[index].value, than: tried[best].value) {
        best = index
      }
      return FoldChoice(
        candidate: draws[fold][best - tried.startIndex], score: tried[best],
        nullCount: tried.count { $0.value == nil })
    }
  }

  /// Runs each choice on its test window; `nil` for folds after the account was lost.
  func runTests(
    _ choices: [FoldChoice], threads: Int?, progress: @escaping @Sendable (Int) -> Void
  ) -> [BacktestResult?] {
    guard plan.carry == .equity else {
      // Each fold begins anew, so that none waits for another.
      let runs = parallelMap(count: folds.count, threads: threads, progress: progress) { fold in
        simulate(
          choices[fold].candidate, of: fold, on: folds[fold].test, onWindowEnd: windowEnd)
      }
      let last = runs.firstIndex { $0.ruinedAt != nil } ?? runs.endIndex
      return runs.indices.map { $0 <= last ? runs[$0] : nil }
    }
    var results: [BacktestResult?] = []
    var before: Account?
    for fold in folds.indices {
      guard before.map({ $0.equity > 0 }) ?? true else {
        results.append(nil)
        progress(fold + 1)
        continue
      }
      var run = simulate(
        choices[fold].candidate, of: fold, on: folds[fold].test, onWindowEnd: windowEnd,
        after: before)
      let account = run.account
      if plan.boundary == .carry, let before { run.account.subtractSums(of: before) }
      before = account
      results.append(run)
      progress(fold + 1)
    }
    return results
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
  ) -> BacktestResult {
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
    let engine = Engine(feed: request.feed, configuration: configuration, account: inherited)
    return drive(engine, by: strategies[fold].definition.make(candidates[candidate]))
  }

  /// Opens the strategy's type once for the whole run.
  private func drive<S: Strategy>(_ engine: Engine, by strategy: S) -> BacktestResult {
    var (engine, strategy) = (engine, strategy)
    engine.run(&strategy)
    return engine.result(strategy: request.definition.name)
  }
}

extension Account {
  /// Leaves of the sums over the whole life of the account those since an earlier moment.
  fileprivate mutating func subtractSums(of earlier: Account) {
    priceProfit -= earlier.priceProfit
    commissionPaid -= earlier.commissionPaid
    slippagePaid -= earlier.slippagePaid
    deficitWrittenOff -= earlier.deficitWrittenOff
    tradedNotional -= earlier.tradedNotional
  }
}
