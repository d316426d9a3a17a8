public import BacktestCore

extension PolicySeat {
  /// Makes the state that of the account.
  mutating func refresh(from trading: TradingContext) {
    if followsStatements { return refresh(fromWeightsOf: trading) }
    let equity = trading.equity * share
    var value = 0.0
    for asset in instruments.indices {
      let instrument = instruments[asset]
      let position = trading.position(instrument)
      let row = trading.lastRow(Int(instrument.index))
      let worth = position.value
      value += worth
      state.shares[asset] = position.quantity
      state.averageCost[asset] = position.averagePrice
      state.realWeight[asset] = worth == 0 || equity == 0 ? 0 : worth / equity
      state.lastClose[asset] = trading.lastClose(instrument) ?? 0
      state.entryAge[asset] = position.isFlat ? 0 : row - Int(position.entryRow)
      state.barsSinceTrade[asset] =
        lastTradeRows[asset] < 0 ? .max : row - lastTradeRows[asset]
    }
    if let ownCash {
      state.cash = ownCash
    } else {
      state.cash = share == 1 ? trading.cash : equity - value
    }
    state.equity = state.cash + value
  }

  /// Makes the state that of an account of weights.
  mutating func refresh(fromWeightsOf source: some WeightSource) {
    state.equity = source.equity * share
    var invested = 0.0
    for asset in instruments.indices {
      let price = source.lastClose(instruments[asset]) ?? 0
      let weight = source.weight(instruments[asset]) / share
      invested += weight
      state.lastClose[asset] = price
      state.realWeight[asset] = weight
      state.shares[asset] = price == 0 ? 0 : weight * state.equity / (price * multipliers[asset])
    }
    state.cash = state.equity * (1 - invested)
  }

  /// Takes over what the account holds before the first decision.
  mutating func begin(_ trading: TradingContext) {
    for asset in instruments.indices {
      state.targetWeight[asset] = trading.heldWeight(instruments[asset]) / share
    }
    guard share != 1, !statesWeights else { return }
    let value = instruments.reduce(0) { $0 + trading.position($1).value }
    ownCash = trading.equity * share - value
  }

  /// Books a fill of one of its instruments.
  mutating func book(_ fill: Fill) {
    guard let asset = instruments.firstIndex(of: fill.instrument) else { return }
    lastTradeRows[asset] = Int(fill.row)
    if let cash = ownCash {
      ownCash = cash - fill.quantity * fill.price * multipliers[asset] - fill.commission
    }
  }
}

/// An account whose positions are shares of equity.
protocol WeightSource {
  /// What it is worth, in account currency.
  var equity: Double { get }
  /// The share of equity that an instrument has now.
  func weight(_ instrument: InstrumentID) -> Double
  /// The close of its last closed bar.
  func lastClose(_ instrument: InstrumentID) -> Double?
}

extension TradingContext: WeightSource {}

extension PolicyAccountState {
  /// Lets a bar of an asset go by.
  mutating func ageOneBar(_ asset: Int) {
    entryAge[asset] += 1
    if barsSinceTrade[asset] != .max { barsSinceTrade[asset] += 1 }
  }

  /// Writes down that a weight was stated at the last close, where nothing else says when and at
  /// what price a position was entered.
  mutating func state(_ asset: Int, weight: Double) {
    let held = realWeight[asset]
    let close = lastClose[asset]
    if weight == 0 || held * weight <= 0 {
      averageCost[asset] = close
      entryAge[asset] = 0
    } else if abs(weight) > abs(held) {
      averageCost[asset] += (close - averageCost[asset]) * (1 - held / weight)
    }
    if weight != targetWeight[asset] { barsSinceTrade[asset] = 0 }
    targetWeight[asset] = weight
  }
}
