import BacktestCore

/// An indicator of the library as a feature: takes bars, gives one number.
protocol FeatureIndicator: Sendable {
  /// Takes the next bar and gives the number; not finite while undefined.
  mutating func update(_ bar: Bar) -> Double
  /// Bars until the first number.
  var warmupLength: Int { get }
}

/// An indicator with the way from a bar to its input and from its output to a number.
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

/// A band of deviations around the mean of the last closes, whose deviation may be that of a
/// sample.
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
