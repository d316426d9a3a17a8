public import BacktestCore

// The account as a policy sees it
extension PolicyRunner {
  /// Updates the state from the account.
  mutating func refresh(from trading: TradingContext) {
    if followsTargets { return refresh(fromWeightsOf: trading) }
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
      state.barsSinceTrade[asset] = lastTradeRows[asset].map { row - $0 }
    }
    if let ownCash {
      state.cash = ownCash
    } else {
      state.cash = share == 1 ? trading.cash : equity - value
    }
    state.equity = state.cash + value
  }

  /// Updates the state from an account of weights.
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
    guard share != 1, !setsTargetWeights else { return }
    let value = instruments.reduce(0) { $0 + trading.position($1).value }
    ownCash = trading.equity * share - value
  }

  /// Takes in a fill, of one of its instruments or of another.
  mutating func book(_ fill: Fill) {
    guard let asset = instruments.firstIndex(of: fill.instrument) else { return }
    lastTradeRows[asset] = Int(fill.row)
    if let cash = ownCash {
      ownCash = cash - fill.quantity * fill.price * multipliers[asset] - fill.commission - fill.tax
    }
  }
}

/// An account whose positions are shares of equity.
protocol WeightSource {
  /// Its value in account currency.
  var equity: Double { get }
  /// The share of equity that an instrument has now.
  func weight(_ instrument: InstrumentID) -> Double
  /// The close of its last closed bar.
  func lastClose(_ instrument: InstrumentID) -> Double?
}

extension TradingContext: WeightSource {}

extension PolicyAccountState {
  /// Makes the open position and the last trade of an asset one bar older.
  mutating func ageOneBar(_ asset: Int) {
    entryAge[asset] += 1
    if let bars = barsSinceTrade[asset] { barsSinceTrade[asset] = bars + 1 }
  }

  /// Sets a target weight at the last close. In an account without trades, this alone says when and
  /// at what price a position was entered.
  mutating func setTarget(_ asset: Int, weight: Double) {
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
  /// The share of equity that an instrument has before a policy sets any: the target in an account
  /// of weights, else the value of the position that it took over.
  func heldWeight(_ instrument: InstrumentID) -> Double {
    account.followsTargets ? targetWeight(instrument) : weight(instrument)
  }

  /// The share of equity that an instrument has now, of an equity that is known already.
  func weight(_ instrument: InstrumentID, ofEquity equity: Double) -> Double {
    account.weight(of: Int(instrument.index), ofEquity: equity)
  }

  /// Records a policy's prediction of an instrument's next bar as a forecast, where it holds
  /// anything that can be judged.
  ///
  /// - Parameter predictsRises: whether its probability is that of a return above zero, as a
  ///   forecast defines it; with three classes or more, "up" begins at a higher threshold.
  mutating func record(
    _ prediction: PolicyPrediction, interval: ForecastInterval? = nil,
    of instrument: InstrumentID, predictsRises: Bool = true
  ) {
    var prediction = prediction
    if !predictsRises { prediction.probabilityUp = nil }
    guard prediction != PolicyPrediction() else { return }
    forecast(
      instrument, score: prediction.signal.finite,
      probabilityUp: prediction.probabilityUp.finite.map { min(max($0, 0), 1) },
      expectedReturn: prediction.expectedReturn.finite,
      deviation: prediction.deviation.finite.flatMap { $0 > 0 ? $0 : nil }, interval: interval)
  }
}

extension Double? {
  /// The number, where it is finite.
  fileprivate var finite: Double? { flatMap { $0.isFinite ? $0 : nil } }
}

/// Notices positions that grow far beyond their target weights.
///
/// This happens where the same target is set again and again and so nothing is traded: a short
/// position that loses grows.
struct WeightDriftMonitor: Sendable {
  /// The largest target of each instrument so far, a share of equity.
  private var largest: ContiguousArray<Double>
  private var hasNoted = false
  /// The multiple of the largest target that a position may be worth.
  private static let allowance = 1.5

  init(instrumentCount: Int) { largest = ContiguousArray(repeating: 0, count: instrumentCount) }

  /// Checks a position before a decision, and notes the first that has drifted too far.
  ///
  /// - Parameters:
  ///   - target: the last target, a share of equity.
  ///   - held: the share of equity that the position has.
  mutating func check(
    _ instrument: InstrumentID, target: Double, held: Double, _ trading: inout TradingContext
  ) {
    // An account of weights is brought to its targets at each close.
    guard !hasNoted, !trading.account.followsTargets else { return }
    let index = Int(instrument.index)
    largest[index] = max(largest[index], abs(target))
    guard largest[index] > 0, abs(held) > Self.allowance * largest[index] else { return }
    hasNoted = true
    let symbol = trading.universe.series[index].instrument.symbol
    trading.note(
      "the position in \(symbol) drifted to \(rounded(held)) of equity while its target was "
        + "\(rounded(target)); drift: rebalance trades it back (noted once)")
  }

  private func rounded(_ share: Double) -> Double { (share * 100).rounded() / 100 }
}
