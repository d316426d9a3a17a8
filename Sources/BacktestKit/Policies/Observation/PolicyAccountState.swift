/// What a policy's state features are computed from: the account as it stands when a bar has closed
/// and before the policy decides on it.
///
/// Every array has one entry for each of the policy's assets, in the policy's order.
///
///     var state = PolicyAccountState(assetCount: 1)
///     state.targetWeight[0] = 0.5
///     state.cash = 50_000
public struct PolicyAccountState: Sendable, Equatable {
  /// The weights that the policy stated last; 0 before its first decision.
  public var targetWeight: ContiguousArray<Double>
  /// The shares of equity that the positions are worth now, negative for short.
  public var realWeight: ContiguousArray<Double>
  /// Units held, negative for short.
  public var shares: ContiguousArray<Double>
  /// The mean prices at which the open positions were entered; of no meaning when flat.
  public var averageCost: ContiguousArray<Double>
  /// The last closes.
  public var lastClose: ContiguousArray<Double>
  /// Bars since the open positions were entered; of no meaning when flat.
  public var entryAge: ContiguousArray<Int>
  /// Bars since the last trades; `Int.max` before the first.
  public var barsSinceTrade: ContiguousArray<Int>
  /// The last actions: the number of a discrete action, or a box's value; 0 at the start.
  public var lastAction: ContiguousArray<Double>
  /// Cash in account currency.
  public var cash = 0.0
  /// Cash and positions at their last closes, in account currency.
  public var equity = 0.0
  /// Bars after a trade during which the trainer's environment traded no more.
  public var cooldown = 0

  /// An account that holds nothing and has done nothing.
  ///
  /// - Parameter assetCount: the number of the policy's assets.
  public init(assetCount: Int) {
    targetWeight = ContiguousArray(repeating: 0, count: assetCount)
    realWeight = targetWeight
    shares = targetWeight
    averageCost = targetWeight
    lastClose = targetWeight
    lastAction = targetWeight
    entryAge = ContiguousArray(repeating: 0, count: assetCount)
    barsSinceTrade = ContiguousArray(repeating: .max, count: assetCount)
  }

  /// The number of the policy's assets.
  public var assetCount: Int { targetWeight.count }
}
