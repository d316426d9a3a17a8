import BacktestCore
internal import Glibc

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

  init(_ inputs: MetricInputs) { self.inputs = inputs }

  /// The spread of the returns.
  private(set) lazy var dispersion = Dispersion(sample.returns)
  /// The spread of the returns over the risk-free rate; `nil` where that needs a calendar.
  private(set) lazy var excess: Dispersion? = excessDispersion()
  /// The third and fourth moments.
  private(set) lazy var moments = CentralMoments(sample.returns, about: dispersion)
  /// The returns in ascending order.
  private(set) lazy var sorted = sample.returns.sorted()
  /// How far wealth lies below its peak after each return, from 0 to -1.
  private(set) lazy var underwater = Array(Drawdown.underwater(sample.wealth).dropFirst())
  /// The drawdowns in order of time.
  private(set) lazy var episodes = Drawdown.episodes(of: sample.wealth, dates: sample.pointDates)
  /// Months and years; `nil` without dates.
  private(set) lazy var calendarReturns = CalendarReturns(sample)
  /// Winning and losing bars.
  private(set) lazy var outcomes = OutcomeTally(sample.returns)
  /// The line through log wealth.
  private(set) lazy var trend = LogWealthTrend(sample.wealth)
  /// The benchmark's company.
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
  var maxDrawdown: Double { MetricWorkspace.maxDrawdown(sample.wealth[...]) }

  static func maxDrawdown(_ wealth: ArraySlice<Double>) -> Double {
    var peak = wealth.first ?? 1
    var lowest = 1.0
    for value in wealth {
      peak = Double.maximum(peak, value)
      if value < lowest * peak { lowest = value / peak }
    }
    return lowest - 1
  }

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

  /// The autocorrelations at lags 1 to `lags` about one mean; `nil` for too short or flat returns.
  func autocorrelations(_ lags: Int) -> [Double]? {
    let returns = sample.returns
    guard returns.count > lags, dispersion.deviation() != 0 else { return nil }
    let mean = dispersion.mean
    return (1...lags).map { lag in
      let products = (lag..<returns.count).compensatedSum {
        (returns[$0] - mean) * (returns[$0 - lag] - mean)
      }
      return products / dispersion.squares
    }
  }
}
