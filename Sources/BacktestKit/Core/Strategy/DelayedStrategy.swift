/// A strategy whose decisions are carried out some closes later than it makes them: what it would
/// earn if it were slow.
///
///     let late = DelayedStrategy(SMACrossover(fast: 10, slow: 50), bars: 1)
///
/// Targets, orders and cancellations that it asks for at a close are made at the n-th close after
/// it, with the account and prices of then; they keep their order. It sees bars, fills and timers
/// as they come. Decisions of the last n closes of a run are never carried out.
///
/// An order gets its number when it is asked for, so `openOrders` has it only n closes later.
package struct DelayedStrategy<Base: Strategy>: Strategy {
  private var base: Base
  /// The number of closes by which decisions are late.
  package let bars: Int
  /// What was asked for at the last closes and is not made yet, the oldest first.
  private var waiting: [Decision] = []

  /// What a strategy asked for at a close, and until the next one.
  private struct Decision: Sendable {
    var requests: [TradingRequest] = []
    var targets: [TargetRequest] = []
  }

  /// A strategy that is so many closes late; 0 changes nothing.
  ///
  /// - Precondition: the number is not negative.
  package init(_ base: Base, bars: Int) {
    precondition(bars >= 0, "decisions cannot be early")
    self.base = base
    self.bars = bars
  }

  package var warmup: Int { base.warmup }

  package mutating func onStart(_ trading: inout TradingContext) { base.onStart(&trading) }

  package mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
    base.onFill(fill, &trading)
  }

  package mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    base.onBars(bars, &trading)
    guard self.bars > 0 else { return }
    waiting.append(Decision())
    hold(&trading)
    guard waiting.count > self.bars else { return }
    make(waiting.removeFirst(), in: &trading)
  }

  package mutating func onTimer(_ tag: Int, _ trading: inout TradingContext) {
    base.onTimer(tag, &trading)
    if bars > 0 { hold(&trading) }
  }

  /// Takes back what was asked for, except timers, and keeps it with the last close.
  private mutating func hold(_ trading: inout TradingContext) {
    guard trading.hasRequests, let last = waiting.indices.last else { return }
    var timers: ContiguousArray<TradingRequest> = []
    for request in trading.requests {
      if case .schedule = request {
        timers.append(request)
      } else {
        waiting[last].requests.append(request)
      }
    }
    waiting[last].targets += trading.targetRequests.rows
    trading.requests = timers
    trading.targetRequests.clear()
    trading.hasRequests = !timers.isEmpty
  }

  /// Asks for what was held.
  private func make(_ decision: Decision, in trading: inout TradingContext) {
    for request in decision.requests {
      if case .submit(var order) = request {
        order.submitted = trading.now
        trading.requests.append(.submit(order))
      } else {
        trading.requests.append(request)
      }
    }
    trading.targetRequests.own()
    for var request in decision.targets {
      request.number = trading.targetRequests.count
      trading.targetRequests.append(request)
    }
    trading.hasRequests = !trading.requests.isEmpty || !trading.targetRequests.isEmpty
  }
}
