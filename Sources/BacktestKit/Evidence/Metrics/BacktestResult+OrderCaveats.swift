package import BacktestCore

extension BacktestResult {
  /// Orders that did less than the strategy asked for, by their reasons.
  var orderCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    func add(_ code: ResultCaveat.Code, _ count: Int, _ one: String, _ many: String) {
      if count > 0 { found.append(ResultCaveat(code, count: count, one, many)) }
    }
    add(
      .cutOrders, counts.cutOrders, "order was reduced because buying power was too low.",
      "orders were reduced because buying power was too low.")
    add(
      .cutOrders, counts.cutUnborrowable,
      "order was reduced because there were no shares to borrow.",
      "orders were reduced because there were no shares to borrow.")
    found += shortSaleCaveats
    let others = rejections.filter { !$0.key.isRiskLimit && $0.key != .shortNotAllowed }
    add(
      .rejectedOrders, others.values.reduce(0, +), "order was rejected\(mostOften(others)).",
      "orders were rejected\(mostOften(others)).")
    let live = Set(outcomes.filter { $0.kind == .stillLive }.map(\.order))
    if let oldest = orders.first(where: { live.contains($0.assignedID) }) {
      let (end, date) = ("still live at the end", oldest.submitted.utcDate)
      add(
        .ordersLeftLive, live.count, "order was \(end), placed on \(date).",
        "orders were \(end), the oldest placed on \(date).")
    }
    return found
  }

  /// Sales that a cash account refused, or reduced to what was held.
  private var shortSaleCaveats: [ResultCaveat] {
    let why = "a cash account cannot sell short (set account: leverage to allow it)."
    let (reduced, rejected) = (counts.cutShortSales, rejections[.shortNotAllowed] ?? 0)
    var found: [ResultCaveat] = []
    if reduced > 0 {
      found.append(
        ResultCaveat(
          .shortNotAllowed, count: reduced, "order to sell was reduced to what was held: \(why)",
          "orders to sell were reduced to what was held: \(why)"))
    }
    if rejected > 0 {
      found.append(
        ResultCaveat(
          .shortNotAllowed, count: rejected, "order to sell short was rejected: \(why)",
          "orders to sell short were rejected: \(why)"))
    }
    return found
  }

  /// What the limits of the study did to orders and positions.
  var riskCaveats: [ResultCaveat] {
    let rejections = rejections.filter(\.key.isRiskLimit)
    let rejected = rejections.values.reduce(0, +)
    let refused = Set(
      outcomes.compactMap { outcome -> OrderID? in
        if case .rejected = outcome.kind { outcome.order } else { nil }
      })
    var limits: [RiskBreach.Limit: Int] = [:]
    var reduced: Set<OrderID> = []
    for breach in riskBreaches {
      // An order of which nothing may be opened can still close what is held.
      guard [.cut, .rejected].contains(breach.action), let order = breach.order,
        !refused.contains(order)
      else { continue }
      reduced.insert(order)
      limits[breach.limit, default: 0] += 1
    }
    let closed = riskBreaches.count { $0.action == .closed }
    let scaled = riskBreaches.count { $0.action == .reduced }
    var parts: [String] = []
    if !reduced.isEmpty {
      let most = RiskBreach.Limit.allCases.max { (limits[$0] ?? 0) < (limits[$1] ?? 0) }
      let share = limits.count > 1 ? "most often: " : ""
      parts.append(
        "reduced \(NumberText.count(reduced.count, "order"))"
          + (most.map { " (\(share)\($0.words))" } ?? ""))
    }
    if rejected > 0 {
      parts.append(
        "rejected \(NumberText.count(rejected, "order"))\(mostOften(rejections))")
    }
    if scaled > 0 { parts.append("scaled targets down \(NumberText.count(scaled, "time"))") }
    if closed > 0 { parts.append("closed all positions \(NumberText.count(closed, "time"))") }
    guard !parts.isEmpty else { return [] }
    return [
      ResultCaveat(.riskLimits, "The limits of 'risk' \(parts.joined(separator: "; ")).")
    ]
  }

  /// That nothing was traded at all, and why; `nil` where something was.
  package var idleSentence: String? {
    guard configuration.accounting.placesOrders else {
      return account.tradedNotional > 0
        ? nil : "No trade happened: every weight that was stated is 0."
    }
    guard fills.isEmpty else { return nil }
    if orders.isEmpty { return "No trade happened: no order was placed." }
    let tally = rejections
    let rejected = tally.values.reduce(0, +)
    let all = NumberText.count(orders.count, "order")
    if rejected >= orders.count {
      let text = orders.count == 1 ? "the only order was" : "all \(all) were"
      return "No trade happened: \(text) rejected\(mostOften(tally))."
    }
    let rest =
      rejected > 0
      ? "; \(NumberText.grouped(rejected)) of them \(rejected == 1 ? "was" : "were") rejected"
        + mostOften(tally) : ""
    return orders.count == 1
      ? "No trade happened: the only order did not fill."
      : "No trade happened: none of \(all) filled\(rest)."
  }

  /// How many orders were rejected, by their reasons.
  private var rejections: [RejectionReason: Int] {
    var tally: [RejectionReason: Int] = [:]
    for outcome in outcomes {
      guard case .rejected(let reason) = outcome.kind else { continue }
      tally[reason, default: 0] += 1
    }
    return tally
  }

  /// The commonest reason of rejections: `, 12 of them because of: not enough buying power`.
  private func mostOften(_ tally: [RejectionReason: Int]) -> String {
    let ordered = RejectionReason.allCases.compactMap { reason in tally[reason].map { (reason, $0) }
    }
    guard let most = ordered.max(by: { $0.1 < $1.1 }) else { return "" }
    let share = ordered.count == 1 ? "" : ", \(NumberText.grouped(most.1)) of them"
    return "\(share) (\(most.0.words))"
  }
}
