import BacktestCore
public import BacktestEvidence

extension Report {
  /// A report on returns that no run of this engine made: growth, drawdowns, the distribution, the
  /// rolling figures and the metrics, without orders, trades, costs and exposure.
  ///
  /// - Throws: `EvidenceError` where the dates are beyond what instants can hold.
  public init(_ returns: DatedReturns) throws(EvidenceError) {
    let run = try BacktestResult(returns)
    self.init(run: run, walkForward: nil, caveats: run.returnCaveats, title: returns.name)
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
  fileprivate var returnCaveats: [ResultCaveat] {
    caveats.filter { [.shortSample, .noCalendar, .ruined].contains($0.code) }
      + [
        ResultCaveat(
          .unknownTraining,
          "Only returns are known: how they were earned, and whether costs are in them, is not.")
      ]
  }
}

/// Places no orders.
private struct HoldsNothing: Strategy {
  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {}
}
