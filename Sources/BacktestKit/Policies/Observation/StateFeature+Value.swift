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
    case .cooldown: Double(max(0, state.cooldown - max(0, state.barsSinceTrade[asset])))
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
