package import BacktestCore

/// Seeded markets and traders for property tests.
package enum RandomMarket {
  /// Prices on a grid of a quarter, so that opens, limits and extremes often coincide.
  package static func series(
    _ symbol: String, bars: Int, every step: TimeSpan, _ random: inout TestRandom,
    lot: Instrument.LotSize = .standard, tick: Double? = nil
  ) throws -> BarSeries {
    var close = 100.0
    var prices: [MarketBuilder.Prices] = []
    for _ in 0..<bars {
      let open = max(10, close + Double(random.below(17) - 8) / 4)
      let high = open + Double(random.below(13)) / 4
      let low = open - Double(random.below(13)) / 4
      close = low + Double(random.below(Int((high - low) * 4) + 1)) / 4
      prices.append((open, high, low, close))
    }
    let volume = (0..<bars).map { _ in Double(random.below(8) == 0 ? 0 : random.below(5_000)) }
    return try MarketBuilder.series(
      prices, symbol: symbol, volume: volume, every: step, lot: lot, tick: tick)
  }
}

/// Trades whatever its seed says: targets, all kinds of orders, groups, cancellations, timers.
package struct RandomTrader: Strategy {
  var random: TestRandom
  package var largest = 400
  var usesTargets = true
  package var usesTimers = true

  package init(seed: UInt64) { random = TestRandom(seed: seed) }

  package mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
    if random.below(4) == 0 { trading.note("filled \(fill.order.number)") }
  }

  package mutating func onTimer(_ tag: Int, _ trading: inout TradingContext) {
    if random.below(2) == 0 { trading.submit(order(.first, near: 100)) }
  }

  package mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for bar in bars where random.below(3) == 0 { decide(bar, &trading) }
    if usesTimers, random.below(6) == 0 {
      trading.schedule(at: trading.now + .minutes(Int64(random.below(2_000))), tag: 1)
    }
  }

  private mutating func decide(_ bar: Bar, _ trading: inout TradingContext) {
    let instrument = bar.instrument
    switch random.below(usesTargets ? 6 : 4) {
    case 0, 1: trading.submit(order(instrument, near: bar.close))
    case 2:
      trading.submitOneCancelsOther([
        order(instrument, near: bar.close), order(instrument, near: bar.close),
      ])
    case 3:
      if let open = trading.openOrders(instrument).first { trading.cancel(open.id) }
    case 4: trading.target(instrument, weight: Double(random.below(5) - 2) / 4)
    default: trading.rebalance(instrument, weight: Double(random.below(5) - 2) / 4)
    }
  }

  private mutating func order(_ instrument: InstrumentID, near price: Double) -> Order {
    let quantity = Double(1 + random.below(largest)) * (random.below(2) == 0 ? 1 : -1)
    let away = price + Double(random.below(25) - 12) / 4
    let kind: Order.Kind =
      switch random.below(3) {
      case 0: .market
      case 1: .limit(away)
      default: .stop(away)
      }
    return Order(
      instrument, quantity: quantity, kind: kind,
      timeInForce: random.below(3) == 0 ? .day : .goodTilCancelled)
  }
}
