public import BacktestCore
internal import Glibc

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
  let inputs: MetricInputs

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
  ///   - sample: the returns, with their dates and rates.
  ///   - benchmark: a benchmark's returns on the same days.
  ///   - roundTrips: the trades, open ones among them or not.
  public init(
    _ sample: ReturnsSample, benchmark: AlignedReturns? = nil, roundTrips: [RoundTrip]? = nil
  ) {
    self.init(sample, benchmark: benchmark, roundTrips: roundTrips, activity: nil)
  }

  /// The metrics of a sample of returns, with the exposure and turnover of its account.
  package init(
    _ sample: ReturnsSample, benchmark: AlignedReturns? = nil, roundTrips: [RoundTrip]?,
    activity: AccountActivity?
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
  /// - Throws: `EvidenceError` with the names that may have been meant.
  public func value(of name: String) throws(EvidenceError) -> Double? {
    try Metrics.named(name).value(in: MetricWorkspace(inputs))
  }

  /// Why a metric has no value; `nil` when it has one.
  ///
  /// - Throws: `EvidenceError` with the names that may have been meant.
  public func absence(of name: String) throws(EvidenceError) -> MetricAbsence? {
    let metric = try Metrics.named(name)
    let workspace = MetricWorkspace(inputs)
    if let reason = metric.blocking(workspace) { return reason }
    guard metric.value(in: workspace) == nil else { return nil }
    return sample.hasAnnualRateWithoutCalendar ? .noCalendar : .undefined
  }

  /// Every metric of the catalogue with its value, in the catalogue's order.
  public var all: [(metric: MetricDefinition, value: Double?)] { allAndSortedReturns.values }

  /// Every metric, and the returns in ascending order, which some of them take.
  package var allAndSortedReturns:
    (values: [(metric: MetricDefinition, value: Double?)], sortedReturns: [Double])
  {
    let workspace = MetricWorkspace(inputs)
    let values = Metrics.all.map { ($0, $0.value(in: workspace)) }
    return (values, workspace.sorted)
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

/// What metrics are taken from.
struct MetricInputs: Sendable {
  var sample: ReturnsSample
  var benchmark: AlignedReturns?
  var roundTrips: [RoundTrip]?
  var activity: AccountActivity?
}

/// The intermediate results of one evaluation, each computed when a metric first asks for it and
/// then shared: asking for one metric sorts nothing that it does not need.
final class MetricWorkspace {
  let inputs: MetricInputs
  private let sortedReturns: () -> [Double]?

  /// A workspace; where the sorted returns are found faster than by sorting them, that does it.
  init(_ inputs: MetricInputs, sortedReturns: @escaping () -> [Double]? = { nil }) {
    self.inputs = inputs
    self.sortedReturns = sortedReturns
  }

  /// The spread of the returns.
  private(set) lazy var dispersion = Dispersion(sample.returns)
  /// The spread of the returns over the risk-free rate; `nil` where that needs a calendar.
  private(set) lazy var excess: Dispersion? = excessDispersion()
  /// The third and fourth moments.
  private(set) lazy var moments = CentralMoments(sample.returns, about: dispersion)
  /// The returns in ascending order.
  private(set) lazy var sorted = sortedReturns() ?? sample.returns.sortedByRadix()
  /// How far wealth lies below its peak after each return, from 0 to -1.
  private(set) lazy var underwater = Array(Drawdown.underwater(sample.wealth).dropFirst())
  /// The sum of the distances below the peak, and that of their squares.
  private(set) lazy var underwaterSum = underwater.compensatedSum { $0 }
  private(set) lazy var underwaterSquares = underwater.compensatedSum { $0 * $0 }
  /// The autocorrelations at lags 1 to 10 about one mean.
  private(set) lazy var laggedCorrelations: [Double] = {
    let (mean, squares) = (dispersion.mean, dispersion.squares)
    return LaggedProducts.sums(sample.returns.map { $0 - mean }).map { $0 / squares }
  }()
  /// The drawdowns in order of time.
  private(set) lazy var episodes = Drawdown.episodes(of: sample.wealth, dates: sample.pointDates)
  /// Months and years; `nil` without dates.
  private(set) lazy var calendarReturns = CalendarReturns(sample)
  /// Winning and losing bars.
  private(set) lazy var outcomes = OutcomeTally(sample.returns)
  /// The line through log wealth.
  private(set) lazy var trend = LogWealthTrend(sample.wealth)
  /// The comparison with the benchmark.
  private(set) lazy var benchmark = inputs.benchmark.flatMap {
    BenchmarkComparison($0, sample: sample)
  }
  /// The closed trades; `nil` where none were given.
  private(set) lazy var trades = inputs.roundTrips.map { TradeMetrics($0) }

  var sample: ReturnsSample { inputs.sample }
  var count: Double { Double(sample.count) }

  /// Bars a year; only metrics that need a calendar ask.
  var barsPerYear: Double { sample.barsPerYear ?? .nan }

  private func excessDispersion() -> Dispersion? {
    if case .series(let rates) = sample.riskFree {
      return Dispersion(zip(sample.returns, rates).map { $0 - $1 })
    }
    guard let free = sample.riskFree.meanPerBar(barsPerYear: sample.barsPerYear) else { return nil }
    return Dispersion(
      count: dispersion.count, mean: dispersion.mean - free, squares: dispersion.squares)
  }
}

extension MetricWorkspace {
  var deviation: Double? { dispersion.deviation() }
  var growth: Double { (sample.wealth.last ?? 1) / (sample.wealth.first ?? 1) }
  var maxDrawdown: Double { RunningDrawdown.deepest(of: sample.wealth[...]) }

  var cagr: Double? {
    RatioFormulas.annualized(growth: growth, count: sample.count, barsPerYear: barsPerYear)
  }

  var volatility: Double? { deviation.map { $0 * barsPerYear.squareRoot() } }

  /// The Sharpe ratio of one bar.
  var sharpePerBar: Double? {
    excess.flatMap { RatioFormulas.quotient($0.mean, $0.deviation()) }
  }

  var sharpe: Double? {
    excess.flatMap {
      RatioFormulas.annualizedRatio($0.mean, $0.deviation(), barsPerYear: barsPerYear)
    }
  }

  /// The deviation below the minimum acceptable return of a bar.
  var downsideDeviation: Double? {
    sample.minimumPerBar.map { target in
      sample.returns.withUnsafeBufferPointer {
        RatioFormulas.downsideDeviation($0, below: target)
      }
    }
  }

  var sortino: Double? {
    guard let target = sample.minimumPerBar else { return nil }
    return RatioFormulas.annualizedRatio(
      dispersion.mean - target, downsideDeviation, barsPerYear: barsPerYear)
  }

  var calmar: Double? { RatioFormulas.calmar(cagr: cagr, maxDrawdown: maxDrawdown) }

  /// The autocorrelations at lags 1 to `lags`, of 10 at most, about one mean; `nil` for too short
  /// or flat returns.
  func autocorrelations(_ lags: Int) -> ArraySlice<Double>? {
    guard sample.count > lags, dispersion.deviation() != 0 else { return nil }
    return laggedCorrelations.prefix(lags)
  }
}
