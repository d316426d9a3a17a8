@testable import BacktestCore
import TestSupport
import Testing

/// Orders of the rarer kinds against single bars.
struct OrderTypeTests {
  /// Runs one order, placed at the first close, against the bars after it.
  private func run(
    _ kind: Order.Kind, _ quantity: Double, on bars: [MarketBuilder.Prices], last: Double,
    timeInForce: Order.TimeInForce = .goodTilCancelled, volume: [Double]? = nil,
    postOnly: Bool = false, _ adjust: (inout ExecutionRules) -> Void = { _ in }
  ) throws -> BacktestResult {
    try runScript(
      try MarketBuilder.series([(last, last, last, last)] + bars, volume: volume),
      [
        0: { _, trading in
          trading.submit(
            Order(
              .first, quantity: quantity, kind: kind, timeInForce: timeInForce, postOnly: postOnly))
        }
      ]
    ) {
      $0.account.funding = .margin(leverage: 2)
      adjust(&$0.execution)
    }
  }

  private func prices(
    _ kind: Order.Kind, _ quantity: Double, on bars: MarketBuilder.Prices..., last: Double = 100,
    _ adjust: (inout ExecutionRules) -> Void = { _ in }
  ) throws -> [Double] {
    try run(kind, quantity, on: bars, last: last, adjust).fills.map(\.reference)
  }

  private let slips: (inout ExecutionRules) -> Void = {
    $0.slippage = BasisPointSlippage(basisPoints: 100)
  }

  @Test func aStopLimitTradesBetweenItsPrices() throws {
    let kind = Order.Kind.stopLimit(stop: 95, limit: 94)
    #expect(try prices(kind, -1, on: (98, 99, 93, 97)) == [95], "reached inside, within the limit")
    #expect(try prices(kind, -1, on: (94.5, 99, 93, 97)) == [94.5], "a gap within the limit")
    #expect(try prices(kind, -1, on: (90, 92, 88, 91)) == [], "a gap beyond it waits")
    #expect(try prices(kind, -1, on: (90, 94.5, 88, 91)) == [94], "and comes back in that bar")
    #expect(try prices(kind, -1, on: (90, 92, 88, 91), (93, 96, 92, 95)) == [94], "or later")
    #expect(try prices(kind, -1, on: (98, 99, 96, 97)) == [])
    #expect(try prices(.stopLimit(stop: 105, limit: 106), 1, on: (102, 107, 101, 104)) == [105])
    #expect(try prices(.stopLimit(stop: 105, limit: 106), 1, on: (108, 109, 107, 108)) == [])
  }

  @Test func aStopLimitSlipsAsFarAsItsLimit() throws {
    let result = try run(
      .stopLimit(stop: 95, limit: 94.5), -1, on: [(98, 99, 93, 97)], last: 100, slips)
    #expect(result.fillPrices == [94.5])
    let near = try run(
      .stopLimit(stop: 95, limit: 90), -1, on: [(98, 99, 93, 97)], last: 100, slips)
    #expect(agrees(near.fillPrices[0], 94.05, within: 1e-14))
  }

  @Test func aLimitBehindItsStopNeedsTheWayBack() throws {
    // A buy that is triggered at 105 and wants 103.
    let kind = Order.Kind.stopLimit(stop: 105, limit: 103)
    let bar = (102.0, 106.0, 101.0, 104.0)
    func fills(_ path: ExecutionRules.IntrabarPath, _ bar: MarketBuilder.Prices) throws -> [Double]
    {
      try prices(kind, 1, on: bar) { $0.intrabarPath = path }
    }
    #expect(try fills(.openHighLowClose, bar) == [103])
    #expect(try fills(.openLowHighClose, bar) == [])
    #expect(try fills(.pessimistic, bar) == [], "it may have been low before")
    for path in ExecutionRules.IntrabarPath.allCases {
      #expect(try fills(path, (102, 106, 101, 102.5)) == [103], "the close is behind the limit")
    }
    let result = try run(kind, 1, on: [bar], last: 100)
    #expect(result.counts.ambiguousBars == 1)
  }

  @Test func touchesWaitOnTheOtherSideOfStops() throws {
    #expect(try prices(.marketIfTouched(95), 1, on: (98, 99, 94, 97)) == [95])
    #expect(try prices(.marketIfTouched(95), 1, on: (93, 99, 92, 97)) == [93])
    #expect(try prices(.marketIfTouched(95), 1, on: (98, 99, 95.5, 97)) == [])
    #expect(try prices(.marketIfTouched(105), -1, on: (102, 106, 101, 103)) == [105])
    let slipped = try run(.marketIfTouched(95), 1, on: [(98, 99, 94, 97)], last: 100, slips)
    #expect(agrees(slipped.fillPrices[0], 95.95, within: 1e-14), "it takes what the market gives")
    #expect(
      try prices(.limitIfTouched(touch: 95, limit: 95.5), 1, on: (98, 99, 94, 97)) == [95])
    #expect(try prices(.limitIfTouched(touch: 95, limit: 94.5), 1, on: (98, 99, 94, 97)) == [94.5])
    #expect(try prices(.limitIfTouched(touch: 95, limit: 93), 1, on: (98, 99, 94, 97)) == [])
    #expect(
      try prices(.limitIfTouched(touch: 95, limit: 93), 1, on: (98, 99, 94, 97), (97, 98, 92, 95))
        == [93])
  }

  @Test func aStopThatIsArmedByATouchProtectsFromThenOn() throws {
    let kind = Order.Kind.stopIfTouched(touch: 105, stop: 100)
    #expect(try prices(kind, -1, on: (102, 104, 99, 101)) == [], "not armed")
    #expect(try prices(kind, -1, on: (102, 106, 101, 104), (103, 104, 99, 102)) == [100])
    #expect(try prices(kind, -1, on: (102, 106, 101, 104), (98, 99, 97, 98)) == [98], "a gap")
    #expect(
      try prices(kind, -1, on: (102, 106, 99, 101)) { $0.intrabarPath = .openHighLowClose } == [100]
    )
    #expect(
      try prices(kind, -1, on: (102, 106, 99, 101)) { $0.intrabarPath = .openLowHighClose } == [])
    #expect(try prices(kind, -1, on: (102, 106, 99, 101)) == [])
    #expect(try prices(kind, -1, on: (102, 106, 99, 99.5)) == [100])
  }

  @Test(arguments: ExecutionRules.MarketFill.allCases)
  func opensAndClosesAreThoseOfTheNextBar(fill: ExecutionRules.MarketFill) throws {
    let bars = [(101.0, 110.0, 95.0, 108.0), (107.0, 109.0, 100.0, 102.0)]
    let rule: (inout ExecutionRules) -> Void = { $0.marketFill = fill }
    let atOpen = try run(.marketOnOpen, 1, on: bars, last: 100, rule)
    #expect(atOpen.fillPrices == [101] && !atOpen.fills[0].isIntrabar)
    let atClose = try run(.marketOnClose, 1, on: bars, last: 100, rule)
    #expect(atClose.fillPrices == [108] && atClose.fills[0].isIntrabar)
  }

  @Test func immediateOrCancelKeepsNothing() throws {
    let bars = [(100.0, 101.0, 99.0, 100.0), (100.0, 101.0, 99.0, 100.0)]
    let part = try run(
      .market, 1000, on: bars, last: 100, timeInForce: .immediateOrCancel,
      volume: [4000, 4000, 4000]
    ) { $0.participation = 0.1 }
    #expect(part.fillQuantities == [400] && part.outcomes(of: 1) == [.expired])
    #expect(part.outcomes[0].filledQuantity == 400)
    #expect(part.outcomes[0].time == part.universe.series[0].openTimes[1])
    let limit = try run(.limit(99.5), 1, on: bars, last: 100, timeInForce: .immediateOrCancel)
    #expect(limit.fills.isEmpty && limit.outcomes(of: 1) == [.expired], "99.5 is not at the open")
    let stop = try run(
      .stop(101), 1000, on: [(100, 100.5, 99, 100), (100, 102, 99, 100), (100, 100, 100, 100)],
      last: 100, timeInForce: .immediateOrCancel, volume: [4000, 4000, 4000, 4000]
    ) { $0.participation = 0.1 }
    #expect(stop.fills.map(\.row) == [2] && stop.outcomes(of: 1) == [.expired])
  }

  @Test func fillOrKillFillsWholeOrNot() throws {
    let bars = [(100.0, 101.0, 99.0, 100.0), (100.0, 101.0, 99.0, 100.0)]
    let rule: (inout ExecutionRules) -> Void = { $0.participation = 0.1 }
    let tooMany = try run(
      .market, 1000, on: bars, last: 100, timeInForce: .fillOrKill, volume: [4000, 4000, 4000], rule
    )
    #expect(tooMany.fills.isEmpty && tooMany.outcomes(of: 1) == [.expired])
    let enough = try run(
      .market, 400, on: bars, last: 100, timeInForce: .fillOrKill, volume: [4000, 4000, 4000], rule)
    #expect(enough.fillQuantities == [400] && enough.outcomes(of: 1) == [.filled])
    let dear = try run(.market, 1e9, on: bars, last: 100, timeInForce: .fillOrKill)
    #expect(dear.outcomes(of: 1) == [.rejected(.buyingPower)], "never cut")
  }

  @Test func goodTilATimeExpiresThen() throws {
    let bars = Array(repeating: (100.0, 101.0, 99.0, 100.0), count: 4)
    let noon = MarketBuilder.start + .days(2) + .hours(12)
    let result = try run(.limit(90), 1, on: bars, last: 100, timeInForce: .goodTil(noon))
    #expect(result.outcomes(of: 1) == [.expired] && result.outcomes[0].time == noon)
    let close = MarketBuilder.start + .days(3)
    let filled = try run(
      .limit(90), 1, on: [bars[0], (100, 100, 89, 100), bars[0]], last: 100,
      timeInForce: .goodTil(close))
    #expect(filled.fillPrices == [90], "the bar that closes at the time still counts")
    let past = try run(
      .limit(90), 1, on: bars, last: 100, timeInForce: .goodTil(MarketBuilder.start))
    #expect(past.outcomes(of: 1) == [.expired] && past.outcomes[0].time == past.orders[0].submitted)
  }

  @Test func aPostOnlyOrderOnlyRests() throws {
    let crossing = try run(.limit(101), 1, on: [(99, 99, 98, 98)], last: 100, postOnly: true)
    #expect(crossing.outcomes(of: 1) == [.rejected(.postOnly)])
    let resting = try run(.limit(99), 1, on: [(98, 99, 97, 98)], last: 100, postOnly: true)
    #expect(resting.fillPrices == [99], "no better than its limit, also at a gap")
    let market = try run(.market, 1, on: [(98, 99, 97, 98)], last: 100, postOnly: true)
    #expect(market.outcomes(of: 1) == [.rejected(.badTerms)])
  }

  @Test(arguments: [
    Order.Kind.stopLimit(stop: 0, limit: 1), .stopLimit(stop: 1, limit: .nan),
    .trailingStop(.amount(0)), .trailingStop(.percent(100)), .trailingStop(.percent(-1)),
    .marketIfTouched(.infinity), .limitIfTouched(touch: 1, limit: -1),
    .stopIfTouched(touch: -1, stop: 1),
  ])
  func pricesThatCannotBeAreRefused(kind: Order.Kind) throws {
    let result = try run(kind, 1, on: [(98, 99, 97, 98)], last: 100)
    #expect(result.outcomes(of: 1) == [.rejected(.badPrice)])
  }
}
