internal import Glibc

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

/// Permanent and temporary market impact as measured on orders in American shares.
///
/// With X units against a mean daily volume V, a daily deviation sigma, Theta units outstanding and
/// a trading time of T days, the price moves for good by `gamma x sigma x X/V x (Theta/V)^(1/4)`,
/// of which the order itself pays half, and the order pays `eta x sigma x (X/(V T))^(3/5)` beside
/// it. Earlier fills of the same order have moved the price for good already. History is not
/// changed by trades, so later orders do not pay for it.
///
/// Sigma and V are those of the last 20 bars known when the order becomes live, brought to a
/// session by the number of its bars.
/// > R. Almgren, C. Thum, E. Hauptmann, H. Li, "Direct Estimation of Equity Market Impact", Risk
/// > 18(7), 2005.
public struct AlmgrenSlippage: SlippageModel, Hashable {
  /// T: how long the order is worked, in sessions of volume.
  public var days: Double
  /// Theta: units outstanding.
  public var sharesOutstanding: Double
  /// gamma, the factor of the permanent impact.
  public var permanent: Double
  /// eta, the factor of the temporary impact.
  public var temporary: Double

  /// A model with the factors of the paper unless others are given.
  public init(
    days: Double, sharesOutstanding: Double, permanent: Double = 0.314, temporary: Double = 0.142
  ) {
    self.days = days
    self.sharesOutstanding = sharesOutstanding
    self.permanent = permanent
    self.temporary = temporary
  }

  /// Half of the permanent impact, that of earlier fills, and the temporary impact.
  public func fraction(for trade: ProspectiveTrade) -> Double {
    let deviation = trade.returnDeviation * trade.barsPerSession.squareRoot()
    let volume = trade.meanVolume * trade.barsPerSession
    let liquidity = (sharesOutstanding / volume).squareRoot().squareRoot()
    let moved = trade.quantityFilledBefore + trade.quantity / 2
    let lasting = permanent * deviation * (moved / volume) * liquidity
    return lasting + temporary * deviation * pow(trade.quantity / (volume * days), 0.6)
  }
  /// `true`.
  public var needsHistory: Bool { true }
  /// `true`.
  public var usesVolume: Bool { true }
  /// `almgren`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "almgren",
      values: [
        "almgren": days, "shares-outstanding": sharesOutstanding, "permanent": permanent,
        "temporary": temporary,
      ],
      sentence: "Permanent and temporary impact (Almgren et al., 2005): orders worked over "
        + "\(NumberText.exact(days)) of a session, \(NumberText.exact(sharesOutstanding)) units "
        + "outstanding, factors \(NumberText.exact(permanent)) and \(NumberText.exact(temporary)).")
  }
}
