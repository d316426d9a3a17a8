import BacktestCore

// MARK: - Exits that the run attaches to positions (part 16)

/// A position under the exits of the run.
struct SimulatedHolding {
  /// 1 long, -1 short, 0 nothing.
  var side = 0
  /// Units held before the last change.
  var held = 0.0
  /// The average price paid, slippage included.
  var average = 0.0
  /// The average true range when it was opened, and the splits since.
  var range = 0.0
  var splits = 1.0
  /// Shares of the profit targets that are not closed yet.
  var shares: [Double] = []
  var isAtBreakEven = false
  /// The bar inside which it was opened or added to, and that at whose close it was opened.
  var insideRow = -1
  var closeRow = -1
  var bars = 0
  var sessions: Set<CivilDate> = []
  /// On which side an exit has traded since the last close.
  var exited = 0
  var spent: ScriptedRequest.Stated?
  var isOver = false
}

extension MarketSimulator {
  /// What takes profits: the parts, and the rest of the position.
  private var profitTargets: [PartialExit] {
    let exits = rules.exits
    let rest = 1 - exits.scaleOut.map(\.share).reduce(0, +)
    guard let target = exits.takeProfit, rest > 1e-9 else { return exits.scaleOut }
    return exits.scaleOut + [PartialExit(at: target, share: rest)]
  }

  var hasExits: Bool {
    let exits = rules.exits
    return exits.stopLoss != nil || exits.trailingStop != nil || exits.breakEven != nil
      || exits.timeExit != nil || !profitTargets.isEmpty
  }

  /// Units that nothing but a stop or time closes are no target's.
  private var untargeted: Double {
    let rest = 1 - profitTargets.map(\.share).reduce(0, +)
    return rest > 1e-9 ? rest : 0
  }

  /// Takes a fill into the average price of a position.
  mutating func average(_ instrument: Int, _ signed: Double, _ price: Double) {
    let before = quantities[instrument] - signed
    // What a position opens at is its price, to the last digit: a level may lie on an extreme.
    if before == 0 {
      holdings[instrument].average = price
    } else if before * signed > 0 {
      let paid = holdings[instrument].average * abs(before) + price * abs(signed)
      holdings[instrument].average = paid / (abs(before) + abs(signed))
    } else if before * quantities[instrument] < 0 {
      holdings[instrument].average = price
    }
  }

  /// After anything that changes a position: its exits begin, follow it, or end.
  ///
  /// - Parameters:
  ///   - cause: the place of the order that filled, if one did.
  ///   - row: the bar in which it happened.
  mutating func followPosition(
    _ instrument: Int, cause: Int?, units: Double, row: Int, at reference: Double,
    isInside: Bool, isAtOpen: Bool
  ) {
    guard hasExits else { return }
    let held = quantities[instrument]
    let isExit = cause.map { orders[$0].exitRule != nil } ?? false
    if isExit, let cause {
      holdings[instrument].exited = holdings[instrument].side
      if orders[cause].exitRule == .takeProfit {
        closeShare(instrument, cause, units, held)
      }
      yieldToExit(instrument, abs(units), side: holdings[instrument].side)
    }
    let side = held > 0 ? 1 : held < 0 ? -1 : 0
    if side != holdings[instrument].side {
      for index in orders.indices
      where orders[index].exitRule != nil && orders[index].instrument == instrument
        && !orders[index].hasEnded
      {
        end(index, isExit ? .cancelledByGroup : .nothingToReduce)
      }
      let before = holdings[instrument]
      holdings[instrument] = SimulatedHolding()
      holdings[instrument].side = side
      holdings[instrument].average = before.average
      holdings[instrument].exited = before.exited
      holdings[instrument].spent = before.spent
      holdings[instrument].isOver = before.isOver
      holdings[instrument].shares = profitTargets.map(\.share)
      if side != 0 {
        // Of the bar under way only its open is known, unless it has closed.
        let known = isInside || isAtOpen ? row - 1 : row
        if !isInside, !isAtOpen, cause != nil { holdings[instrument].closeRow = row }
        holdings[instrument].range = averageRange(instrument, through: known)
      }
    }
    guard side != 0 else { return }
    let grows = abs(held) > abs(holdings[instrument].held)
    holdings[instrument].held = held
    if grows, isInside { holdings[instrument].insideRow = row }
    let since = isInside ? pathBar(instrument, row).openTime : now
    alignExits(
      instrument, cause: cause, at: reference, since: since, isInside: isInside, grows: grows)
  }

  /// A profit target has closed units: so much less of its share is left.
  private mutating func closeShare(
    _ instrument: Int, _ cause: Int, _ units: Double, _ held: Double
  ) {
    let place = orders[cause].targetPlace
    let total = untargeted + holdings[instrument].shares.reduce(0, +)
    let closed = total * abs(units) / (abs(units) + abs(held))
    holdings[instrument].shares[place] =
      orders[cause].hasEnded ? 0 : max(0, holdings[instrument].shares[place] - closed)
  }

  /// Wilder's average, worked out from the first bar on; the mean while there are too few.
  private func averageRange(_ instrument: Int, through last: Int) -> Double {
    guard last >= 0 else { return 0 }
    func unit(_ row: Int) -> Double {
      actions.reduce(1) { ratio, action in
        guard case .split(let factor) = action.kind, action.instrument == instrument,
          bars[instrument][row].openTime >= action.time
        else { return ratio }
        return ratio * factor
      }
    }
    let rows = (0...last).map { row in
      let (bar, unit) = (bars[instrument][row], unit(row))
      return (high: bar.high * unit, low: bar.low * unit, close: bar.close * unit)
    }
    guard last > 0 else { return rows[0].high - rows[0].low }
    var average = 0.0
    for row in 1...last {
      let before = rows[row - 1].close
      let range = max(
        rows[row].high - rows[row].low, abs(rows[row].high - before), abs(rows[row].low - before))
      let count = Double(min(row, rules.exits.rangeBars))
      average = (average * (count - 1) + range) / count
    }
    return average / unit(last)
  }

  func span(_ distance: ExitDistance, _ instrument: Int) -> Double {
    let holding = holdings[instrument]
    switch distance {
    case .percent(let percent): return holding.average * percent / 100
    case .amount(let amount): return amount / holding.splits
    case .averageTrueRanges(let multiple): return multiple * holding.range
    }
  }

  /// The exits as they should be, each made, changed or ended where it differs.
  mutating func alignExits(
    _ instrument: Int, cause: Int?, at reference: Double, since: Timestamp, isInside: Bool,
    grows: Bool
  ) {
    let (exits, holding) = (rules.exits, holdings[instrument])
    let (held, side) = (abs(quantities[instrument]), Double(holding.side))
    func away(_ distance: ExitDistance, _ direction: Double) -> Double {
      let price = holding.average + direction * span(distance, instrument)
      return tick(price, instrument, up: direction > 0)
    }
    var wanted: [(rule: Order.ExitRule, place: Int, kind: Order.Kind, units: Double)] = []
    if holding.isAtBreakEven {
      let price = tick(holding.average, instrument, up: side < 0)
      wanted.append((exits.stopLoss == nil ? .breakEven : .stopLoss, 0, .stop(price), held))
    } else if let distance = exits.stopLoss {
      wanted.append((.stopLoss, 0, .stop(away(distance, -side)), held))
    }
    switch exits.trailingStop {
    case nil: break
    case .percent(let percent):
      wanted.append((.trailingStop, 0, .trailingStop(.percent(percent)), held))
    case .some(let distance):
      let amount = span(distance, instrument)
      wanted.append((.trailingStop, 0, .trailingStop(.amount(amount)), held))
    }
    let total = untargeted + holding.shares.reduce(0, +)
    var sum = 0.0
    var closed = 0.0
    for (place, target) in profitTargets.enumerated() {
      sum += holding.shares[place]
      // Sums are rounded to lots; the last of all takes what is left.
      let isAll = sum > total * (1 - 1e-9)
      let upTo = total == 0 ? 0 : isAll ? held : floored(held * sum / total, instrument)
      let units = holding.shares[place] > 0 ? upTo - closed : 0
      wanted.append((.takeProfit, place, .limit(away(target.distance, side)), units))
      closed = upTo
    }
    for exit in wanted {
      let isUsable = exit.units > 1e-12 * held && canRest(exit.kind)
      let found = orders.indices.first {
        orders[$0].instrument == instrument && orders[$0].exitRule == exit.rule
          && orders[$0].targetPlace == exit.place && !orders[$0].hasEnded
      }
      let signed = -side * exit.units
      if let found, !isUsable {
        end(found, .nothingToReduce)
      } else if let found {
        change(found, to: signed, exit.kind)
        if isInside, grows, exit.rule != .trailingStop { wokenExits.insert(found) }
      } else if isUsable {
        makeExit(
          instrument, exit.rule, exit.place, exit.kind, signed, cause: cause, at: reference,
          since: since, isInside: isInside)
      }
    }
    if let found = orders.indices.first(where: {
      orders[$0].instrument == instrument && orders[$0].exitRule == .timeExit
        && !orders[$0].hasEnded
    }) {
      change(found, to: -quantities[instrument], .market)
    }
  }

  private func canRest(_ kind: Order.Kind) -> Bool {
    switch kind {
    case .stop(let price), .limit(let price): price > 0 && price.isFinite
    case .trailingStop(.amount(let amount)): amount > 0 && amount.isFinite
    default: true
    }
  }

  /// To the tick away from the entry.
  private func tick(_ price: Double, _ instrument: Int, up: Bool) -> Double {
    guard let tick = instruments[instrument].tickSize else { return price }
    let ticks = price / tick
    if abs(ticks - ticks.rounded()) <= 1e-12 * abs(ticks) { return ticks.rounded() * tick }
    return ticks.rounded(up ? .up : .down) * tick
  }

  private mutating func makeExit(
    _ instrument: Int, _ rule: Order.ExitRule, _ place: Int, _ kind: Order.Kind, _ units: Double,
    cause: Int?, at reference: Double, since: Timestamp, isInside: Bool
  ) {
    let order = register(
      Order(InstrumentID(instrument), quantity: units, kind: kind, reduceOnly: true), group: 0)
    let index = order.number - 1
    orders[index].exitRule = rule
    orders[index].targetPlace = place
    if let cause {
      orders[index].deviation = orders[cause].deviation
      orders[index].meanVolume = orders[cause].meanVolume
      orders[index].spread = orders[cause].spread
    } else if !remember(index) {
      return end(index, .rejected(.noHistory))
    }
    orders[index].liveAt = since
    orders[index].isLive = true
    step(index, "accepted")
    if case .trailingStop = kind {
      orders[index].best = reference
      orders[index].wokeInside = isInside
    }
    if isInside { wokenExits.insert(index) }
  }

  private mutating func change(_ index: Int, to units: Double, _ kind: Order.Kind) {
    let order = orders[index]
    func differs(_ a: Double?, _ b: Double?) -> Bool {
      abs((a ?? 0) - (b ?? 0)) > 1e-9 * max(1e-9, abs(b ?? 0))
    }
    var moves = differs(order.kind.price, kind.price)
    if case .trailingStop(.amount(let mine)) = order.kind,
      case .trailingStop(.amount(let its)) = kind
    {
      moves = differs(mine, its)
    }
    if order.isTriggered { moves = false }
    let isLarger = abs(units) > abs(order.remaining) * (1 + 1e-9)
    guard moves || differs(order.remaining, units) else { return }
    if moves { orders[index].kind = kind }
    orders[index].wanted = order.filled + units
    if moves || isLarger { orders[index].turn = nextTurn() }
    step(index, "modified", orders[index].wanted)
  }

  /// Market orders on their way to close what an exit has closed are made smaller, and what a
  /// target would hold on its side is withdrawn where nothing is held any more.
  private mutating func yieldToExit(_ instrument: Int, _ units: Double, side: Int) {
    var left = units
    func isWaiting(_ order: SimulatedOrder) -> Bool {
      let isMarket = [.market, .marketOnOpen, .marketOnClose].contains(order.kind)
      return order.instrument == instrument && !order.hasEnded && isMarket && order.parent == 0
        && !order.isLiquidation && order.exitRule == nil
    }
    for index in inTurn where isWaiting(orders[index]) && left > 0 {
      let order = orders[index]
      guard order.target == nil || order.fillCount > 0, order.isBuy == (side < 0) else { continue }
      let taken = min(left, abs(order.remaining))
      left -= taken
      orders[index].wanted -= order.isBuy ? taken : -taken
      if isNothing(abs(orders[index].remaining), of: abs(order.remaining)) {
        orders[index].wanted = order.filled
        end(index, .nothingToReduce)
      } else {
        step(index, "modified", orders[index].wanted)
      }
    }
    guard quantities[instrument] == 0 else { return }
    for index in inTurn where !orders[index].hasEnded && orders[index].isTarget {
      guard orders[index].instrument == instrument else { continue }
      var goal = orders[index].remaining
      if orders[index].fillCount == 0 {
        switch orders[index].target {
        case .weight(let weight): goal = weight
        case .value(let value): goal = value
        default: break
        }
      }
      if goal * Double(side) > 0 { end(index, .cancelled) }
    }
  }
}

// MARK: - Splits

extension MarketSimulator {
  mutating func splitHolding(_ instrument: Int, by ratio: Double) {
    holdings[instrument].held *= ratio
    holdings[instrument].average /= ratio
    holdings[instrument].range /= ratio
    holdings[instrument].splits *= ratio
    if case .quantity(let units) = holdings[instrument].spent {
      holdings[instrument].spent = .quantity(units * ratio)
    }
  }

  /// Units that were lost to a lot are lost to the exits.
  mutating func alignAfterSplit(_ instrument: Int) {
    followPosition(
      instrument, cause: nil, units: 0, row: max(0, lastRows[instrument]), at: marks[instrument],
      isInside: false, isAtOpen: false)
  }
}
