public import BacktestCore

/// How an account did: the main figures as properties, every metric of the catalogue by name.
///
///     let metrics = PerformanceMetrics(sample)
///     metrics.sharpe                        // a ratio a year, or nil
///     try metrics.value(of: "ulcer-index")
///     for (metric, value) in metrics.all { print(metric.title, value ?? .nan) }
///
/// The main figures are computed once. The others are computed when asked for; `all` shares their
/// intermediate results, so a report should use it rather than ask a hundred times.
public struct PerformanceMetrics: Sendable {
  private let inputs: MetricInputs

  /// The product of 1 + r, less 1.
  public let totalReturn: Double?
  /// The return a year that compounds to the total return.
  public let cagr: Double?
  /// The annual deviation of returns.
  public let volatility: Double?
  /// The Sharpe ratio a year.
  public let sharpe: Double?
  /// The Sortino ratio a year.
  public let sortino: Double?
  /// CAGR over the size of the deepest drawdown.
  public let calmar: Double?
  /// The deepest fall from a peak, the base point included, as a fraction from 0 to -1.
  public let maxDrawdown: Double?
  /// How the closed trades did; `nil` where no trades were given.
  public let trades: TradeMetrics?

  /// The metrics of a sample of returns.
  ///
  /// - Parameters:
  ///   - sample: the returns and what they are held against.
  ///   - benchmark: a benchmark's returns on the same days.
  ///   - roundTrips: the trades, open ones among them or not.
  ///   - activity: exposure and turnover.
  public init(
    _ sample: ReturnsSample, benchmark: AlignedReturns? = nil, roundTrips: [RoundTrip]? = nil,
    activity: AccountActivity? = nil
  ) {
    inputs = MetricInputs(
      sample: sample, benchmark: benchmark, roundTrips: roundTrips, activity: activity)
    let workspace = MetricWorkspace(inputs)
    func value(_ name: String) -> Double? {
      Metrics.find(name)?.value(in: workspace)
    }
    totalReturn = value("total-return")
    cagr = value("cagr")
    volatility = value("volatility")
    sharpe = value("sharpe")
    sortino = value("sortino")
    calmar = value("calmar")
    maxDrawdown = value("max-drawdown")
    trades = workspace.trades
  }

  /// The returns that were measured.
  public var sample: ReturnsSample { inputs.sample }

  /// The benchmark's returns, where one was given.
  public var benchmark: AlignedReturns? { inputs.benchmark }

  /// The value of a metric, or `nil` where it does not exist: see `absence(of:)` for why.
  ///
  /// - Throws: `UnknownMetricError` with the names that may have been meant.
  public func value(of name: String) throws(UnknownMetricError) -> Double? {
    try Metrics.named(name).value(in: MetricWorkspace(inputs))
  }

  /// Why a metric has no value; `nil` when it has one.
  ///
  /// - Throws: `UnknownMetricError` with the names that may have been meant.
  public func absence(of name: String) throws(UnknownMetricError) -> MetricAbsence? {
    let metric = try Metrics.named(name)
    let workspace = MetricWorkspace(inputs)
    if let reason = metric.blocking(workspace) { return reason }
    guard metric.value(in: workspace) == nil else { return nil }
    return sample.hasAnnualRateWithoutCalendar ? .noCalendar : .undefined
  }

  /// Every metric of the catalogue with its value, in the catalogue's order.
  public var all: [(metric: MetricDefinition, value: Double?)] {
    let workspace = MetricWorkspace(inputs)
    return Metrics.all.map { ($0, $0.value(in: workspace)) }
  }
}

extension PerformanceMetrics {
  /// A return and when it was made.
  public struct DatedReturn: Hashable, Sendable {
    /// The return, as a fraction.
    public var value: Double
    /// Its row among the returns.
    public var row: Int
    /// Its session date, where the points have dates.
    public var date: CivilDate?
  }

  /// The best return of one bar; of equal ones the first.
  public var bestReturn: DatedReturn? { extreme { $0 > $1 } }

  /// The worst return of one bar; of equal ones the first.
  public var worstReturn: DatedReturn? { extreme { $0 < $1 } }

  /// The drawdowns in order of time.
  public var drawdowns: [Drawdown] {
    Drawdown.episodes(of: sample.wealth, dates: sample.pointDates)
  }

  /// Returns by month and year; `nil` without dates.
  public var calendarReturns: CalendarReturns? { CalendarReturns(sample) }

  private func extreme(_ isBetter: (Double, Double) -> Bool) -> DatedReturn? {
    let returns = sample.returns
    guard var best = returns.indices.first else { return nil }
    for row in returns.indices where isBetter(returns[row], returns[best]) { best = row }
    return DatedReturn(
      value: returns[best], row: best, date: sample.pointDates.map { $0[best + 1] })
  }
}
