public import BacktestCore
internal import Glibc

/// A run's forecasts compared with the return of the next bar.
///
///     if let evaluation = ForecastEvaluation(result), let up = evaluation.whole.direction {
///       print(up.matrix.accuracy ?? .nan, up.matrix.majorityAccuracy ?? .nan)
///     }
///
/// The outcome of a forecast is the logarithmic return from the close that it was made at to the
/// next close of the instrument, which was not known then. Of several forecasts at one close the
/// last counts. Forecasts between two closes are left out, because a part of their return was known
/// already; the last bar of a series has no outcome.
public struct ForecastEvaluation: Sendable {
  /// The forecasts of one instrument, or of all together.
  public struct Part: Sendable {
    /// The instrument; `nil` for all together.
    public let instrument: InstrumentID?
    /// How many forecasts have an outcome.
    public let count: Int
    /// The signals: scores, or what takes their place in `StrategyForecast.signal`.
    public let direction: DirectionSkill?
    /// The probabilities of up; a return of zero is not up.
    public let probabilities: ProbabilityCalibration?
    /// The expected returns that came with a deviation, as normal distributions.
    public let distribution: DistributionCalibration?
    /// The intervals that were stated, by level, the lowest first.
    public let intervals: [IntervalCoverage]
  }

  /// How many forecasts were written down.
  public let forecastCount: Int
  /// How many of them were made between two closes.
  public let betweenClosesCount: Int
  /// How many of them were replaced by a later one at the same close.
  public let replacedCount: Int
  /// How many of them have no next close, or one that is not above zero.
  public let withoutOutcomeCount: Int
  /// All instruments together. Their bars move together, so they say less than as many bars of one.
  public let whole: Part
  /// Each instrument with forecasts, in universe order.
  public let instruments: [Part]

  /// The evaluation of a run; `nil` without forecasts.
  public init?(_ result: BacktestResult) {
    guard !result.forecasts.isEmpty else { return nil }
    let paired = PairedForecasts(result)
    forecastCount = result.forecasts.count
    betweenClosesCount = paired.betweenClosesCount
    replacedCount = paired.replacedCount
    withoutOutcomeCount = paired.withoutOutcomeCount
    whole = Part(nil, result.forecasts.indices, of: result, paired)
    var rows = [[Int]](repeating: [], count: result.universe.count)
    for (row, forecast) in result.forecasts.enumerated() {
      rows[Int(forecast.instrument.index)].append(row)
    }
    instruments = rows.indices.filter { !rows[$0].isEmpty }.map { index in
      Part(InstrumentID(index), rows[index], of: result, paired)
    }
  }

  /// The parts in the order in which they are listed: all together first where there are several.
  public var parts: [Part] { instruments.count == 1 ? instruments : [whole] + instruments }

  /// What was said of up and down, and what came, without the rest of the evaluation.
  static func direction(of result: BacktestResult) -> BinaryClassification {
    var matrix = BinaryClassification()
    guard !result.forecasts.isEmpty else { return matrix }
    for (forecast, outcome) in zip(result.forecasts, PairedForecasts(result).outcomes) {
      guard let outcome, outcome != 0, let signal = forecast.signal, signal != 0 else { continue }
      matrix.add(prediction: signal > 0, outcome: outcome > 0)
    }
    return matrix
  }
}

extension ForecastEvaluation.Part {
  fileprivate init(
    _ instrument: InstrumentID?, _ rows: some Sequence<Int>, of result: BacktestResult,
    _ paired: PairedForecasts
  ) {
    var (scores, returns): ([Double], [Double]) = ([], [])
    var (probabilities, ups): ([Double], [Bool]) = ([], [])
    var (means, deviations, outcomes): ([Double], [Double], [Double]) = ([], [], [])
    var intervals: [(ForecastInterval, Double)] = []
    var count = 0
    for row in rows {
      guard let outcome = paired.outcomes[row] else { continue }
      let forecast = result.forecasts[row]
      count += 1
      if let signal = forecast.signal {
        scores.append(signal)
        returns.append(outcome)
      }
      if let probability = forecast.probabilityUp {
        probabilities.append(probability)
        ups.append(outcome > 0)
      }
      if let mean = forecast.expectedReturn, let deviation = forecast.deviation {
        means.append(mean)
        deviations.append(deviation)
        outcomes.append(outcome)
      }
      if let interval = forecast.interval { intervals.append((interval, outcome)) }
    }
    self.instrument = instrument
    self.count = count
    direction = scores.isEmpty ? nil : DirectionSkill(scores: scores, returns: returns)
    self.probabilities = ProbabilityCalibration(probabilities: probabilities, outcomes: ups)
    distribution = DistributionCalibration(
      means: means, deviations: deviations, outcomes: outcomes)
    self.intervals = IntervalCoverage.byLevel(intervals)
  }
}

/// The outcome of each forecast of a run.
package struct PairedForecasts {
  /// The logarithmic return from close to next close; `nil` where the forecast does not count.
  package private(set) var outcomes: [Double?]
  private(set) var betweenClosesCount = 0
  private(set) var replacedCount = 0
  private(set) var withoutOutcomeCount = 0

  package init(_ result: BacktestResult) {
    let forecasts = result.forecasts
    outcomes = [Double?](repeating: nil, count: forecasts.count)
    /// The row for which a later forecast of each instrument was seen.
    var laterRows = [Int](repeating: -1, count: result.universe.count)
    for index in forecasts.indices.reversed() {
      let forecast = forecasts[index]
      let (instrument, row) = (Int(forecast.instrument.index), Int(forecast.row))
      let series = result.universe.series[instrument]
      guard forecast.time == series.closeTimes[row] else {
        betweenClosesCount += 1
        continue
      }
      guard laterRows[instrument] != row else {
        replacedCount += 1
        continue
      }
      laterRows[instrument] = row
      guard row + 1 < series.count, series.close[row] > 0, series.close[row + 1] > 0 else {
        withoutOutcomeCount += 1
        continue
      }
      outcomes[index] = log(series[row + 1].continuous.close / series[row].continuous.close)
    }
  }
}
