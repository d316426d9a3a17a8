internal import Glibc

/// An account's returns compared with a benchmark's on their common days, minus the risk-free rate
/// where the measure is defined that way.
struct BenchmarkComparison {
  private let aligned: AlignedReturns
  private let account: Dispersion
  private let benchmark: Dispersion
  private let active: Dispersion
  private let comoment: Double
  private let barsPerYear: Double?
  /// The risk-free rate of a bar, the mean of a series.
  private let freePerBar: Double

  /// A comparison, or `nil` where the sample's risk-free rate needs a calendar that is not there.
  init?(_ aligned: AlignedReturns, sample: ReturnsSample) {
    guard let mean = sample.riskFree.meanPerBar(barsPerYear: sample.barsPerYear) else { return nil }
    var rates = [Double](repeating: mean, count: aligned.count)
    if case .series(let series) = sample.riskFree { rates = aligned.rows.map { series[$0] } }
    let excess = zip(aligned.returns, rates).map { $0 - $1 }
    let other = zip(aligned.benchmark, rates).map { $0 - $1 }
    self.aligned = aligned
    account = Dispersion(excess)
    benchmark = Dispersion(other)
    active = Dispersion(aligned.differences)
    let means = (account.mean, benchmark.mean)
    comoment = zip(excess, other).compensatedSum { ($0 - means.0) * ($1 - means.1) }
    barsPerYear = sample.barsPerYear
    freePerBar = rates.isEmpty ? 0 : rates.compensatedSum { $0 } / Double(rates.count)
  }

  /// cov(r, b) / var(b).
  var beta: Double? {
    benchmark.deviation() == 0 ? nil : RatioFormulas.quotient(comoment, benchmark.squares)
  }

  /// The account's mean excess return of a bar that beta does not explain.
  var alphaPerBar: Double? { beta.map { account.mean - $0 * benchmark.mean } }

  /// Alpha times bars a year.
  var alpha: Double? { annual(alphaPerBar) }

  /// (1 + alpha a bar)^B - 1.
  var compoundedAlpha: Double? {
    guard let barsPerYear, let alphaPerBar else { return nil }
    return expm1(barsPerYear * log1p(alphaPerBar))
  }

  /// Pearson's correlation.
  var correlation: Double? {
    guard account.deviation() != 0, benchmark.deviation() != 0 else { return nil }
    return RatioFormulas.quotient(comoment, (account.squares * benchmark.squares).squareRoot())
  }

  /// The share of variance that the benchmark explains.
  var rSquared: Double? { correlation.map { $0 * $0 } }

  /// The annual deviation of r - b.
  var trackingError: Double? {
    guard let barsPerYear else { return nil }
    return active.deviation().map { $0 * barsPerYear.squareRoot() }
  }

  /// The mean of r - b over its deviation, of one bar.
  var informationRatioPerBar: Double? {
    RatioFormulas.quotient(active.mean, active.deviation())
  }

  /// The information ratio a year.
  var informationRatio: Double? {
    guard let barsPerYear else { return nil }
    return informationRatioPerBar.map { $0 * barsPerYear.squareRoot() }
  }

  /// Excess return a year over beta.
  var treynor: Double? { annual(RatioFormulas.quotient(account.mean, beta)) }

  /// The return a year that the account would have had at the benchmark's risk.
  var modigliani: Double? {
    guard let ratio = RatioFormulas.quotient(account.mean, account.deviation()) else { return nil }
    return annual(benchmark.deviation().map { ratio * $0 + freePerBar })
  }

  /// The account's compounded return a year over the benchmark's, on the benchmark's up or down
  /// days.
  func compoundedCapture(up: Bool) -> Double? {
    guard let barsPerYear else { return nil }
    var growth = (account: 1.0, benchmark: 1.0)
    var count = 0
    for (r, b) in pairs(up: up) {
      growth.account *= 1 + r
      growth.benchmark *= 1 + b
      count += 1
    }
    guard count > 0 else { return nil }
    func annualized(_ growth: Double) -> Double? {
      RatioFormulas.annualized(growth: growth, count: count, barsPerYear: barsPerYear)
    }
    return annualized(growth.account).flatMap {
      RatioFormulas.quotient($0, annualized(growth.benchmark))
    }
  }

  /// The account's mean return over the benchmark's, on the benchmark's up or down days.
  func capture(up: Bool) -> Double? {
    RatioFormulas.quotient(
      pairs(up: up).compensatedSum { $0.0 }, pairs(up: up).compensatedSum { $0.1 })
  }

  /// The share of days on which the account did better.
  var battingAverage: Double? {
    let better = zip(aligned.returns, aligned.benchmark).count { $0 > $1 }
    return RatioFormulas.quotient(Double(better), Double(aligned.count))
  }

  private func pairs(up: Bool) -> [(Double, Double)] {
    zip(aligned.returns, aligned.benchmark).filter { up ? $0.1 > 0 : $0.1 < 0 }
  }

  private func annual(_ perBar: Double?) -> Double? {
    guard let barsPerYear else { return nil }
    return perBar.map { $0 * barsPerYear }
  }
}

/// Whether an account earned more than a benchmark beyond chance: the mean difference of their
/// returns and its standard error.
///
/// The t-statistic is that of the paired differences (Student, 1908) and takes them as independent
/// from bar to bar. Returns that follow each other make it too large, and it knows nothing of how
/// many policies were tried before this one.
package struct ReturnDifference: Hashable, Sendable {
  /// The number of common bars.
  package var count: Int
  /// The mean of account less benchmark, a bar.
  package var mean: Double
  /// The standard error of the mean.
  package var standardError: Double

  /// The difference of aligned returns; `nil` for fewer than two.
  package init?(_ aligned: AlignedReturns) {
    guard aligned.count >= 2 else { return nil }
    let differences = aligned.differences
    let size = Double(differences.count)
    let center = differences.compensatedSum { $0 } / size
    let squares = differences.compensatedSum { ($0 - center) * ($0 - center) }
    count = differences.count
    mean = center
    standardError = (squares / (size - 1) / size).squareRoot()
  }

  /// The mean over its standard error; `nil` where every difference is the same.
  package var statistic: Double? { standardError > 0 ? mean / standardError : nil }

  /// The bounds between which the mean lies with 95 % confidence, by the normal distribution.
  var interval: ClosedRange<Double> {
    let margin = 1.96 * standardError
    return (mean - margin)...(mean + margin)
  }

  /// Whether the two had the same returns.
  package var isNone: Bool { mean == 0 && standardError == 0 }

  /// Whether the whole interval lies above zero.
  package var isAboveZero: Bool { interval.lowerBound > 0 }

  /// Whether the interval lies below zero.
  package var isBelowZero: Bool { interval.upperBound < 0 }
}

extension Metrics {
  static let benchmarkDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "beta", "Beta", .ratio, needs: .benchmark, "cov(r - rf, b - rf) / var(b - rf)"
    ) { $0.benchmark?.beta },
    MetricDefinition(
      "alpha", "Alpha", .fraction, higherIsBetter: true, needs: [.benchmark, .calendar],
      "B x (mean(r - rf) - beta mean(b - rf))"
    ) { $0.benchmark?.alpha },
    MetricDefinition(
      "alpha-compounded", "Alpha, compounded", .fraction, higherIsBetter: true,
      needs: [.benchmark, .calendar], "(1 + alpha per bar)^B - 1"
    ) { $0.benchmark?.compoundedAlpha },
    MetricDefinition(
      "correlation", "Correlation", .ratio, needs: .benchmark, "Pearson's correlation of r and b"
    ) { $0.benchmark?.correlation },
    MetricDefinition(
      "r-squared", "R squared", .ratio, needs: .benchmark, "correlation squared"
    ) { $0.benchmark?.rSquared },
    MetricDefinition(
      "tracking-error", "Tracking error", .fraction, needs: [.benchmark, .calendar],
      "sqrt(B) x sd(r - b), n - 1 deviation"
    ) { $0.benchmark?.trackingError },
    MetricDefinition(
      "information-ratio", "Information ratio", .ratio, higherIsBetter: true,
      needs: [.benchmark, .calendar], "sqrt(B) x mean(r - b) / sd(r - b)"
    ) { $0.benchmark?.informationRatio },
    MetricDefinition(
      "information-ratio-per-bar", "Information ratio per bar", .ratio, higherIsBetter: true,
      needs: .benchmark, "mean(r - b) / sd(r - b)"
    ) { $0.benchmark?.informationRatioPerBar },
    MetricDefinition(
      "treynor", "Treynor ratio", .ratio, higherIsBetter: true, needs: [.benchmark, .calendar],
      "B x mean(r - rf) / beta (Treynor, 1965)"
    ) { $0.benchmark?.treynor },
    MetricDefinition(
      "m-squared", "M squared", .fraction, higherIsBetter: true, needs: [.benchmark, .calendar],
      "B x (Sharpe ratio per bar x sd(b) + rf) (Modigliani, Modigliani, 1997)"
    ) { $0.benchmark?.modigliani },
    MetricDefinition(
      "up-capture", "Up capture", .ratio, higherIsBetter: true, needs: .benchmark,
      "mean(r) / mean(b) on bars with b > 0"
    ) { $0.benchmark?.capture(up: true) },
    MetricDefinition(
      "down-capture", "Down capture", .ratio, higherIsBetter: false, needs: .benchmark,
      "mean(r) / mean(b) on bars with b < 0"
    ) { $0.benchmark?.capture(up: false) },
    MetricDefinition(
      "up-capture-compounded", "Up capture, compounded", .ratio, higherIsBetter: true,
      needs: [.benchmark, .calendar], "CAGR of r / CAGR of b over the bars with b > 0"
    ) { $0.benchmark?.compoundedCapture(up: true) },
    MetricDefinition(
      "down-capture-compounded", "Down capture, compounded", .ratio, higherIsBetter: false,
      needs: [.benchmark, .calendar], "CAGR of r / CAGR of b over the bars with b < 0"
    ) { $0.benchmark?.compoundedCapture(up: false) },
    MetricDefinition(
      "batting-average", "Batting average", .fraction, higherIsBetter: true, needs: .benchmark,
      "share of bars with r > b"
    ) { $0.benchmark?.battingAverage },
  ]
}
