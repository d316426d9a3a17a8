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

  /// How a quantity is found at the match.
  enum Sizing: BitwiseCopyable, Sendable {
    /// The quantity was given.
    case fixed
    /// The position shall be worth that share of equity after costs.
    case weight(Double)
    /// The position shall be worth that much money after costs.
    case value(Double)
  }

  init(_ order: Order) {
    self.order = order
    remaining = order.quantity
  }

  var isBuy: Bool { remaining > 0 }

  /// Units filled so far, signed as the order.
  var filledQuantity: Double { order.quantity < 0 ? -progress.quantity : progress.quantity }

  /// The kind by which it is matched now.
  var matchingKind: Order.Kind { isTriggered ? .market : order.kind }
}
