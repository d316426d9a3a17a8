@testable import BacktestCore
import TestSupport
import Testing

/// The broker by itself, trading for an account that is nothing but a number of units.
struct BrokerTests {
  /// An account with unlimited or no buying power that remembers what it was told.
  private struct StubAccount: BrokerAccount {
    var units = 0.0
    var power = Double.infinity
    var marks: [Double] = []
    var fills: [Fill] = []

    func power(of worth: Valuation) -> Double { worth.equity - worth.grossExposure }
    func canBorrow(_ instrument: Int) -> Bool { true }
    func requirement(of instrument: Int, isLong: Bool, at price: Double) -> Double { 1 }
    var allowsShorts: Bool { true }
    var valuation: Valuation { Valuation(equity: power, grossExposure: 0) }

    func position(of instrument: Int) -> Position {
      var position = Position(multiplier: 1)
      position.quantity = units
      position.mark = marks.last ?? 0
      return position
    }
    func quantity(of instrument: Int) -> Double { units }
    func closingPart(of trade: Double, in instrument: Int) -> Double {
      position(of: instrument).closingPart(of: trade)
    }
    func certainlyCovers(_ need: Double, freed: Double) -> Bool { false }
    mutating func beginFills() {}
    mutating func endFills() {}
    func mark(of instrument: Int) -> Double { marks.last ?? 0 }
    mutating func mark(_ instrument: Int, at price: Double) { marks.append(price) }
    var hasCurrencies: Bool { false }
    func multiplier(of instrument: Int) -> Double { 1 }
    func conversionFraction(of instrument: Int) -> Double { 0 }
    func conversion(of instrument: Int, cost: Double) -> FillConversion {
      FillConversion(rate: 1, cost: cost)
    }
    mutating func book(_ fill: Fill, conversionCost: Double, trades: inout [BookedTrade]) {
      units += fill.quantity
      fills.append(fill)
    }
  }

  private struct Desk {
    var broker: Broker
    var account = StubAccount()
    var log = RunLog()

    init(_ prices: [MarketBuilder.Prices], rules: ExecutionRules = ExecutionRules()) throws {
      let feed = Feed(try Universe([try MarketBuilder.series(prices)]))
      broker = Broker(feed: feed, rules: rules)
      broker.own()
      close(0)
    }

    mutating func close(_ instant: Int) {
      broker.market.instant = instant
      broker.market.clock = broker.market.feed.instants[instant]
    }

    mutating func submit(_ wanted: Order) {
      var order = wanted
      broker.register(&order, at: broker.market.clock)
      var budget = SubmissionBudget(worth: account.valuation)
      broker.submit(order, budget: &budget, account: &account, log: &log)
      for index in broker.submitted.indices {
        _ = broker.activate(broker.submitted[index].slot, log: &log)
      }
      broker.submitted.clear()
    }

    /// Replays one bar: its open, then the way to its close.
    mutating func replay(_ instant: Int) {
      broker.market.clock = broker.market.feed.universe.series[0].openTimes[instant]
      broker.matchOpens(account: &account, log: &log)
      close(instant)
      broker.matchBar(of: 0, row: instant, account: &account, log: &log)
    }
  }

  @Test func aMarketOrderFillsAtTheNextOpen() throws {
    var desk = try Desk([(10, 11, 9, 10), (12, 13, 11, 12)])
    desk.submit(Order(.first, quantity: 5))
    #expect(!desk.broker.isIdle && desk.log.fills.isEmpty)
    desk.replay(1)
    #expect(desk.account.fills == desk.log.fills && desk.account.units == 5)
    #expect(desk.log.fills.map(\.price) == [12] && desk.account.marks == [12])
    #expect(desk.broker.isIdle && desk.log.outcomes().map(\.kind) == [.filled])
  }

  @Test func stopsAndLimitsRestUntilTheirPriceIsReached() throws {
    var desk = try Desk([
      (10, 11, 9, 10), (10, 11, 9, 10), (10, 14, 9, 13), (13, 13, 5, 6),
    ])
    desk.submit(Order(.first, quantity: 2, kind: .stop(12)))
    desk.submit(Order(.first, quantity: 3, kind: .limit(7)))
    for instant in 1...3 { desk.replay(instant) }
    #expect(desk.log.fills.map(\.price) == [12, 7] && desk.account.units == 5)
    #expect(desk.log.fills.map(\.row) == [2, 3] && desk.broker.isIdle)
  }

  @Test func oneOfAGroupCancelsTheOthers() throws {
    var desk = try Desk([(10, 11, 9, 10), (10, 14, 9, 13)])
    let group = desk.broker.makeGroup()
    desk.submit(Order(.first, quantity: 1, kind: .stop(12), group: group))
    desk.submit(Order(.first, quantity: 1, kind: .limit(5), group: group))
    desk.replay(1)
    #expect(desk.log.fills.count == 1 && desk.broker.isIdle)
    #expect(desk.log.outcomes().map(\.kind) == [.filled, .cancelledByGroup])
  }

  @Test func withoutBuyingPowerAnOrderIsRefused() throws {
    var desk = try Desk([(10, 11, 9, 10), (12, 13, 11, 12)])
    desk.account.power = 0
    desk.submit(Order(.first, quantity: 5))
    desk.submit(Order(.first, quantity: .nan))
    desk.submit(Order(.first, quantity: 1, kind: .limit(-1)))
    #expect(
      desk.log.outcomes().map(\.kind) == [
        .rejected(.buyingPower), .rejected(.noQuantity), .rejected(.badPrice),
      ])
    #expect(desk.broker.isIdle && desk.log.counts.rejectedOrders == 3)
  }

  @Test func aCopyGoesOnByItself() throws {
    var desk = try Desk([(10, 11, 9, 10), (12, 13, 11, 12)])
    desk.submit(Order(.first, quantity: 5))
    var copy = desk
    copy.broker.own()
    copy.submit(Order(.first, quantity: 2))
    copy.replay(1)
    #expect(copy.account.units == 7 && copy.broker.isIdle)
    #expect(desk.broker.book.count == 1 && desk.account.units == 0)
    desk.replay(1)
    #expect(desk.account.units == 5)
  }

  @Test func pathsThatFillDifferentlyAreCounted() throws {
    var desk = try Desk([(10, 11, 9, 10), (10, 14, 6, 10)])
    desk.account.units = 1
    let group = desk.broker.makeGroup()
    desk.submit(Order(.first, quantity: -1, kind: .stop(8), group: group, reduceOnly: true))
    desk.submit(Order(.first, quantity: -1, kind: .limit(12), group: group, reduceOnly: true))
    desk.replay(1)
    #expect(desk.log.counts.ambiguousBars == 1 && desk.log.fills.map(\.price) == [8])
  }

  @Test func roomIsMadeAtTheRateSoFar() {
    var log = RunLog()
    repeat {
      log.orders.append(Order(.first, quantity: 1))
    } while log.orders.count < 100 || log.orders.count < log.orders.capacity
    let count = log.orders.count
    // As many again are to come, not ten or a hundred times as many.
    log.makeRoom(after: 50, of: 100)
    #expect((2 * count..<4 * count).contains(log.orders.capacity))
  }
}
