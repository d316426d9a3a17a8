public import BacktestKit

/// Divides equity among all instruments by an allocation over a window of past returns, anew at the
/// first close of each calendar month.
///
/// An instrument takes part once it has enough bars. Where an allocation cannot be computed, what
/// is held stays, and a note in the result says why.
public struct PortfolioAllocation: Strategy {
  /// The rule by which equity is divided.
  public let allocation: Allocation
  /// Returns in the window.
  public let lookback: Int
  /// The share of equity invested.
  public let weight: Double
  private var schedule = MonthlySchedule()

  /// An allocation over the last `lookback` returns.
  ///
  /// - Precondition: there are at least two returns.
  public init(_ allocation: Allocation, lookback: Int = 252, weight: Double = 1) {
    precondition(lookback >= 2)
    self.allocation = allocation
    self.lookback = lookback
    self.weight = weight
  }

  /// `lookback`.
  public var warmup: Int { lookback }

  /// Trades to the weights of the allocation once a month, drift included.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard !trading.isWarmingUp, schedule.isFirstOfMonth(trading.sessionDate) else { return }
    let known = bars.map(\.instrument).filter {
      trading.returns(of: [$0], count: lookback) != nil
    }
    guard let window = trading.returns(of: known, count: lookback) else { return }
    let held = known.map { trading.weight($0) / weight }
    do {
      let holdsNothing = held.allSatisfy { $0 == 0 }
      let weights = try allocation.weights(for: window, from: holdsNothing ? nil : held)
      for (instrument, share) in zip(known, weights) {
        trading.rebalance(instrument, weight: weight * share)
      }
    } catch AllocationError.noPositiveReturn {
      for instrument in known { trading.rebalance(instrument, weight: 0) }
      trading.note("Nothing is held: no weights have a positive mean excess return.")
    } catch {
      trading.note("The weights stay as they are: \(error).")
    }
  }

  /// `portfolio-allocation`.
  public static let definition = StrategyDefinition(
    name: "portfolio-allocation",
    summary: "Divides equity by risk parity, minimum variance or another allocation each month.",
    parameters: [
      .choice(
        "method", default: "risk-parity", of: Allocation.Method.allCases.map(\.rawValue),
        "The rule by which equity is divided."),
      .choice(
        "covariance", default: "ledoit-wolf", of: ["sample", "ewma", "ledoit-wolf"],
        "How covariances are estimated; ewma has a decay of 0.94 and a seed of 20 returns."),
      .integer("lookback", default: 252, in: 2...5_000, "Returns in the window."),
      .number("smallest", default: 0, in: -10...1, "The smallest weight of an instrument."),
      .number("largest", default: 1, in: 0...10, "The largest weight of an instrument."),
      .number(
        "turnover", default: 2, in: 0...20,
        "The most that weights may change a month, as the sum of absolute changes; 2 replaces a "
          + "long-only portfolio whole."),
      .number("weight", default: 1, in: 0.01...10, "Share of equity invested."),
    ],
    constraint: { parameters in
      if parameters.number("smallest") > parameters.number("largest") {
        return "smallest must not exceed largest"
      }
      let isShort = parameters.choice("covariance") == "ewma" && parameters.integer("lookback") < 20
      return isShort ? "ewma needs a lookback of at least 20" : nil
    },
    make: { parameters, universe in
      let bounds = parameters.number("smallest")...parameters.number("largest")
      let count = Double(universe.count)
      guard bounds.lowerBound * count <= 1, bounds.upperBound * count >= 1 else {
        throw StrategyError(
          "\(universe.count) instruments cannot have weights from \(bounds.lowerBound) to "
            + "\(bounds.upperBound) that sum to 1; change smallest or largest")
      }
      let covariance: CovarianceEstimate =
        switch parameters.choice("covariance") {
        case "sample": .sample
        case "ewma": .exponentiallyWeighted()
        default: .ledoitWolf(.identity)
        }
      let method = Allocation.Method(rawValue: parameters.choice("method")) ?? .riskParity
      return PortfolioAllocation(
        Allocation(
          method, covariance: covariance, bounds: .all(bounds),
          maximumTurnover: parameters.number("turnover")),
        lookback: parameters.integer("lookback"), weight: parameters.number("weight"))
    })
}
