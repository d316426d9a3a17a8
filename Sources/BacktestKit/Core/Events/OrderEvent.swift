/// One step in the life of an order.
///
///     for event in result.orderEvents where event.order == OrderID(12) { print(event) }
public struct OrderEvent: Hashable, Sendable, BitwiseCopyable {
  /// Whose step it is.
  public var order: OrderID
  /// When it happened.
  public var time: Timestamp
  /// What happened.
  public var kind: Kind
  /// Units filled so far, signed as the order; after a modification the units asked for.
  public var quantity: Double
  private var priceOrNaN: Double

  /// The price of a partial fill, or the limit or trigger after a modification; `nil` elsewhere.
  public var price: Double? { priceOrNaN.isNaN ? nil : priceOrNaN }

  /// A step from its parts.
  package init(
    order: OrderID, time: Timestamp, kind: Kind, quantity: Double = 0, price: Double? = nil
  ) {
    self.order = order
    self.time = time
    self.kind = kind
    self.quantity = quantity
    priceOrNaN = price ?? .nan
  }

  /// What can happen to an order.
  public enum Kind: Hashable, Sendable, BitwiseCopyable {
    /// The strategy, a target or a rule of the study asked for it.
    case submitted
    /// It became live.
    case accepted
    /// The market reached its trigger.
    case triggered
    /// The strategy changed its quantity or a price.
    case modified
    /// A change was refused; the order goes on as it was.
    case modificationRejected(RejectionReason)
    /// A part of it filled.
    case partiallyFilled
    /// It ended, or was cut.
    case outcome(OrderOutcome.Kind)

    /// Its name in files: `partially-filled`.
    public var word: String {
      switch self {
      case .submitted: "submitted"
      case .accepted: "accepted"
      case .triggered: "triggered"
      case .modified: "modified"
      case .modificationRejected: "modification-rejected"
      case .partiallyFilled: "partially-filled"
      case .outcome(let outcome): outcome.word
      }
    }

    /// Why it was refused; `nil` for other steps.
    public var reason: RejectionReason? {
      switch self {
      case .modificationRejected(let reason), .outcome(.rejected(let reason)): reason
      default: nil
      }
    }
  }
}

extension OrderEvent {
  /// The outcome that it is; `nil` for a step on the way.
  var ending: OrderOutcome? {
    guard case .outcome(let outcome) = kind else { return nil }
    return OrderOutcome(order: order, time: time, kind: outcome, filledQuantity: quantity)
  }
}

extension OrderOutcome.Kind {
  /// Its name in files: `cancelled-by-group`.
  public var word: String {
    switch self {
    case .filled: "filled"
    case .cancelled: "cancelled"
    case .cancelledByGroup: "cancelled-by-group"
    case .expired: "expired"
    case .parentGone: "parent-gone"
    case .nothingToReduce: "nothing-to-reduce"
    case .delisted: "delisted"
    case .cut: "cut"
    case .rejected: "rejected"
    case .stillLive: "still-live"
    }
  }
}
