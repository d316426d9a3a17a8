import BacktestCore

/// A walk-forward that was checked: everything that its runs need is known.
struct WalkForwardStudy: Sendable {
  let request: WalkForward
  let candidates: [StrategyParameters]
  let infeasibleCount: Int
  let objective: FoldObjective
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

  var folds: [WalkForwardSchedule.Windows] { schedule.folds }
  var plan: WalkForwardPlan { request.plan }

  init(_ request: WalkForward) throws(WalkForwardError) {
    self.request = request
    let plan = request.plan
    guard plan.boundary != .carry || plan.carry == .equity else { throw .carryNeedsEquity }
    objective = try FoldObjective(
      plan.objective, universe: request.feed.universe,
      riskFree: request.configuration.riskFreeRate)
    (candidates, infeasibleCount) = try request.grid.candidates(of: request.definition)
    let warmups = candidates.map { request.definition.make($0).warmup }
    warmup = warmups.max() ?? 0

    let bars = request.feed.instants.count
    let wanted = plan.skip ?? warmup + 1
    guard wanted >= 1 else { throw .invalidSkip(wanted) }
    let bounds = (request.configuration.window ?? 0..<bars).clamped(to: 0..<bars)
    skip = min(max(wanted, bounds.lowerBound), bounds.upperBound)
    let axis = EvaluationDates(feed: request.feed, instants: skip..<bounds.upperBound)
    dates = axis.dates
    do throws(WalkForwardError) {
      schedule = try plan.windows.schedule(dates: axis.dates, nextDate: axis.nextDate)
    } catch {
      guard case .tooFewBars(let available, let needed, _) = error else { throw error }
      throw .tooFewBars(available: available, needed: needed, skipped: skip)
    }
    draws = try WalkForwardStudy.draws(
      plan, candidateCount: candidates.count, foldCount: schedule.folds.count)
    strategies = Array(repeating: FoldStrategy(request.definition), count: schedule.folds.count)
  }

  private static func draws(
    _ plan: WalkForwardPlan, candidateCount: Int, foldCount: Int
  ) throws(WalkForwardError) -> [[Int]] {
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

/// The session dates of an evaluation axis, by the calendar of the first series.
private struct EvaluationDates {
  let dates: [CivilDate]
  /// The date of the bar after the axis, or of the session that comes after all bars.
  let nextDate: CivilDate?

  init(feed: Feed, instants: Range<Int>) {
    let calendar = feed.universe.series[0].calendar ?? AlwaysOpenCalendar()
    let times = feed.instants
    dates = instants.map { calendar.sessionDate(of: times[$0]) }
    if instants.upperBound < times.count {
      nextDate = calendar.sessionDate(of: times[instants.upperBound])
    } else {
      nextDate = times.last.flatMap { calendar.sessionClosing(after: $0)?.date }
    }
  }
}
