public import BacktestCore

extension BacktestResult {
  /// Bars in a year by the calendar of the universe; `nil` where a calendar is missing or the
  /// series differ in it, because then nothing can be annualised.
  public var barsPerYear: Double? { universe.barsPerYear }

  /// The session date of each point of the curve, the base point first, by the calendar of the
  /// first series; UTC days where it has none.
  public var sessionDates: [CivilDate] {
    let calendar = universe.series[0].calendar ?? AlwaysOpenCalendar()
    return curve.times.map { calendar.sessionDate(of: $0) }
  }

  /// The returns of the run, ready to be measured.
  ///
  /// Series that differ in timeframe or calendar give several points a session; the last of each
  /// counts, and a year is that of the first calendar in sessions.
  public var sample: ReturnsSample {
    let riskFree = RiskFreeRate.annual(configuration.riskFreeRate)
    let dates = sessionDates
    do {
      if let barsPerYear {
        return try ReturnsSample(
          equity: Array(curve.equity), pointDates: dates, barsPerYear: barsPerYear,
          riskFree: riskFree)
      }
      let sessions = curve.lastPointOfEachSession(dates: dates)
      return try ReturnsSample(
        equity: Array(sessions.curve.equity), pointDates: sessions.dates,
        barsPerYear: universe.series[0].calendar?.sessionsPerYear, riskFree: riskFree)
    } catch {
      preconditionFailure(
        "Invariant: the engine's equity is finite and its base positive: \(error)")
    }
  }

  /// How the run did.
  ///
  /// Each call measures anew; keep the value when several figures are wanted.
  public var metrics: PerformanceMetrics {
    let sample = sample
    let activity = AccountActivity(
      curve, tradedNotional: account.tradedNotional, barsPerYear: barsPerYear)
    return PerformanceMetrics(sample, roundTrips: trades, activity: activity)
  }
}

extension Universe {
  /// Bars in a year, where all series agree on it.
  var barsPerYear: Double? {
    var found: Double?
    for series in self.series {
      guard let calendar = series.calendar else { return nil }
      let bars = series.timeframe.barsPerYear(in: calendar)
      guard found == nil || found == bars else { return nil }
      found = bars
    }
    return found
  }
}
