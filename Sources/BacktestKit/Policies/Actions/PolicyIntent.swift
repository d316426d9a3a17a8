/// What an action wants of one asset, before limits of the account and rules of execution.
public struct PolicyIntent: Hashable, Sendable, BitwiseCopyable {
  /// The position of the asset among those of the policy.
  public var asset: Int
  /// What is wanted of it.
  public var kind: Kind

  /// What can be wanted.
  public enum Kind: Hashable, Sendable, BitwiseCopyable {
    /// The position shall be worth a share of equity; drift is left alone.
    case target(Double)
    /// The position shall be brought to a share of equity now, and be left alone afterwards.
    case rebalance(Double)
    /// So many units are bought, or sold where negative.
    case trade(Double)
  }

  /// An intent from its parts.
  public init(asset: Int, _ kind: Kind) {
    self.asset = asset
    self.kind = kind
  }
}

/// Between which shares of equity a policy may put an asset.
public struct WeightLimits: Hashable, Sendable, BitwiseCopyable {
  /// The lowest share; 0 forbids short positions.
  public var lowest: Double
  /// The highest share.
  public var highest: Double

  /// Any share.
  public static let none = WeightLimits(lowest: -.infinity, highest: .infinity)

  /// Limits from their parts.
  ///
  /// - Precondition: `lowest <= 0 <= highest`.
  public init(lowest: Double, highest: Double) {
    precondition(lowest <= 0 && highest >= 0, "being flat is always allowed")
    self.lowest = lowest
    self.highest = highest
  }

  /// The nearest share within the limits.
  public func clamped(_ weight: Double) -> Double { min(max(weight, lowest), highest) }
  /// Whether positions may go below zero.
  public var allowsShorts: Bool { lowest < 0 }
}
