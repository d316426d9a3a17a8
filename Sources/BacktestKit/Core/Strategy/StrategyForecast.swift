/// What a strategy expected of an instrument's next bar, written down before it came.
///
/// A forecast changes nothing in the account: it is held against what happened afterwards, so that
/// a model is judged apart from what its trades earned. Whatever part the model does not have is
/// `nil`.
///
///     trading.forecast(bar.instrument, score: fast / slow - 1)
///     trading.forecast(bar.instrument, probabilityUp: 0.54)
///     trading.forecast(bar.instrument, expectedReturn: 0.0004, deviation: 0.011)
public struct StrategyForecast: Hashable, Sendable, BitwiseCopyable {
  /// When it was made.
  public var time: Timestamp
  /// The instrument that it is about.
  public var instrument: InstrumentID
  /// The row of the last bar that was closed then; the forecast is about the bar after it.
  public var row: Int32
  /// A signed number in any unit: above zero is up, below zero is down, zero is no signal; the
  /// larger it is, the more it expects.
  public var score: Double?
  /// The probability, from 0 to 1, that the next close lies above the last one.
  public var probabilityUp: Double?
  /// The mean of the next bar's logarithmic return from close to close, as a fraction.
  public var expectedReturn: Double?
  /// The standard deviation of that return about its mean, as a fraction above zero.
  public var deviation: Double?

  /// A forecast from its parts.
  public init(
    time: Timestamp, instrument: InstrumentID, row: Int, score: Double? = nil,
    probabilityUp: Double? = nil, expectedReturn: Double? = nil, deviation: Double? = nil
  ) {
    self.time = time
    self.instrument = instrument
    self.row = Int32(truncatingIfNeeded: row)
    self.score = score
    self.probabilityUp = probabilityUp
    self.expectedReturn = expectedReturn
    self.deviation = deviation
  }

  /// The signed number by which its direction is judged: the score; without one the probability of
  /// up less a half; without that the expected return.
  public var signal: Double? { score ?? probabilityUp.map { $0 - 0.5 } ?? expectedReturn }
}

extension TradingContext {
  /// Writes down what is expected of an instrument's next bar; nothing is traded by it.
  ///
  /// Ignored are forecasts during warm-up, forecasts of an instrument that has no closed bar yet,
  /// and those without any number: what is `nil` or not a number counts as absent.
  ///
  /// - Parameters:
  ///   - instrument: the instrument.
  ///   - score: a signed number in any unit; its sign is the direction, its size ranks.
  ///   - probabilityUp: the probability that the next close is higher, from 0 to 1.
  ///   - expectedReturn: the mean of the next logarithmic return from close to close, a fraction.
  ///   - deviation: the standard deviation of that return, a fraction above zero.
  /// - Precondition: numbers are finite, the probability lies in 0...1, and the deviation is above
  ///   zero.
  public mutating func forecast(
    _ instrument: InstrumentID, score: Double? = nil, probabilityUp: Double? = nil,
    expectedReturn: Double? = nil, deviation: Double? = nil
  ) {
    guard !isWarmingUp else { return }
    let row = lastRow(Int(instrument.index))
    guard row >= 0 else { return }
    let forecast = StrategyForecast(
      time: now, instrument: instrument, row: row, score: present(score),
      probabilityUp: present(probabilityUp), expectedReturn: present(expectedReturn),
      deviation: present(deviation))
    precondition(
      forecast.probabilityUp.map { (0...1).contains($0) } ?? true,
      "a probability lies between 0 and 1")
    precondition(forecast.deviation.map { $0 > 0 } ?? true, "a deviation is above zero")
    guard forecast.signal != nil || forecast.deviation != nil else { return }
    if forecasts.isEmpty { forecasts.reserveCapacity(recordRoom) }
    forecasts.append(forecast)
  }

  private func present(_ value: Double?) -> Double? {
    guard let value, !value.isNaN else { return nil }
    precondition(value.isFinite, "a forecast is made of finite numbers")
    return value
  }
}
