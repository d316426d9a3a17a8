internal import Glibc

/// What relates an account's returns to a benchmark's; all on the common days, after the risk-free
/// rate where the measure asks for it.
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
    active = Dispersion(zip(aligned.returns, aligned.benchmark).map { $0 - $1 })
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
