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
  /// Who looks at orders before buying power is; `nil` in a run without limits.
  var review: (any OrderReview)?
  /// Whether the run has limits, also while the review is taken out: looking whether it is there
  /// would copy it.
  private(set) var reviewsOrders = false
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
  /// What the costs of orders depend on beside what they traded, where a model asks for it.
  var fees = FeeHistory()
  /// Orders for one moment only whose moment is under way.
  var moments = OwnedBuffer<SubmittedOrder>()
  /// What is attached to positions; `nil` in a run without exits.
  var exits: ExitDesk?
  /// Whether the run attaches exits, also while the desk is taken out: looking whether a large
  /// value is there takes a call.
  private(set) var attachesExits = false
  /// Instruments that trade no more.
  var delisted: [Int32] = []
  private var ownership = Ownership()

  init(feed: Feed, rules: ExecutionRules) {
    plan = ExecutionPlan(rules, on: feed.universe)
    market = MarketCursor(feed)
    book = OrderBook(instrumentCount: feed.instrumentCount)
  }

  /// Attaches exits to the positions of the run.
  mutating func attach(_ desk: ExitDesk) {
    exits = desk
    attachesExits = true
  }

  /// Lets a review look at the orders of the run.
  mutating func attach(_ review: some OrderReview) {
    self.review = review
    reviewsOrders = true
  }

  /// Whether no order is live or on its way.
  @inlinable @inline(__always)
  var isIdle: Bool { book.count == 0 }

  /// Whether anything trades at closes.
  @inline(__always)
  var waitsForClose: Bool { plan.marketFill == .nextClose || book.counts.atClose > 0 }

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
    moments.own()
  }

  /// What copies share, so that each of them notices.
  private final class Ownership: Sendable {}

  /// Gives an order the next number.
  @inline(__always)
  mutating func register(_ order: inout Order, at time: Timestamp) {
    order.assignedID = OrderID(nextOrderNumber)
    order.submitted = time
    nextOrderNumber += 1
  }

  /// The number of the next order.
  var nextOrder: OrderID { OrderID(nextOrderNumber) }

  /// The number of a new one-cancels-other group.
  mutating func makeGroup() -> Int32 {
    defer { nextGroup += 1 }
    return nextGroup
  }

  /// Ends an order otherwise than by its last fill: its outcome is recorded and its slot freed.
  mutating func end(_ slot: Int, _ outcome: OrderOutcome.Kind, log: inout RunLog) {
    noteAcceptance(slot, log: &log)
    let (order, hasExits) = (book[slot].id, book[slot].hasExits)
    let hasFilled = book[slot].progress.fillCount > 0
    log.record(order, outcome, at: market.clock, filled: book[slot].filledQuantity)
    book.remove(slot)
    if hasExits { endDependents(of: order, hasFilled: hasFilled, log: &log) }
  }

  /// Writes down that an order has become live where it ends or is changed at that moment, since
  /// nothing else would say that it was live before.
  mutating func noteAcceptance(_ slot: Int, log: inout RunLog) {
    let live = book[slot]
    let delay = live.order.isLiveAtOnce ? .zero : plan.latency(of: live.id)
    guard live.isLive, !live.isAcceptanceNoted, live.progress.fillCount == 0, !live.wasTriggered,
      live.order.submitted + delay == market.clock
    else { return }
    book[slot].isAcceptanceNoted = true
    log.record(OrderEvent(order: live.id, time: market.clock, kind: .accepted))
  }

  /// Ends what waits for an order that ended otherwise than by its last fill: its exits where
  /// nothing filled, and what it would have triggered.
  @inline(never)
  private mutating func endDependents(of parent: OrderID, hasFilled: Bool, log: inout RunLog) {
    var slot = book.firstRelative(ofParent: parent)
    while slot >= 0 {
      let isDependent =
        book[slot].order.parent == parent
        && (!hasFilled || book[slot].startsWithParent)
      if isDependent, book[slot].isAsleep {
        end(slot, .parentGone, log: &log)
        // It may have taken others along.
        slot = book.firstRelative(ofParent: parent)
      } else {
        slot = book.slot(relatedAfter: slot)
      }
    }
  }

  /// Ends the exits that have nothing left to close: what they would close is not held, and no
  /// order waits that would open it.
  @inline(never)
  mutating func endIdleExits(account: inout some BrokerAccount, log: inout RunLog) {
    var slot = book.firstSlot
    while slot >= 0 {
      if book[slot].closesOnly, isIdle(exit: slot, account: &account) {
        end(slot, .nothingToReduce, log: &log)
        // It may have taken others along.
        slot = book.firstSlot
      } else {
        slot = book.slot(submittedAfter: slot)
      }
    }
  }

  private func isIdle(exit slot: Int, account: inout some BrokerAccount) -> Bool {
    let (order, isBuy) = (book[slot].order, book[slot].isBuy)
    let isExit = order.parent.number != 0 && !book[slot].startsWithParent
    if book[slot].startsWithParent, book[slot].isAsleep { return false }
    let instrument = Int(order.instrument.index)
    let closable = account.closingPart(of: book[slot].releasedQuantity, in: instrument)
    guard closable == 0 else { return false }
    var other = book.firstSlot(instrument)
    while other >= 0 {
      let mayOpen =
        !isExit
        ? !book[other].closesOnly && book[other].isBuy != isBuy
        : book[other].order.assignedID == order.parent
      if mayOpen { return false }
      other = book.slot(after: other)
    }
    return true
  }

  /// Ends all orders with a reason.
  mutating func rejectAll(_ reason: RejectionReason, log: inout RunLog) {
    own()
    while book.firstSlot >= 0 {
      // Its exits are refused for the same reason.
      book[book.firstSlot].hasExits = false
      reject(book.firstSlot, reason, log: &log)
    }
  }
}

/// What the broker has to know of the account for which it trades, and what it tells it.
///
/// The broker asks for buying power, one position at a time and its mark; it knows nothing of what
/// the account did before, and nothing of who decides.
protocol BrokerAccount {
  /// Whether what is not held may be sold.
  var allowsShorts: Bool { get }
  /// Cash and the value of all positions, and the sum of the positions' absolute values.
  var valuation: Valuation { get }
  /// Whether there are shares of an instrument to borrow.
  func canBorrow(_ instrument: Int) -> Bool
  /// What the account can still commit with what it is worth, in account currency.
  func power(of worth: Valuation) -> Double
  /// How much of that a unit of money takes that is opened on a side of an instrument at a price.
  func requirement(of instrument: Int, isLong: Bool, at price: Double) -> Double
  /// What is held of an instrument.
  func position(of instrument: Int) -> Position
  /// Account currency per price unit and unit of quantity.
  func multiplier(of instrument: Int) -> Double
  /// Units held of an instrument, negative for short.
  func quantity(of instrument: Int) -> Double
  /// The part of a trade that closes what is held, signed as the trade.
  func closingPart(of trade: Double, in instrument: Int) -> Double
  /// Whether buying power covers so much money beyond doubt, counting what closing a position
  /// frees. `false` decides nothing: the valuation does.
  func certainlyCovers(_ need: Double, freed: Double) -> Bool

  /// Says that several fills may follow one another.
  mutating func beginFills()
  /// Says that they are over.
  mutating func endFills()
  /// The price at which a position is valued.
  func mark(of instrument: Int) -> Double
  /// Values a position at a price.
  mutating func mark(_ instrument: Int, at price: Double)
  /// Books a fill, at whose reference price the position is marked already, with the cost of
  /// converting its money; adds the round trip that it ended, if any.
  mutating func book(_ fill: Fill, conversionCost: Double, trades: inout [BookedTrade])

  /// Whether some instruments are in other currencies than the account's.
  var hasCurrencies: Bool { get }
  /// The cost of converting money of an instrument, as a fraction.
  func conversionFraction(of instrument: Int) -> Double
  /// The rate at which a fill's money is converted, with what that costs.
  func conversion(of instrument: Int, cost: Double) -> FillConversion
}

extension Account: BrokerAccount {}

/// Where and when a match happens.
struct MatchContext {
  var instrument: Int
  var row: Int
  /// The series of the instrument; few matches read more of the bar than its open.
  var series: UnsafePointer<SeriesColumns>
  /// The bar's open time at its open, else its close time.
  var time: Timestamp
  /// Whether it lies after the open.
  var isIntrabar: Bool
  /// Whether it is the close itself, after everything inside the bar.
  var isAtClose = false
  /// The finer bars of which `finerRow` is matched; `nil` where the bar itself is.
  var finer: UnsafePointer<SeriesColumns>?
  var finerRow = 0
  /// Account currency per price unit and unit of quantity.
  var multiplier: Double
  /// The cost of converting money of the instrument, as a fraction.
  var conversion = 0.0

  /// The bar along which prices go.
  var path: Bar { finer.map { $0.pointee.bar(instrument, finerRow) } ?? bar }
  var bar: Bar { series.pointee.bar(instrument, row) }
  var tick: Double { series.pointee.tickSize }
  var rowNumber: Int32 { Int32(truncatingIfNeeded: row) }
}

extension MatchContext {
  /// A match of an instrument's bar, in money of an account.
  @inline(__always)
  init(
    _ instrument: Int, row: Int, in market: MarketCursor, account: borrowing some BrokerAccount,
    isIntrabar: Bool, isAtClose: Bool = false
  ) {
    self.init(
      instrument: instrument, row: row, series: market.columns + instrument, time: market.clock,
      isIntrabar: isIntrabar, isAtClose: isAtClose, multiplier: account.multiplier(of: instrument))
    if account.hasCurrencies { conversion = account.conversionFraction(of: instrument) }
  }
}

/// One order that the market reaches, and the price at which it does.
struct MatchCandidate: BitwiseCopyable, Sendable {
  private var slotNumber: Int32
  var order: OrderID
  /// The order's turn among those of one place.
  var priority: Int32
  /// Whether it buys.
  var isBuy: Bool
  /// Whether slippage applies: to what takes the market's price, never to a limit that rests.
  var paysSlippage: Bool
  /// Whether the market reaches it against the trader's side, as it does a stop.
  var isAdverse: Bool
  /// Whether it is a trigger that this match reaches.
  var triggers = false
  /// Whether that only arms what cannot trade at this price yet.
  var armsOnly = false
  private var leg: Int8 = 0
  private var progress = 0.0
  /// The price before slippage.
  var reference: Double
  private var limitPrice = Double.nan

  var slot: Int { Int(slotNumber) }

  /// The price that bounds the fill, if any.
  var limit: Double? { limitPrice.isNaN ? nil : limitPrice }

  /// Where the path through the bar comes to it; not used at opens and closes.
  var position: PathPosition {
    get { PathPosition(leg: Int(leg), progress: progress) }
    set {
      leg = Int8(truncatingIfNeeded: newValue.leg)
      progress = newValue.progress
    }
  }

  /// An order that trades at a price, within its limit where it has one.
  @inline(__always)
  init(_ live: borrowing LiveOrder, slot: Int, at reference: Double, limit: Double? = nil) {
    slotNumber = Int32(truncatingIfNeeded: slot)
    order = live.order.assignedID
    priority = live.priority
    isBuy = live.isBuy
    self.reference = reference
    paysSlippage = limit == nil
    isAdverse = false
    if let limit { limitPrice = limit }
  }

  /// An order whose trigger is reached at a price, and that trades there as far as what it arms
  /// lets it.
  @inline(__always)
  init(
    _ live: borrowing LiveOrder, slot: Int, at reference: Double, isAdverse: Bool,
    arming armed: LiveOrder.Armed
  ) {
    self.init(live, slot: slot, at: reference)
    self.isAdverse = isAdverse
    triggers = true
    switch armed {
    case .market: break
    case .limit(let price):
      armsOnly = isBuy ? reference > price : reference < price
      limitPrice = price
    case .stop(let price): armsOnly = isBuy ? reference < price : reference > price
    }
  }
}
