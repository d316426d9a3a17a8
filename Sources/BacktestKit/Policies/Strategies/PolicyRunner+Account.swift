public import BacktestCore

// The account as a policy sees it
extension PolicyRunner {
  /// Updates the state from the account.
  ///
  /// The account is passed in place: a large value that is only read would be copied at a call.
  mutating func refresh(from trading: inout TradingContext) {
    if followsTargets { return refresh(fromWeightsOf: &trading) }
    let equity = trading.equity * share
    var value = 0.0
    for asset in instruments.indices {
      let instrument = instruments[asset]
      let position = trading.position(instrument)
      let row = trading.lastRow(Int(instrument.index))
      let worth = position.value
      value += worth
      var one = state.assets[asset]
      one.shares = position.quantity
      one.averageCost = position.averagePrice
      one.realWeight = worth == 0 || equity == 0 ? 0 : worth / equity
      one.lastClose = trading.lastClose(instrument) ?? 0
      one.entryAge = position.isFlat ? 0 : row - Int(position.entryRow)
      one.barsSinceTrade = lastTradeRows[asset].map { row - $0 }
      state.assets[asset] = one
    }
    if let ownCash {
      state.cash = ownCash
    } else {
      state.cash = share == 1 ? trading.cash : equity - value
    }
    state.equity = state.cash + value
  }

  /// Updates the state from an account of weights.
  mutating func refresh(fromWeightsOf source: inout some WeightSource) {
    state.equity = source.equity * share
    var invested = 0.0
    for asset in instruments.indices {
      let weight = source.weight(instruments[asset]) / share
      invested += weight
      state.assets[asset].hold(
        weight, ofEquity: state.equity, at: source.lastClose(instruments[asset]) ?? 0,
        multiplier: multipliers[asset])
    }
    state.cash = state.equity * (1 - invested)
  }

  /// Takes over what the account holds before the first decision.
  ///
  /// - Parameter bars: those that close now, before they are counted.
  mutating func begin(_ trading: TradingContext, at bars: BarSlice) {
    for asset in instruments.indices {
      state.assets[asset].targetWeight = trading.heldWeight(instruments[asset]) / share
      guard followsTargets else { continue }
      // Initial weights begin to earn at this close.
      state.assets[asset].averageCost = trading.lastClose(instruments[asset]) ?? 0
      state.assets[asset].entryAge = bars[instruments[asset]] == nil ? 0 : -1
    }
    guard share != 1, !setsTargetWeights else { return }
    let value = instruments.reduce(0) { $0 + trading.position($1).value }
    ownCash = trading.equity * share - value
  }

  /// The target that takes the place of the last one: one that hardly differs keeps it.
  @inline(__always)
  static func weight(toward wanted: Double, from last: Double, threshold: Double) -> Double {
    abs(wanted - last) < threshold ? last : wanted
  }

  /// Whether an asset may not be traded yet after its last trade, as in the trainer's environment.
  func isCoolingDown(_ asset: Int) -> Bool {
    state.assets[asset].isCoolingDown(state.cooldown)
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

extension PolicyAccountState.Asset {
  /// Takes in what is held of it in an account of weights.
  @inline(__always)
  mutating func hold(
    _ weight: Double, ofEquity equity: Double, at price: Double, multiplier: Double
  ) {
    lastClose = price
    realWeight = weight
    shares = price == 0 ? 0 : weight * equity / (price * multiplier)
  }

  /// Makes the open position and the last trade one bar older.
  mutating func ageOneBar() {
    entryAge += 1
    if let bars = barsSinceTrade { barsSinceTrade = bars + 1 }
  }

  /// Sets a target weight at the last close. In an account without trades, this alone says when and
  /// at what price a position was entered.
  mutating func setTarget(_ weight: Double) {
    let (held, close) = (realWeight, lastClose)
    // Selected and not branched to, since actions are hard to foresee.
    let isNew = weight == 0 || held * weight <= 0
    let grown = averageCost + (close - averageCost) * (1 - held / weight)
    let kept = abs(weight) > abs(held) ? grown : averageCost
    averageCost = isNew ? close : kept
    entryAge = isNew ? 0 : entryAge
    barsSinceTrade = weight != targetWeight ? 0 : barsSinceTrade
    targetWeight = weight
  }

  /// Whether it may not be traded yet after its last trade, as in the trainer's environment.
  func isCoolingDown(_ cooldown: Int) -> Bool { barsSinceTrade.map { $0 < cooldown } ?? false }
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
    guard !hasNoted else { return }
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
