/// Who may cut or refuse what an order opens, before buying power is looked at.
protocol OrderReview: Sendable {
  /// Whether what is held or ordered has changed otherwise than by accepted orders.
  var isStale: Bool { get set }
  /// Takes what the account holds and what waits in the market.
  mutating func take(account: some BrokerAccount, book: OrderBook, market: MarketCursor)
  /// How much of an order may open.
  mutating func review(_ opening: ProspectiveOpening, on market: MarketCursor) -> OrderVerdict
  /// Takes note of an order that was accepted, with what it closes and opens.
  mutating func accept(_ accepted: ProspectiveOpening)
}

/// What an order would do to a position, as far as a review looks at it.
struct ProspectiveOpening {
  var order: OrderID
  var instrument: Int
  /// Units that open or add to a position, signed as the order.
  var opening: Double
  /// Units that close what is held, signed as the order.
  var closing: Double
  /// The value of a unit at the last close.
  var unit: Double
  /// Whether it is on its way to the next price, so that what it closes can be counted on.
  var isMarket: Bool
  /// The part of an order that was accepted before, where it grows; `nil` for a new one.
  var before: AcceptedOrder?
}

/// An order that was accepted, in units without sign.
struct AcceptedOrder: BitwiseCopyable {
  /// Units that wait.
  var remaining: Double
  var filled: Double
}

/// What a review says of an order.
struct OrderVerdict {
  /// Units that it may open, signed as the order.
  var kept: Double
  /// Why it may not open all of them; `nil` where it may.
  var reason: RejectionReason?
}

extension Broker {
  /// Holds what an order opens to the limits of the run; `false` where nothing is left of it and it
  /// was refused.
  @inline(never)
  mutating func holdToLimits(
    _ order: Order, _ parts: OrderParts, unit: Double, sizing: inout LiveOrder.Sizing?,
    opening: inout Double, remaining: inout Double, account: some BrokerAccount, log: inout RunLog
  ) -> Bool {
    if review?.isStale == true { review?.take(account: account, book: book, market: market) }
    guard parts.opening != 0 else { return true }
    let verdict = reviewed(order, parts, unit: unit, isTarget: sizing != nil)
    guard let reason = verdict.reason else { return true }
    opening = verdict.kept
    remaining = parts.closing + parts.exiting + opening
    guard remaining != 0 else {
      refuse(order, reason, log: &log)
      return false
    }
    // A quantity at a limit is no target any more.
    if sizing != nil { sizing = .fixed }
    log.record(order.assignedID, .cut(to: remaining), at: market.clock)
    return true
  }

  /// Why the limits of the run let an order not grow to so many units; `nil` where they do. It is
  /// looked at as a whole, as if it did not wait yet.
  @inline(never)
  mutating func limit(
    onGrowthOf slot: Int, to remaining: Double, account: inout some BrokerAccount
  ) -> RejectionReason? {
    let live = book[slot]
    guard !live.closesOnly else { return nil }
    book[slot].remaining = 0
    review?.take(account: account, book: book, market: market)
    book[slot].remaining = live.remaining
    defer { review?.isStale = true }
    let parts = parts(of: live.order, remaining: remaining, account: &account)
    guard parts.opening != 0 else { return nil }
    let instrument = Int(live.order.instrument.index)
    let unit =
      (market.lastClose(of: instrument) ?? 0) * account.multiplier(of: instrument)
    let accepted = AcceptedOrder(
      remaining: abs(live.remaining), filled: abs(live.filledQuantity))
    let grown = ProspectiveOpening(
      order: live.id, instrument: instrument, opening: parts.opening, closing: parts.closing,
      unit: unit, isMarket: live.order.isOnItsWay, before: accepted)
    return review?.review(grown, on: market).reason
  }

  /// Tells the review that an order has grown by so many units.
  @inline(never)
  mutating func noteGrowth(of slot: Int, by units: Double, account: some BrokerAccount) {
    let order = book[slot].order
    let instrument = Int(order.instrument.index)
    review?.accept(
      ProspectiveOpening(
        order: order.assignedID, instrument: instrument, opening: units, closing: 0,
        unit: (market.lastClose(of: instrument) ?? 0) * account.multiplier(of: instrument),
        isMarket: order.isOnItsWay, before: AcceptedOrder(remaining: 0, filled: 0)))
  }

  /// The units that an order may open after its review, down to the lot, and the reason where they
  /// are fewer.
  private mutating func reviewed(
    _ order: Order, _ parts: OrderParts, unit: Double, isTarget: Bool
  ) -> OrderVerdict {
    let instrument = Int(order.instrument.index)
    let wanted = ProspectiveOpening(
      order: order.assignedID, instrument: instrument, opening: parts.opening,
      closing: parts.closing, unit: unit, isMarket: isTarget || order.isOnItsWay)
    guard var verdict = review?.review(wanted, on: market), verdict.reason != nil else {
      return OrderVerdict(kept: parts.opening, reason: nil)
    }
    var kept = market.columns[instrument].roundedDownToLot(abs(verdict.kept))
    if !market.columns[instrument].isWorthTrading(kept, of: parts.opening) { kept = 0 }
    verdict.kept = parts.opening < 0 ? -kept : kept
    return verdict
  }

  /// Tells the review, where there is one, what an accepted order closes and opens.
  @inline(__always)
  mutating func noteAccepted(
    _ order: Order, _ parts: OrderParts, opening: Double, unit: Double, isTarget: Bool
  ) {
    guard reviewsOrders else { return }
    tellReview(order, parts, opening: opening, unit: unit, isTarget: isTarget)
  }

  @inline(never)
  private mutating func tellReview(
    _ order: Order, _ parts: OrderParts, opening: Double, unit: Double, isTarget: Bool
  ) {
    review?.accept(
      ProspectiveOpening(
        order: order.assignedID, instrument: Int(order.instrument.index), opening: opening,
        closing: parts.closing, unit: unit, isMarket: isTarget || order.isOnItsWay))
  }
}

extension Order {
  /// Whether it trades at the next price, so that what it closes can be counted on.
  var isOnItsWay: Bool { kind == .market && parent.number == 0 }
}
