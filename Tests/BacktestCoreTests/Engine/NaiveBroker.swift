@testable import BacktestCore

/// The slowest obvious broker for one series in a market that never closes: no participation, no
/// latency, no groups, orders good until they fill, always enough money.
///
/// It walks each bar's path in small legs, written straight from the rules.
struct NaiveBroker {
  var path: ExecutionRules.IntrabarPath
  var marketFill: ExecutionRules.MarketFill
  var improvesOnGaps: Bool
  var waiting: [Order] = []
  var fills: [(order: Int, row: Int, quantity: Double, price: Double, isOpen: Bool)] = []

  /// Plays one bar against the orders that were live before it opened.
  mutating func play(_ bar: Bar, row: Int) {
    if bar.volume == 0 { return }
    var still: [Order] = []
    for order in waiting {
      if let price = priceAtOpen(order, bar) {
        fills.append((Int(order.id.number), row, order.quantity, price, true))
      } else {
        still.append(order)
      }
    }
    var reached: [Order] = []
    for turn in turns(bar) {
      for order in still where turn.takes(order) && !reached.contains(order) {
        reached.append(order)
      }
      let onTurn = reached.filter { turn.takes($0) && !isRecorded($0) }
      for order in onTurn.sorted(by: { turn.distance($0) < turn.distance($1) }) {
        fills.append(
          (Int(order.id.number), row, order.quantity, order.kind.price ?? bar.close, false))
      }
    }
    waiting = still.filter { !reached.contains($0) }
  }

  private func isRecorded(_ order: Order) -> Bool {
    fills.contains { $0.order == Int(order.id.number) }
  }

  private func priceAtOpen(_ order: Order, _ bar: Bar) -> Double? {
    let isBuy = order.quantity > 0
    switch order.kind {
    case .market: return marketFill == .nextClose ? nil : bar.open
    case .limit(let price):
      guard isBuy ? bar.open <= price : bar.open >= price else { return nil }
      return improvesOnGaps ? bar.open : price
    case .stop(let price): return (isBuy ? bar.open >= price : bar.open <= price) ? bar.open : nil
    }
  }

  /// One stretch of the path: which orders it can fill, and how far from the open.
  private struct Turn {
    var takes: (Order) -> Bool
    var distance: (Order) -> Double
  }

  private func turns(_ bar: Bar) -> [Turn] {
    let distance: (Order) -> Double = { abs(($0.kind.price ?? bar.close) - bar.open) }
    func isReached(_ order: Order, up: Bool) -> Bool {
      let isBuy = order.quantity > 0
      switch order.kind {
      case .market: return false
      case .limit(let price): return isBuy ? !up && bar.low <= price : up && bar.high >= price
      case .stop(let price): return isBuy ? up && bar.high >= price : !up && bar.low <= price
      }
    }
    let rise = Turn(takes: { isReached($0, up: true) }, distance: distance)
    let fall = Turn(takes: { isReached($0, up: false) }, distance: distance)
    let isStop: (Order) -> Bool = { if case .stop = $0.kind { true } else { false } }
    let both: (Order) -> Bool = { rise.takes($0) || fall.takes($0) }
    let close = Turn(
      takes: { $0.kind == .market && marketFill == .nextClose }, distance: { _ in 0 })
    switch path {
    case .pessimistic:
      return [
        Turn(takes: { isStop($0) && both($0) }, distance: distance),
        Turn(takes: { !isStop($0) && both($0) }, distance: distance), close,
      ]
    case .openHighLowClose: return [rise, fall, close]
    case .openLowHighClose: return [fall, rise, close]
    case .nearestExtremeFirst:
      return bar.high - bar.open < bar.open - bar.low ? [rise, fall, close] : [fall, rise, close]
    }
  }
}
