internal import BacktestCore
internal import Glibc

/// Intervals about the predicted returns of a model, as wide as its earlier errors say.
///
///     options.conformal = ConformalIntervals(.adaptive)
///     options.conformal?.level = 0.8
///
/// The error of a forecast is `|return - mean|`, divided by the predicted deviation where there is
/// one. With `n` errors known, the half-width of the next interval is the error at the place
/// `(n + 1) x level`, rounded up, of the sorted ones, times the deviation. A return becomes known
/// at the next close, so no interval looks ahead.
///
/// > V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World", 2005.
/// > J. Lei and others, "Distribution-Free Predictive Inference for Regression", Journal of the
/// > American Statistical Association 113(523), 2018.
public struct ConformalIntervals: Sendable, Hashable {
  /// How widths follow errors.
  public var method: Method
  /// The share of returns that the intervals should hold, between 0 and 1.
  public var level = 0.9
  /// How many forecasts with a known return widths are learnt from; before that there is no
  /// interval.
  public var calibrationCount = 252
  /// With `adaptive`, how far the level moves after a miss, between 0 and 1.
  public var rate = 0.005
  /// Whether no position is held where the interval contains 0 or is not known yet.
  public var abstainsAtZero = false

  /// Intervals of 90 % from 252 forecasts.
  public init(_ method: Method) { self.method = method }

  /// How widths follow errors.
  public enum Method: String, Sendable, CaseIterable {
    /// The first errors count, and no later one. Right on average where errors keep their
    /// distribution.
    case split
    /// The latest errors count, and the level in use moves by `rate x (missed - (1 - level))` after
    /// each interval, so that the share of misses is right in the long run whatever happens.
    ///
    /// > I. Gibbs, E. Candès, "Adaptive Conformal Inference Under Distribution Shift", Advances in
    /// > Neural Information Processing Systems 34, 2021.
    case adaptive
  }

  /// Whether a decision with this interval holds no position.
  func abstains(from interval: ForecastInterval?) -> Bool {
    guard abstainsAtZero else { return false }
    guard let interval else { return true }
    return interval.lower <= 0 && 0 <= interval.upper
  }

  /// What is wrong with it, or does not fit a policy; `nil` when all is well.
  func problem(for manifest: PolicyManifest) -> String? {
    if !(level > 0 && level < 1) {
      return "the level of conformal intervals lies between 0 and 1, not at \(level)"
    }
    if !(rate > 0 && rate < 1) {
      return "the rate of conformal intervals lies between 0 and 1, not at \(rate)"
    }
    let needed = Int((level / (1 - level) - 1e-9).rounded(.up))
    if calibrationCount < needed {
      return "intervals of level \(level) are learnt from \(needed) forecasts or more, not "
        + "\(calibrationCount): raise 'calibration' or lower 'level'"
    }
    return manifest.predictsReturns
      ? nil
      : "this policy predicts no return, about which an interval would lie; conformal intervals "
        + "are for a 'regression', a 'gaussian', or classes with 'class_values'"
  }
}

extension PolicyManifest {
  /// Whether predictions come with an expected return.
  fileprivate var predictsReturns: Bool {
    switch output?.kind {
    case .regression, .gaussian: true
    case .classes(let classes): !classes.values.isEmpty
    case nil: false
    }
  }
}

/// What the errors of a model's forecasts teach about the width of its intervals.
struct ConformalCalibration: Sendable {
  private let rule: ConformalIntervals
  /// The errors that count, ascending, and in the order in which they came.
  private var sorted: ContiguousArray<Double>
  private var recent: ContiguousArray<Double>
  /// The place in `recent` of the oldest error, once it is full.
  private var oldest = 0
  /// The share of misses that the next interval allows; outside of 0...1 after runs of errors.
  private var allowedMisses: Double
  private var lastClose: Double?
  private var pending: Pending?
  /// Whether errors are divided by a deviation, as the first forecast decides.
  private var usesDeviation: Bool?

  /// A forecast whose return is not known yet.
  private struct Pending {
    var mean: Double
    var scale: Double
    var interval: ForecastInterval?
  }

  init(_ rule: ConformalIntervals) {
    self.rule = rule
    allowedMisses = 1 - rule.level
    sorted = []
    recent = []
    sorted.reserveCapacity(rule.calibrationCount + 1)
    recent.reserveCapacity(rule.calibrationCount)
  }

  /// Takes in a close, which tells the return that the last forecast was about.
  mutating func observe(close: Double) {
    defer { lastClose = close }
    guard let forecast = pending else { return }
    pending = nil
    guard let lastClose, lastClose > 0, close > 0 else { return }
    let outcome = log(close / lastClose)
    if rule.method == .adaptive, let interval = forecast.interval {
      let missed = outcome < interval.lower || interval.upper < outcome
      allowedMisses += rule.rate * (1 - rule.level - (missed ? 1 : 0))
    }
    let error = abs(outcome - forecast.mean) / forecast.scale
    if error.isFinite { learn(error) }
  }

  /// The interval about a prediction, `nil` while too few errors are known.
  ///
  /// - Throws: `PolicyRefusal` without an expected return.
  mutating func interval(
    about prediction: PolicyPrediction
  ) throws(PolicyRefusal) -> ForecastInterval? {
    guard let mean = prediction.expectedReturn, mean.isFinite else {
      throw PolicyRefusal("the decision has no expected return, about which an interval would lie")
    }
    let deviation = prediction.deviation.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    let divides = usesDeviation ?? (deviation != nil)
    usesDeviation = divides
    let scale = divides ? deviation : 1
    guard let scale else {
      pending = nil
      return nil
    }
    let interval = halfWidth.map {
      ForecastInterval(level: rule.level, lower: mean - $0 * scale, upper: mean + $0 * scale)
    }
    pending = Pending(mean: mean, scale: scale, interval: interval)
    return interval
  }

  /// The half-width of the next interval in units of the error.
  private var halfWidth: Double? {
    let count = sorted.count
    guard count == rule.calibrationCount else { return nil }
    // Products such as 110 x 0.9 lie a rounding error beside the whole number.
    let place = (Double(count + 1) * (1 - allowedMisses) - 1e-9).rounded(.up)
    if place > Double(count) { return .infinity }
    return place < 1 ? 0 : sorted[Int(place) - 1]
  }

  private mutating func learn(_ error: Double) {
    if recent.count < rule.calibrationCount {
      recent.append(error)
    } else {
      guard rule.method == .adaptive else { return }
      sorted.remove(at: place(of: recent[oldest]))
      recent[oldest] = error
      oldest = (oldest + 1) % recent.count
    }
    sorted.insert(error, at: place(of: error))
  }

  /// The place of the first error that is not smaller.
  private func place(of error: Double) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < error { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
