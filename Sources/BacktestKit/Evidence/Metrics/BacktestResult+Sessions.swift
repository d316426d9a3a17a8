public import BacktestCore

extension BacktestResult {
  /// When each point of `sample` was taken, the base point first.
  public var sampleTimes: [Timestamp] {
    guard barsPerYear == nil else { return Array(curve.times) }
    return Array(curve.lastPointOfEachSession(dates: sessionDates).curve.times)
  }

  /// The returns from session to session, at most one a date: what stands beside daily prices.
  ///
  /// It is `sample` itself where no bar is shorter than a session.
  public var sessionSample: ReturnsSample {
    let sample = sample
    guard let dates = sample.pointDates, let perYear = universe.series[0].calendar,
      zip(dates.dropFirst(), dates.dropFirst(2)).contains(where: { $0 == $1 })
    else { return sample }
    let sessions = curve.lastPointOfEachSession(dates: dates)
    // Equity and dates were accepted a moment ago; fewer of them are still in order.
    let reduced = try? ReturnsSample(
      equity: Array(sessions.curve.equity), pointDates: sessions.dates,
      barsPerYear: perYear.sessionsPerYear, riskFree: sample.riskFree)
    return reduced ?? sample
  }
}
