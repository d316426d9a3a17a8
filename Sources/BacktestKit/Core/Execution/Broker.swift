/// The market simulator: it takes bars and orders and makes fills and outcomes.
///
/// Orders come in through `submit`, rest in the book, and are matched at the opens, along the bars
/// and at the closes that the engine names, one `MatchCandidate` after the other. What an order
/// does at each of these places is said in `OrderMatching`, when it expires in `TimeInForce`, what
/// a trade costs in the `SlippageModel` and `CommissionModel` behind the `ExecutionPlan`.
///
/// Accounts are passed `inout` where they only answer, too: a large value passed otherwise would be
/// copied at each call.
@usableFromInline
struct Broker: Sendable {
  let plan: ExecutionPlan
  /// How far the market has been replayed.
  @usableFromInline var market: MarketCursor
  @usableFromInline var book: OrderBook
  private var nextOrderNumber = 1
  private var nextGroup: Int32 = 1
  /// Orders that were submitted and did not arrive yet; the engine sends them on their way.
  var submitted = OwnedBuffer<SubmittedOrder>()
  // Room that is used again and again, so that no decision allocates.
  var candidates = OwnedBuffer<MatchCandidate>()
  var targetOrders = OwnedBuffer<TargetOrder>()
  private var ownership = Ownership()

  init(feed: Feed, rules: ExecutionRules) {
    plan = ExecutionPlan(rules)
    market = MarketCursor(feed)
    book = OrderBook(instrumentCount: feed.instrumentCount)
  }

  /// Whether no order is live or on its way.
  @inlinable @inline(__always)
  var isIdle: Bool { book.count == 0 }

  /// Makes this broker the single owner of the memory that it writes; its copies go on by
  /// themselves. Called before any number of changes.
  @inline(__always)
  mutating func own() {
    book.own()
    if !isKnownUniquelyReferenced(&ownership) { ownRooms() }
  }

  @inline(never)
  private mutating func ownRooms() {
    ownership = Ownership()
    submitted.own()
    candidates.own()
    targetOrders.own()
  }

  /// What copies share, so that each of them notices.
  private final class Ownership: Sendable {}

  /// Gives an order the next number.
  @inline(__always)
  mutating func register(_ order: inout Order, at time: Timestamp) {
    order.id = OrderID(nextOrderNumber)
    order.submitted = time
    nextOrderNumber += 1
  }

  /// The number of a new one-cancels-other group.
  mutating func makeGroup() -> Int32 {
    defer { nextGroup += 1 }
    return nextGroup
  }

  /// Ends an order otherwise than by its last fill: its outcome is recorded and its slot freed.
  mutating func end(_ slot: Int, _ outcome: OrderOutcome.Kind, log: inout RunLog) {
    log.record(
      book[slot].order.id, outcome, at: market.clock, filled: book[slot].filledQuantity)
    book.remove(slot)
  }

  /// Ends all orders with a reason.
  mutating func rejectAll(_ reason: RejectionReason, log: inout RunLog) {
    own()
    for slot in book.slotsInSubmissionOrder() {
      end(slot, .rejected(reason), log: &log)
      log.counts.rejectedOrders += 1
    }
  }
}
