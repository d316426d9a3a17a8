/// What a policy's state features are computed from: the account after a bar has closed and before
/// the policy decides.
///
///     var state = PolicyAccountState(assetCount: 1)
///     state.assets[0].targetWeight = 0.5
///     state.cash = 50_000
struct PolicyAccountState: Sendable, Equatable {
  /// What is known of each of the policy's assets, in the policy's order.
  var assets: ContiguousArray<Asset>
  /// Cash in account currency.
  var cash = 0.0
  /// Cash and positions at their last closes, in account currency.
  var equity = 0.0
  /// Bars after a trade during which the trainer's environment did not trade.
  var cooldown = 0

  /// An account that holds nothing and has done nothing.
  ///
  /// - Parameter assetCount: the number of the policy's assets.
  init(assetCount: Int) { assets = ContiguousArray(repeating: Asset(), count: assetCount) }

  /// The number of the policy's assets.
  var assetCount: Int { assets.count }

  /// What is known of one asset.
  struct Asset: Sendable, Equatable, BitwiseCopyable {
    /// The policy's last target weight; before its first decision, what the account held then.
    var targetWeight = 0.0
    /// The share of equity that the position has now, negative for short.
    var realWeight = 0.0
    /// Units held, negative for short.
    var shares = 0.0
    /// The mean entry price of the open position; not used when flat, and 0 before the first
    /// decision in an account of weights, where initial weights have earned nothing yet.
    var averageCost = 0.0
    /// The last close.
    var lastClose = 0.0
    /// Bars since the open position was entered; not used when flat.
    var entryAge = 0
    /// Bars since the last trade; `nil` before the first.
    var barsSinceTrade: Int?
    /// The last action: the number of a discrete action, or a box's value; 0 at the start.
    var lastAction = 0.0
  }
}

extension StateFeature.Kind {
  /// The value for one of the policy's assets.
  func value(_ state: borrowing PolicyAccountState, asset: Int) -> Double {
    value(state.assets[asset], cash: state.cash, cooldown: state.cooldown)
  }

  /// The value for an asset.
  @inline(__always)
  func value(_ one: PolicyAccountState.Asset, cash: Double, cooldown: Int) -> Double {
    switch self {
    case .positionWeight, .assetWeight: Double(Float(one.targetWeight))
    case .realPosition: one.realWeight
    case .cash: cash
    case .shares: one.shares
    case .unrealizedReturn: one.unrealizedReturn
    case .positionCode: one.shares == 0 ? 0.5 : one.shares > 0 ? 1 : 0
    case .tradeDuration: one.shares == 0 ? 0 : Double(one.entryAge)
    case .lastAction: one.lastAction
    case .cooldown: one.barsSinceTrade.map { Double(max(0, cooldown - $0)) } ?? 0
    }
  }
}

extension PolicyAccountState.Asset {
  /// The open position's return on its average cost, signed by its side; 0 when flat.
  fileprivate var unrealizedReturn: Double {
    guard shares != 0, averageCost != 0 else { return 0 }
    let change = lastClose / averageCost - 1
    return shares > 0 ? change : -change
  }
}

/// The account features of the past rows of a window.
struct StateHistory: Sendable {
  /// A feature that is kept, and its asset.
  struct Column: Sendable, BitwiseCopyable {
    var kind: StateFeature.Kind
    var asset: Int
  }

  private let columns: ContiguousArray<Column>
  private let mask: Int
  private var values: ContiguousArray<Double>
  private var rowCount = 0

  /// A history of `depth` rows, zero at first. With one row nothing is kept.
  init(columns: ContiguousArray<Column>, depth: Int) {
    var size = 1
    while size < depth { size *= 2 }
    mask = size - 1
    self.columns = depth > 1 ? columns : []
    values = ContiguousArray(repeating: 0, count: size * self.columns.count)
  }

  /// Appends the current row.
  mutating func append(_ state: PolicyAccountState) {
    let base = (rowCount & mask) &* columns.count
    for index in columns.indices {
      values[base &+ index] = columns[index].kind.value(state, asset: columns[index].asset)
    }
    rowCount &+= 1
  }

  /// The value of a column `age` rows before the newest; zero before the first row.
  func value(_ column: Int, age: Int) -> Double {
    values[((rowCount &- 1 &- age) & mask) &* columns.count &+ column]
  }
}
