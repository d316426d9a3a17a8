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

extension TradingContext {
  /// The share of equity that an account holds before a policy states any: what it was told in an
  /// account of weights, else what the positions are worth that it took over.
  func heldWeight(_ instrument: InstrumentID) -> Double {
    account.holdsWeights ? targetWeight(instrument) : weight(instrument)
  }

  /// The share of equity that an instrument has now, of an equity that is known already.
  func weight(_ instrument: InstrumentID, ofEquity equity: Double) -> Double {
    if account.holdsWeights { return weight(instrument) }
    let value = position(instrument).value
    return value == 0 || equity == 0 ? 0 : value / equity
  }

  /// Writes down what a policy expects of an instrument's next bar; nothing where it tells nothing
  /// that can be judged.
  ///
  /// - Parameter tellsRises: whether its probability is that of a return above zero, as a forecast
  ///   has it; the class "up" of three or more begins at a threshold of its own.
  mutating func record(
    _ prediction: PolicyPrediction, of instrument: InstrumentID, tellsRises: Bool = true
  ) {
    var prediction = prediction
    if !tellsRises { prediction.probabilityUp = nil }
    guard prediction != PolicyPrediction() else { return }
    forecast(
      instrument, score: prediction.signal.finite,
      probabilityUp: prediction.probabilityUp.finite.map { min(max($0, 0), 1) },
      expectedReturn: prediction.expectedReturn.finite,
      deviation: prediction.deviation.finite.flatMap { $0 > 0 ? $0 : nil })
  }
}

extension Double? {
  /// The number, where it is one.
  fileprivate var finite: Double? { flatMap { $0.isFinite ? $0 : nil } }
}

/// Sees where positions run away from the weights that were stated, which happens where the same
/// weight is stated again and again and so nothing is traded: a short position that loses grows.
struct DriftWatch: Sendable {
  /// The largest share of equity that was stated of each instrument.
  private var largest: ContiguousArray<Double>
  private var hasNoted = false
  /// How many times the largest stated share a position may be worth.
  private static let allowance = 1.5

  init(instrumentCount: Int) { largest = ContiguousArray(repeating: 0, count: instrumentCount) }

  /// Looks at a position before a decision, and leaves one note in the first run-away case.
  ///
  /// - Parameters:
  ///   - stated: the share of equity that was stated last.
  ///   - held: that which the position has.
  mutating func look(
    _ instrument: InstrumentID, stated: Double, held: Double, _ trading: inout TradingContext
  ) {
    // An account of weights is brought to what was stated at each close.
    guard !hasNoted, !trading.account.holdsWeights else { return }
    let index = Int(instrument.index)
    largest[index] = max(largest[index], abs(stated))
    guard largest[index] > 0, abs(held) > Self.allowance * largest[index] else { return }
    hasNoted = true
    let symbol = trading.universe.series[index].instrument.symbol
    trading.note(
      "the position in \(symbol) drifted to \(rounded(held)) of equity while \(rounded(stated)) "
        + "was stated; drift: rebalance trades it back (noted once)")
  }

  private func rounded(_ share: Double) -> Double { (share * 100).rounded() / 100 }
}
