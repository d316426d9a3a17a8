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
  /// The deviation (n - 1) of the last 20 close-to-close returns known when the order became live;
  /// NaN unless the model asks for history.
  public var returnDeviation: Double
  /// The mean volume of the last 20 bars known when the order became live; NaN unless the model
  /// asks for history.
  public var meanVolume: Double
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
  /// Whether the model reads volumes, which adjusted prices make questionable.
  var usesVolume: Bool { get }
}

extension SlippageModel {
  /// `false` unless the model says otherwise.
  public var needsHistory: Bool { false }
  /// `false` unless the model says otherwise.
  public var usesVolume: Bool { false }
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

/// Half of a fixed bid-ask spread.
public struct HalfSpreadSlippage: SlippageModel, Hashable {
  /// The whole spread in price units.
  public var spread: Double
  /// A model of a spread in price units.
  public init(spread: Double) { self.spread = spread }
  /// `spread / 2 / reference`.
  public func fraction(for trade: ProspectiveTrade) -> Double { spread / 2 / trade.reference }
  /// `half-spread`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "half-spread", values: ["half-spread": spread],
      sentence: "Half of a spread of \(NumberText.exact(spread)) in price units.")
  }
}

/// Quadratic in the share of the bar's volume that all our orders have taken so far.
///
/// `k x share^2`, as in zipline's volume-share model (Quantopian, 2012).
public struct VolumeShareSlippage: SlippageModel, Hashable {
  /// The factor k.
  public var impact: Double
  /// A model with the factor k.
  public init(impact: Double = 0.1) { self.impact = impact }
  /// `impact x share^2`; 0 where the bar has no volume.
  public func fraction(for trade: ProspectiveTrade) -> Double {
    guard trade.bar.volume > 0 else { return 0 }
    let share = (trade.quantityTakenBefore + trade.quantity) / trade.bar.volume
    return impact * share * share
  }
  /// `true`.
  public var usesVolume: Bool { true }
  /// `volume-share`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "volume-share", values: ["volume-share": impact],
      sentence: "\(NumberText.exact(impact)) x (share of the bar's volume)² of the price; the "
        + "volume is known only at the bar's close.")
  }
}

/// The square-root law of market impact: `Y x sigma x sqrt(Q / V)`.
///
/// Sigma and V are known when the order becomes live.
/// > N. Torre, *BARRA Market Impact Model Handbook*, 1997.
public struct SquareRootSlippage: SlippageModel, Hashable {
  /// The factor Y, about 1.
  public var impact: Double
  /// A model with the factor Y.
  public init(impact: Double = 1) { self.impact = impact }
  /// `impact x returnDeviation x sqrt(quantity / meanVolume)`.
  public func fraction(for trade: ProspectiveTrade) -> Double {
    impact * trade.returnDeviation * (trade.quantity / trade.meanVolume).squareRoot()
  }
  /// `true`.
  public var needsHistory: Bool { true }
  /// `true`.
  public var usesVolume: Bool { true }
  /// `square-root`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "square-root", values: ["square-root": impact],
      sentence: "\(NumberText.exact(impact)) x standard deviation of 20 returns x "
        + "√(quantity / mean volume of 20 bars) of the price.")
  }
}

extension CostModelDefinition<any SlippageModel> {
  /// The models that studies can name under `slippage`.
  package static var slippage: [CostModelDefinition] {
    [
      CostModelDefinition("basis-points", "Basis points of the price.", example: "2") {
        BasisPointSlippage(basisPoints: $0[0])
      },
      CostModelDefinition(
        "half-spread", "A bid-ask spread in price units, of which half is paid.", example: "0.01"
      ) { HalfSpreadSlippage(spread: $0[0]) },
      CostModelDefinition(
        "volume-share",
        "This factor times the squared share of the bar's volume, as a fraction of the price.",
        example: "0.1"
      ) { VolumeShareSlippage(impact: $0[0]) },
      CostModelDefinition(
        "square-root",
        "This factor times the deviation of 20 returns times the square root of quantity over mean "
          + "volume, as a fraction of the price.", example: "1"
      ) { SquareRootSlippage(impact: $0[0]) },
    ]
  }
}
