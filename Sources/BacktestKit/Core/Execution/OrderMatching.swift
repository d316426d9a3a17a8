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
  func matchAlong(_ bar: Bar, slot: Int, tick: Double, plan: ExecutionPlan) -> MatchCandidate? {
    guard liveSince <= bar.openTime else { return nil }
    switch matchingKind {
    case .market: return nil
    case .limit(let price):
      let extreme = isBuy ? bar.low : bar.high
      guard isReached(limit: price, by: extreme, tick: tick, plan: plan) else { return nil }
      // One that the open betters is still here only because it waited for its entry.
      let open = isBuy ? min(price, bar.open) : max(price, bar.open)
      return MatchCandidate(
        self, slot: slot, at: plan.improvesOnGaps ? open : price, limit: price)
    case .stop(let price):
      guard isBuy ? bar.high >= price : bar.low <= price else { return nil }
      let reference = isBuy ? max(price, bar.open) : min(price, bar.open)
      return MatchCandidate(self, slot: slot, at: reference, triggersStop: true)
    }
  }

  /// The match at a bar's close, if the order trades there: market orders that went live before
  /// it. A triggered stop's rest waits for the next open.
  func matchAtClose(_ close: Double, slot: Int, time: Timestamp) -> MatchCandidate? {
    guard matchingKind == .market, !isTriggered, liveSince < time else { return nil }
    return MatchCandidate(self, slot: slot, at: close)
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

/// When a path visits a candidate: the leg first, then the distance from the open.
private struct PathPosition: Comparable {
  var leg: Int
  var distance: Double

  init(_ candidate: MatchCandidate, on path: ExecutionRules.IntrabarPath, bar: Bar) {
    distance = abs(candidate.reference - bar.open)
    // The market rises to a buy stop and a sell limit, and falls to the two others.
    let isAbove = candidate.isBuy == candidate.triggersStop
    switch path {
    case .pessimistic: leg = candidate.triggersStop ? 0 : 1
    case .openHighLowClose: leg = isAbove ? 0 : 1
    case .openLowHighClose: leg = isAbove ? 1 : 0
    case .nearestExtremeFirst:
      let highIsFirst = bar.high - bar.open < bar.open - bar.low
      leg = isAbove == highIsFirst ? 0 : 1
    }
  }

  static func < (a: PathPosition, b: PathPosition) -> Bool {
    (a.leg, a.distance) < (b.leg, b.distance)
  }
}

extension OwnedBuffer<MatchCandidate> {
  /// Puts candidates in the order in which a path visits them.
  ///
  /// An insertion sort: candidates are few, and equal ones must keep their priority.
  mutating func sort(along path: ExecutionRules.IntrabarPath, of bar: Bar) {
    func position(_ index: Int) -> PathPosition { PathPosition(self[index], on: path, bar: bar) }
    for i in indices.dropFirst() {
      var j = i
      while j > 0, position(j) < position(j - 1) {
        swapAt(j, j - 1)
        j -= 1
      }
    }
  }
}

extension MatchCandidate {
  /// Whether a path that has been at both extremes comes to this price again before the close;
  /// under `pessimistic` it is taken to come to every stop.
  func isRevisited(on path: ExecutionRules.IntrabarPath, of bar: Bar) -> Bool {
    let endsRising: Bool
    switch path {
    case .pessimistic: return triggersStop
    case .openHighLowClose: endsRising = true
    case .openLowHighClose: endsRising = false
    case .nearestExtremeFirst: endsRising = bar.high - bar.open < bar.open - bar.low
    }
    // The market rises to a buy stop and a sell limit, and falls to the two others.
    let isReachedRising = isBuy == triggersStop
    guard isReachedRising == endsRising else { return false }
    return endsRising ? reference <= bar.close : reference >= bar.close
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
