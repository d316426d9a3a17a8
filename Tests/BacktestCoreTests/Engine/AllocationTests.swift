@testable import BacktestCore
import TestSupport
import AllocationCounter
import Testing

/// The loop asks for no memory per bar.
struct AllocationTests {
  /// Trades once in a while, whatever the number of bars is.
  private struct SeldomTrader: Strategy {
    var decision = 0

    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      guard let bar = bars[0] else { return }
      trading.target(bar.instrument, weight: decision < 100 ? 0 : 0.5)
      if decision == 200 {
        trading.submit(Order(bar.instrument, quantity: -1, kind: .stop(bar.close - 1_000)))
      }
      decision += 1
    }
  }

  private func feed(bars: Int, instruments: Int, isMixed: Bool) throws -> Feed {
    let prices = (0..<bars).map { k -> MarketBuilder.Prices in
      let price = 2_000 + Double(k % 97)
      return (price, price + 1, price - 1, price)
    }
    return Feed(
      try Universe(
        try (0..<instruments).map { k in
          try MarketBuilder.series(
            prices, symbol: "S\(k)", every: .minutes(isMixed && k == 1 ? 5 : 1))
        }))
  }

  private func allocations(in feed: Feed) -> Int {
    let backtest = Backtest(SeldomTrader(), on: feed)
    let before = allocation_count()
    let result = backtest.run()
    let after = allocation_count()
    #expect(result.fills.count >= 1 && result.curve.equity.count == feed.instants.count)
    return after - before
  }

  @Test(arguments: [(1, false), (3, false), (3, true)])
  func aHundredTimesTheBarsAskForNoMoreMemory(instruments: Int, isMixed: Bool) throws {
    let short = try feed(bars: 1_000, instruments: instruments, isMixed: isMixed)
    let long = try feed(bars: 100_000, instruments: instruments, isMixed: isMixed)
    _ = allocations(in: short)
    let few = allocations(in: short)
    let many = allocations(in: long)
    #if DEBUG
      // Without optimisation some accesses to arrays ask for a frame: one for a close is allowed,
      // and one more where invariants are checked.
      #if BACKTESTKIT_CHECKS
        let frames = 2
      #else
        let frames = 1
      #endif
      let perClose = frames * instruments * (long.instants.count - short.instants.count)
    #else
      let perClose = 0
      #expect(few < 100, "\(few) allocations for 1,000 bars")
    #endif
    #expect(few > 0)
    #expect(many <= few + perClose + 64, "\(few) for 1,000 bars, \(many) for 100,000")
  }

  /// Places, changes and withdraws orders of all kinds at each close; those at market trade. No bar
  /// reaches two of the others: what would fill on other paths is tried on copies.
  private struct BusyTrader: Strategy {
    private var bar = 0
    private var last: OrderID?

    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      guard let close = bars[0]?.close else { return }
      bar += 1
      trading.cancel(last)
      if bar % 8 == 0 { trading.cancelAll(.first) }
      let side = bar % 2 == 0 ? 1.0 : -1
      trading.submit(Order(.first, quantity: side, kind: .marketOnOpen))
      trading.submit(Order(.first, quantity: 1, kind: .marketIfTouched(close / 2)))
      trading.submit(Order(.first, quantity: 1, kind: .stopLimit(stop: 4_000, limit: 4_100)))
      trading.submit(
        Order(.first, quantity: 1, kind: .limit(1_000), timeInForce: .immediateOrCancel))
      trading.submit(Order(.first, quantity: 1, kind: .limit(1_000), timeInForce: .fillOrKill))
      trading.submit(
        Order(
          .first, quantity: 1, kind: .limit(1_000), timeInForce: .goodTil(trading.now + .hours(1)),
          postOnly: true))
      let trail = trading.submit(
        Order(.first, quantity: -2, kind: .trailingStop(.percent(50)), reduceOnly: true))
      trading.modify(trail, quantity: -1, trail: .percent(40))
      last = trading.submit(Order(.first, quantity: 1, kind: .stop(4_000)))
      trading.modify(last, quantity: 2, stop: 3_900)
    }
  }

  @Test func ordersOfAllKindsFindRoomMadeOnce() throws {
    func allocations(bars: Int) throws -> Int {
      var configuration = BacktestConfiguration()
      configuration.account.funding = .margin(leverage: 4)
      let backtest = Backtest(
        BusyTrader(), on: try feed(bars: bars, instruments: 1, isMixed: false),
        configuration: configuration)
      let before = allocation_count()
      let result = backtest.run()
      let after = allocation_count()
      #expect(result.fills.count >= bars - 8 && result.orders.count >= 8 * (bars - 1))
      return after - before
    }
    _ = try allocations(bars: 500)
    let few = try allocations(bars: 500)
    let many = try allocations(bars: 8_000)
    #if DEBUG
      // One frame an order, as above.
      let perBar = 8
    #else
      let perBar = 0
    #endif
    #expect(many <= few + 7_500 * perBar + 64, "\(few) for 500 bars, \(many) for 8,000")
  }

  /// Forecasts at each close and trades nothing.
  private struct Teller: Strategy {
    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      guard let bar = bars[0] else { return }
      trading.forecast(bar.instrument, score: bar.close - 2_000, probabilityUp: 0.5)
    }
  }

  @Test func forecastsFindRoomMadeOnce() throws {
    var engine = Engine(
      feed: try feed(bars: 20_000, instruments: 1, isMixed: false),
      configuration: BacktestConfiguration())
    var teller = Teller()
    for _ in 0..<2 {
      _ = engine.advance()
      teller.onBars(engine.bars, &engine.trading)
    }
    let before = allocation_count()
    for _ in 0..<10_000 {
      _ = engine.advance()
      engine.trading.forecast(.first, score: 1, probabilityUp: 0.5)
    }
    let after = allocation_count()
    #expect(after - before <= 2, "\(after - before) allocations for 10,000 forecasts")
    #expect(engine.result(strategy: "").forecasts.count == 10_002)
  }

  @Test(.enabled(if: counts_allocations(), "a sanitizer has its own allocator"))
  func theCounterSeesAnAllocation() {
    let before = allocation_count()
    let array = [Int](repeating: 7, count: 100 + Int(before % 2))
    let after = allocation_count()
    #expect(after > before && array.count >= 100)
  }
}
