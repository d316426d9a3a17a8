/// One thing that a strategy asked for at a decision, before any of it is carried out.
package enum StrategyRequest: Sendable {
  /// An order was submitted.
  case order(Order)
  /// An order was withdrawn.
  case cancellation(OrderID)
  /// All orders of an instrument were withdrawn; of all instruments where it is `nil`.
  case cancellations(InstrumentID?)
  /// An order was changed.
  case modification(OrderChange)
  /// A timer was set to a time.
  case timer(Timestamp, tag: Int)
  /// A share of equity was stated for an instrument.
  case weight(InstrumentID, Double)
  /// An amount of money was stated for an instrument.
  case value(InstrumentID, Double)
  /// A number of units was stated for an instrument.
  case quantity(InstrumentID, Double)
}

extension TradingContext {
  /// What was asked for at this decision so far, in the order in which it will be carried out:
  /// orders, cancellations and timers, then targets.
  package var pendingRequests: [StrategyRequest] {
    guard hasRequests else { return [] }
    var pending = requests.map { request -> StrategyRequest in
      switch request {
      case .submit(let order): .order(order)
      case .cancel(let order): .cancellation(order)
      case .cancelAll(let instrument): .cancellations(instrument)
      case .modify(let change): .modification(change)
      case .schedule(let time, let tag): .timer(time, tag: tag)
      }
    }
    for request in targetRequests.rows {
      let instrument = InstrumentID(request.instrument)
      switch request.target.measure {
      case .none: break
      case .weight: pending.append(.weight(instrument, request.target.value))
      case .value: pending.append(.value(instrument, request.target.value))
      case .quantity: pending.append(.quantity(instrument, request.target.value))
      }
    }
    return pending
  }

  /// Whether an order waits, or was just asked for.
  package var hasWaitingOrders: Bool { !broker.isIdle || hasRequests }

  /// The remarks so far.
  package var notesSoFar: [StrategyNote] { notes }
  /// The forecasts so far.
  package var forecastsSoFar: [StrategyForecast] { forecasts }
  /// What policies wanted so far.
  package var decisionsSoFar: [DecisionRecord] { decisions }
}

/// A strategy that decides from numbers which it computes from the market, and can show those of
/// its last decision.
package protocol ObservingStrategy: Strategy {
  /// Calls `body` with each vector of numbers that the last decision was made from.
  func forEachObservation(_ body: (UnsafeBufferPointer<Double>) -> Void)
}
