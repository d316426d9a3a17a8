/// What a policy's state features are computed from: the account after a bar has closed and before
/// the policy decides.
///
/// Every array has one entry for each of the policy's assets, in the policy's order.
///
///     var state = PolicyAccountState(assetCount: 1)
///     state.targetWeight[0] = 0.5
///     state.cash = 50_000
struct PolicyAccountState: Sendable, Equatable {
  /// The policy's last target weights; before its first decision, what the account held then.
  var targetWeight: ContiguousArray<Double>
  /// The shares of equity that the positions have now, negative for short.
  var realWeight: ContiguousArray<Double>
  /// Units held, negative for short.
  var shares: ContiguousArray<Double>
  /// The mean entry prices of the open positions; not used when flat.
  var averageCost: ContiguousArray<Double>
  /// The last closes.
  var lastClose: ContiguousArray<Double>
  /// Bars since the open positions were entered; not used when flat.
  var entryAge: ContiguousArray<Int>
  /// Bars since the last trades; `nil` before the first.
  var barsSinceTrade: ContiguousArray<Int?>
  /// The last actions: the number of a discrete action, or a box's value; 0 at the start.
  var lastAction: ContiguousArray<Double>
  /// Cash in account currency.
  var cash = 0.0
  /// Cash and positions at their last closes, in account currency.
  var equity = 0.0
  /// Bars after a trade during which the trainer's environment did not trade.
  var cooldown = 0

  /// An account that holds nothing and has done nothing.
  ///
  /// - Parameter assetCount: the number of the policy's assets.
  init(assetCount: Int) {
    targetWeight = ContiguousArray(repeating: 0, count: assetCount)
    realWeight = targetWeight
    shares = targetWeight
    averageCost = targetWeight
    lastClose = targetWeight
    lastAction = targetWeight
    entryAge = ContiguousArray(repeating: 0, count: assetCount)
    barsSinceTrade = ContiguousArray(repeating: nil, count: assetCount)
  }

  /// The number of the policy's assets.
  var assetCount: Int { targetWeight.count }
}

extension StateFeature.Kind {
  /// The value for one of the policy's assets.
  func value(_ state: borrowing PolicyAccountState, asset: Int) -> Double {
    switch self {
    case .positionWeight, .assetWeight: Double(Float(state.targetWeight[asset]))
    case .realPosition: state.realWeight[asset]
    case .cash: state.cash
    case .shares: state.shares[asset]
    case .unrealizedReturn: state.unrealizedReturn(asset)
    case .positionCode: state.shares[asset] == 0 ? 0.5 : state.shares[asset] > 0 ? 1 : 0
    case .tradeDuration: state.shares[asset] == 0 ? 0 : Double(state.entryAge[asset])
    case .lastAction: state.lastAction[asset]
    case .cooldown: state.barsSinceTrade[asset].map { Double(max(0, state.cooldown - $0)) } ?? 0
    }
  }
}

extension PolicyAccountState {
  /// The open position's return on its average cost, signed by its side; 0 when flat.
  fileprivate func unrealizedReturn(_ asset: Int) -> Double {
    guard shares[asset] != 0 else { return 0 }
    let change = lastClose[asset] / averageCost[asset] - 1
    return shares[asset] > 0 ? change : -change
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
