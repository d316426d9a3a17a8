public import BacktestCore

extension BacktestResult {
  /// Bars in a year by the calendar of the universe; `nil` where a calendar is missing, or the
  /// series differ in calendar or timeframe.
  public var barsPerYear: Double? { UniverseSessions(universe).barsPerYear }

  /// The session date of each point of the curve, the base point first: of the sessions of all
  /// calendars, the first that ends at or after the point. A series without a calendar has UTC
  /// days.
  public var sessionDates: [CivilDate] {
    guard universe.calendars.count == 1, let calendar = universe.calendars.first else {
      return curve.times.map { universe.sessionDate(of: $0) }
    }
    // Points ascend, so that all up to the close of a session have its date.
    var (date, close) = (CivilDate(daysSinceEpoch: 0), Timestamp.distantPast)
    return curve.times.map { time in
      guard time > close else { return date }
      date = calendar.sessionDate(of: time)
      close = calendar.session(on: date)?.close ?? time
      return date
    }
  }

  /// The returns of the run, ready to be measured.
  ///
  /// Series that differ in timeframe or calendar give several points a session, of which the last
  /// counts. The sessions of different calendars are those of all of them together, and a year has
  /// as many as there are from the base point to the end, divided by the years between.
  public var sample: ReturnsSample {
    let riskFree = RiskFreeRate.annual(configuration.riskFreeRate)
    let dates = sessionDates
    let universeSessions = UniverseSessions(universe)
    do {
      if let barsPerYear = universeSessions.barsPerYear {
        return try ReturnsSample(
          equity: Array(curve.equity), pointDates: dates, barsPerYear: barsPerYear,
          riskFree: riskFree)
      }
      let sessions = curve.lastPointOfEachSession(dates: dates)
      return try ReturnsSample(
        equity: Array(sessions.curve.equity), pointDates: sessions.dates,
        barsPerYear: universeSessions.perYear(
          from: dates[0], through: dates[dates.count - 1]), riskFree: riskFree)
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

extension BacktestResult {
  /// When each point of `sample` was taken, the base point first.
  public var sampleTimes: [Timestamp] {
    guard barsPerYear == nil else { return Array(curve.times) }
    return Array(curve.lastPointOfEachSession(dates: sessionDates).curve.times)
  }

  /// The returns from session to session, at most one per date, as daily prices have them.
  ///
  /// It is `sample` itself where no bar is shorter than a session.
  public var sessionSample: ReturnsSample { sessionSample(of: sample) }

  /// `sessionSample` from the run's own `sample`, where that is there already.
  package func sessionSample(of sample: ReturnsSample) -> ReturnsSample {
    guard let dates = sample.pointDates, let first = dates.first, let last = dates.last,
      let perYear = UniverseSessions(universe).perYear(from: first, through: last),
      zip(dates.dropFirst(), dates.dropFirst(2)).contains(where: { $0 == $1 })
    else { return sample }
    let sessions = curve.lastPointOfEachSession(dates: dates)
    // Equity and dates were accepted a moment ago; fewer of them are still in order.
    let reduced = try? ReturnsSample(
      equity: Array(sessions.curve.equity), pointDates: sessions.dates,
      barsPerYear: perYear, riskFree: sample.riskFree)
    return reduced ?? sample
  }
}

extension EquityCurve {
  /// The curve with only the last point of each session, and the session date of each point that
  /// is left: the basis of daily metrics of intraday bars.
  ///
  /// The base point always stays, so that nothing of its session is lost.
  ///
  /// - Precondition: there is one date for each point.
  /// - Complexity: O(n).
  func lastPointOfEachSession(
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

/// How much of the account was at work, and how much was traded.
///
/// All means are over the points after the base point, at which nothing can be held yet.
package struct AccountActivity: Hashable, Sendable {
  /// The mean of gross exposure / equity; 0 counts where no equity is left.
  package let exposure: Double?
  /// The share of points with a position.
  package let timeInMarket: Double?
  /// The sum of traded notional, halved, over the mean equity: how often the account was turned.
  package let turnover: Double?
  /// Turnover a year: times bars a year over the number of bars.
  package let annualTurnover: Double?

  /// The activity of an account.
  ///
  /// - Parameters:
  ///   - curve: equity and gross exposure at the base point and after each bar.
  ///   - tradedNotional: the sum of units x price x multiplier over all fills, positive, in money.
  ///   - barsPerYear: from the calendar; without it there is no annual turnover.
  package init(_ curve: EquityCurve, tradedNotional: Double, barsPerYear: Double?) {
    let n = Double(curve.equity.count - 1)
    var (shares, worth) = (CompensatedSum(), CompensatedSum())
    var held = 0
    curve.equity.withUnsafeBufferPointer { equity in
      curve.grossExposure.withUnsafeBufferPointer { gross in
        for point in 1..<max(equity.count, 1) {
          shares.add(equity[point] > 0 ? gross[point] / equity[point] : 0)
          worth.add(equity[point])
          if gross[point] > 0 { held += 1 }
        }
      }
    }
    exposure = RatioFormulas.quotient(shares.value, n)
    timeInMarket = RatioFormulas.quotient(Double(held), n)
    turnover = RatioFormulas.quotient(tradedNotional / 2, RatioFormulas.quotient(worth.value, n))
    annualTurnover = turnover.flatMap { turned in
      barsPerYear.flatMap { RatioFormulas.quotient(turned * $0, n) }
    }
  }
}
