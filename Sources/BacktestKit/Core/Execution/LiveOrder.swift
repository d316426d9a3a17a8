/// An order on its way to the market or resting in it, with all that matching needs to know.
struct LiveOrder: Sendable, BitwiseCopyable {
  var order: Order
  /// Units still to trade, signed.
  var remaining: Double
  /// When it became live; distant future while it is on its way.
  var liveSince = Timestamp.distantFuture
  /// Units that the entry of an exit has filled so far, 0 while an order waits for another one;
  /// infinite for orders that depend on none.
  var entryFilled = Double.infinity
  /// How its quantity is found at the match.
  var sizing = Sizing.fixed
  /// An order whose trigger was reached: it trades as what the trigger arms from then on.
  var isTriggered = false
  /// An exit that went out before its entry filled: it closes what is held and opens nothing, and
  /// waits while nothing is held.
  var closesOnly = false
  /// Whether others wait for it.
  var hasExits = false
  /// Whether a standing target made it, so that a newer target replaces it.
  var isTarget = false
  /// Whether it begins once its parent has filled whole, and is no exit of it.
  var startsWithParent = false
  /// Whether a trigger of it was ever reached.
  var wasTriggered = false
  /// Whether the decision under way submitted it.
  var isNew = true
  /// Whether a trailing stop was woken inside the bar under way.
  var wokeInside = false
  /// Whether it was written down that it is live.
  var isAcceptanceNoted = false
  /// Whether buying power made it smaller.
  var wasCut = false
  /// Which of several limits of one position an exit is.
  var targetPlace: Int8 = 0
  /// Its turn among orders that compete.
  var priority: Int32 = 0
  var progress = OrderTally()
  var commissionPaid = 0.0
  /// What the slippage model may ask for, known when the order became live.
  var returnDeviation = Double.nan
  var meanVolume = Double.nan
  var spread = Double.nan
  /// The best price that a trailing stop has followed to; NaN before it has one.
  var bestPrice = Double.nan
  /// Units that other orders of a ladder have closed, unsigned.
  var closedByGroup = 0.0
  /// Neighbours in the instrument's list, in order of priority.
  var previous: Int32 = -1
  var next: Int32 = -1
  /// Neighbours among the orders of all instruments, in order of priority.
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
    place.pointee.entryFilled = .infinity
    place.pointee.sizing = .fixed
    place.pointee.isTriggered = false
    place.pointee.closesOnly = false
    place.pointee.hasExits = false
    place.pointee.isTarget = false
    place.pointee.startsWithParent = false
    place.pointee.wasTriggered = false
    place.pointee.isNew = true
    place.pointee.wokeInside = false
    place.pointee.isAcceptanceNoted = false
    place.pointee.wasCut = false
    place.pointee.targetPlace = 0
    place.pointee.progress = OrderTally()
    place.pointee.commissionPaid = 0
    place.pointee.returnDeviation = .nan
    place.pointee.meanVolume = .nan
    place.pointee.spread = .nan
    place.pointee.bestPrice = .nan
    place.pointee.closedByGroup = 0
  }

  /// Its number.
  var id: OrderID { order.assignedID }

  var isLive: Bool { liveSince != .distantFuture }

  var isBuy: Bool { remaining > 0 }

  /// Whether it is an exit whose entry has not filled yet.
  var isAsleep: Bool { entryFilled == 0 }

  /// Whether its trigger was reached, and what that armed waits now.
  var isArmed: Bool {
    switch order.kind {
    case .stop: true
    default: isTriggered
    }
  }

  /// Whether it waits for another order to fill whole.
  var startsLater: Bool { startsWithParent && isAsleep }

  /// Units still to trade as far as the entry of an exit has filled, signed.
  var releasedQuantity: Double { releasedQuantity(entryFilled: entryFilled) }

  /// Units still to trade where the entry of an exit has filled so many units, signed.
  func releasedQuantity(entryFilled: Double) -> Double {
    let closed = progress.quantity + closedByGroup
    let released = entryFilled - closed
    // What rounding leaves of units that are closed already is nothing to close.
    guard released > closed * 1e-12 else { return 0 }
    return abs(remaining) <= released ? remaining : remaining < 0 ? -released : released
  }

  /// Units filled so far, signed as the order.
  var filledQuantity: Double { order.quantity < 0 ? 0 - progress.quantity : progress.quantity }
}
