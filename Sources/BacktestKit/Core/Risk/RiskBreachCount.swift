/// How often a limit was met and what was done then.
package struct RiskBreachCount: Hashable, Sendable {
  /// The limit.
  package let limit: RiskBreach.Limit
  /// What was done.
  package let action: RiskBreach.Action
  /// How often.
  package private(set) var count = 0
  /// The number farthest beyond the limit; `nil` where there was none.
  package private(set) var worst: Double?
  /// The limit's number.
  package let bound: Double

  /// Breaches by limit and action, in the order in which limits are checked.
  package static func all(of breaches: [RiskBreach]) -> [RiskBreachCount] {
    var counts: [RiskBreachCount] = []
    for breach in breaches {
      let known = counts.firstIndex { $0.limit == breach.limit && $0.action == breach.action }
      let place = known ?? counts.count
      if known == nil {
        counts.append(
          RiskBreachCount(limit: breach.limit, action: breach.action, bound: breach.bound))
      }
      counts[place].count += 1
      guard breach.value.isFinite else { continue }
      counts[place].worst =
        counts[place].worst.map {
          abs(breach.value) > abs($0) ? breach.value : $0
        } ?? breach.value
    }
    let order = RiskBreach.Limit.allCases
    return counts.enumerated().sorted { a, b in
      (order.firstIndex(of: a.element.limit) ?? 0, a.offset)
        < (order.firstIndex(of: b.element.limit) ?? 0, b.offset)
    }.map(\.element)
  }

  private init(limit: RiskBreach.Limit, action: RiskBreach.Action, bound: Double) {
    self.limit = limit
    self.action = action
    self.bound = bound
  }
}
