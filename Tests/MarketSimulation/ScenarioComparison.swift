import BacktestCore

/// Where two simulators of one scenario differ.
package struct SimulationMismatch: CustomStringConvertible {
  /// The first difference in words.
  package var difference: String
  /// The smallest scenario found that still differs, with both tapes.
  package var description: String
}

extension Scenario {
  /// Plays the scenario twice; `nil` when both simulators give the same.
  package func mismatch(shrinking: Bool = true) throws -> SimulationMismatch? {
    guard try difference() != nil else { return nil }
    let small = shrinking ? try shrunk() : self
    let difference = try small.difference() ?? "nothing"
    let tapes = [try small.played(), try small.replay()]
    let lines = [
      "seed \(seed): \(difference)", small.text(around: tapes), "simulator:", tapes[0].text,
      "engine:", tapes[1].text,
    ]
    return SimulationMismatch(difference: difference, description: lines.joined(separator: "\n"))
  }

  /// What the second simulator makes of it: with the bars of the engine where they were changed,
  /// which agree with its own but for rounding.
  private func played() throws -> SimulationTape {
    var scenario = self
    if !stresses.isEmpty { scenario.market = try stressed() }
    return MarketSimulator.play(scenario)
  }

  /// The first difference between the two tapes.
  private func difference() throws -> String? {
    if let difference = try stressDifference() { return difference }
    return try played().difference(from: try replay())
  }

  /// Leaves out requests and simplifies rules as long as the two still differ.
  private func shrunk() throws -> Scenario {
    var small = self
    var isSmaller = true
    while isSmaller {
      isSmaller = false
      for other in small.simpler where try other.difference() != nil {
        small = other
        isSmaller = true
        break
      }
    }
    return small
  }

  /// Scenarios that lack a contract, a payment, a change of the market or finer bars.
  private var withLess: [Scenario] {
    var found: [Scenario] = []
    for place in market.indices where market[place].instrument.assetClass != .equity {
      var other = self
      other.market[place].instrument.assetClass = .equity
      other.funding[place] = nil
      found.append(other)
    }
    for place in funding.keys.sorted() {
      for row in funding[place]!.indices {
        var other = self
        other.funding[place]!.remove(at: row)
        found.append(other)
      }
    }
    for place in stresses.indices {
      var other = self
      other.stresses.remove(at: place)
      found.append(other)
    }
    for place in finer.keys.sorted() {
      var other = self
      other.finer[place] = nil
      found.append(other)
    }
    return found
  }

  /// Scenarios that lack one thing.
  private var simpler: [Scenario] {
    var found: [Scenario] = []
    for (instant, requests) in script.sorted(by: { $0.key < $1.key }) {
      for place in requests.indices {
        var other = self
        other.script[instant]!.remove(at: place)
        if other.script[instant]!.isEmpty { other.script[instant] = nil }
        found.append(other)
      }
    }
    let changes: [(inout SimulationRules) -> Void] = [
      { $0.latency = .zero }, { $0.participation = nil }, { $0.costs.slippage = .none },
      { $0.costs.commission = .none }, { $0.costs.taxes = [] }, { $0.costsOf = [:] },
      { $0.terms = SimulatedTerms() }, { $0.throughTicks = nil }, { $0.improvesOnGaps = true },
      { $0.trailsIntrabar = false },
      { $0.warmup = 0 }, { $0.closesEndedSeries = false }, { $0.sizesAtFill = false },
      { $0.limits = nil }, { $0.conversionPoints = 0 }, { $0.exits = ExitRules() },
      { $0.exits.stopLoss = nil }, { $0.exits.takeProfit = nil }, { $0.exits.scaleOut = [] },
      { $0.exits.trailingStop = nil }, { $0.exits.breakEven = nil }, { $0.exits.timeExit = nil },
      { $0.exits.reentry = .newTarget },
    ]
    found += withLess
    if !rates.isEmpty {
      var other = self
      other.rates = []
      for place in market.indices { other.market[place].instrument.currency = nil }
      found.append(other)
    }
    for place in market.indices where !market[place].actions.isEmpty {
      for action in market[place].actions.indices {
        var other = self
        var actions = market[place].actions
        actions.remove(at: action)
        if let plain = try? market[place].withoutActions, let series = try? plain.adding(actions) {
          other.market[place] = series
          found.append(other)
        }
      }
    }
    for place in market.indices.reversed() where market.count > 1 && isUnused(place) {
      // Only the last one can go, because the script counts instruments; instants may change.
      guard place == market.count - 1 else { break }
      var other = self
      other.market.removeLast()
      let before = Set(market.flatMap { $0.closeTimes }).count
      guard Set(other.market.flatMap { $0.closeTimes }).count == before else { break }
      found.append(other)
    }
    for change in changes {
      var other = self
      change(&other.rules)
      if "\(other.rules)" != "\(rules)" { found.append(other) }
    }
    return found
  }
}

extension Scenario {
  private func isUnused(_ instrument: Int) -> Bool {
    !script.values.joined().contains { $0.instruments.contains(instrument) }
  }
}

extension ScriptedRequest {
  fileprivate var instruments: [Int] {
    switch self {
    case .submit(let order): [Int(order.instrument.index)]
    case .oneCancelsOther(let orders): orders.map { Int($0.instrument.index) }
    case .bracket(let entry, _), .ladder(let entry, _): [Int(entry.instrument.index)]
    case .oneTriggersOther(let first, let others):
      ([first] + others).map { Int($0.instrument.index) }
    case .cancel, .modify: []
    case .cancelAll(let instrument): instrument.map { [$0] } ?? []
    case .target(let instrument, _), .rebalance(let instrument, _), .close(let instrument):
      [instrument]
    }
  }
}

extension SimulationTape {
  /// The first difference in words; `nil` when there is none beyond rounding.
  func difference(from other: SimulationTape) -> String? {
    for (index, (mine, its)) in zip(fills, other.fills).enumerated() {
      if let name = mine.difference(from: its) { return "\(name) of fill \(index)" }
    }
    if endsWithRounding(unlike: other) { return nil }
    if fills.count != other.fills.count {
      return "\(fills.count) fills, but \(other.fills.count) of the engine"
    }
    if outcomes.count != other.outcomes.count {
      return "\(outcomes.count) orders, but \(other.outcomes.count) of the engine"
    }
    for (index, (mine, its)) in zip(outcomes, other.outcomes).enumerated()
    where mine.count != its.count || !zip(mine, its).allSatisfy({ $0.agrees(with: $1) }) {
      return "outcome of order \(index + 1)"
    }
    for (index, (mine, its)) in zip(events, other.events).enumerated()
    where !internalOrders.contains(index) {
      if mine.count == its.count, zip(mine, its).allSatisfy({ $0.agrees(with: $1) }) { continue }
      return "life of order \(index + 1)"
    }
    let scale = max(1, equity.map(abs).max() ?? 1)
    if equity.count != other.equity.count {
      return "\(equity.count) equity points, but \(other.equity.count)"
    }
    for (index, (mine, its)) in zip(equity, other.equity).enumerated()
    where !near(mine, its, scale) {
      return "equity point \(index)"
    }
    if !near(cash, other.cash, scale) { return "cash" }
    if !zip(quantities, other.quantities).allSatisfy({ isSameQuantity($0, $1) }) {
      return "positions"
    }
    if let difference = difference(ofPayments: other, scale) { return difference }
    if ambiguousBars != other.ambiguousBars { return "ambiguous bars" }
    if breaches != other.breaches { return "limits that were met" }
    return nil
  }

  /// The first payment that differs, where equity is not gone; what is nothing but for rounding is
  /// no payment.
  private func difference(ofPayments other: SimulationTape, _ scale: Double) -> String? {
    if equity.last == 0 { return nil }
    let (mine, its) = (
      payments.filter { !near($0.amount, 0, scale) },
      other.payments.filter { !near($0.amount, 0, scale) }
    )
    let count = min(mine.count, its.count)
    for (one, two) in zip(mine, its)
    where (one.name, one.instrument, one.time) != (two.name, two.instrument, two.time)
      || !near(one.amount, two.amount, scale)
    {
      return "payment: \(one), but \(two) of the engine"
    }
    return mine.count == its.count
      ? nil : "payments: \(mine.dropFirst(count)), but \(its.dropFirst(count)) of the engine"
  }

  /// Whether of two accounts that lost all one has exactly nothing and the other the rounding of
  /// its sums, so that only one of them is ruined.
  private func endsWithRounding(unlike other: SimulationTape) -> Bool {
    guard let mine = equity.last, let its = other.equity.last, (mine == 0) != (its == 0) else {
      return false
    }
    return max(abs(mine), abs(its)) <= 1e-12 * max(equity[0], 1)
  }

  var text: String {
    let rows = fills.map {
      "  fill of \($0.order): instrument \($0.instrument) row \($0.row) "
        + "\($0.isIntrabar ? "inside" : "open") \($0.time) \($0.quantity) @ \($0.price) "
        + "(\($0.reference)) slippage \($0.slippage) commission \($0.commission) tax \($0.tax)"
    }
    let ends = events.enumerated().map { index, list in
      let cuts = outcomes[index].compactMap { outcome in
        if case .cut(let units) = outcome.kind { ", cut to \(units)" } else { nil }
      }
      return "  order \(index + 1): " + list.map(\.description).joined(separator: ", ")
        + cuts.joined()
    }
    let last = "  cash \(cash), held \(quantities), ambiguous \(ambiguousBars), equity "
    return (rows + ends + [last + "\(equity.suffix(3))"]).joined(separator: "\n")
  }
}

extension SimulationTape.Fill {
  func difference(from other: Self) -> String? {
    if (order, instrument, row) != (other.order, other.instrument, other.row) { return "place" }
    if time != other.time || isIntrabar != other.isIntrabar { return "time" }
    if !isSameQuantity(quantity, other.quantity) { return "quantity" }
    if !near(reference, other.reference, abs(reference)) { return "reference" }
    if !near(price, other.price, abs(price)) { return "price" }
    let money = max(1, abs(quantity) * max(price, reference))
    if !near(slippage, other.slippage, money) { return "slippage" }
    if !near(commission, other.commission, money) { return "commission" }
    return near(tax, other.tax, money) ? nil : "tax"
  }
}

extension SimulationTape.Event {
  func agrees(with other: Self) -> Bool {
    name == other.name && time == other.time && isSameQuantity(quantity, other.quantity)
  }
}

extension SimulationTape.Outcome {
  func agrees(with other: Self) -> Bool {
    guard time == other.time, isSameQuantity(filled, other.filled) else { return false }
    if case .cut(let mine) = kind, case .cut(let its) = other.kind {
      return isSameQuantity(mine, its)
    }
    return kind == other.kind
  }
}

/// Whether two quantities agree to 1e-8: an order that is cut to the money left gets units that are
/// as uncertain as the sums before it.
private func isSameQuantity(_ a: Double, _ b: Double) -> Bool {
  abs(a - b) <= 1e-8 * max(1, abs(a))
}

/// Whether two figures agree to 1e-9 of a scale.
private func near(_ a: Double, _ b: Double, _ scale: Double) -> Bool {
  abs(a - b) <= 1e-9 * scale
}

extension Scenario {
  /// The scenario in words: rules, script, and the bars around it and around the fills.
  private func text(around tapes: [SimulationTape]) -> String {
    var lines = ["  \(rules.text)"] + stresses.map { "  stress: \($0.text)" }
    for (index, series) in market.enumerated() {
      let instrument = series.instrument
      lines.append(
        "  instrument \(index): tick \(instrument.tickSize.map { "\($0)" } ?? "none"), lot "
          + "\(instrument.lotSize.map { "\($0)" } ?? "none"), multiplier \(instrument.multiplier)"
          + (instrument.currency.map { ", \($0)" } ?? ""))
      for action in series.actions {
        lines.append(
          "    \(action.exDate) \(action.kind) paid \(action.payDate.map { "\($0)" } ?? "")")
      }
    }
    let moments = Set(
      tapes.flatMap { tape in
        tape.fills.map(\.time) + tape.outcomes.flatMap { $0.map(\.time) }
      })
    let closes = Set(market.flatMap { $0.closeTimes }).sorted()
    for (instant, time) in closes.enumerated() {
      let isNear = (instant - 1...instant + 1).contains { script[$0] != nil }
      for (index, series) in market.enumerated() {
        guard let row = series.closeTimes.firstIndex(of: time) else { continue }
        let bar = series[row]
        guard !isUnused(index), isNear || moments.contains(time) || moments.contains(bar.openTime)
        else { continue }
        lines.append(
          "  \(instant) [\(index)] row \(row) \(bar.openTime)..\(bar.closeTime) O \(bar.open) "
            + "H \(bar.high) L \(bar.low) C \(bar.close) V \(bar.volume)")
      }
      for (index, parts) in finer.sorted(by: { $0.key < $1.key }) {
        for bar in (0..<parts.count).map({ parts[$0] })
        where isNear && bar.closeTime <= time
          && (instant == 0 || bar.closeTime > closes[instant - 1])
        {
          lines.append(
            "      finer [\(index)] \(bar.openTime)..\(bar.closeTime) O \(bar.open) H \(bar.high) "
              + "L \(bar.low) C \(bar.close)")
        }
      }
      for request in script[instant] ?? [] { lines.append("    \(request.text)") }
    }
    return lines.joined(separator: "\n")
  }
}

extension ScriptedRequest {
  fileprivate var text: String {
    switch self {
    case .submit(let order): "submit \(order.text)"
    case .oneCancelsOther(let orders): "group \(orders.map(\.text).joined(separator: ", "))"
    case .bracket(let entry, let exits):
      "bracket \(entry.text), exits \(exits.map(\.text).joined(separator: ", "))"
    case .ladder(let entry, let exits):
      "ladder \(entry.text), exits \(exits.map(\.text).joined(separator: ", "))"
    case .oneTriggersOther(let first, let others):
      "\(first.text), then \(others.map(\.text).joined(separator: ", "))"
    case .cancel(let place): "cancel \(place)"
    case .modify(let place, let change): "modify \(place) \(change)"
    case .cancelAll(let instrument): "cancel all of \(instrument.map { "\($0)" } ?? "all")"
    case .close(let instrument): "close [\(instrument)]"
    case .target(let instrument, let stated): "target [\(instrument)] \(stated)"
    case .rebalance(let instrument, let weight): "rebalance [\(instrument)] \(weight)"
    }
  }
}

extension Order {
  fileprivate var text: String {
    "[\(instrument.index)] \(quantity) \(kind) \(timeInForce.code)"
      + (reduceOnly ? " reduce-only" : "") + (postOnly ? " post-only" : "")
  }
}

extension SimulationRules {
  fileprivate var text: String {
    "\(self)".replacing("BacktestCore.", with: "").replacing("MarketSimulation.", with: "")
  }
}

extension Scenario {
  /// What happens in the engine's run, in words: kinds of outcomes and of fills.
  package func corners() throws -> Set<String> {
    let tape = try replay()
    var corners: Set<String> = tape.ambiguousBars > 0 ? ["ambiguous"] : []
    for outcome in tape.outcomes.joined() {
      switch outcome.kind {
      case .rejected(let reason): corners.insert("rejected \(reason.rawValue)")
      case .cut: corners.insert("cut")
      default: corners.insert("\(outcome.kind)")
      }
    }
    for fill in tape.fills { corners.insert(fill.isIntrabar ? "intrabar" : "open") }
    let counts = Dictionary(grouping: tape.fills, by: \.order).mapValues(\.count)
    if counts.values.contains(where: { $0 > 1 }) { corners.insert("several fills") }
    if rules.terms.contractMargin.keys.contains(where: { contract in
      tape.fills.contains { $0.instrument == contract }
    }) {
      corners.insert("margin per contract")
    }
    return corners
  }
}
