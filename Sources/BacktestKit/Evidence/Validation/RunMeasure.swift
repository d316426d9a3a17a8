import BacktestCore

/// Measures many runs over the same bars: what is the same for all of them is found once.
///
/// The figures are those of `BacktestResult.metrics`, to the bit.
struct RunMeasure: Sendable {
  /// The metrics of a run, in the order of the catalogue.
  static let metrics = Metrics.all.filter { !$0.needs.contains(.benchmark) }
  /// Their names.
  static let names = metrics.map(\.name)

  /// The session date of each measured point, the base point first.
  private let dates: [CivilDate]
  /// Bars in a year.
  let barsPerYear: Double?
  private let activityBarsPerYear: Double?
  private let riskFree: RiskFreeRate
  /// The points of the curve that are measured; `nil` where all are.
  private let measuredPoints: [Int]?
  /// The points of the curve at which a session ends, the base point first.
  private let sessionPoints: [Int]
  /// The session of each session return.
  let sessionDates: [CivilDate]

  var returnCount: Int { dates.count - 1 }
  var sessionCount: Int { sessionDates.count }
  var firstDate: CivilDate { dates[0] }
  var lastDate: CivilDate { dates[dates.count - 1] }

  /// A measure of runs under some rules.
  ///
  /// - Precondition: a run has two returns or more.
  init(_ feed: Feed, _ configuration: BacktestConfiguration) {
    let universe = feed.universe
    // An engine at its beginning knows which points its curve will have.
    let engine = Engine(feed: feed, configuration: configuration)
    let points = engine.pointTimes
    let pointDates = points.map { universe.sessionDate(of: $0) }
    let last = pointDates.indices.filter { point in
      point == 0 || point + 1 == pointDates.count || pointDates[point + 1] != pointDates[point]
    }
    let sessions = UniverseSessions(universe)
    activityBarsPerYear = sessions.barsPerYear
    riskFree = .annual(configuration.riskFreeRate)
    sessionPoints = last
    sessionDates = last.dropFirst().map { pointDates[$0] }
    if let perYear = sessions.barsPerYear {
      barsPerYear = perYear
      measuredPoints = nil
      dates = pointDates
    } else {
      barsPerYear = sessions.perYear(
        from: pointDates[0], through: pointDates[pointDates.count - 1])
      measuredPoints = last
      dates = last.map { pointDates[$0] }
    }
  }

  /// The metrics of a run, in the order of `metrics` and NaN where there is no value, and its
  /// session returns.
  func values(of run: BacktestResult) -> (metrics: [Double], sessions: [Double]) {
    let curve = run.curve
    let equity =
      measuredPoints.map { points in points.map { curve.equity[$0] } }
      ?? Array(curve.equity)
    let sample: ReturnsSample
    do {
      sample = try ReturnsSample(
        equity: equity, pointDates: dates, barsPerYear: barsPerYear, riskFree: riskFree)
    } catch {
      preconditionFailure(
        "Invariant: the engine's equity is finite and its base positive: \(error)")
    }
    let activity = AccountActivity(
      curve, tradedNotional: run.account.tradedNotional, barsPerYear: activityBarsPerYear)
    let workspace = MetricWorkspace(
      MetricInputs(sample: sample, roundTrips: run.trades, activity: activity))
    let metrics = Self.metrics.map { $0.value(in: workspace) ?? .nan }
    guard sessionPoints.count != sample.wealth.count else { return (metrics, sample.returns) }
    return (metrics, simpleReturns(ofEquity: sessionPoints.map { curve.equity[$0] }))
  }
}
