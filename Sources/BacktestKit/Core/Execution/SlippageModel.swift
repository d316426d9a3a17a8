/// A trade about to happen, as a slippage model sees it.
public struct ProspectiveTrade: Sendable {
  /// Units about to trade, positive.
  public var quantity: Double
  /// The price before slippage.
  public var reference: Double
  /// The bar in which it trades; its volume is known only at its close.
  public var bar: Bar
  /// Units that our orders already took from this bar, both sides.
  public var quantityTakenBefore: Double
  /// Units that the same order traded before, positive.
  public var quantityFilledBefore: Double
  /// The deviation (n - 1) of the last 20 close-to-close returns known when the order became live;
  /// NaN unless the model asks for history.
  public var returnDeviation: Double
  /// The mean volume of the last 20 bars known when the order became live; NaN unless the model
  /// asks for history.
  public var meanVolume: Double
  /// The bid-ask spread known when the order became live: over the price where the model asks for
  /// the estimate from highs and lows, in price units where it asks for quotes; NaN otherwise.
  public var spread: Double
  /// Bars in a session of the instrument's calendar: 1 for daily bars.
  public var barsPerSession: Double
}

/// How far a trade moves the price against the trader.
///
/// A model of your own is a struct with one method; ``CostModel`` shows how it describes itself.
///
///     struct OpenSpread: SlippageModel {
///       func fraction(for trade: ProspectiveTrade) -> Double { 0.0005 }
///     }
public protocol SlippageModel: CostModel {
  /// The fraction of the reference price by which the trade is worse than it, zero or positive.
  func fraction(for trade: ProspectiveTrade) -> Double
  /// Whether the model needs 20 returns and volumes; orders that become live with fewer are
  /// rejected.
  var needsHistory: Bool { get }
  /// Where the spread comes from that the model needs; orders that become live before it is known
  /// are rejected.
  var spreadSource: SpreadSource? { get }
  /// Whether the model reads volumes, which adjusted prices make questionable.
  var usesVolume: Bool { get }
}

/// Where a slippage model's bid-ask spread comes from.
public enum SpreadSource: Hashable, Sendable {
  /// Estimated from the highs and lows of the last 21 bars (Corwin and Schultz, 2012).
  case highsAndLows
  /// The last value that was known of the reference series `SYMBOL.spread`.
  case quotes
}

extension SlippageModel {
  /// `false` unless the model says otherwise.
  public var needsHistory: Bool { false }
  /// `nil` unless the model says otherwise.
  public var spreadSource: SpreadSource? { nil }
  /// `false` unless the model says otherwise.
  public var usesVolume: Bool { false }

  /// The fraction that the model is of every trade; NaN where it depends on the trade.
  var constantFraction: Double {
    switch self {
    case is NoSlippage: 0
    case let fixed as BasisPointSlippage: fixed.basisPoints * 1e-4
    case let spread as RelativeSpreadSlippage: spread.basisPoints / 2 * 1e-4
    default: .nan
    }
  }
}

/// Trades at the reference price.
package struct NoSlippage: SlippageModel, Hashable {
  /// The model.
  package init() {}
  /// Always 0.
  package func fraction(for trade: ProspectiveTrade) -> Double { 0 }
  /// `none`.
  package func description(in currency: String) -> CostDescription {
    CostDescription(model: "none", sentence: "None.", share: 0)
  }
}

/// A fixed share of the price.
public struct BasisPointSlippage: SlippageModel, Hashable {
  /// Hundredths of a percent.
  public var basisPoints: Double
  /// A model of so many basis points.
  public init(basisPoints: Double) { self.basisPoints = basisPoints }
  /// `basisPoints / 10,000`.
  public func fraction(for trade: ProspectiveTrade) -> Double { basisPoints * 1e-4 }
  /// `basis-points`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "basis-points", values: ["basis-points": basisPoints],
      sentence: "\(NumberText.basisPoints(basisPoints)) of the price, against the order.",
      share: basisPoints / 1e4)
  }
}
