import BacktestCore

/// The metric by which folds choose, taken from a run as `BacktestResult.metrics` takes it.
struct FoldObjective: Sendable {
  /// What an objective says about a run.
  struct Score: Sendable {
    /// The metric; `nil` where it does not exist.
    var value: Double?
    /// Whether all returns are the same, so that a fold without a value counts as 0.
    var isFlat: Bool
    /// Whether the account was lost.
    var isRuined = false

    /// What the fold adds to a mean; `nil` leaves it out.
    var contribution: Double? { value ?? (isFlat && !isRuined ? 0 : nil) }
  }

  let evaluator: ObjectiveEvaluator
  /// Whether the series differ in their bars, so that the last point of each session counts.
  private let bySession: Bool

  var metric: MetricDefinition { evaluator.metric }

  init(_ name: String, universe: Universe, riskFree: Double) throws(WalkForwardError) {
    let barsPerYear = universe.barsPerYear
    bySession = barsPerYear == nil
    do throws(ObjectiveError) {
      evaluator = try ObjectiveEvaluator(
        name, barsPerYear: barsPerYear ?? universe.series[0].calendar?.sessionsPerYear,
        riskFree: riskFree)
    } catch {
      throw .objective(error)
    }
  }

  /// The objective of a run.
  func score(_ run: BacktestResult) -> Score {
    let curve =
      bySession ? run.curve.lastPointOfEachSession(dates: run.sessionDates).curve : run.curve
    let equity = Array(curve.equity)
    let trades = metric.needs.contains(.roundTrips) ? run.trades : nil
    let value = evaluator.value(equity: equity, roundTrips: trades)
    guard value == nil else { return Score(value: value, isFlat: false) }
    let returns = simpleReturns(ofEquity: equity)
    return Score(
      value: nil, isFlat: returns.allSatisfy { $0 == returns[0] },
      isRuined: run.ruinedAt != nil)
  }
}
