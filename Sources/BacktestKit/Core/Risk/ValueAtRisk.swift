/// The loss that a return exceeds with a small probability, forecast from the returns before it.
///
///     let method = ValueAtRisk(.historical, confidence: 0.99)
///     for forecast in method.forecasts(for: returns) { print(forecast.value) }   // -0.0226…
public struct ValueAtRisk: Hashable, Sendable {
  /// How the distribution of the next return is estimated.
  public var method: Method
  /// The probability that the loss is smaller, such as 0.99.
  public var confidence: Double
  /// The number of returns before the forecast that it uses; under exponential weights, with which
  /// the variance begins.
  public var window: Int
  /// The weight of the variance before, under exponential weights.
  public var decay: Double

  /// How the distribution of the next return is estimated.
  public enum Method: String, Hashable, Sendable, CaseIterable {
    /// The quantile of the returns in the window, linear between neighbours (type 7).
    case historical
    /// A normal distribution with the mean and deviation (divisor n - 1) of the window.
    case normal
    /// A normal distribution with mean 0 and an exponentially weighted variance, which begins with
    /// the sample variance of the first window.
    case exponentiallyWeighted = "ewma"
  }

  /// A forecast of one return.
  public struct Forecast: Hashable, Sendable, BitwiseCopyable {
    /// The return that is undercut with probability 1 - confidence; negative for a loss.
    public var value: Double
    /// The mean of the returns at or below it, as the method sees them.
    public var expectedShortfall: Double
  }

  /// A method with its window.
  ///
  /// - Precondition: the confidence lies between 0 and 1, the window has at least two returns, and
  ///   the decay lies between 0 and 1.
  public init(
    _ method: Method, confidence: Double = 0.99, window: Int = 250, decay: Double = 0.94
  ) {
    precondition(confidence > 0 && confidence < 1, "a confidence between 0 and 1")
    precondition(window >= 2 && decay > 0 && decay < 1, "two returns and a decay between 0 and 1")
    self.method = method
    self.confidence = confidence
    self.window = window
    self.decay = decay
  }

  /// A forecast for each return after the first window, from the returns before it: the first is
  /// for `returns[window]`.
  public func forecasts(for returns: [Double]) -> [Forecast] {
    guard returns.count > window else { return [] }
    var estimator = ValueAtRiskEstimator(self)
    var forecasts: [Forecast] = []
    forecasts.reserveCapacity(returns.count - window)
    for value in returns {
      if let forecast = estimator.forecast { forecasts.append(forecast) }
      estimator.add(value)
    }
    return forecasts
  }
}

/// The forecast of the next return, from returns that come one at a time. Its memory is made once.
struct ValueAtRiskEstimator: Sendable {
  private let rule: ValueAtRisk
  /// The last returns, the oldest at `place`, and the same in ascending order.
  private var recent: [Double] = []
  private var sorted: [Double] = []
  private var place = 0
  private var variance: ExponentialVolatility
  private let quantile: Double
  private let density: Double

  init(_ rule: ValueAtRisk) {
    self.rule = rule
    recent.reserveCapacity(rule.window)
    sorted.reserveCapacity(rule.window + 1)
    variance = ExponentialVolatility(decay: rule.decay, seed: rule.window)
    quantile = NormalDistribution.quantile(1 - rule.confidence)
    density = NormalDistribution.density(quantile)
  }

  /// Takes the next return.
  mutating func add(_ value: Double) {
    if rule.method == .exponentiallyWeighted { return variance.add(value) }
    if recent.count < rule.window {
      recent.append(value)
    } else {
      if rule.method == .historical { sorted.remove(at: firstPlace(of: recent[place])) }
      recent[place] = value
      place = place + 1 == rule.window ? 0 : place + 1
    }
    if rule.method == .historical { sorted.insert(value, at: firstPlace(of: value)) }
  }

  /// The first place in ascending order whose value is not below another one.
  private func firstPlace(of value: Double) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The forecast of the next return; `nil` before the first window is full.
  var forecast: ValueAtRisk.Forecast? {
    switch rule.method {
    case .exponentiallyWeighted:
      return variance.value.map { normal(mean: 0, deviation: $0) }
    case .normal:
      guard recent.count == rule.window else { return nil }
      let count = Double(rule.window)
      let mean = recent.withUnsafeBufferPointer { VectorSums.sum($0) } / count
      let squares = recent.withUnsafeBufferPointer { VectorSums.deviations($0, from: mean).squares }
      return normal(mean: mean, deviation: (squares / (count - 1)).squareRoot())
    case .historical:
      guard sorted.count == rule.window else { return nil }
      let value = sorted.sortedQuantile(1 - rule.confidence)
      var (sum, count) = (0.0, 0)
      while count < sorted.count, sorted[count] <= value {
        sum += sorted[count]
        count += 1
      }
      return ValueAtRisk.Forecast(value: value, expectedShortfall: sum / Double(count))
    }
  }

  private func normal(mean: Double, deviation: Double) -> ValueAtRisk.Forecast {
    ValueAtRisk.Forecast(
      value: mean + quantile * deviation,
      expectedShortfall: mean - deviation * density / (1 - rule.confidence))
  }
}
