/// What a walk-forward does: its windows, what it maximises, how it searches, and how folds are
/// joined.
///
///     var plan = WalkForwardPlan(train: .years(3), test: .months(6))
///     plan.objective = "calmar"
///     plan.search = .random(count: 200)
public struct WalkForwardPlan: Hashable, Sendable {
  /// The windows on the evaluation axis.
  public var windows: WalkForwardWindows
  /// The bar of the feed, from 0, with which the evaluation axis begins; `nil` is the first whose
  /// return every candidate can earn: the longest warm-up of all candidates plus 1.
  public var skip: Int?
  /// The name of the metric by which parameters are chosen.
  public var objective = "sharpe"
  /// Which candidates each fold tries.
  public var search = Search.grid
  /// The seed of random search.
  public var seed: UInt64 = 0
  /// With what a fold begins.
  public var carry = Carry.equity
  /// What happens to positions at the end of a fold.
  public var boundary = Boundary.mark

  /// A plan with windows of two lengths, rolling, everything else by default.
  public init(train: WalkForwardLength, test: WalkForwardLength) {
    windows = WalkForwardWindows(train: train, test: test)
  }

  /// Which candidates a fold tries.
  public enum Search: Hashable, Sendable {
    /// All of them.
    case grid
    /// So many, drawn for each fold without replacement in the order of the random stream
    /// `search/<fold>`; all of them when there are no more.
    case random(count: Int)
  }

  /// With what a fold begins.
  public enum Carry: String, Hashable, Sendable, CaseIterable {
    /// With the equity that the folds before it left.
    case equity
    /// With the initial cash; the folds' returns are chained.
    case returns
  }

  /// What happens to positions at the end of a fold.
  public enum Boundary: String, Hashable, Sendable, CaseIterable {
    /// They are valued at the mark, and the next fold starts flat with that money.
    case mark
    /// They are closed at the fold's last close, with costs.
    case liquidate
    /// They go over into the next fold, whose strategy starts afresh.
    case carry
  }
}
