import BacktestCore
import BacktestEvidence

/// What several sections of a report need, computed once.
struct ReportModel {
  let run: BacktestResult
  let walkForward: WalkForwardResult?
  /// The returns that are measured, and when their points were taken.
  let sample: ReturnsSample
  let times: [Timestamp]
  let dates: [CivilDate]
  /// The axis of charts over time: the calendar for daily bars, trading time for shorter ones.
  let axis: LineChart.XAxis
  /// Where the points of the sample are on that axis.
  let axisValues: [Double]
  let metrics: PerformanceMetrics
  let values: [String: Double]
  /// The returns in ascending order.
  let sortedReturns: [Double]
  /// The drawdowns in order of time.
  let drawdowns: [Drawdown]
  let fingerprint: RunFingerprint
  let benchmark: ReportBenchmark?
  /// What was held over time; `nil` where nothing ever was, or where that is not known.
  let exposure: AccountExposure?
  /// The autocorrelations of returns and of their squared distances from the mean; `nil` where
  /// there are too few or all are equal.
  let autocorrelations: (own: [Double], squared: [Double])?
  /// Net profit, costs and what was earned before them.
  let costs: ReportCosts
  /// The caveats, the most serious first.
  var caveats: [ResultCaveat] = []
  /// Whether only returns are known, and nothing of orders, positions and costs.
  var isOfReturns = false
  /// The policies that decided.
  var policies: [ReportPolicy] = []
  /// The spread of figures, where several checkpoints were run.
  var replicates: Replicates?
  /// The intervals of the main figures.
  var intervals: MetricIntervals?
  /// The trials behind the result.
  var trials: TrialCounting?
  /// The policy's further assumptions.
  var policyRemarks: [String] = []
  /// Forecasts compared with what happened; `nil` without forecasts.
  let forecasts: ForecastEvaluation?

  init(run: BacktestResult, walkForward: WalkForwardResult?, benchmark: BenchmarkCurve?) {
    self.run = run
    self.walkForward = walkForward
    let (sample, times) = (run.sample, run.sampleTimes)
    (self.sample, self.times) = (sample, times)
    dates = sample.pointDates ?? []
    (axis, axisValues) = Self.axis(of: run, times)
    let measured = BackgroundWork {
      let activity = AccountActivity(
        run.curve, tradedNotional: run.account.tradedNotional, barsPerYear: run.barsPerYear)
      let metrics = PerformanceMetrics(sample, roundTrips: run.trades, activity: activity)
      return (metrics, metrics.allAndSortedReturns)
    }
    drawdowns = Drawdown.episodes(of: sample.wealth, dates: sample.pointDates)
    fingerprint = run.fingerprint
    self.benchmark = benchmark.flatMap { ReportBenchmark($0, run: run, sample: sample) }
    costs = ReportCosts(run: run, walkForward: walkForward)
    forecasts = ForecastEvaluation(run)
    exposure =
      run.curve.times.count == times.count
        && run.curve.grossExposure.contains { $0 > 0 } ? AccountExposure(run) : nil
    autocorrelations = sample.autocorrelations.flatMap { own in
      sample.squaredAutocorrelations.map { (own, $0) }
    }
    let (metrics, all) = measured.value
    self.metrics = metrics
    values = Dictionary(
      uniqueKeysWithValues: all.values.compactMap { metric, value in
        value.map { (metric.name, $0) }
      })
    sortedReturns = all.sortedReturns
  }

  /// Instruments, bars and time in one line.
  var subtitle: String {
    var parts =
      isOfReturns ? [] : [NumberText.list(run.universe.series.map(\.instrument.symbol), limit: 6)]
    parts.append(timeframes)
    if let first = dates.first, let last = dates.last { parts.append("\(first) to \(last)") }
    parts.append(NumberText.count(sample.count, "return"))
    return parts.joined(separator: " · ")
  }

  private var timeframes: String {
    var names: [String] = []
    for series in run.universe.series {
      let name = series.timeframe.barsText
      if !names.contains(name) { names.append(name) }
    }
    return names.joined(separator: ", ")
  }

  /// How ratios are annualised: `252 bars per year`.
  var annualization: String {
    sample.barsPerYear.map { "\(NumberText.perYear($0)) bars per year" }
      ?? "not annualised: no calendar"
  }

  /// Why a metric has no value.
  func absence(of name: String) -> String {
    ((try? metrics.absence(of: name)) ?? nil)?.description ?? "undefined"
  }

  /// Whether every series has bars of a session or longer, so that dates say enough.
  var isDaily: Bool { Self.isDaily(run) }

  private static func isDaily(_ run: BacktestResult) -> Bool {
    run.universe.series.allSatisfy { series in
      if case .intraday = series.timeframe { return false }
      return true
    }
  }

  private static func axis(
    of run: BacktestResult, _ times: [Timestamp]
  ) -> (LineChart.XAxis, [Double]) {
    let calendars = run.universe.calendars
    // Around the clock there are no nights to leave out.
    if isDaily(run) || calendars.first?.name == "24x7" { return (.time, times.map(\.closeSeconds)) }
    return (
      .sessions(SessionAxis(times, calendar: calendars.count == 1 ? calendars[0] : nil)),
      times.indices.map(Double.init)
    )
  }

  /// A line over the points of the sample, or over those after the first `start`.
  func line(
    _ name: String, _ values: [Double], from start: Int = 0, isBenchmark: Bool = false
  ) -> ChartSeries {
    var series = ChartSeries(
      name, x: start == 0 ? axisValues : Array(axisValues.dropFirst(start)), y: values)
    series.isBenchmark = isBenchmark
    return series
  }

  /// A chart of lines over the points of the sample.
  func timeChart(
    _ title: String, _ subtitle: String? = nil, _ series: [ChartSeries], unit: AxisUnit = .plain,
    height: ChartHeight = .medium
  ) -> LineChart {
    var chart = LineChart(
      title: title, subtitle: subtitle, series: series, unit: unit, height: height)
    chart.xAxis = axis
    if !isDaily { chart.xTitle = clock.zone }
    return chart
  }

  /// The clock of all times on the page: that of the one market, or UTC for several.
  var clock: MarketClock {
    MarketClock(run.universe.calendars.count == 1 ? run.universe.calendars[0] : nil)
  }

  /// The title of a column of instants, with the zone where they have a time of day.
  func momentTitle(_ name: String) -> String { isDaily ? name : "\(name), \(clock.zone)" }

  /// An instant of an instrument in a sentence: the session, or date and time of shorter bars.
  func moment(_ time: Timestamp, of instrument: InstrumentID) -> String {
    isDaily ? date(time, of: instrument).description : clock.text(time)
  }

  /// An instant of an instrument as a table shows it.
  func cell(_ time: Timestamp, of instrument: InstrumentID) -> ReportCell {
    isDaily ? .date(date(time, of: instrument)) : .moment(clock.text(time))
  }

  /// The session of an instant of an instrument.
  func date(_ time: Timestamp, of instrument: InstrumentID) -> CivilDate {
    run.universe[instrument].calendar?.sessionDate(of: time) ?? time.utcDate
  }

  func symbol(_ instrument: InstrumentID) -> String {
    run.universe[instrument].instrument.symbol
  }

  var currency: String { run.configuration.account.currency }
}

/// The benchmark's side of a report.
struct ReportBenchmark {
  let name: String
  let curve: BenchmarkCurve
  /// The first and last date of its prices, where they cover only a part of the run: then it has no
  /// figures, since those of another time say nothing about this one.
  let partialDates: ClosedRange<CivilDate>?
  /// Its value at each point of the account, equal to it at the base point.
  let values: [Double?]
  /// Its figures over the same time.
  let metrics: PerformanceMetrics?
  let own: [String: Double]
  /// The account compared with it; `nil` where they have no days in common.
  let comparison: PerformanceMetrics?
  /// How much more the account earned than it.
  let difference: ReturnDifference?
  /// Whether it is compared from session to session while the account is measured bar by bar.
  let isBySession: Bool
  /// Whether its own figures are those of sessions then.
  let isMeasuredBySession: Bool
  /// Its returns on common days; `nil` where the account is measured within days.
  private(set) var alignedSample: AlignedBenchmark?

  /// The name inside a sentence.
  var nameInSentence: String { curve.nameInSentence }

  init?(_ curve: BenchmarkCurve, run: BacktestResult, sample: ReturnsSample) {
    guard let dates = sample.pointDates, let base = sample.wealth.first else { return nil }
    let partialDates = curve.partialDates(of: sample)
    // A line of another time beside the account's would only mislead; a caveat says it.
    if let own = partialDates, let first = dates.first, let last = dates.last,
      own.upperBound < first || own.lowerBound > last
    {
      return nil
    }
    name = curve.name
    self.curve = curve
    self.partialDates = partialDates
    values = zip(curve.scaled(to: base, on: dates), dates).map { value, date in
      partialDates.map { date <= $0.upperBound } ?? true ? value : nil
    }
    metrics =
      partialDates == nil ? curve.sample(over: sample).map { PerformanceMetrics($0) } : nil
    var own: [String: Double] = [:]
    for (metric, value) in metrics?.all ?? [] { own[metric.name] = value }
    self.own = own
    let sessions = run.sessionSample(of: sample)
    isBySession = sessions.count != sample.count
    isMeasuredBySession = isBySession && metrics?.sample.count != sample.count
    let aligned = try? curve.aligned(with: sessions, timeframe: run.universe.shortestTimeframe)
    difference = aligned.flatMap(ReturnDifference.init)
    comparison = aligned.map { PerformanceMetrics(sessions, benchmark: $0) }
    guard !isBySession, let aligned,
      let own = try? ReturnsSample(
        returns: aligned.benchmark, barsPerYear: sample.barsPerYear,
        riskFree: metrics?.sample.riskFree ?? .zero)
    else { return }
    let times = run.sampleTimes
    alignedSample = AlignedBenchmark(
      name: name, aligned: aligned, sample: own, x: aligned.rows.map { times[$0 + 1].closeSeconds })
  }
}

extension BacktestResult {
  /// What trading cost, with times: the costs of the fills, or the fees of weights.
  var charges: [(time: Timestamp, commission: Double, slippage: Double, tax: Double)] {
    guard !configuration.accounting.placesOrders else {
      return fills.map { ($0.time, $0.commission, $0.slippage, $0.tax) }
    }
    return ledger.filter { $0.kind == .commission }.map { ($0.time, -$0.amount, 0, 0) }
  }
}

/// What trading cost, and the profit before costs.
struct ReportCosts {
  let commission: Double
  let slippage: Double
  let stampDuty: Double
  let sellTax: Double
  /// What holding cost beside trading, as interest and borrow fees do: kinds of which more was paid
  /// than received.
  let holding: [(name: String, cost: Double)]
  /// Profit after all costs.
  let net: Double
  /// Debt written off at ruin, which is part of the net profit.
  let writtenOff: Double

  init(run: BacktestResult, walkForward: WalkForwardResult?) {
    let charges = run.charges
    commission = charges.reduce(0) { $0 + $1.commission }
    slippage = charges.reduce(0) { $0 + $1.slippage }
    stampDuty = run.fills.reduce(0) { $0 + ($1.quantity > 0 ? $1.tax : 0) }
    sellTax = run.fills.reduce(0) { $0 + ($1.quantity > 0 ? 0 : $1.tax) }
    func profit(_ result: BacktestResult) -> Double {
      (result.curve.equity.last ?? 0) - (result.curve.equity.first ?? 0)
    }
    func deficit(_ result: BacktestResult) -> Double {
      result.ledger.reduce(0) { $0 + ($1.kind == .deficitWrittenOff ? $1.amount : 0) }
    }
    // A chained curve is not in the money of its folds.
    var runs = [run]
    if let walkForward, walkForward.plan.carry == .returns {
      runs = walkForward.folds.compactMap(\.result)
    }
    net = runs.reduce(0) { $0 + profit($1) }
    writtenOff = runs.reduce(0) { $0 + deficit($1) }
    let kinds: [LedgerEntry.Kind] = [.conversion, .borrowFee, .interest, .funding]
    holding = kinds.compactMap { kind in
      let paid = runs.reduce(0) { sum, run in
        sum - run.ledger.reduce(0) { $0 + ($1.kind == kind ? $1.amount : 0) }
      }
      return paid > 0 ? (NumberText.capitalized(kind.rawValue), paid) : nil
    }
  }

  var total: Double {
    commission + slippage + stampDuty + sellTax + holding.reduce(0) { $0 + $1.cost }
  }
  /// Profit before costs.
  var gross: Double { net + total - writtenOff }
}

extension Timeframe {
  /// Bars of this length, in words.
  fileprivate var barsText: String {
    switch self {
    case .intraday: "bars of \(self)"
    case .session: "daily bars"
    case .week: "weekly bars"
    case .month: "monthly bars"
    case .quarter: "quarterly bars"
    case .year: "yearly bars"
    }
  }
}
