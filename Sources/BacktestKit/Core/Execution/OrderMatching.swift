/// What each kind of order does at an open, along a bar and at a close: the one place to say it.
extension LiveOrder {
  /// What an order waits for now.
  enum Waiting {
    /// The next price, by the rule for market orders; `isAtOpen` is at an open whatever it says.
    case market(isAtOpen: Bool)
    /// The close of the bar.
    case close
    /// A limit.
    case limit(Double)
    /// A trigger, which the market reaches against the trader's side or on it, and what it arms.
    case trigger(Double, isAdverse: Bool, arms: Armed)
    /// Nothing yet: a trailing stop without a price to follow.
    case nothing
  }

  /// What an order becomes once its trigger is reached.
  enum Armed {
    case market
    case limit(Double)
    case stop(Double)
  }

  @inline(__always)
  var waiting: Waiting {
    switch order.kind {
    // What answers a margin call is triggered from its beginning.
    case .market: return .market(isAtOpen: isTriggered)
    case .limit(let price): return .limit(price)
    case .stop(let price):
      // A triggered stop's rest goes on at the next open whatever the rule for markets is.
      return isTriggered
        ? .market(isAtOpen: true) : .trigger(price, isAdverse: true, arms: .market)
    // Its parts and not itself, which would be copied at each order to be passed.
    default:
      return Waiting(
        rarely: order.kind, isTriggered: isTriggered, bestPrice: bestPrice, isBuy: isBuy)
    }
  }

  /// The match at a bar's open, if the order trades there, or its trigger is reached.
  ///
  /// A stop beyond which the bar opens becomes a market order at the open; a limit that the open
  /// betters fills there, or at its own price when gaps are not improved on. A trailing exit whose
  /// entry has not filled has no stop yet: its match has no price, and is found again at its turn.
  @inline(__always)
  func matchAtOpen(
    slot: Int, open: Double, time: Timestamp, tick: Double, plan: ExecutionPlan
  ) -> MatchCandidate? {
    guard liveSince <= time, !startsLater else { return nil }
    switch waiting {
    case .market(let isAtOpen):
      guard plan.marketFill != .nextClose || isAtOpen else { return nil }
      return MatchCandidate(self, slot: slot, at: open)
    case .close: return nil
    case .nothing: return MatchCandidate(self, slot: slot, at: .nan)
    case .limit(let price):
      guard isReached(limit: price, by: open, tick: tick, plan: plan) else { return nil }
      return MatchCandidate(
        self, slot: slot, at: improves(plan) ? open : price, limit: price)
    case .trigger(let price, let isAdverse, let armed):
      guard isReached(trigger: price, isAdverse: isAdverse, by: open) else { return nil }
      return MatchCandidate(self, slot: slot, at: open, isAdverse: isAdverse, arming: armed)
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
    guard liveSince <= bar.openTime, !startsLater else { return nil }
    var match: MatchCandidate
    // An order that the open triggers or betters is still here only because it waited for its
    // entry, which has filled at that open.
    let isMetAtOpen: Bool
    let level: Double
    switch waiting {
    case .market, .close, .nothing: return nil
    case .limit(let price):
      let extreme = isBuy ? bar.low : bar.high
      guard isReached(limit: price, by: extreme, tick: tick, plan: plan) else { return nil }
      isMetAtOpen = isReached(limit: price, by: bar.open, tick: tick, plan: plan)
      let isBettered = isMetAtOpen && improves(plan)
      level = reachPrice(ofLimit: price, tick: tick, plan: plan)
      match = MatchCandidate(self, slot: slot, at: isBettered ? bar.open : price, limit: price)
    case .trigger(let price, let isAdverse, let armed):
      if followsPath(plan) {
        return matchTrailing(
          along: path, from: path.start, at: bar.open, slot: slot)
      }
      guard
        isReached(
          trigger: price, isAdverse: isAdverse,
          by: isBuy == isAdverse ? bar.high : bar.low)
      else { return nil }
      isMetAtOpen = isReached(trigger: price, isAdverse: isAdverse, by: bar.open)
      level = price
      match = MatchCandidate(
        self, slot: slot, at: isMetAtOpen ? bar.open : price, isAdverse: isAdverse, arming: armed)
    }
    match.position =
      isMetAtOpen ? path.start(of: match) : path.position(of: match, reachedAt: level)
    return match
  }

  /// The match of an exit that a fill inside the bar gives something to close, if the rest of the
  /// path reaches it.
  ///
  /// An exit that the market is beyond already at that fill trades where the market is.
  /// Under `pessimistic`, which is no real path, the stop that the bar reaches anywhere does fill,
  /// and what waits for a better price does not.
  func match(
    behind entry: MatchCandidate, along path: BarPath, slot: Int, tick: Double,
    plan: ExecutionPlan
  ) -> MatchCandidate? {
    guard liveSince <= path.bar.openTime else { return nil }
    // What is met at the open, before all else, leaves the market there.
    let pessimistic = entry.position.progress < 0 ? path.bar.open : entry.reference
    let market = path.isReal ? path.price(at: entry.position) : pessimistic
    var match: MatchCandidate
    let isMet: Bool
    let level: Double
    switch waiting {
    case .market, .close, .nothing: return nil
    case .limit(let price):
      guard path.isReal else { return nil }
      isMet = isReached(limit: price, by: market, tick: tick, plan: plan)
      let reference = isMet && improves(plan) ? market : price
      level = reachPrice(ofLimit: price, tick: tick, plan: plan)
      match = MatchCandidate(self, slot: slot, at: reference, limit: price)
    case .trigger(let price, let isAdverse, let armed):
      guard path.isReal || isAdverse else { return nil }
      isMet = isReached(trigger: price, isAdverse: isAdverse, by: market)
      if !isMet, path.isReal, followsPath(plan) {
        return matchTrailing(along: path, from: entry.position, at: market, slot: slot)
      }
      level = price
      match = MatchCandidate(
        self, slot: slot, at: isMet ? market : price, isAdverse: isAdverse, arming: armed)
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
    return reached(match, at: level, behind: entry, along: path, tick: tick, plan: plan)
  }

  /// The match of an order whose trigger was reached inside the bar and armed what could not trade
  /// there, if the rest of the path reaches that.
  ///
  /// Under `pessimistic` only what is certain counts: a limit farther on the same way that the bar
  /// reaches, and a price on the way back beyond which it closes.
  func match(
    armedBy trigger: MatchCandidate, along path: BarPath, slot: Int, tick: Double,
    plan: ExecutionPlan
  ) -> MatchCandidate? {
    var match: MatchCandidate
    let level: Double
    switch waiting {
    case .market, .close, .nothing: return nil
    case .limit(let price):
      match = MatchCandidate(self, slot: slot, at: price, limit: price)
      level = reachPrice(ofLimit: price, tick: tick, plan: plan)
    case .trigger(let price, let isAdverse, let armed):
      match = MatchCandidate(self, slot: slot, at: price, isAdverse: isAdverse, arming: armed)
      level = price
    }
    if path.isReal {
      match.position = trigger.position
      return reached(match, at: level, behind: trigger, along: path, tick: tick, plan: plan)
    }
    // What is armed at the open has the whole bar before it.
    let isAtOpen = trigger.reference == path.bar.open && trigger.position.progress < 0
    let isOnward = isAtOpen || match.isReachedRising == trigger.isReachedRising
    let last = isOnward ? (match.isReachedRising ? path.bar.high : path.bar.low) : path.bar.close
    let isCertain =
      match.limit.map { isReached(limit: $0, by: last, tick: tick, plan: plan) }
      ?? (match.isReachedRising ? last >= level : last <= level)
    guard isCertain else { return nil }
    match.position = max(trigger.position, path.position(of: match, reachedAt: level))
    return match
  }

  /// A match that the rest of a real path reaches, with its place.
  private func reached(
    _ match: MatchCandidate, at level: Double, behind start: MatchCandidate, along path: BarPath,
    tick: Double, plan: ExecutionPlan
  ) -> MatchCandidate? {
    for leg in start.position.leg...2 where path.isRising(leg) == match.isReachedRising {
      let end = path.end(of: leg)
      let isReached =
        match.triggers
        ? (match.isReachedRising ? end >= level : end <= level)
        : match.limit.map { self.isReached(limit: $0, by: end, tick: tick, plan: plan) } ?? true
      guard isReached else { continue }
      var match = match
      match.position = path.position(of: level, on: leg)
      return match
    }
    return nil
  }

  /// The match at a bar's close, if the order trades there: what waits for closes and went live
  /// before it. A triggered stop's rest waits for the next open.
  func matchAtClose(
    _ close: Double, slot: Int, time: Timestamp, plan: ExecutionPlan
  ) -> MatchCandidate? {
    guard liveSince < time, !startsLater else { return nil }
    switch waiting {
    case .close: return MatchCandidate(self, slot: slot, at: close)
    case .market(isAtOpen: false) where plan.marketFill == .nextClose:
      return MatchCandidate(self, slot: slot, at: close)
    default: return nil
    }
  }

  /// The price at which the market reaches a limit; it lies beyond it as far as the rule for limits
  /// asks.
  private func reachPrice(ofLimit price: Double, tick: Double, plan: ExecutionPlan) -> Double {
    guard case .through(let ticks) = plan.limitFill, !tick.isNaN else { return price }
    return isBuy ? price - Double(ticks) * tick : price + Double(ticks) * tick
  }

  /// Whether a limit that the market betters fills at the better price.
  private func improves(_ plan: ExecutionPlan) -> Bool { plan.improvesOnGaps && !order.postOnly }

  /// Whether a price reaches a trigger: one against the trader's side by rising to a buy.
  @inline(__always)
  func isReached(trigger: Double, isAdverse: Bool, by price: Double) -> Bool {
    isBuy == isAdverse ? price >= trigger : price <= trigger
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

extension MatchCandidate {
  /// The market rises to a buy stop and a sell limit, and falls to the two others.
  var isReachedRising: Bool { isBuy == isAdverse }

  /// Whether the path comes to it first, or at the same place to the order with priority.
  func comes(before other: MatchCandidate) -> Bool {
    (position, priority) < (other.position, other.priority)
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
  /// When an order that becomes live expires, or `nil` where no time ends it.
  ///
  /// - Parameters:
  ///   - time: when the order becomes live.
  ///   - calendar: that of its instrument; `nil` is open around the clock.
  func expiry(liveFrom time: Timestamp, calendar: (any TradingCalendar)?) -> Timestamp? {
    switch self {
    case .goodTilCancelled, .immediateOrCancel, .fillOrKill: nil
    case .goodTil(let end): end
    case .day: (calendar ?? AlwaysOpenCalendar()).sessionClosing(after: time)?.close
    }
  }
}

extension LiveOrder.Waiting {
  /// What an order of a kind other than market, limit and stop waits for.
  @inline(never)
  fileprivate init(rarely kind: Order.Kind, isTriggered: Bool, bestPrice: Double, isBuy: Bool) {
    switch kind {
    case .market, .limit, .stop: preconditionFailure("waits for what is common")
    case .marketOnOpen: self = .market(isAtOpen: true)
    case .marketOnClose: self = .close
    case .stopLimit(let stop, let limit):
      self =
        isTriggered ? .limit(limit) : .trigger(stop, isAdverse: true, arms: .limit(limit))
    case .limitIfTouched(let touch, let limit):
      self =
        isTriggered ? .limit(limit) : .trigger(touch, isAdverse: false, arms: .limit(limit))
    case .marketIfTouched(let touch):
      self =
        isTriggered ? .market(isAtOpen: true) : .trigger(touch, isAdverse: false, arms: .market)
    case .stopIfTouched(let touch, let stop):
      // What a sell protects lies below the market, and is touched above it.
      self = .trigger(touch, isAdverse: false, arms: .stop(stop))
    case .trailingStop(let trail):
      if isTriggered {
        self = .market(isAtOpen: true)
      } else if bestPrice.isNaN {
        self = .nothing
      } else {
        self = .trigger(
          trail.stop(behind: bestPrice, isBuy: isBuy), isAdverse: true, arms: .market)
      }
    }
  }
}
