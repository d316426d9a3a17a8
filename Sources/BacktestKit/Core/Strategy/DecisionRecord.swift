/// What a trained policy wanted of an instrument at one decision, beside what was held then.
///
/// Decisions change nothing in the account: they are written down so that each can be held against
/// what the training library would have decided, also where it led to no order.
public struct DecisionRecord: Hashable, Sendable, BitwiseCopyable {
  /// When it was taken.
  public let time: Timestamp
  /// The instrument that it is about.
  public let instrument: InstrumentID
  // A row of 40 bytes, since a run has a million of them: flags distinguish the cases.
  private let hasUnits: Bool
  private let hasAction: Bool
  /// The share of equity that the instrument had before the decision; negative for shorts.
  public let weight: Double
  private let wantedNumber: Double
  private let actionNumber: Double

  /// A decision from its parts.
  init(
    time: Timestamp, instrument: InstrumentID, weight: Double, wanted: Wanted, action: Double?
  ) {
    self.time = time
    self.instrument = instrument
    self.weight = weight
    switch wanted {
    case .weight(let number): (hasUnits, wantedNumber) = (false, number)
    case .units(let number): (hasUnits, wantedNumber) = (true, number)
    }
    (hasAction, actionNumber) = (action != nil, action ?? 0)
  }

  /// What was stated or ordered.
  public var wanted: Wanted { hasUnits ? .units(wantedNumber) : .weight(wantedNumber) }
  /// The policy's own action: the number of the choice, or the component of a box that is about
  /// the instrument; `nil` for a prediction, an ensemble, and where the policy did not decide.
  public var action: Double? { hasAction ? actionNumber : nil }

  /// What can be wanted.
  public enum Wanted: Hashable, Sendable, BitwiseCopyable {
    /// A share of equity, as it is after the decision; one that was stated before and holds on
    /// among them.
    case weight(Double)
    /// So many units bought, sold where negative, 0 where none.
    case units(Double)
  }

  /// The share of equity that was wanted; `nil` where units were.
  public var targetWeight: Double? { if case .weight(let weight) = wanted { weight } else { nil } }
  /// The units that were wanted; `nil` where a share of equity was.
  public var units: Double? { if case .units(let units) = wanted { units } else { nil } }
}

extension TradingContext {
  /// Writes down what is wanted of an instrument; ignored during warm-up.
  ///
  /// - Parameters:
  ///   - instrument: the instrument.
  ///   - weight: the share of equity that it has now.
  ///   - wanted: what is stated or ordered.
  ///   - action: the policy's own action, where there is one.
  package mutating func recordDecision(
    _ instrument: InstrumentID, weight: Double, wanted: DecisionRecord.Wanted,
    action: Double? = nil
  ) {
    guard !isWarmingUp else { return }
    if decisions.isEmpty { decisions.reserveCapacity(recordRoom) }
    decisions.append(
      DecisionRecord(
        time: now, instrument: instrument, weight: weight, wanted: wanted, action: action))
  }
}

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
  /// An interval that should hold that return as often as it says.
  public var interval: ForecastInterval?

  /// A forecast from its parts.
  package init(
    time: Timestamp, instrument: InstrumentID, row: Int, score: Double? = nil,
    probabilityUp: Double? = nil, expectedReturn: Double? = nil, deviation: Double? = nil,
    interval: ForecastInterval? = nil
  ) {
    self.time = time
    self.instrument = instrument
    self.row = Int32(truncatingIfNeeded: row)
    self.score = score
    self.probabilityUp = probabilityUp
    self.expectedReturn = expectedReturn
    self.deviation = deviation
    self.interval = interval
  }

  /// The signed number by which its direction is judged: the score; without one the probability of
  /// up less a half; without that the expected return.
  public var signal: Double? { score ?? probabilityUp.map { $0 - 0.5 } ?? expectedReturn }
}

/// An interval for the next bar's logarithmic return.
public struct ForecastInterval: Hashable, Sendable, BitwiseCopyable {
  /// The share of returns that such intervals should hold, between 0 and 1.
  public var level: Double
  /// The lower edge, a fraction; minus infinity where the interval has none.
  public var lower: Double
  /// The upper edge, a fraction; infinity where the interval has none.
  public var upper: Double

  /// An interval from its edges, which belong to it.
  ///
  /// - Precondition: the level lies between 0 and 1, and `lower` is not above `upper`.
  public init(level: Double, lower: Double, upper: Double) {
    precondition(level > 0 && level < 1, "a level lies between 0 and 1")
    precondition(lower <= upper, "the lower edge is not above the upper one")
    (self.level, self.lower, self.upper) = (level, lower, upper)
  }
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
  ///   - interval: what that return should lie in.
  /// - Precondition: numbers are finite, the probability lies in 0...1, and the deviation is above
  ///   zero.
  public mutating func forecast(
    _ instrument: InstrumentID, score: Double? = nil, probabilityUp: Double? = nil,
    expectedReturn: Double? = nil, deviation: Double? = nil, interval: ForecastInterval? = nil
  ) {
    guard !isWarmingUp else { return }
    let row = lastRow(Int(instrument.index))
    guard row >= 0 else { return }
    let forecast = StrategyForecast(
      time: now, instrument: instrument, row: row, score: present(score),
      probabilityUp: present(probabilityUp), expectedReturn: present(expectedReturn),
      deviation: present(deviation), interval: interval)
    precondition(
      forecast.probabilityUp.map { (0...1).contains($0) } ?? true,
      "a probability lies between 0 and 1")
    precondition(forecast.deviation.map { $0 > 0 } ?? true, "a deviation is above zero")
    guard forecast.signal != nil || forecast.deviation != nil || interval != nil else { return }
    if forecasts.isEmpty { forecasts.reserveCapacity(recordRoom) }
    forecasts.append(forecast)
  }

  private func present(_ value: Double?) -> Double? {
    guard let value, !value.isNaN else { return nil }
    precondition(value.isFinite, "a forecast is made of finite numbers")
    return value
  }
}

/// A remark of a strategy, with the time at which it was made.
public struct StrategyNote: Hashable, Sendable {
  /// When.
  public var time: Timestamp
  /// The text as the strategy wrote it.
  public var text: String

  /// A note from its parts.
  package init(time: Timestamp, text: String) {
    self.time = time
    self.text = text
  }
}

/// How often a policy was asked in a run and did not decide.
package struct DecisionTally: Hashable, Sendable {
  /// The name of the policy.
  package var policy: String
  /// How often it was asked.
  package var asked = 0
  /// How often it did not decide.
  package var refused = 0
  /// When it first did not decide; `nil` where it always did.
  package var firstTime: Timestamp?
  /// Why it first did not decide.
  package var firstReason = ""
  /// What became of positions then, in words.
  package var effect = ""

  /// Nothing was asked yet.
  package init(policy: String) { self.policy = policy }
}

extension TradingContext {
  /// Counts a decision of a policy.
  package mutating func countDecision(of policy: String) {
    tallies[placeOfTally(of: policy)].asked += 1
  }

  /// Counts a decision that a policy refused.
  package mutating func countRefusal(of policy: String, _ reason: String, effect: String) {
    let place = placeOfTally(of: policy)
    tallies[place].asked += 1
    tallies[place].refused += 1
    guard tallies[place].firstTime == nil else { return }
    tallies[place].firstTime = now
    tallies[place].firstReason = reason
    tallies[place].effect = effect
  }

  private mutating func placeOfTally(of policy: String) -> Int {
    // By index, because a closure over whole tallies would count the references of their texts.
    for place in tallies.indices where tallies[place].policy == policy { return place }
    tallies.append(DecisionTally(policy: policy))
    return tallies.count - 1
  }
}
