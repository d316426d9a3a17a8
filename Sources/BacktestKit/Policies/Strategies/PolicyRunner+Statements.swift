import BacktestCore

// The short way of actions that do nothing but state weights, in an account that takes them at
// once: no intents and no requests.
extension PolicyRunner {
  /// Carries out an action: what `take` and `conclude` do in several steps.
  ///
  /// - Parameter action: one of the definition's.
  @inline(__always)
  mutating func state(_ action: UnsafeBufferPointer<Double>, in engine: inout Engine) {
    let isOneChoice = action.count == 1
    for asset in instruments.indices {
      guard let wanted = statedWeights?.weight(of: asset, by: action) else { return }
      var one = state.assets[asset]
      one.lastAction = action[isOneChoice ? 0 : asset]
      if !one.isCoolingDown(state.cooldown) {
        let weight = weight(toward: limits.clamped(wanted), from: one.targetWeight)
        one.setTarget(weight)
        engine.state(weight * share, of: instruments[asset])
      }
      state.assets[asset] = one
    }
  }

  /// Takes in a close of all assets in such an account: what `countCloses` and `refresh` do.
  @inline(__always)
  mutating func closeStated(_ engine: inout Engine, equity: Double) {
    state.equity = equity * share
    var invested = 0.0
    for asset in instruments.indices {
      let held = engine.holdingStated(of: instruments[asset])
      let weight = held.weight / share
      invested += weight
      var one = state.assets[asset]
      one.ageOneBar()
      one.hold(weight, ofEquity: state.equity, at: held.close, multiplier: multipliers[asset])
      state.assets[asset] = one
    }
    state.cash = state.equity * (1 - invested)
  }
}
