@testable import BacktestCore
import TestSupport

/// Trades orders of the list, under another engine's rule where one is given.
///
/// A rule is expressed with orders of this engine: what would be one order is placed, changed and
/// withdrawn close by close.
struct PeerOrderTrader: Strategy {
  var warmup = 0
  /// By the bar at whose close they are placed.
  var orders: [Int: PeerOrder]
  var rule: PeerRule?
  private var bar = -1
  private var order: PeerOrder?
  private var hasExits = false
  private var stop: OrderID?
  private var stopPrice = Double.nan

  init(_ orders: [Int: PeerOrder], rule: PeerRule? = nil) {
    self.orders = orders
    self.rule = rule
  }

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    bar += 1
    guard let last = bars[.first] else { return }
    if let next = orders[bar] {
      (order, hasExits, stop, stopPrice) = (next, false, nil, .nan)
      enter(next, &trading)
    } else if let order, bar == order.row + PeerOrder.life {
      if order.opensToClose { trading.close(.first) } else { trading.cancelAll(.first) }
      self.order = nil
    } else if let order {
      protect(order, after: last, &trading)
    }
  }

  private func enter(_ order: PeerOrder, _ trading: inout TradingContext) {
    let both: [Order.Kind] = [.stop(order.stop ?? .nan), .limit(order.limit ?? .nan)]
    switch order.kind {
    case .stop, .limit, .trailing: trading.submit(order.entry)
    case .stopLimit where rule == .limitNextBar: break
    case .stopLimit:
      trading.submit(
        Order(
          .first, quantity: order.quantity,
          kind: .stopLimit(stop: order.stop!, limit: order.limit!)))
    case .oneCancelsOther:
      let legs = (order.isStopFirst ? both : both.reversed()).map {
        Order(.first, quantity: order.quantity, kind: $0)
      }
      if rule == .submittedFirst {
        trading.submit(legs[0])
      } else {
        trading.submitOneCancelsOther(legs)
      }
    case .bracket where rule == .exitsNextBar: trading.submit(order.entry)
    case .bracket: trading.submitBracket(order.entry, exits: order.exits)
    }
  }

  /// What follows on an order after each close of its life.
  private mutating func protect(
    _ order: PeerOrder, after last: Bar, _ trading: inout TradingContext
  ) {
    let isHeld = trading.position(.first).quantity != 0
    switch order.kind {
    case .bracket where rule == .exitsNextBar && isHeld && !hasExits:
      hasExits = true
      trading.submitOneCancelsOther(order.exits)
    case .stopLimit where rule == .limitNextBar && !hasExits:
      guard order.isBuy ? last.high >= order.stop! : last.low <= order.stop! else { return }
      hasExits = true
      trading.submit(Order(.first, quantity: order.quantity, kind: .limit(order.limit!)))
    case .trailing where isHeld: trail(order, last, &trading)
    default: break
    }
  }

  private mutating func trail(_ order: PeerOrder, _ last: Bar, _ trading: inout TradingContext) {
    guard rule == .trailsCloses else {
      guard stop == nil else { return }
      stop = trading.submit(
        Order(
          .first, quantity: -order.quantity, kind: .trailingStop(order.trail!), reduceOnly: true))
      return
    }
    let price = order.trailStop(behind: last.close)
    if stop == nil {
      stop = trading.submit(
        Order(.first, quantity: -order.quantity, kind: .stop(price), reduceOnly: true))
      stopPrice = price
    } else if order.isBuy ? price > stopPrice : price < stopPrice {
      trading.modify(stop, stop: price)
      stopPrice = price
    }
  }
}
