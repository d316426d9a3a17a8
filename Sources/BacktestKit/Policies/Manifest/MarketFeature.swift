import BacktestCore
import BacktestFiles

/// A number computed from the closed bars of one instrument, as in the trainer's environment.
///
///     {"name": "log_return", "lag": 9, "scale": 20}
///     {"name": "log_close_over_sma", "period": 50}
///     {"indicator": "rsi", "period": 14}
package struct MarketFeature: Sendable, Equatable {
  /// What is computed.
  package var kind: Kind
  /// The asset whose bars are used; `nil` for the policy's one instrument or each of its assets.
  package var asset: String?
  /// The number of bars before the newest at which the value is taken.
  package var lag = 0
  /// The number of bars that the value spans; the kind says how.
  package var period = 1
  /// What is subtracted from the number of values in the divisor of a variance.
  package var deltaDegrees = 0
  /// What the value is multiplied by before it is rounded.
  package var scale = 1.0
  /// The periods of a moving average convergence divergence.
  package var spans = Spans()
  /// An indicator of the library and its output; only for `.indicator`.
  package var indicator: IndicatorChoice?

  /// The periods of a moving average convergence divergence.
  package struct Spans: Sendable, Equatable {
    /// Bars of the fast average.
    package var fast = 12
    /// Bars of the slow average.
    package var slow = 26
    /// Bars of the signal line.
    package var signal = 9
  }

  /// An indicator of the library and which of its outputs is taken.
  package struct IndicatorChoice: Sendable, Equatable {
    /// The name, such as `rsi`.
    package var name: String
    /// The output, such as `upper`, where there is more than one; `nil` for the first.
    package var output: String?

    /// A choice.
    package init(_ name: String, output: String? = nil) {
      self.name = name
      self.output = output
    }
  }

  /// What is computed. `c`, `o`, `h`, `l`, `v` are the columns of a bar, `k` the period; averages
  /// and deviations are over the last `k` bars.
  package enum Kind: String, Sendable, CaseIterable {
    /// `o`.
    case open
    /// `h`.
    case high
    /// `l`.
    case low
    /// `c`.
    case close
    /// `v`.
    case volume
    /// `c - c[k before]`.
    case difference
    /// `c / c[k before] - 1`.
    case simpleReturn = "simple_return"
    /// `ln(c / c[k before])`.
    case logReturn = "log_return"
    /// `ln(o / c[1 before])`.
    case logOpenOverPreviousClose = "log_open_over_previous_close"
    /// `ln(h / c)`.
    case logHighOverClose = "log_high_over_close"
    /// `ln(l / c)`.
    case logLowOverClose = "log_low_over_close"
    /// `(c - l) / (h - l)`.
    case closeLocation = "close_location"
    /// `(h - l) / c`.
    case rangeOverClose = "range_over_close"
    /// `ln(c / mean(c))`.
    case logCloseOverMean = "log_close_over_sma"
    /// `c / mean(c) - 1`.
    case closeOverMean = "close_over_sma"
    /// The standard deviation of the last `k` one-bar log returns.
    case logReturnDeviation = "log_return_std"
    /// `up / (up + down + 1e-12)` with the plain means of the last `k` rises and falls.
    case relativeStrengthUnit = "rsi_simple_mean_unit"
    /// `up / (up + down)` with the plain means of the last `k` rises and falls.
    case relativeStrength = "rsi_simple"
    /// `ln(v / mean(v))`.
    case logVolumeOverMean = "log_volume_over_sma"
    /// `ln(v / v[1 before])`.
    case logVolumeChange = "log_volume_change"
    /// `(fast - slow) / c` of exponential averages that begin with the first close.
    case convergenceOverClose = "macd_over_close"
    /// The exponential average of `macd_over_close`, which begins with its first value.
    case convergenceSignal = "macd_signal"
    /// `macd_over_close - macd_signal`.
    case convergenceHistogram = "macd_hist"
    /// `(c - mean(c)) / deviation(c)`.
    case bollingerScore = "bollinger_z"
    /// `4 deviation(c) / mean(c)`.
    case bollingerWidth = "bollinger_width"
    /// The row of an asset in the covariance matrix of the last `k` simple returns of all assets;
    /// only in the `matrix` layout.
    case covariance
    /// An indicator of the library, by name.
    case indicator

    /// The default period; `nil` where the kind takes none.
    var defaultPeriod: Int? {
      switch self {
      case .difference, .simpleReturn, .logReturn: 1
      case .relativeStrengthUnit, .relativeStrength, .indicator: 14
      case .logCloseOverMean, .closeOverMean, .logReturnDeviation, .logVolumeOverMean,
        .bollingerScore, .bollingerWidth:
        20
      case .covariance: 252
      default: nil
      }
    }

    /// Whether it uses a deviation or variance, whose divisor can be that of a sample.
    var hasDeltaDegrees: Bool {
      switch self {
      case .logReturnDeviation, .bollingerScore, .bollingerWidth, .covariance, .indicator: true
      default: false
      }
    }

    /// Whether it takes the periods of a moving average convergence divergence.
    var hasSpans: Bool {
      switch self {
      case .convergenceOverClose, .convergenceSignal, .convergenceHistogram: true
      default: false
      }
    }
  }

  /// A feature of a kind.
  package init(_ kind: Kind, period: Int? = nil, lag: Int = 0, scale: Double = 1) {
    self.kind = kind
    self.period = period ?? kind.defaultPeriod ?? 1
    self.lag = lag
    self.scale = scale
  }
}

extension MarketFeature {
  /// Shorter names that end in their period, such as `std20`, as in columns of data frames.
  private static let columnNames: [(prefix: String, kind: Kind)] = [
    ("logret_", .logReturn), ("close_over_sma", .closeOverMean), ("std", .logReturnDeviation),
    ("rsi14_simple", .relativeStrength), ("bollinger_z", .bollingerScore),
    ("bollinger_width", .bollingerWidth), ("log_volume_over_sma", .logVolumeOverMean),
    ("log_close_over_sma", .logCloseOverMean),
  ]

  /// The feature with a name as manifests write it.
  init?(named name: String) {
    switch name {
    case "open_gap": self.init(.logOpenOverPreviousClose)
    case "high_over_close": self.init(.logHighOverClose)
    case "low_over_close": self.init(.logLowOverClose)
    case "rsi14_simple": self.init(.relativeStrength, period: 14)
    default:
      if let kind = Kind(rawValue: name), kind != .indicator {
        self.init(kind)
        return
      }
      for (prefix, kind) in Self.columnNames where name.hasPrefix(prefix) {
        let digits = name.dropFirst(prefix.count)
        guard let period = Int(digits), (1...100_000).contains(period) else { continue }
        self.init(kind, period: period)
        return
      }
      return nil
    }
  }

  /// The names that a manifest can use, for messages.
  static var names: [String] {
    Kind.allCases.filter { $0 != .indicator }.map(\.rawValue)
      + ["open_gap", "high_over_close", "low_over_close"]
  }

  init(_ table: inout DocumentTable) {
    var takesPeriod: Bool?
    if let indicator = table.optional("indicator", .featureIndicator) {
      self.init(.indicator, period: indicator.period)
      takesPeriod = indicator.period != nil
      self.indicator = IndicatorChoice(
        indicator.name, output: table.optional("output", .output(of: indicator)))
    } else {
      self = table.value("name", .marketFeature)
    }
    asset = table.optional("asset", .text)
    lag = table.value("lag", .integer(.within(0...100_000)), default: 0)
    if takesPeriod ?? (kind.defaultPeriod != nil) {
      period = table.value("period", .integer(.within(1...100_000)), default: period)
    }
    if kind.hasDeltaDegrees, kind != .indicator || indicator?.name == "bollinger" {
      let fallback = kind == .covariance ? 1 : 0
      deltaDegrees = table.value("ddof", .integer(.within(0...1)), default: fallback)
    }
    if kind.hasSpans || indicator?.name == "macd" {
      spans.fast = table.value("fast", .integer(.within(1...100_000)), default: spans.fast)
      spans.slow = table.value("slow", .integer(.within(1...100_000)), default: spans.slow)
      spans.signal = table.value("signal", .integer(.within(1...100_000)), default: spans.signal)
    }
    scale = table.featureScale()
  }
}

extension DocumentRule where Value == MarketFeature {
  static var marketFeature: DocumentRule {
    var rule = text("the name of a market feature", placeholder: MarketFeature(.close)) {
      MarketFeature(named: $0)
    }
    rule.advice = { node in
      guard case .text(let text) = node.content else { return nil }
      let nearest = NearestName.find(text, among: MarketFeature.names)
      return nearest.map { "did you mean '\($0)'?" }
        ?? "known are \(NearestName.list(MarketFeature.names, near: text))"
    }
    return rule
  }
}
