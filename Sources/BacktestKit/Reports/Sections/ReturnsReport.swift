import BacktestCore
public import BacktestEvidence

extension Report {
  /// A report on returns that no run of this engine made: growth, drawdowns, the distribution, the
  /// rolling figures and the metrics, without orders, trades, costs and exposure.
  ///
  /// - Throws: `EvidenceError` where the dates are beyond what instants can hold.
  public init(_ returns: DatedReturns) throws(EvidenceError) {
    let run = try BacktestResult(returns)
    self.init(run: run, walkForward: nil, caveats: run.caveats(of: returns), title: returns.name)
    benchmark = nil
    dataQuality = []
    isOfReturns = true
  }
}

extension BacktestResult {
  /// A run that held nothing over the dates of some returns, with their growth as its equity.
  fileprivate init(_ returns: DatedReturns) throws(EvidenceError) {
    let dates = [returns.baseDate] + returns.dates
    let sessions = dates.map { returns.calendar.session(on: $0) }
    let flat = Column(repeatElement(1.0, count: dates.count))
    let times = Column(zip(dates, sessions).map { $1?.close ?? $0.midnight })
    guard
      let series = try? BarSeries(
        instrument: Instrument(symbol: returns.name), timeframe: returns.timeframe,
        calendar: returns.calendar, openTimes: times, closeTimes: times, open: flat, high: flat,
        low: flat, close: flat),
      let run = try? Backtest(HoldsNothing(), on: series).run(),
      run.curve.times.count == dates.count
    else { throw .tooFewValues(dates.count, needed: 2, for: "a report of returns") }
    self = run
    strategy = returns.name
    curve = EquityCurve(
      times: Array(times), equity: returns.wealth,
      grossExposure: [Double](repeating: 0, count: dates.count))
    ruinedAt = returns.wealth.firstIndex { $0 <= 0 }.map { times[$0] }
  }

  /// What is known of returns alone.
  fileprivate func caveats(of returns: DatedReturns) -> [ResultCaveat] {
    let known = caveats.filter { [.shortSample, .noCalendar, .ruined].contains($0.code) }
    let origin = ResultCaveat(
      .unknownTraining,
      "Only returns are known: how they were earned, and whether costs are in them, is not.")
    return ResultCaveat.mostSeriousFirst(
      known + [returns.gapCaveat, returns.unitCaveat, origin].compactMap(\.self))
  }
}

extension DatedReturns {
  private var perYear: Double { timeframe.barsPerYear(in: calendar) }

  /// Years that have no returns are no years to the annual figures.
  fileprivate var gapCaveat: ResultCaveat? {
    let last = dates[dates.count - 1]
    let years = Double(last.daysSinceEpoch - baseDate.daysSinceEpoch) / 365.25
    let filled = Double(returns.count) / perYear
    guard years > 0.25, filled < 0.95 * years else { return nil }
    let points = [baseDate] + dates
    let widest = points.indices.dropLast().max {
      points[$0 + 1].daysSinceEpoch - points[$0].daysSinceEpoch
        < points[$1 + 1].daysSinceEpoch - points[$1].daysSinceEpoch
    }
    let gap = widest.map { "; the longest gap is from \(points[$0]) to \(points[$0 + 1])" } ?? ""
    return ResultCaveat(
      .missingBars,
      "The dates span \(NumberFormat.number(decimals: 1).text(years)) years and hold returns for "
        + "\(NumberFormat.number(decimals: 1).text(filled)) at \(NumberText.perYear(perYear)) a "
        + "year\(gap). "
        + "Annual figures count returns, not the time between them.")
  }

  /// One percent figure below 1 looks like a share, but together they are wild.
  fileprivate var unitCaveat: ResultCaveat? {
    let middle = returns.map(abs).sorted()[returns.count / 2]
    guard middle * perYear.squareRoot() > 1 else { return nil }
    return ResultCaveat(
      .largeReturns,
      "Half of the returns are larger than \(NumberFormat.percent(decimals: 0).text(middle)), up "
        + "or down. Returns are shares: if 1 is one percent in the file, divide by 100.")
  }
}

/// Places no orders.
private struct HoldsNothing: Strategy {
  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {}
}
