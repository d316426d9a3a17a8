/// What each kind of order does at an open, along a bar and at a close: the one place to say it.
extension LiveOrder {
  /// The match at a bar's open, if the order trades there.
  ///
  /// A stop beyond which the bar opens becomes a market order at the open; a limit that the open
  /// betters fills there, or at its own price when gaps are not improved on.
  @inline(__always)
  func matchAtOpen(
    slot: Int, open: Double, time: Timestamp, tick: Double, plan: ExecutionPlan
  ) -> MatchCandidate? {
    guard liveSince <= time else { return nil }
    switch matchingKind {
    case .market:
      // A triggered stop's rest goes on at the next open whatever the rule for markets is.
      guard plan.marketFill != .nextClose || isTriggered else { return nil }
      return MatchCandidate(self, slot: slot, at: open)
    case .limit(let price):
      guard isReached(limit: price, by: open, tick: tick, plan: plan) else { return nil }
      return MatchCandidate(
        self, slot: slot, at: plan.improvesOnGaps ? open : price, limit: price)
    case .stop(let price):
      guard isBuy ? open >= price : open <= price else { return nil }
      return MatchCandidate(self, slot: slot, at: open, triggersStop: true)
    }
  }

  /// The match after a bar's open and before its close, if the bar reaches the order.
  ///
  /// Every price between low and high lies on exactly one of the ways from the open to an extreme,
  /// so that the last leg to the close never triggers anything new.
  func matchAlong(
    _ path: BarPath, slot: Int, tick: Double, plan: ExecutionPlan
  ) -> MatchCandidate? {
    let bar = path.bar
    guard liveSince <= bar.openTime else { return nil }
    var match: MatchCandidate
    // An order that the open triggers or betters is still here only because it waited for its
    // entry, which has filled at that open.
    let isMetAtOpen: Bool
    switch matchingKind {
    case .market: return nil
    case .limit(let price):
      let extreme = isBuy ? bar.low : bar.high
      guard isReached(limit: price, by: extreme, tick: tick, plan: plan) else { return nil }
      isMetAtOpen = isReached(limit: price, by: bar.open, tick: tick, plan: plan)
      let isBettered = isMetAtOpen && plan.improvesOnGaps
      match = MatchCandidate(self, slot: slot, at: isBettered ? bar.open : price, limit: price)
    case .stop(let price):
      guard isBuy ? bar.high >= price : bar.low <= price else { return nil }
      isMetAtOpen = isBuy ? bar.open >= price : bar.open <= price
      match = MatchCandidate(
        self, slot: slot, at: isMetAtOpen ? bar.open : price, triggersStop: true)
    }
    match.position =
      isMetAtOpen
      ? path.start(of: match)
      : path.position(of: match, reachedAt: reachPrice(tick: tick, plan: plan))
    return match
  }

  /// The match of an exit that a fill inside the bar gives something to close, if the rest of the
  /// path reaches it.
  ///
  /// An exit that the market is beyond already at that fill trades where the market is.
  /// Under `pessimistic`, which is no real path, the stop that the bar reaches anywhere does fill,
  /// and the limit does not.
  func match(
    behind entry: MatchCandidate, along path: BarPath, slot: Int, tick: Double,
    plan: ExecutionPlan
  ) -> MatchCandidate? {
    guard liveSince <= path.bar.openTime else { return nil }
    let market = path.isReal ? path.price(at: entry.position) : entry.reference
    var match: MatchCandidate
    let isMet: Bool
    switch matchingKind {
    case .market: return nil
    case .limit(let price):
      guard path.isReal else { return nil }
      isMet = isReached(limit: price, by: market, tick: tick, plan: plan)
      let reference = isMet && plan.improvesOnGaps ? market : price
      match = MatchCandidate(self, slot: slot, at: reference, limit: price)
    case .stop(let price):
      isMet = isBuy ? market >= price : market <= price
      match = MatchCandidate(self, slot: slot, at: isMet ? market : price, triggersStop: true)
    }
    guard path.isReal else {
      let isReached = isBuy ? path.bar.high >= match.reference : path.bar.low <= match.reference
      guard isMet || isReached else { return nil }
      match.position =
        isMet ? path.start(of: match) : path.position(of: match, reachedAt: match.reference)
      return match
    }
    match.position = entry.position
    if isMet { return match }
    for leg in entry.position.leg...2 where path.isRising(leg) == match.isReachedRising {
      let end = path.end(of: leg)
      let isReached =
        match.limit.map { self.isReached(limit: $0, by: end, tick: tick, plan: plan) }
        ?? (isBuy ? end >= match.reference : end <= match.reference)
      guard isReached else { continue }
      match.position = path.position(of: reachPrice(tick: tick, plan: plan), on: leg)
      return match
    }
    return nil
  }

  /// The match at a bar's close, if the order trades there: market orders that went live before
  /// it. A triggered stop's rest waits for the next open.
  func matchAtClose(_ close: Double, slot: Int, time: Timestamp) -> MatchCandidate? {
    guard matchingKind == .market, !isTriggered, liveSince < time else { return nil }
    return MatchCandidate(self, slot: slot, at: close)
  }

  /// The price at which the market reaches a stop or a limit; a limit's lies beyond it as far as
  /// the rule for limits asks.
  private func reachPrice(tick: Double, plan: ExecutionPlan) -> Double {
    switch order.kind {
    case .market: return .nan
    case .stop(let price): return price
    case .limit(let price):
      guard case .through(let ticks) = plan.limitFill, !tick.isNaN else { return price }
      return isBuy ? price - Double(ticks) * tick : price + Double(ticks) * tick
    }
  }

  /// Whether a price reaches a limit, going beyond it as far as the rule for limits asks.
  private func isReached(
    limit: Double, by price: Double, tick: Double, plan: ExecutionPlan
  ) -> Bool {
    let beyond = isBuy ? limit - price : price - limit
    switch plan.limitFill {
    case .touch: return beyond >= 0
    case .through(let ticks):
      guard !tick.isNaN else { return beyond > 0 }
      // Prices on a grid of ticks are sums of decimal fractions; a billionth of a tick is rounding.
      return beyond >= Double(ticks) * tick * (1 - 1e-9)
    }
  }
}

/// A place on the way through a bar: the leg first, then how far along it.
struct PathPosition: Comparable, BitwiseCopyable, Sendable {
  var leg: Int
  /// Grows along the leg.
  var progress: Double

  static func < (a: PathPosition, b: PathPosition) -> Bool {
    (a.leg, a.progress) < (b.leg, b.progress)
  }
}

/// The way that prices are assumed to take through a bar: from the open to one extreme, to the
/// other, and to the close. `pessimistic` is no real path: all stops come before all limits.
struct BarPath {
  let bar: Bar
  let isReal: Bool
  private let risesFirst: Bool

  init(_ rule: ExecutionRules.IntrabarPath, through bar: Bar) {
    self.bar = bar
    isReal = rule != .pessimistic
    risesFirst =
      switch rule {
      case .pessimistic, .openLowHighClose: false
      case .openHighLowClose: true
      case .nearestExtremeFirst: bar.high - bar.open < bar.open - bar.low
      }
  }

  /// The place of an order that is met where the bar opens.
  func start(of candidate: MatchCandidate) -> PathPosition {
    guard isReal else { return PathPosition(leg: candidate.triggersStop ? 0 : 1, progress: 0) }
    return position(of: bar.open, on: 0)
  }

  /// Whether prices rise on a leg.
  func isRising(_ leg: Int) -> Bool { (leg == 1) != risesFirst }

  /// The price at which a leg ends.
  func end(of leg: Int) -> Double { leg == 2 ? bar.close : isRising(leg) ? bar.high : bar.low }

  /// Where a leg comes to a price.
  func position(of price: Double, on leg: Int) -> PathPosition {
    PathPosition(leg: leg, progress: isRising(leg) ? price : -price)
  }

  /// The price at a place of a real path.
  func price(at position: PathPosition) -> Double {
    isRising(position.leg) ? position.progress : -position.progress
  }

  /// Where the path first comes to an order that rests since the open and is reached at a price.
  func position(of candidate: MatchCandidate, reachedAt price: Double) -> PathPosition {
    guard isReal else {
      return PathPosition(
        leg: candidate.triggersStop ? 0 : 1, progress: abs(candidate.reference - bar.open))
    }
    return position(of: price, on: isRising(0) == candidate.isReachedRising ? 0 : 1)
  }
}

extension MatchCandidate {
  /// The market rises to a buy stop and a sell limit, and falls to the two others.
  var isReachedRising: Bool { isBuy == triggersStop }

  /// Whether the path comes to it first, or at the same place to the order submitted earlier.
  func comes(before other: MatchCandidate) -> Bool {
    (position, order.number) < (other.position, other.order.number)
  }
}

extension OwnedBuffer<MatchCandidate> {
  /// Adds a candidate where the path comes to it, in order of submission among those of the same
  /// place, and not before an index. Candidates are few.
  mutating func insert(_ candidate: MatchCandidate, from index: Int = 0) {
    append(candidate)
    var place = count - 1
    while place > index, self[place].comes(before: self[place - 1]) {
      swapAt(place, place - 1)
      place -= 1
    }
  }

  /// Takes an order out, from an index on.
  mutating func remove(_ order: OrderID, from index: Int) {
    guard let found = (index..<count).first(where: { self[$0].order == order }) else { return }
    for place in found..<count - 1 { self[place] = self[place + 1] }
    removeLast(1)
  }
}

extension Order.TimeInForce {
  /// When an order that becomes live expires, or `nil` where it lives until it is filled or
  /// cancelled.
  ///
  /// - Parameters:
  ///   - time: when the order becomes live.
  ///   - calendar: that of its instrument; `nil` is open around the clock.
  func expiry(liveFrom time: Timestamp, calendar: (any TradingCalendar)?) -> Timestamp? {
    switch self {
    case .goodTilCancelled: nil
    case .day: (calendar ?? AlwaysOpenCalendar()).sessionClosing(after: time)?.close
    }
  }
}
