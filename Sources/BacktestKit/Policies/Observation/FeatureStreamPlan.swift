import BacktestCore

/// Builds a feature stream in which equal computations are done once.
struct FeatureStreamPlan {
  private struct Span: Hashable {
    var input: FeatureStream.Input
    var period: Int
    var deltaDegrees = 0
  }
  private struct IndicatorKey: Hashable {
    var name: String
    var output: String?
    var periods: [Int]
  }

  /// The stream; its rings are laid out when all features are in.
  var stream = FeatureStream()
  /// Roughly how many numbers the stream keeps.
  private(set) var storedCount = 0
  private var signals: [FeatureStream.Formula: Int] = [:]
  private var means: [Span: Int] = [:]
  private var deviations: [Span: Int] = [:]
  private var movements: [Int: Int] = [:]
  private var convergences: [[Int]: Int] = [:]
  private var indicators: [IndicatorKey: Int] = [:]

  /// More than a definition can need, and less than a machine has.
  static let storedLimit = 50_000_000

  /// The signal of a feature, whose last `depth` values can be read afterwards.
  ///
  /// - Throws: `PolicyError` where a period or an indicator is invalid, or too many numbers would
  ///   be kept.
  mutating func add(_ feature: MarketFeature, depth: Int) throws(PolicyError) -> Int {
    let period = feature.period
    let least = feature.kind.hasDeltaDegrees ? feature.deltaDegrees + 1 : 1
    guard period >= least, (0...1).contains(feature.deltaDegrees) else {
      throw PolicyError(
        "the 'period' of '\(feature.kind.rawValue)' is at least \(least), not \(period)")
    }
    let spans = feature.spans
    guard min(spans.fast, spans.slow, spans.signal) >= 1 else {
      throw PolicyError(
        "the spans of '\(feature.kind.rawValue)' are at least 1, not \(spans.fast), "
          + "\(spans.slow) and \(spans.signal)")
    }
    storedCount += 2 * period + depth
    guard storedCount <= Self.storedLimit else {
      throw PolicyError(
        "the features would keep more than \(Self.storedLimit) numbers of one instrument; "
          + "shorten periods, lags or the window")
    }
    let (formula, warmup) = try formula(of: feature)
    return signal(formula, warmup: warmup, depth: depth)
  }

  /// A signal whose values are set from outside.
  mutating func addGiven(warmup: Int, depth: Int) -> Int {
    signal(.given(stream.signals.count), warmup: warmup, depth: depth)
  }

  /// The signal with the last closes.
  mutating func addCloses(_ period: Int) -> Int { closes(period) }

  private mutating func formula(
    of feature: MarketFeature
  ) throws(PolicyError) -> (FeatureStream.Formula, warmup: Int) {
    let period = feature.period
    switch feature.kind {
    case .open: return (.open, 1)
    case .high: return (.high, 1)
    case .low: return (.low, 1)
    case .close: return (.close, 1)
    case .volume: return (.volume, 1)
    case .logHighOverClose: return (.logHighOverClose, 1)
    case .logLowOverClose: return (.logLowOverClose, 1)
    case .closeLocation: return (.closeLocation, 1)
    case .rangeOverClose: return (.rangeOverClose, 1)
    case .logOpenOverPreviousClose: return (.logOpenOverPreviousClose, 2)
    case .logVolumeChange: return (.logVolumeChange, 2)
    case .difference: return (.difference(period: period, closes: closes(period)), period + 1)
    case .simpleReturn: return (.simpleReturn(period: period, closes: closes(period)), period + 1)
    case .logReturn: return (logReturn(period), period + 1)
    case .indicator:
      let index = try indicator(feature)
      return (.indicator(index), stream.indicators[index].warmupLength)
    case .covariance: throw PolicyError("'covariance' needs the layout 'matrix'")
    default: return rollingFormula(of: feature)
    }
  }

  /// The formulas over averages, deviations and sums.
  private mutating func rollingFormula(
    of feature: MarketFeature
  ) -> (FeatureStream.Formula, warmup: Int) {
    let period = feature.period
    switch feature.kind {
    case .logCloseOverMean: return (.logCloseOverMean(mean: mean(.close, period)), period)
    case .closeOverMean: return (.closeOverMean(mean: mean(.close, period)), period)
    case .logVolumeOverMean: return (.logVolumeOverMean(mean: mean(.volume, period)), period)
    case .bollingerScore: return (.bollingerScore(deviation(.close, feature)), period)
    case .bollingerWidth: return (.bollingerWidth(deviation(.close, feature)), period)
    case .relativeStrength:
      return (.relativeStrength(movement: movement(period), isGuarded: false), period + 1)
    case .relativeStrengthUnit:
      return (.relativeStrength(movement: movement(period), isGuarded: true), period + 1)
    case .convergenceSignal: return (.convergenceSignal(convergence(feature.spans)), 1)
    case .convergenceHistogram: return (.convergenceHistogram(convergence(feature.spans)), 1)
    case .logReturnDeviation:
      // The return is a signal that comes before its deviation.
      _ = signal(logReturn(1), warmup: 2, depth: 1)
      return (.deviation(deviation(.logReturn, feature)), period + 1)
    default: return (.convergence(convergence(feature.spans)), 1)
    }
  }
}

extension FeatureStreamPlan {
  /// The signal of a formula, kept for `depth` values at least.
  private mutating func signal(
    _ formula: FeatureStream.Formula, warmup: Int, depth: Int
  ) -> Int {
    let index = signals[formula] ?? stream.signals.count
    if index == stream.signals.count {
      signals[formula] = index
      stream.signals.append(FeatureStream.Signal(formula: formula, warmup: warmup))
    }
    stream.signals[index].depth = max(stream.signals[index].depth, depth)
    return index
  }

  private mutating func closes(_ period: Int) -> Int {
    signal(.close, warmup: 1, depth: period + 1)
  }

  private mutating func logReturn(_ period: Int) -> FeatureStream.Formula {
    let logarithms = signal(.logClose, warmup: 1, depth: period + 1)
    return .logReturn(period: period, logarithms: logarithms)
  }

  private mutating func mean(_ input: FeatureStream.Input, _ period: Int) -> Int {
    let next = stream.means.count
    let index = Self.index(of: Span(input: input, period: period), in: &means, next: next)
    if index == next {
      stream.means.append(
        FeatureStream.Mean(input: input, average: SimpleMovingAverage(period)))
    }
    return index
  }

  private mutating func deviation(
    _ input: FeatureStream.Input, _ feature: MarketFeature
  ) -> Int {
    let span = Span(input: input, period: feature.period, deltaDegrees: feature.deltaDegrees)
    let next = stream.deviations.count
    let index = Self.index(of: span, in: &deviations, next: next)
    if index == next {
      let rolling = RollingDeviation(feature.period, of: feature.divisor)
      stream.deviations.append(FeatureStream.Deviation(input: input, rolling: rolling))
    }
    return index
  }

  private mutating func movement(_ period: Int) -> Int {
    let next = stream.movements.count
    let index = Self.index(of: period, in: &movements, next: next)
    if index == next {
      let sum = RollingSum(period)
      stream.movements.append(FeatureStream.Movement(rises: sum, falls: sum))
    }
    return index
  }

  private mutating func convergence(_ spans: MarketFeature.Spans) -> Int {
    let next = stream.convergences.count
    let key = [spans.fast, spans.slow, spans.signal]
    let index = Self.index(of: key, in: &convergences, next: next)
    if index == next {
      // A seed of one input is that input.
      let averages = key.map { ExponentialMovingAverage(1, smoothing: 2 / Double($0 + 1)) }
      stream.convergences.append(
        FeatureStream.Convergence(fast: averages[0], slow: averages[1], signal: averages[2]))
    }
    return index
  }

  private mutating func indicator(_ feature: MarketFeature) throws(PolicyError) -> Int {
    let made = try FeatureIndicatorTable.make(feature)
    let spans = feature.spans
    let key = IndicatorKey(
      name: feature.indicator?.name ?? "", output: feature.indicator?.output,
      periods: [feature.period, feature.deltaDegrees, spans.fast, spans.slow, spans.signal])
    let next = stream.indicators.count
    let index = Self.index(of: key, in: &indicators, next: next)
    if index == next { stream.indicators.append(made) }
    return index
  }

  private static func index<Key: Hashable>(
    of key: Key, in known: inout [Key: Int], next: Int
  ) -> Int {
    if let index = known[key] { return index }
    known[key] = next
    return next
  }
}

extension MarketFeature {
  /// The divisor of a deviation.
  var divisor: RollingDeviation.Divisor { deltaDegrees == 1 ? .sample : .population }
}
