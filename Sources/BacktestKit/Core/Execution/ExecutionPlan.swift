/// The rules of a run as the hot path reads them: plain values behind one reference, so that none
/// of the models is copied, and the usual models of costs as the numbers that they are.
final class ExecutionPlan: Sendable {
  let marketFill: MarketFill
  let limitFill: LimitFill
  let improvesOnGaps: Bool
  let intrabarPath: IntrabarPath
  let participation: Double?
  let latency: TimeSpan
  let sizing: TargetSizing
  let shortfall: ShortfallRule
  /// Whether anybody asks what has been traded in a bar before.
  let countsVolume: Bool
  /// Whether the slippage model asks for what is known when an order becomes live.
  let needsHistory: Bool
  /// The models, and the one number that each of the usual ones comes to; NaN for the others.
  private let slippage: any SlippageModel
  private let slippageFraction: Double
  private let commission: any CommissionModel
  private let commissionShare: Double

  init(_ rules: ExecutionRules) {
    marketFill = rules.marketFill
    limitFill = rules.limitFill
    improvesOnGaps = rules.improvesOnGaps
    intrabarPath = rules.intrabarPath
    participation = rules.participation
    latency = rules.latency
    sizing = rules.sizing
    shortfall = rules.shortfall
    needsHistory = rules.slippage.needsHistory
    slippage = rules.slippage
    commission = rules.commission
    slippageFraction =
      switch rules.slippage {
      case is NoSlippage: 0
      case let fixed as BasisPointSlippage: fixed.basisPoints * 1e-4
      default: .nan
      }
    countsVolume = rules.participation != nil || slippageFraction.isNaN
    let share = rules.commission as? BasisPointCommission
    commissionShare = share.map { $0.basisPoints * 1e-4 } ?? .nan
  }

  /// The fraction of the reference price by which a trade is worse than it.
  @inline(__always)
  func slippage(for trade: @autoclosure () -> ProspectiveTrade) -> Double {
    slippageFraction.isNaN ? slippage.fraction(for: trade()) : slippageFraction
  }

  /// The commission on all that an order has traded so far.
  @inline(__always)
  func commission(on progress: OrderProgress) -> Double {
    commissionShare.isNaN
      ? commission.total(for: progress) : progress.notional * commissionShare
  }
}
