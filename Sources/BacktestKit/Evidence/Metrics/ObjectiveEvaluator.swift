public import BacktestCore

/// One metric of many runs: what an optimisation calls for every candidate and fold.
///
///     let objective = try ObjectiveEvaluator("sharpe", barsPerYear: 252)
///     objective.value(returns: foldReturns)
///
/// Only what the metric needs is computed; for the core ratios nothing is allocated. The value is
/// the one that `PerformanceMetrics` gives for the same returns or equity.
public struct ObjectiveEvaluator: Sendable {
  /// The metric.
  public let metric: MetricDefinition
  /// Bars in a year, from the calendar.
  public let barsPerYear: Double?
  /// The risk-free rate a year.
  public let riskFree: Double
  /// Sortino's and Omega's target a year.
  public let minimumAcceptableReturn: Double

  private let kernel: Kernel?

  /// The metrics that have a path of their own.
  private enum Kernel: String {
    case totalReturn = "total-return"
    case cagr, volatility, sharpe, sortino, calmar
    case maxDrawdown = "max-drawdown"
  }

  /// An evaluator of the metric of a name.
  ///
  /// - Throws: `ObjectiveError` when there is no such metric, when it is annual and there is no
  ///   calendar, when it asks for dates, a benchmark or the account's activity, or when a number is
  ///   not one that a sample of returns accepts.
  public init(
    _ name: String, barsPerYear: Double?, riskFree: Double = 0,
    minimumAcceptableReturn: Double = 0
  ) throws(ObjectiveError) {
    do throws(UnknownMetricError) {
      metric = try Metrics.named(name)
    } catch {
      throw .unknown(error)
    }
    if metric.needs.contains(.calendar), barsPerYear == nil { throw .noCalendar(metric: name) }
    guard metric.needs.isSubset(of: [.calendar, .roundTrips]) else {
      throw .needsMoreThanReturns(metric: name)
    }
    do throws(ReturnsError) {
      _ = try ReturnsSample(
        returns: [], barsPerYear: barsPerYear, riskFree: .annual(riskFree),
        minimumAcceptableReturn: minimumAcceptableReturn)
    } catch {
      throw .invalidSetting(error)
    }
    self.barsPerYear = barsPerYear
    self.riskFree = riskFree
    self.minimumAcceptableReturn = minimumAcceptableReturn
    kernel = Kernel(rawValue: name)
  }

  /// The metric of some simple returns; `nil` where it does not exist or a return is not finite.
  public func value(returns: [Double], roundTrips: [RoundTrip]? = nil) -> Double? {
    returns.withUnsafeBufferPointer { value(returns: $0, roundTrips: roundTrips) }
  }

  /// The metric of some simple returns in memory.
  public func value(
    returns: UnsafeBufferPointer<Double>, roundTrips: [RoundTrip]? = nil
  ) -> Double? {
    if let kernel { return value(kernel, returns: returns) }
    return value(
      of: try? ReturnsSample(
        returns: Array(returns), barsPerYear: barsPerYear, riskFree: .annual(riskFree),
        minimumAcceptableReturn: minimumAcceptableReturn), roundTrips)
  }

  /// The metric of an equity series, the base point first; `nil` where it does not exist, the base
  /// is not positive or a point is not finite.
  public func value(equity: [Double], roundTrips: [RoundTrip]? = nil) -> Double? {
    switch kernel {
    case .volatility, .sharpe, .sortino:
      guard let base = equity.first, base > 0 else { return nil }
      return value(returns: simpleReturns(ofEquity: equity))
    default:
      return value(
        of: try? ReturnsSample(
          equity: equity, barsPerYear: barsPerYear, riskFree: .annual(riskFree),
          minimumAcceptableReturn: minimumAcceptableReturn), roundTrips)
    }
  }

  private func value(of sample: ReturnsSample?, _ roundTrips: [RoundTrip]?) -> Double? {
    sample.flatMap {
      metric.value(in: MetricWorkspace(MetricInputs(sample: $0, roundTrips: roundTrips)))
    }
  }

  private func value(_ kernel: Kernel, returns: UnsafeBufferPointer<Double>) -> Double? {
    guard kernel == .sharpe || kernel == .sortino else {
      let core = CoreRatios(
        returns: returns, barsPerYear: barsPerYear, riskFree: riskFree,
        minimumAcceptableReturn: minimumAcceptableReturn)
      switch kernel {
      case .totalReturn: return core.totalReturn
      case .cagr: return core.cagr
      case .volatility: return core.volatility
      case .calmar: return core.calmar
      default: return core.maxDrawdown
      }
    }
    guard let barsPerYear, returns.count > 1, returns.allSatisfy({ $0 > -1 }) else { return nil }
    let dispersion = Dispersion(returns)
    guard dispersion.mean.isFinite, dispersion.squares.isFinite else { return nil }
    let rate = kernel == .sharpe ? riskFree : minimumAcceptableReturn
    guard let target = RiskFreeRate.perBar(ofAnnual: rate, barsPerYear: barsPerYear) else {
      return nil
    }
    let deviation =
      kernel == .sharpe
      ? dispersion.deviation() : RatioFormulas.downsideDeviation(returns, below: target)
    return RatioFormulas.annualizedRatio(
      dispersion.mean - target, deviation, barsPerYear: barsPerYear)
  }
}

/// A metric that cannot be an objective.
public enum ObjectiveError: Error, Equatable, CustomStringConvertible {
  /// The catalogue has no such metric.
  case unknown(UnknownMetricError)
  /// It is a figure of a year, and the length of a year in bars is not known.
  case noCalendar(metric: String)
  /// Returns and trades are not enough for it.
  case needsMoreThanReturns(metric: String)
  /// A rate or the number of bars a year is not one.
  case invalidSetting(ReturnsError)

  /// One line that says what is wrong and what to do.
  public var description: String {
    switch self {
    case .unknown(let error): error.description
    case .noCalendar(let metric):
      "\(metric) is a figure of a year; name the calendar, so that bars a year are known"
    case .needsMoreThanReturns(let metric):
      "\(metric) needs dates, a benchmark or the account's activity and cannot be an objective; "
        + "choose a metric of returns or trades"
    case .invalidSetting(let error): error.description
    }
  }
}
