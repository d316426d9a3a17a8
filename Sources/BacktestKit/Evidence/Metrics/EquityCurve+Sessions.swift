public import BacktestCore

extension EquityCurve {
  /// The curve with only the last point of each session, and the session date of each point that
  /// is left: what daily metrics of intraday bars are taken from.
  ///
  /// The base point always stays, so that nothing of its session is lost.
  ///
  /// - Parameter sessionDate: the session to which an instant belongs, from the calendar.
  /// - Complexity: O(n).
  public func lastPointOfEachSession(
    _ sessionDate: (Timestamp) -> CivilDate
  ) -> (curve: EquityCurve, dates: [CivilDate]) {
    lastPointOfEachSession(dates: times.map(sessionDate))
  }

  /// The curve with only the last point of each session, for points whose dates are known.
  ///
  /// - Precondition: there is one date for each point.
  public func lastPointOfEachSession(
    dates: [CivilDate]
  ) -> (curve: EquityCurve, dates: [CivilDate]) {
    precondition(dates.count == times.count, "one session date for each point")
    let kept = times.indices.filter { point in
      point == 0 || point + 1 == times.count || dates[point + 1] != dates[point]
    }
    let curve = EquityCurve(
      times: kept.map { times[$0] }, equity: kept.map { equity[$0] },
      grossExposure: kept.map { grossExposure[$0] })
    return (curve, kept.map { dates[$0] })
  }
}

extension ReturnsSample {
  /// The returns of an equity curve.
  ///
  /// - Parameters:
  ///   - curve: the account's value; for `frequency: session`, already reduced to the last point of
  ///     each session.
  ///   - pointDates: the session date of each point.
  ///   - barsPerYear: of the curve's frequency, from the calendar.
  ///   - riskFree: taken off each return.
  ///   - minimumAcceptableReturn: a year, as a fraction.
  /// - Throws: `ReturnsError` when a number is not finite or the dates do not fit.
  public init(
    _ curve: EquityCurve, pointDates: [CivilDate]? = nil, barsPerYear: Double?,
    riskFree: RiskFreeRate = .zero, minimumAcceptableReturn: Double = 0
  ) throws(ReturnsError) {
    try self.init(
      equity: Array(curve.equity), pointDates: pointDates, barsPerYear: barsPerYear,
      riskFree: riskFree,
      minimumAcceptableReturn: minimumAcceptableReturn)
  }
}
