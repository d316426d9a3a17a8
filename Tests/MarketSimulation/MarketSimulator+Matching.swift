import BacktestCore

// MARK: - At the open (part 6)

extension MarketSimulator {
  mutating func matchOpen(_ index: Int, _ row: Int) {
    let order = orders[index]
    guard order.isLive, !order.hasEnded, isTraded(order.instrument, row) else { return }
    let open = bars[order.instrument][row].open
    if order.kind == .market {
      if rules.marketFill != .nextClose || order.isLiquidation {
        trade(index, row, at: open, isIntrabar: false)
      }
    } else if order.isTriggered {
      trade(index, row, at: open, isIntrabar: false)
    } else if let price = priceOnReaching(order, at: open) {
      trade(index, row, at: price, isIntrabar: false)
    }
  }

  /// What an order fills at when the market stands at a price: a stop trades there once the price
  /// has come to it; a limit that is bettered keeps the better price, or its own where gaps do not
  /// improve.
  private func priceOnReaching(_ order: SimulatedOrder, at market: Double) -> Double? {
    switch order.kind {
    case .market: return market
    case .stop(let price):
      return (order.isBuy ? market >= price : market <= price) ? market : nil
    case .limit(let price):
      guard goesThrough(order, price, at: market) else { return nil }
      return rules.improvesOnGaps ? market : price
    }
  }

  /// `touch`, or `through` by a number of ticks; beyond it at all without a tick.
  private func goesThrough(_ order: SimulatedOrder, _ limit: Double, at market: Double) -> Bool {
    let beyond = order.isBuy ? limit - market : market - limit
    guard let ticks = rules.throughTicks else { return beyond >= 0 }
    guard let tick = instruments[order.instrument].tickSize else { return beyond > 0 }
    return beyond >= Double(ticks) * tick - 1e-9 * tick
  }
}

// MARK: - Inside the bar

extension MarketSimulator {
  /// A moment on the way through a bar: which order fills, and at what price.
  private struct Reached {
    var index: Int
    var price: Double
    var distance: Double
  }

  /// Matches along the path, and counts the bar as ambiguous when any two of the four paths differ
  /// in their fills.
  mutating func matchPath(_ instrument: Int, _ row: Int) {
    guard isTraded(instrument, row) else { return }
    let fillsOfPaths = ExecutionRules.IntrabarPath.allCases.map { path in
      var other = self
      other.rules.path = path
      other.walk(instrument, row)
      return other.tape.fills.dropFirst(tape.fills.count).map {
        [Double($0.order), $0.quantity, $0.price, $0.reference]
      }.sorted { $0.lexicographicallyPrecedes($1) }
    }
    if Set(fillsOfPaths).count > 1 { tape.ambiguousBars += 1 }
    walk(instrument, row)
  }

  private mutating func walk(_ instrument: Int, _ row: Int) {
    let bar = bars[instrument][row]
    switch rules.path {
    case .pessimistic: walkPessimistically(instrument, row)
    case .openHighLowClose: walk([bar.high, bar.low, bar.close], instrument, row)
    case .openLowHighClose: walk([bar.low, bar.high, bar.close], instrument, row)
    case .nearestExtremeFirst:
      let isHighFirst = bar.high - bar.open < bar.open - bar.low
      walk(
        isHighFirst ? [bar.high, bar.low, bar.close] : [bar.low, bar.high, bar.close], instrument,
        row)
    }
  }

  /// Goes from corner to corner, from one order to the next that the price comes to.
  private mutating func walk(_ corners: [Double], _ instrument: Int, _ row: Int) {
    var market = bars[instrument][row].open
    var passed: Set<Int> = []
    var slept = sleepingExits
    for corner in corners {
      while let next = nextReached(from: market, to: corner, instrument, row, passed, slept) {
        market = next.market
        if trade(next.reached.index, row, at: next.reached.price, isIntrabar: true) == 0 {
          passed.insert(next.reached.index)
        }
        slept.formUnion(sleepingExits)
      }
      market = corner
    }
  }

  /// Exits that have nothing to close now.
  private var sleepingExits: Set<Int> {
    Set(orders.indices.filter { orders[$0].reduceOnly && reducible(orders[$0]) <= 0 })
  }

  /// An order that is reached, seen from where the market is.
  private struct Next {
    var reached: Reached
    /// Where the market is then.
    var market: Double
  }

  /// Where the market has to come for an order: to its price, or as many ticks beyond a limit as
  /// `through` asks for.
  private func level(_ order: SimulatedOrder) -> Double? {
    guard case .limit(let price) = order.kind, let ticks = rules.throughTicks,
      let tick = instruments[order.instrument].tickSize
    else { return order.kind.price }
    return order.isBuy ? price - Double(ticks) * tick : price + Double(ticks) * tick
  }

  private func nextReached(
    from market: Double, to corner: Double, _ instrument: Int, _ row: Int, _ passed: Set<Int>,
    _ slept: Set<Int>
  ) -> Next? {
    var best: Next?
    for index in orders.indices where mayFillInside(index, instrument, row) {
      let order = orders[index]
      guard !passed.contains(index), let level = level(order), let limit = order.kind.price else {
        continue
      }
      var found: Next?
      if var price = priceOnReaching(order, at: market) {
        // What rested since the open was never bettered: the market has just come to it.
        let isBettered = slept.contains(index) || market == bars[instrument][row].open
        if case .limit = order.kind, !isBettered { price = limit }
        found = Next(reached: Reached(index: index, price: price, distance: 0), market: market)
      } else if priceOnReaching(order, at: corner) != nil {
        found = Next(
          reached: Reached(index: index, price: limit, distance: abs(level - market)),
          market: level)
      }
      if let found, found.reached.distance < best?.reached.distance ?? .infinity { best = found }
    }
    return best
  }

  /// Only what was live at the bar's open, still waits for a price, and is awake: an exit sleeps
  /// while there is nothing to reduce.
  private func mayFillInside(_ index: Int, _ instrument: Int, _ row: Int) -> Bool {
    let order = orders[index]
    return order.instrument == instrument && order.isLive && !order.hasEnded && !order.isMarket
      && order.liveAt <= bars[instrument][row].openTime
      && (!order.reduceOnly || reducible(order) > 0)
  }

  /// First the stops that the bar triggers, nearest to the open first, then the limits, nearest
  /// first. An exit that a fill inside the bar wakes comes behind it: the stop does, the limit does
  /// not.
  private mutating func walkPessimistically(_ instrument: Int, _ row: Int) {
    let bar = bars[instrument][row]
    var slept: Set<Int> = []
    var market = bar.open
    var passed: Set<Int> = []
    while true {
      slept.formUnion(sleepingExits)
      var best: Reached?
      for index in orders.indices where mayFillInside(index, instrument, row) {
        guard !passed.contains(index), case .stop(let level) = orders[index].kind else { continue }
        let isHere = priceOnReaching(orders[index], at: market) != nil && orders[index].reduceOnly
        let isReached = orders[index].isBuy ? bar.high >= level : bar.low <= level
        guard isHere || isReached else { continue }
        let found = Reached(
          index: index, price: isHere ? market : level,
          distance: isHere ? 0 : abs(level - bar.open))
        if found.distance < best?.distance ?? .infinity { best = found }
      }
      if best == nil {
        best = nearestLimit(instrument, row, passed.union(slept))
      }
      guard let best else { return }
      let before = quantities[instrument]
      if trade(best.index, row, at: best.price, isIntrabar: true) == 0 {
        passed.insert(best.index)
      } else if quantities[instrument] != before, best.distance >= 0 {
        market = best.price
      }
    }
  }

  private func nearestLimit(
    _ instrument: Int, _ row: Int, _ excluded: Set<Int>
  ) -> Reached? {
    let bar = bars[instrument][row]
    var best: Reached?
    for index in orders.indices where mayFillInside(index, instrument, row) {
      let order = orders[index]
      guard !excluded.contains(index), case .limit(let level) = order.kind else { continue }
      guard goesThrough(order, level, at: order.isBuy ? bar.low : bar.high) else { continue }
      let isHere = goesThrough(order, level, at: bar.open)
      let price = isHere && rules.improvesOnGaps ? bar.open : level
      // One that is met at the open goes first, and leaves the market where it is.
      let distance = isHere ? -1 : abs(level - bar.open)
      if distance < best?.distance ?? .infinity {
        best = Reached(index: index, price: price, distance: distance)
      }
    }
    return best
  }
}
