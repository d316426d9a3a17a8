// Trailing stops inside a bar and from bar to bar.
extension LiveOrder {
  /// Whether it is a trailing stop that moves with the prices inside a bar.
  @inline(__always)
  func followsPath(_ plan: ExecutionPlan) -> Bool {
    plan.trailsIntrabar && !isTriggered && order.kind.trail != nil
  }

  /// The match of a trailing stop that moves with the path, from a place of it on.
  ///
  /// Under `pessimistic` the extreme against the trader comes first, so that the stop is where the
  /// bar found it, and the close is the last chance to reach what the other extreme has moved.
  func matchTrailing(
    along path: BarPath, from start: PathPosition, at market: Double, slot: Int
  ) -> MatchCandidate? {
    guard let trail = order.kind.trail else { return nil }
    let legs =
      path.isReal
      ? path : BarPath(isBuy ? .openHighLowClose : .openLowHighClose, through: path.bar)
    var best = better(bestPrice, market)
    let first = trail.stop(behind: bestPrice, isBuy: isBuy)
    if isReached(trigger: first, isAdverse: true, by: market) {
      var match = MatchCandidate(self, slot: slot, at: market, isAdverse: true, arming: .market)
      match.position = path.isReal ? start : path.start(of: match)
      return match
    }
    for leg in start.leg...2 {
      let end = legs.end(of: leg)
      guard legs.isRising(leg) == isBuy else {
        best = better(best, end)
        continue
      }
      let level = trail.stop(behind: best, isBuy: isBuy)
      guard isReached(trigger: level, isAdverse: true, by: end) else { continue }
      var match = MatchCandidate(self, slot: slot, at: level, isAdverse: true, arming: .market)
      match.position =
        path.isReal
        ? path.position(of: level, on: leg) : path.position(of: match, reachedAt: level)
      return match
    }
    return nil
  }

  /// Takes the best price of a real path from a place on, which the order sees where trailing stops
  /// follow the path.
  mutating func follow(_ path: BarPath, from start: PathPosition) {
    guard liveSince <= path.bar.openTime else { return }
    bestPrice = better(bestPrice, path.price(at: start))
    for leg in start.leg...2 { bestPrice = better(bestPrice, path.end(of: leg)) }
  }

  private func better(_ a: Double, _ b: Double) -> Double { isBuy ? min(a, b) : max(a, b) }

  /// Whether a closed bar may change anything about a trailing stop.
  func isMoved(by bar: Bar) -> Bool {
    wokeInside || better(bestPrice, isBuy ? bar.low : bar.high) != bestPrice
  }

  /// Takes the best price of a closed bar, or of its close alone where the order was not awake for
  /// all of it; the stop never goes back.
  mutating func follow(_ bar: Bar) {
    let isWhole = liveSince <= bar.openTime && !wokeInside
    wokeInside = false
    guard !bestPrice.isNaN, liveSince < bar.closeTime else { return }
    bestPrice = better(bestPrice, isWhole ? (isBuy ? bar.low : bar.high) : bar.close)
  }
}
