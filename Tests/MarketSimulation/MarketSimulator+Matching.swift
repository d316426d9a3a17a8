import BacktestCore

// MARK: - At the open (part 6)

extension MarketSimulator {
  mutating func matchOpen(_ index: Int, _ row: Int) {
    let order = orders[index]
    guard order.isLive, !order.hasEnded, isTraded(order.instrument, row) else { return }
    let open = bars[order.instrument][row].open
    switch stance(order) {
    case .market(let alwaysAtOpen):
      if alwaysAtOpen || rules.marketFill != .nextClose || order.isLiquidation {
        trade(index, row, at: open, isIntrabar: false)
      }
    case .close, .nothing: break
    case .limit, .level:
      if let price = priceOnReaching(order, at: open) {
        trade(index, row, at: price, isIntrabar: false)
      }
    }
  }

  /// What an order fills at when the market stands at a price: what waits for a level trades there
  /// once the price has come to it; a limit that is bettered keeps the better price, or its own
  /// where gaps do not improve.
  private func priceOnReaching(_ order: SimulatedOrder, at market: Double) -> Double? {
    switch stance(order) {
    case .market, .close, .nothing: return nil
    case .level(let price, let rising, _):
      return (rising ? market >= price : market <= price) ? market : nil
    case .limit(let price):
      guard goesThrough(order, price, at: market) else { return nil }
      return rules.improvesOnGaps && !order.isPostOnly ? market : price
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
    /// Whether the market rises to it.
    var rises = false
    /// What comes first under `pessimistic`: 0 against the trader, 1 on their side.
    var rank = 0
  }

  /// Matches along the path, and counts the bar as ambiguous when any two of the four paths differ
  /// in their fills.
  mutating func matchPath(_ instrument: Int, _ row: Int) {
    guard isTraded(instrument, row) else { return }
    let ambiguousBefore = tape.ambiguousBars
    let whole = bars[instrument][row]
    let parts = finer[instrument]!.filter {
      $0.openTime >= whole.openTime && $0.closeTime <= whole.closeTime
    }
    // Finer bars say what happened inside; each is a bar of its own, whose open is known.
    for part in parts {
      finerBar = part
      matchPart(instrument, row)
      follow(instrument, row)
    }
    finerBar = nil
    if parts.isEmpty {
      matchPart(instrument, row)
      follow(instrument, row)
    }
    tape.ambiguousBars = min(tape.ambiguousBars, ambiguousBefore + 1)
  }

  private mutating func matchPart(_ instrument: Int, _ row: Int) {
    // Where no order waits, no path fills any.
    guard orders.contains(where: { !$0.hasEnded && $0.instrument == instrument }) else { return }
    let fillsOfPaths = ExecutionRules.IntrabarPath.allCases.map { path in
      var other = self
      other.rules.path = path
      other.walk(instrument, row)
      return other.tape.fills.dropFirst(tape.fills.count).map {
        // Sums in another order end in other digits.
        [Double($0.order), $0.quantity, $0.price, $0.reference].map { Float($0) }
      }.sorted { $0.lexicographicallyPrecedes($1) }
    }
    if Set(fillsOfPaths).count > 1 { tape.ambiguousBars += 1 }
    walk(instrument, row)
    wokenExits = []
  }

  private mutating func walk(_ instrument: Int, _ row: Int) {
    let bar = pathBar(instrument, row)
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
    var market = pathBar(instrument, row).open
    var passed: Set<Int> = []
    var slept = sleepingExits
    // Where the market was as a fill woke an exit.
    var wokenAt: [Int: Double] = [:]
    for corner in corners {
      trail(instrument, row, to: market)
      while let next = nextReached(from: market, to: corner, instrument, row, passed, wokenAt) {
        market = next.market
        trail(instrument, row, to: market)
        let armedBefore = orders[next.reached.index].armedTimes
        let traded = trade(next.reached.index, row, at: next.reached.price, isIntrabar: true)
        let isArmed = orders[next.reached.index].armedTimes > armedBefore
        if traded == 0, !isArmed { passed.insert(next.reached.index) }
        let asleep = sleepingExits
        for index in slept.union(wokenExits) {
          wokenAt[index] = asleep.contains(index) ? nil : wokenAt[index] ?? market
        }
        slept.formUnion(asleep.union(wokenExits))
        // A trailing stop that this fill has woken sees the price at which it did.
        trail(instrument, row, to: market)
      }
      market = corner
    }
  }

  /// Under `trail: intrabar` trailing stops see every price that the path comes to.
  private mutating func trail(_ instrument: Int, _ row: Int, to market: Double) {
    guard rules.trailsIntrabar else { return }
    for index in orders.indices where mayFillInside(index, instrument, row) {
      guard case .trailingStop = orders[index].kind, !orders[index].isTriggered else { continue }
      orders[index].best = better(orders[index].best, market, orders[index].isBuy)
    }
  }

  /// Exits that have nothing to close now.
  private var sleepingExits: Set<Int> {
    Set(
      orders.indices.filter {
        orders[$0].reduceOnly && !orders[$0].hasEnded && reducible(orders[$0]) <= 0
      })
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
    switch stance(order) {
    case .market, .close, .nothing: return nil
    case .level(let price, _, _): return price
    case .limit(let price):
      guard let ticks = rules.throughTicks, let tick = instruments[order.instrument].tickSize else {
        return price
      }
      return order.isBuy ? price - Double(ticks) * tick : price + Double(ticks) * tick
    }
  }

  private func nextReached(
    from market: Double, to corner: Double, _ instrument: Int, _ row: Int, _ passed: Set<Int>,
    _ wokenAt: [Int: Double]
  ) -> Next? {
    var best: Next?
    for index in inTurn where mayFillInside(index, instrument, row) {
      let order = orders[index]
      guard !passed.contains(index), let level = level(order), let limit = restingPrice(order)
      else { continue }
      var found: Next?
      if var price = priceOnReaching(order, at: market) {
        // What rested since the open was never bettered: the market has just come to it.
        let isBettered = wokenAt[index] == market || market == pathBar(instrument, row).open
        if case .limit = stance(order), !isBettered { price = limit }
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

  /// The price of a limit or a level, as it stands.
  private func restingPrice(_ order: SimulatedOrder) -> Double? {
    switch stance(order) {
    case .limit(let price), .level(let price, _, _): price
    default: nil
    }
  }

  /// Only what was live at the bar's open, still waits for a price, and is awake: an exit sleeps
  /// while there is nothing to reduce.
  private func mayFillInside(_ index: Int, _ instrument: Int, _ row: Int) -> Bool {
    let order = orders[index]
    guard restingPrice(order) != nil, !isAsleep(order) else { return false }
    return order.instrument == instrument && order.isLive && !order.hasEnded
      && order.liveAt <= pathBar(instrument, row).openTime
      && (!order.reduceOnly || reducible(order) > 0)
  }

  /// First what the bar reaches against the trader, nearest to the open first, then what it reaches
  /// on their side, nearest first. An exit that a fill inside the bar wakes comes behind it: what
  /// waits against the trader does, the rest does not. What a trigger arms inside the bar is
  /// reached where that is certain.
  private mutating func walkPessimistically(_ instrument: Int, _ row: Int) {
    let bar = pathBar(instrument, row)
    var slept: Set<Int> = []
    var market = bar.open
    // Where the market was as a fill woke an order.
    var wokenAt: [Int: Double] = [:]
    var passed: Set<Int> = []
    var armed: [Int: Arming] = [:]
    while true {
      slept.formUnion(sleepingExits.union(wokenExits))
      var best: Reached?
      for index in inTurn where mayFillInside(index, instrument, row) {
        guard !passed.contains(index), armed[index] == nil,
          let found = adverse(
            index, bar, wokenAt[index] ?? bar.open, isWoken: slept.contains(index))
        else { continue }
        if found.distance < best?.distance ?? .infinity { best = found }
      }
      var armedBest: Reached?
      for (index, arming) in armed.sorted(by: { orders[$0.key].turn < orders[$1.key].turn })
      where mayFillInside(index, instrument, row) && !passed.contains(index) {
        guard let found = certain(index, arming, bar) else { continue }
        if found.distance < armedBest?.distance ?? .infinity { armedBest = found }
      }
      let excluded = passed.union(slept).union(armed.keys)
      if best == nil { best = favourable(instrument, row, excluded) }
      if let other = armedBest {
        let isFirst =
          best.map {
            (other.rank, other.distance, orders[other.index].turn)
              < ($0.rank, $0.distance, orders[$0.index].turn)
          } ?? true
        if isFirst { best = other }
      }
      // What a fill at a finer open has woken comes in order of submission, too.
      let woken = best.flatMap { $0.distance < 0 && wokenAt[$0.index] == bar.open ? $0 : nil }
      let met = [woken, metAtOpen(instrument, row, excluded)].compactMap(\.self)
      let earliest = met.min { orders[$0.index].turn < orders[$1.index].turn }
      guard let best = earliest ?? best else { return }
      let before = quantities[instrument]
      let armedBefore = orders[best.index].armedTimes
      let awake = Set(orders.indices.filter { mayFillInside($0, instrument, row) })
      let prices = orders.map { restingPrice($0) }
      if trade(best.index, row, at: best.price, isIntrabar: true) == 0 {
        if orders[best.index].armedTimes > armedBefore, !orders[best.index].hasEnded {
          armed[best.index] = Arming(
            rises: best.rises, rank: best.rank, distance: max(0, best.distance),
            isAtOpen: best.distance <= 0 && best.price == bar.open)
        } else {
          passed.insert(best.index)
        }
      } else if quantities[instrument] != before, best.distance >= 0 {
        market = best.price
      }
      // One that was met at the open filled there, whatever came before.
      let place = best.distance < 0 && best.rank == 1 ? bar.open : market
      for index in orders.indices where mayFillInside(index, instrument, row) {
        let isMoved = index < prices.count && prices[index] != restingPrice(orders[index])
        if !awake.contains(index) || isMoved { wokenAt[index] = place }
      }
    }
  }

  /// What a finer bar opens beyond, in order of submission: there nothing is assumed.
  private func metAtOpen(_ instrument: Int, _ row: Int, _ excluded: Set<Int>) -> Reached? {
    guard let open = finerBar?.open else { return nil }
    for index in inTurn where mayFillInside(index, instrument, row) && !excluded.contains(index) {
      guard let price = priceOnReaching(orders[index], at: open) else { continue }
      var found = Reached(index: index, price: price, distance: -1)
      switch stance(orders[index]) {
      case .level(_, let rising, let isAdverse):
        (found.rises, found.rank) = (rising, isAdverse ? 0 : 1)
      default: (found.rises, found.rank) = (!orders[index].isBuy, 1)
      }
      return found
    }
    return nil
  }

  /// A trigger that was reached inside the bar: by a rise or a fall, and where.
  private struct Arming {
    var rises: Bool
    var rank: Int
    var distance: Double
    var isAtOpen: Bool
  }

  /// An order that waits against the trader, where the bar reaches it.
  private func adverse(
    _ index: Int, _ bar: Bar, _ market: Double, isWoken: Bool
  ) -> Reached? {
    let order = orders[index]
    guard case .level(let level, let rising, true) = stance(order) else { return nil }
    let isHere =
      priceOnReaching(order, at: market) != nil && (order.reduceOnly || order.isOther)
    // It comes before all that the bar has yet to reach.
    if isHere { return Reached(index: index, price: market, distance: -1, rises: rising) }
    if case .trailingStop(let trail) = order.kind, rules.trailsIntrabar, !isWoken {
      // Against the trader first, then to their side, then to the close.
      let (worst, finest) = rising ? (bar.high, bar.low) : (bar.low, bar.high)
      let first = self.level(trail, better(order.best, bar.open, order.isBuy), order.isBuy)
      let second = self.level(trail, better(order.best, finest, order.isBuy), order.isBuy)
      for (stop, end) in [(first, worst), (second, bar.close)]
      where rising ? end >= stop : end <= stop {
        return Reached(index: index, price: stop, distance: abs(stop - bar.open), rises: rising)
      }
      return nil
    }
    guard rising ? bar.high >= level : bar.low <= level else { return nil }
    return Reached(index: index, price: level, distance: abs(level - bar.open), rises: rising)
  }

  /// What a trigger has armed in this bar, where the rest of any path comes to it.
  private func certain(_ index: Int, _ arming: Arming, _ bar: Bar) -> Reached? {
    let order = orders[index]
    let rises: Bool
    let isReached: Bool
    let rank: Int
    let level: Double
    switch stance(order) {
    case .limit(let price):
      rises = !order.isBuy
      let end = arming.isAtOpen || rises == arming.rises ? (rises ? bar.high : bar.low) : bar.close
      isReached = goesThrough(order, price, at: end)
      (rank, level) = (1, price)
    case .level(let price, let rising, _):
      rises = rising
      let end = arming.isAtOpen || rises == arming.rises ? (rises ? bar.high : bar.low) : bar.close
      isReached = rises ? end >= price : end <= price
      (rank, level) = (0, price)
    default: return nil
    }
    guard isReached else { return nil }
    let here = (rank, abs(level - bar.open))
    // What is armed at the open rests from then on.
    let place = arming.isAtOpen ? here : max((arming.rank, arming.distance), here, by: <)
    return Reached(index: index, price: level, distance: place.1, rises: rises, rank: place.0)
  }

  /// The nearest order that waits for a price on the trader's side.
  private func favourable(_ instrument: Int, _ row: Int, _ excluded: Set<Int>) -> Reached? {
    let bar = pathBar(instrument, row)
    var best: Reached?
    for index in inTurn where mayFillInside(index, instrument, row) && !excluded.contains(index) {
      let order = orders[index]
      let found: Reached
      switch stance(order) {
      case .limit(let level):
        guard goesThrough(order, level, at: order.isBuy ? bar.low : bar.high) else { continue }
        let isHere = goesThrough(order, level, at: bar.open)
        let improves = rules.improvesOnGaps && !order.isPostOnly
        // One that is met at the open goes first, and leaves the market where it is.
        found = Reached(
          index: index, price: isHere && improves ? bar.open : level,
          distance: isHere ? -1 : abs(level - bar.open), rises: !order.isBuy, rank: 1)
      case .level(let level, let rising, false):
        guard rising ? bar.high >= level : bar.low <= level else { continue }
        let isHere = rising ? bar.open >= level : bar.open <= level
        found = Reached(
          index: index, price: isHere ? bar.open : level,
          distance: isHere ? -1 : abs(level - bar.open), rises: rising, rank: 1)
      default: continue
      }
      if found.distance < best?.distance ?? .infinity { best = found }
    }
    return best
  }
}

/// The greater of two by an order.
private func max<T>(_ a: T, _ b: T, by isBefore: (T, T) -> Bool) -> T { isBefore(a, b) ? b : a }
