/// What a trained policy wanted of an instrument at one decision, beside what was held then.
///
/// Decisions change nothing in the account: they are written down so that each can be held against
/// what the training library would have decided, also where it led to no order.
public struct DecisionRecord: Hashable, Sendable, BitwiseCopyable {
  /// When it was taken.
  public let time: Timestamp
  /// The instrument that it is about.
  public let instrument: InstrumentID
  // A row of 40 bytes, since a run has a million of them: cases are told by flags.
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
    /// A share of equity, as it stands after the decision; one that was stated before and holds on
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
