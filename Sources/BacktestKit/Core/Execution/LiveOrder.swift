/// An order on its way to the market or resting in it, with all that matching needs to know.
struct LiveOrder: Sendable, BitwiseCopyable {
  var order: Order
  /// Units still to trade, signed.
  var remaining: Double
  /// When it became live; distant future while it is on its way.
  var liveSince = Timestamp.distantFuture
  /// A stop that was triggered and trades as a market order from then on.
  var isTriggered = false
  /// An exit that went out before its entry filled: it closes what is held and opens nothing, and
  /// waits while nothing is held.
  var closesOnly = false
  /// Whether a standing target made it, so that a newer target replaces it.
  var isTarget = false
  /// How its quantity is found at the match.
  var sizing = Sizing.fixed
  var progress = OrderProgress(quantity: 0, notional: 0, fillCount: 0)
  var commissionPaid = 0.0
  /// What the slippage model may ask for, known when the order became live.
  var returnDeviation = Double.nan
  var meanVolume = Double.nan
  /// Neighbours in the instrument's list, in order of priority.
  var previous: Int32 = -1
  var next: Int32 = -1
  /// Neighbours among the orders of all instruments, in order of submission.
  var older: Int32 = -1
  var newer: Int32 = -1

  /// How a quantity is found at the match.
  enum Sizing: BitwiseCopyable, Sendable {
    /// The quantity was given.
    case fixed
    /// The position shall be worth that share of equity after costs.
    case weight(Double)
    /// The position shall be worth that much money after costs.
    case value(Double)

    var isFixed: Bool { if case .fixed = self { true } else { false } }
  }

  /// Makes an order that is on its way where it shall lie, field by field: one made elsewhere would
  /// be copied by a call.
  @inline(__always)
  static func initialize(
    _ place: UnsafeMutablePointer<LiveOrder>, _ order: Order, remaining: Double
  ) {
    place.pointee.order = order
    place.pointee.remaining = remaining
    place.pointee.liveSince = .distantFuture
    place.pointee.isTriggered = false
    place.pointee.closesOnly = false
    place.pointee.isTarget = false
    place.pointee.sizing = .fixed
    place.pointee.progress = OrderProgress(quantity: 0, notional: 0, fillCount: 0)
    place.pointee.commissionPaid = 0
    place.pointee.returnDeviation = .nan
    place.pointee.meanVolume = .nan
    place.pointee.previous = -1
    place.pointee.next = -1
    place.pointee.older = -1
    place.pointee.newer = -1
  }

  var isLive: Bool { liveSince != .distantFuture }

  var isBuy: Bool { remaining > 0 }

  /// Units filled so far, signed as the order.
  var filledQuantity: Double { order.quantity < 0 ? -progress.quantity : progress.quantity }

  /// The kind by which it is matched now.
  var matchingKind: Order.Kind { isTriggered ? .market : order.kind }
}
