/// One order that the market reaches, and the price at which it does.
struct MatchCandidate: BitwiseCopyable, Sendable {
  var slot: Int
  var order: OrderID
  /// The price before slippage.
  var reference: Double
  /// Whether slippage applies: to markets and triggered stops, never to limits.
  var paysSlippage: Bool
  /// Whether it is a limit order, whose price bounds the fill.
  var limit: Double?
  /// Whether it is a stop order that this match triggers.
  var triggersStop: Bool
  /// Whether it buys.
  var isBuy: Bool
}

extension OrderBook {
  /// Adds the orders of an instrument that trade at a bar's open, in order of priority.
  ///
  /// A stop beyond which the bar opens becomes a market order at the open; a limit that the open
  /// betters fills there, or at its own price when gaps are not improved on.
  func openCandidates(
    _ instrument: Int, bar: Bar, rules: ExecutionRules, tick: Double,
    into candidates: inout ContiguousArray<MatchCandidate>
  ) {
    var slot = firstSlot(instrument)
    while slot >= 0 {
      defer { slot = self.slot(after: slot) }
      let live = self[slot]
      guard live.liveSince <= bar.openTime else { continue }
      switch live.matchingKind {
      case .market:
        // A triggered stop's rest goes on at the next open whatever the rule for markets is.
        guard rules.marketFill != .nextClose || live.isTriggered else { continue }
        candidates.append(candidate(slot, at: bar.open, paysSlippage: true))
      case .limit(let price):
        let margin = rules.limitFill.margin(tick: tick)
        guard reaches(bar.open, limit: price, isBuy: live.isBuy, margin: margin) else { continue }
        let reference = rules.improvesOnGaps ? bar.open : price
        candidates.append(candidate(slot, at: reference, paysSlippage: false, limit: price))
      case .stop(let price):
        guard live.isBuy ? bar.open >= price : bar.open <= price else { continue }
        candidates.append(candidate(slot, at: bar.open, paysSlippage: true, triggersStop: true))
      }
    }
  }

  /// The resting orders of an instrument that a bar reaches after its open, in the order in which
  /// a path visits them.
  ///
  /// Every price between low and high lies on exactly one of the ways from the open to an extreme,
  /// so that the last leg to the close never triggers anything new.
  func pathCandidates(
    _ instrument: Int, bar: Bar, path: IntrabarPath, rules: ExecutionRules, tick: Double,
    into candidates: inout ContiguousArray<MatchCandidate>
  ) {
    candidates.removeAll(keepingCapacity: true)
    var slot = firstSlot(instrument)
    while slot >= 0 {
      defer { slot = self.slot(after: slot) }
      let live = self[slot]
      switch live.matchingKind {
      case .market: continue
      case .limit(let price):
        let margin = rules.limitFill.margin(tick: tick)
        let extreme = live.isBuy ? bar.low : bar.high
        guard live.liveSince <= bar.openTime,
          reaches(extreme, limit: price, isBuy: live.isBuy, margin: margin)
        else { continue }
        // One that the open betters is still here only because it waited for its entry.
        let open = live.isBuy ? min(price, bar.open) : max(price, bar.open)
        let reference = rules.improvesOnGaps ? open : price
        candidates.append(candidate(slot, at: reference, paysSlippage: false, limit: price))
      case .stop(let price):
        guard live.liveSince <= bar.openTime,
          live.isBuy ? bar.high >= price : bar.low <= price
        else { continue }
        let reference = live.isBuy ? max(price, bar.open) : min(price, bar.open)
        candidates.append(candidate(slot, at: reference, paysSlippage: true, triggersStop: true))
      }
    }
    guard candidates.count > 1 else { return }
    sortStably(&candidates) { PathPosition($0, on: path, bar: bar) }
  }

  /// Adds the market orders of an instrument that trade at a bar's close: those that went live
  /// before it, unless markets fill at the open; a triggered stop's rest waits for the next open.
  func closeCandidates(
    _ instrument: Int, bar: Bar, into candidates: inout ContiguousArray<MatchCandidate>
  ) {
    var slot = firstSlot(instrument)
    while slot >= 0 {
      defer { slot = self.slot(after: slot) }
      let live = self[slot]
      guard live.matchingKind == .market, !live.isTriggered, live.liveSince < bar.closeTime else {
        continue
      }
      candidates.append(candidate(slot, at: bar.close, paysSlippage: true))
    }
  }

  private func candidate(
    _ slot: Int, at reference: Double, paysSlippage: Bool, limit: Double? = nil,
    triggersStop: Bool = false
  ) -> MatchCandidate {
    MatchCandidate(
      slot: slot, order: self[slot].order.id, reference: reference, paysSlippage: paysSlippage,
      limit: limit, triggersStop: triggersStop, isBuy: self[slot].isBuy)
  }
}

/// When a path visits a candidate: the leg first, then the distance from the open.
private struct PathPosition: Comparable {
  var leg: Int
  var distance: Double

  init(_ candidate: MatchCandidate, on path: IntrabarPath, bar: Bar) {
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

/// Insertion sort: candidates are few, and equal ones must keep their priority.
private func sortStably<Key: Comparable>(
  _ candidates: inout ContiguousArray<MatchCandidate>, by key: (MatchCandidate) -> Key
) {
  for i in 1..<candidates.count {
    var j = i
    while j > 0, key(candidates[j]) < key(candidates[j - 1]) {
      candidates.swapAt(j, j - 1)
      j -= 1
    }
  }
}

/// Whether a price reaches a limit, going beyond it by the margin that the rule asks for.
private func reaches(_ price: Double, limit: Double, isBuy: Bool, margin: LimitMargin) -> Bool {
  let beyond = isBuy ? limit - price : price - limit
  switch margin {
  case .touch: return beyond >= 0
  case .beyond: return beyond > 0
  // Prices on a grid of ticks are sums of decimal fractions; a billionth of a tick is rounding.
  case .distance(let distance): return beyond >= distance * (1 - 1e-9)
  }
}

private enum LimitMargin {
  case touch, beyond
  case distance(Double)
}

extension LimitFill {
  fileprivate func margin(tick: Double) -> LimitMargin {
    switch self {
    case .touch: .touch
    case .through(let ticks): tick.isNaN ? .beyond : .distance(Double(ticks) * tick)
    }
  }
}
