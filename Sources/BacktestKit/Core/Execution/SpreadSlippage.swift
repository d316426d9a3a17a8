internal import Glibc

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

/// Half of a bid-ask spread that is the same share of every price.
public struct RelativeSpreadSlippage: SlippageModel, Hashable {
  /// The whole spread in hundredths of a percent of the price.
  public var basisPoints: Double
  /// A model of a spread in basis points of the price.
  public init(basisPoints: Double) { self.basisPoints = basisPoints }
  /// `basisPoints / 2 / 10,000`.
  public func fraction(for trade: ProspectiveTrade) -> Double { basisPoints / 2 * 1e-4 }
  /// `spread-basis-points`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "spread-basis-points", values: ["spread-basis-points": basisPoints],
      sentence: "Half of a spread of \(NumberText.basisPoints(basisPoints)) of the price.",
      share: basisPoints / 2 / 1e4)
  }
}

/// A multiple of half the bid-ask spread that daily highs and lows tell.
///
/// The spread is the mean over the last 20 pairs of neighbouring bars, negative estimates counted
/// as 0, each pair moved together where the market gapped between its bars. It is known when the
/// order becomes live.
/// > S. A. Corwin, P. Schultz, "A Simple Way to Estimate Bid-Ask Spreads from Daily High and Low
/// > Prices", Journal of Finance 67(2), 2012.
public struct CorwinSchultzSlippage: SlippageModel, Hashable {
  /// The multiple of half the spread.
  public var multiple: Double
  /// A model of a multiple of half the estimated spread.
  public init(multiple: Double = 1) { self.multiple = multiple }
  /// `multiple x spread / 2`.
  public func fraction(for trade: ProspectiveTrade) -> Double { multiple * trade.spread / 2 }
  /// `highsAndLows`.
  public var spreadSource: SpreadSource? { .highsAndLows }
  /// `corwin-schultz`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "corwin-schultz", values: ["corwin-schultz": multiple],
      sentence:
        "\(NumberText.exact(multiple)) x half of the bid-ask spread estimated from the highs "
        + "and lows of 21 bars (Corwin and Schultz, 2012).")
  }

  /// The spread over the price that two neighbouring bars tell, not below 0.
  ///
  /// Where the second bar lies beyond the close of the first, it is moved by the gap.
  static func spread(
    high: Double, low: Double, close: Double, nextHigh: Double, nextLow: Double
  ) -> Double {
    let gap = close < nextLow ? nextLow - close : close > nextHigh ? nextHigh - close : 0
    let (secondHigh, secondLow) = (nextHigh - gap, nextLow - gap)
    func squaredRange(_ high: Double, _ low: Double) -> Double {
      let range = log(high / low)
      return range * range
    }
    let beta = squaredRange(high, low) + squaredRange(secondHigh, secondLow)
    let gamma = squaredRange(max(high, secondHigh), min(low, secondLow))
    let constant = 3 - 2 * 2.0.squareRoot()
    let alpha =
      ((2 * beta).squareRoot() - beta.squareRoot()) / constant - (gamma / constant).squareRoot()
    let growth = exp(alpha)
    let spread = 2 * (growth - 1) / (1 + growth)
    return spread < 0 ? 0 : spread
  }
}

/// A multiple of half the bid-ask spread that was quoted, in price units: the last value known when
/// the order became live of the reference series `SYMBOL.spread`.
///
///     let universe = try universe.with(references: [
///       ReferenceSeries(name: "AAA.spread", knownTimes: closes, values: spreads)
///     ])
///     rules.slippage = QuotedSpreadSlippage()
public struct QuotedSpreadSlippage: SlippageModel, Hashable {
  /// The multiple of half the spread.
  public var multiple: Double
  /// A model of a multiple of half the quoted spread.
  public init(multiple: Double = 1) { self.multiple = multiple }
  /// `multiple x spread / 2 / reference`.
  public func fraction(for trade: ProspectiveTrade) -> Double {
    multiple * trade.spread / 2 / trade.reference
  }
  /// `quotes`.
  public var spreadSource: SpreadSource? { .quotes }
  /// `quoted-spread`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "quoted-spread", values: ["quoted-spread": multiple],
      sentence:
        "\(NumberText.exact(multiple)) x half of the bid-ask spread quoted last before the order "
        + "became live.")
  }
}

/// A fraction of the range of the bar in which a trade happens.
public struct RangeFractionSlippage: SlippageModel, Hashable {
  /// The share of high less low.
  public var share: Double
  /// A model of a share of the bar's range.
  public init(share: Double) { self.share = share }
  /// `share x (high - low) / reference`.
  public func fraction(for trade: ProspectiveTrade) -> Double {
    share * (trade.bar.high - trade.bar.low) / trade.reference
  }
  /// `range-fraction`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "range-fraction", values: ["range-fraction": share],
      sentence: "\(NumberText.exact(share)) x (high - low) of the bar; both are known only at its "
        + "close.")
  }
}
