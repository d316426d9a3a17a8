import BacktestCore
import BacktestFiles

/// The indicators that a manifest can name as features, with their outputs.
///
///     {"indicator": "rsi", "period": 14}
///     {"indicator": "bollinger", "period": 20, "output": "upper", "ddof": 1}
///     {"indicator": "macd", "fast": 12, "slow": 26, "signal": 9, "output": "line"}
///
/// Values, seeds and first bars are those of `Indicators/`, which equal TA-Lib's. Columns from
/// stockstats (FinRL) have other seeds: its exponential averages, and so `macd`, `rsi`, `dx` and
/// `adx`, begin with the first input, and the difference falls below the rounding of 32 bits only
/// after about ten times the period. Its Bollinger bands use the deviation of a sample, which is
/// `"ddof": 1` here.
enum FeatureIndicatorTable {
  /// One indicator.
  struct Entry: Sendable {
    var name: String
    /// The names of the outputs, the first of which is the default; empty where there is only one.
    var outputs: [String] = []
    /// The default period; `nil` where the indicator takes none.
    var period: Int?
    /// The indicator for a feature and one of its outputs, by position.
    var make: @Sendable (MarketFeature, Int) -> any FeatureIndicator
  }

  /// One of several outputs.
  private struct Output<Values> {
    var name: String
    var value: @Sendable (Values) -> Double

    init(_ name: String, _ value: @escaping @Sendable (Values) -> Double) {
      self.name = name
      self.value = value
    }
  }

  /// Every indicator, by name.
  static let entries: [Entry] =
    averages + momenta + ranges + trends + volumes

  /// The entry of a name.
  static func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

  /// An entry whose indicator takes closes.
  private static func closes<Source: Indicator>(
    _ name: String, period: Int? = nil,
    outputs: [Output<Source.Output>],
    _ make: @escaping @Sendable (MarketFeature) -> Source
  ) -> Entry where Source.Input == Double {
    Entry(name: name, outputs: outputs.map(\.name), period: period) { feature, output in
      IndicatorOutput(source: make(feature), input: { $0.close }, output: outputs[output].value)
    }
  }

  /// An entry whose indicator takes closes and has one output.
  private static func closes<Source: Indicator>(
    _ name: String, period: Int,
    _ make: @escaping @Sendable (MarketFeature) -> Source
  ) -> Entry where Source.Input == Double, Source.Output == Double {
    Entry(name: name, period: period) { feature, _ in
      IndicatorOutput(source: make(feature), input: { $0.close }, output: { $0 })
    }
  }

  /// An entry whose indicator takes bars.
  private static func bars<Source: Indicator>(
    _ name: String, period: Int? = nil,
    outputs: [Output<Source.Output>],
    _ make: @escaping @Sendable (MarketFeature) -> Source
  ) -> Entry where Source.Input == Bar {
    Entry(name: name, outputs: outputs.map(\.name), period: period) { feature, output in
      IndicatorOutput(source: make(feature), input: { $0 }, output: outputs[output].value)
    }
  }

  /// An entry whose indicator takes bars and has one output.
  private static func bars<Source: Indicator>(
    _ name: String, period: Int? = nil,
    _ make: @escaping @Sendable (MarketFeature) -> Source
  ) -> Entry where Source.Input == Bar, Source.Output == Double {
    Entry(name: name, period: period) { feature, _ in
      IndicatorOutput(source: make(feature), input: { $0 }, output: { $0 })
    }
  }
}

extension FeatureIndicatorTable {
  private static let averages: [Entry] = [
    closes("sma", period: 20) { SimpleMovingAverage($0.period) },
    closes("ema", period: 20) { ExponentialMovingAverage($0.period) },
    closes("wma", period: 30) { WeightedMovingAverage($0.period) },
    closes("kama", period: 10) { KaufmanAdaptiveMovingAverage($0.period) },
    Entry(name: "bollinger", outputs: ["upper", "middle", "lower"], period: 20) { feature, output in
      DeviationBand(
        deviation: RollingDeviation(
          feature.period, of: feature.deltaDegrees == 1 ? .sample : .population),
        reach: [2, 0, -2][output])
    },
    closes("minimum", period: 20) { RollingMinimum($0.period) },
    closes("maximum", period: 20) { RollingMaximum($0.period) },
  ]

  private static let momenta: [Entry] = [
    closes("rsi", period: 14) { RelativeStrengthIndex($0.period) },
    closes("momentum", period: 10) { Momentum($0.period) },
    closes("roc", period: 10) { RateOfChange($0.period) },
    closes("trix", period: 15) { TripleExponentialRateOfChange($0.period) },
    closes(
      "macd",
      outputs: [
        Output("line") { $0.line }, Output("signal") { $0.signal }, Output("hist") { $0.histogram },
      ]
    ) {
      MovingAverageConvergenceDivergence(
        fast: $0.spans.fast, slow: $0.spans.slow, signal: $0.spans.signal)
    },
  ]

  private static let ranges: [Entry] = [
    bars("true_range") { _ in TrueRange() },
    bars("atr", period: 14) { AverageTrueRange($0.period) },
    bars("natr", period: 14) { NormalizedAverageTrueRange($0.period) },
    bars("cci", period: 20) { CommodityChannelIndex($0.period) },
    bars("williams_r", period: 14) { WilliamsPercentRange($0.period) },
    bars("stochastic", period: 14, outputs: [Output("k") { $0.k }, Output("d") { $0.d }]) {
      StochasticOscillator($0.period)
    },
  ]

  private static let trends: [Entry] = [
    bars("dx", period: 14, outputs: directions) { DirectionalMovementIndex($0.period) },
    bars(
      "adx", period: 14,
      outputs: [
        Output("average") { $0.average }, Output("plus") { $0.plus }, Output("minus") { $0.minus },
      ]
    ) { AverageDirectionalIndex($0.period) },
    bars(
      "aroon", period: 25,
      outputs: [
        Output("oscillator") { $0.oscillator }, Output("up") { $0.up }, Output("down") { $0.down },
      ]
    ) { Aroon($0.period) },
    bars("psar") { _ in ParabolicSAR() },
  ]

  private static let directions: [Output<DirectionalMovementIndex.Output>] = [
    Output("index") { $0.index }, Output("plus") { $0.plus }, Output("minus") { $0.minus },
  ]

  private static let volumes: [Entry] = [
    bars("obv") { _ in OnBalanceVolume() },
    bars("mfi", period: 14) { MoneyFlowIndex($0.period) },
  ]
}

extension FeatureIndicatorTable {
  /// The indicator that a feature names.
  ///
  /// - Throws: `PolicyError` where the name, the output or a period is invalid.
  static func make(_ feature: MarketFeature) throws(PolicyError) -> any FeatureIndicator {
    guard let choice = feature.indicator else {
      throw PolicyError("an indicator feature needs the name of an 'indicator'")
    }
    guard let entry = entry(choice.name) else {
      throw PolicyError("there is no indicator '\(choice.name)'; \(advice(choice.name))")
    }
    var output = 0
    if let name = choice.output {
      guard let position = entry.outputs.firstIndex(of: name) else {
        let known = entry.outputs.joined(separator: ", ")
        throw PolicyError(
          "the indicator '\(entry.name)' has no output '\(name)'; "
            + (known.isEmpty ? "it has one output, leave 'output' out" : "it has \(known)"))
      }
      output = position
    }
    let spans = feature.spans
    if entry.name == "macd", spans.fast >= spans.slow {
      throw PolicyError(
        "the 'fast' period of a macd is below the 'slow' one, not \(spans.fast) and \(spans.slow)")
    }
    return entry.make(feature, output)
  }

  /// The nearest name, or all.
  static func advice(_ name: String) -> String {
    let names = entries.map(\.name)
    return NearestName.find(name, among: names).map { "did you mean '\($0)'?" }
      ?? "known are \(NearestName.list(names, near: name))"
  }
}

extension DocumentRule where Value == FeatureIndicatorTable.Entry {
  /// The name of an indicator.
  static var featureIndicator: DocumentRule {
    let first = FeatureIndicatorTable.entries[0]
    var rule = text("the name of an indicator", placeholder: first) {
      FeatureIndicatorTable.entry($0)
    }
    rule.advice = { node in
      guard case .text(let text) = node.content else { return nil }
      return FeatureIndicatorTable.advice(text)
    }
    return rule
  }
}

extension DocumentRule where Value == String {
  /// One of an indicator's outputs.
  static func output(of indicator: FeatureIndicatorTable.Entry) -> DocumentRule {
    let names = indicator.outputs
    var rule = text(
      names.isEmpty ? "left out: '\(indicator.name)' has one output" : listed(names, "or"),
      placeholder: ""
    ) { names.contains($0) ? $0 : nil }
    rule.advice = { _ in nil }
    return rule
  }
}

/// An indicator of the library as a feature: it takes bars and gives one number.
protocol FeatureIndicator: Sendable {
  /// Takes the next bar and gives the number; not finite while undefined.
  mutating func update(_ bar: Bar) -> Double
  /// Bars until the first number.
  var warmupLength: Int { get }
}

/// An indicator with functions from a bar to its input and from its output to a number.
struct IndicatorOutput<Source: Indicator>: FeatureIndicator {
  var source: Source
  let input: @Sendable (Bar) -> Source.Input
  let output: @Sendable (Source.Output) -> Double

  var warmupLength: Int { source.warmupLength }

  mutating func update(_ bar: Bar) -> Double {
    guard let value = source.update(input(bar)) else { return .nan }
    return output(value)
  }
}

/// A band of deviations around the mean of the last closes, by population or sample deviation.
struct DeviationBand: FeatureIndicator {
  var deviation: RollingDeviation
  /// How many deviations the band is above the mean.
  let reach: Double

  var warmupLength: Int { deviation.warmupLength }

  mutating func update(_ bar: Bar) -> Double {
    guard let spread = deviation.update(bar.close), let mean = deviation.mean else { return .nan }
    return mean + reach * spread
  }
}
