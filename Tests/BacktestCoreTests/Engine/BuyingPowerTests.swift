@testable import BacktestCore
import TestSupport
import Testing

/// What the account can carry, at submission and at the fill.
struct BuyingPowerTests {
  private func run(
    _ bars: [MarketBuilder.Prices], lot: Instrument.LotSize = .standard,
    volume: [Double]? = nil, _ decisions: [Int: ScriptedStrategy.Decision],
    _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    try runScript(try MarketBuilder.series(bars, volume: volume, lot: lot), decisions) {
      $0.account.initialCash = 1_000
      adjust(&$0)
    }
  }

  private func buy(_ quantity: Double) -> [Int: ScriptedStrategy.Decision] {
    [0: { _, trading in trading.submit(Order(.first, quantity: quantity)) }]
  }

  @Test func atSubmissionAnOrderIsCutToTheLot() throws {
    let result = try run(MarketBuilder.flat(30, count: 2), buy(50))
    #expect(result.outcomes(of: 1) == [.cut(to: 33), .filled])
    #expect(result.orders[0].quantity == 50 && result.fillQuantities == [33])
    #expect(result.counts.cutOrders == 1)
  }

  @Test func anOrderThatIsCutTwiceCountsOnce() throws {
    // Cut to 33 of 50 at a close of 30, and to 25 at an open of 40.
    let result = try run([(30, 30, 30, 30), (40, 40, 40, 40)], buy(50))
    #expect(result.outcomes(of: 1) == [.cut(to: 33), .cut(to: 25), .filled])
    #expect(result.fillQuantities == [25] && result.counts.cutOrders == 1)
  }

  @Test func atSubmissionItCanBeRefused() throws {
    let result = try run(MarketBuilder.flat(30, count: 2), buy(50)) {
      $0.execution.shortfall = .reject
    }
    #expect(result.outcomes(of: 1) == [.rejected(.buyingPower)])
    #expect(result.counts.rejectedOrders == 1 && result.fills.isEmpty)
  }

  @Test func notEvenOneLotIsRefused() throws {
    let result = try run(MarketBuilder.flat(3_000, count: 2), buy(2))
    #expect(result.outcomes(of: 1) == [.rejected(.buyingPower)])
  }

  @Test func atTheFillTheHigherPriceCounts() throws {
    let gap: [MarketBuilder.Prices] = [(10, 10, 10, 10), (16, 16, 16, 16)]
    let result = try run(gap, buy(100))
    #expect(result.outcomes(of: 1) == [.cut(to: 62), .filled])
    #expect(result.fillQuantities == [62] && result.account.cash == 8)
    let refused = try run(gap, buy(100)) { $0.execution.shortfall = .reject }
    #expect(refused.outcomes(of: 1) == [.rejected(.buyingPower)])
  }

  @Test func costsCountAtTheFill() throws {
    let result = try run(MarketBuilder.flat(10, count: 2), buy(100)) {
      $0.execution.commission = PerOrderCommission(amount: 5)
    }
    #expect(result.outcomes(of: 1) == [.cut(to: 99), .filled])
    #expect(result.account.cash == 5)
  }

  @Test func anOrderCutTwiceSaysWhatIsLeft() throws {
    let result = try run([(10, 10, 10, 10), (20, 20, 20, 20)], buy(150))
    #expect(result.outcomes(of: 1) == [.cut(to: 100), .cut(to: 50), .filled])
    #expect(result.outcomes.map(\.filledQuantity) == [0, 50, 50])
  }

  @Test func aPartlyFilledOrderCutLaterCountsAllItsUnits() throws {
    let result = try run(
      [(10, 10, 10, 10), (10, 10, 10, 10), (60, 60, 60, 60)], volume: [600, 600, 600],
      buy(100)
    ) { $0.execution.participation = 0.1 }
    #expect(result.fillQuantities == [60, 6])
    #expect(result.outcomes(of: 1) == [.cut(to: 66), .filled])
    #expect(result.outcomes.last?.filledQuantity == 66)
  }

  @Test func waitingOrdersHoldBuyingPower() throws {
    let result = try run(
      MarketBuilder.flat(10, count: 4),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 60, kind: .limit(5))) },
        1: { _, trading in trading.submit(Order(.first, quantity: 60)) },
        2: { _, trading in
          trading.cancel(OrderID(1))
          trading.submit(Order(.first, quantity: 60))
        },
      ])
    #expect(result.outcomes(of: 2) == [.cut(to: 40), .filled])
    #expect(result.outcomes(of: 1) == [.cancelled])
    #expect(result.outcomes(of: 3) == [.filled], "what the cancelled order held is free")
    #expect(result.fillQuantities == [40, 60])
  }

  @Test func proceedsOfSellsOfTheBatchCount() throws {
    let flat = MarketBuilder.flat(10, count: 4)
    let result = try runScript(
      [
        try MarketBuilder.series(flat, symbol: "A"),
        try MarketBuilder.series(flat, symbol: "B"),
      ],
      ScriptedStrategy([
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in
          trading.submit(Order(.first, quantity: -100))
          trading.submit(Order(.second, quantity: 100))
        },
      ])
    ) { $0.account.initialCash = 1_000 }
    #expect(result.counts.cutOrders == 0 && result.fillQuantities == [100, -100, 100])
  }

  @Test func cashFreedByOneInstrumentIsFreeForTheNext() throws {
    // B's limit sells inside the bar after A in universe order, so that A's buy comes too early.
    let flat: [MarketBuilder.Prices] = [
      (10, 10, 10, 10), (10, 10, 10, 10), (10, 11, 9, 10), (10, 10, 10, 10),
    ]
    func run(buying: Int, selling: Int) throws -> BacktestResult {
      try runScript(
        try ["A", "B"].map { try MarketBuilder.series(flat, symbol: $0) },
        ScriptedStrategy([
          0: { _, trading in trading.submit(Order(InstrumentID(selling), quantity: 100)) },
          1: { _, trading in
            trading.submit(Order(InstrumentID(selling), quantity: -100, kind: .limit(11)))
            trading.submit(Order(InstrumentID(buying), quantity: 100, kind: .limit(9)))
          },
        ])
      ) { $0.account.initialCash = 1_000 }
    }
    #expect(try run(buying: 1, selling: 0).fillQuantities == [100, -100, 100])
    let early = try run(buying: 0, selling: 1)
    #expect(early.fillQuantities == [100, -100])
    #expect(early.outcomes(of: 3) == [.rejected(.buyingPower)])
  }

  @Test func aCashAccountOpensNoShort() throws {
    let short = try run(MarketBuilder.flat(10, count: 2), buy(-5))
    #expect(short.outcomes(of: 1) == [.rejected(.shortNotAllowed)])
    let reversal = try run(
      MarketBuilder.flat(10, count: 3),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 5)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -8)) },
      ])
    #expect(reversal.outcomes(of: 2) == [.cut(to: -5), .filled])
    let target = try run(
      MarketBuilder.flat(10, count: 2),
      [0: { _, trading in trading.target(.first, weight: -1) }]
    ) { $0.execution.sizing = .atFill }
    #expect(target.outcomes(of: 1) == [.rejected(.shortNotAllowed)] && target.fills.isEmpty)
  }

  @Test func leverageCarriesMore() throws {
    let result = try run(MarketBuilder.flat(10, count: 2), buy(500)) {
      $0.account.funding = .margin(leverage: 3)
    }
    #expect(result.outcomes(of: 1) == [.cut(to: 300), .filled])
    #expect(result.account.cash == -2_000)
  }

  @Test func aReversalNeedsPowerForItsNewSideOnly() throws {
    let result = try run(
      MarketBuilder.flat(10, count: 3),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -250)) },
      ]
    ) { $0.account.funding = .margin(leverage: 1) }
    #expect(result.fillQuantities == [100, -200])
    #expect(result.outcomes(of: 2) == [.cut(to: -200), .filled])
  }

  @Test func aRestingSaleReservesNothingInACashAccount() throws {
    let result = try run(
      MarketBuilder.flat(100, count: 4),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in
          trading.submit(Order(.first, quantity: -100, kind: .limit(200)))
          trading.submit(Order(.first, quantity: -90))
        },
        2: { _, trading in trading.submit(Order(.first, quantity: 80)) },
      ]
    ) { $0.account.initialCash = 10_000 }
    #expect(result.fillQuantities == [100, -90, 80] && result.outcomes(of: 4) == [.filled])
  }

  @Test func aRefusedReversalLeavesNoProceeds() throws {
    let flat = MarketBuilder.flat(10, count: 4)
    let result = try runScript(
      try ["A", "B"].map { try MarketBuilder.series(flat, symbol: $0) },
      ScriptedStrategy([
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in
          trading.submit(Order(.first, quantity: -250))
          trading.submit(Order(.second, quantity: 50))
        },
      ])
    ) {
      $0.account = AccountRules(initialCash: 1_000, funding: .margin(leverage: 1))
      $0.execution.shortfall = .reject
    }
    #expect(result.outcomes(of: 2) == [.rejected(.buyingPower)])
    #expect(result.outcomes(of: 3) == [.rejected(.buyingPower)])
    let refused = result.outcomes.filter { $0.kind == .rejected(.buyingPower) }
    #expect(refused.map(\.time) == [result.curve.times[1], result.curve.times[1]])
  }

  @Test func aSaleWithdrawnInItsOwnDecisionLeavesNoProceeds() throws {
    let flat = MarketBuilder.flat(10, count: 4)
    let result = try runScript(
      try ["A", "B"].map { try MarketBuilder.series(flat, symbol: $0) },
      ScriptedStrategy([
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in
          trading.cancel(trading.submit(Order(.first, quantity: -100)))
          trading.submit(Order(.second, quantity: 50))
        },
      ])
    ) { $0.account.initialCash = 1_000 }
    let refused = try #require(result.outcomes.first { $0.order == OrderID(3) })
    #expect(refused.kind == .rejected(.buyingPower) && refused.time == result.curve.times[1])
  }

  @Test func aCutReversalPaysTheCostsOfBothParts() throws {
    let result = try run(
      MarketBuilder.flat(10, count: 4),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 50)) },
        1: { _, trading in trading.submit(Order(.first, quantity: -250)) },
      ]
    ) {
      $0.account.funding = .margin(leverage: 1)
      $0.execution.commission = PerShareCommission(perShare: 1)
    }
    // Equity 950 carries q units where 10 q + (50 + q) <= 950.
    #expect(result.fillQuantities == [50, -131])
  }

  @Test func badOrdersAreRefusedWithTheirReason() throws {
    let late = try MarketBuilder.series(
      MarketBuilder.flat(10, count: 2), symbol: "B", from: MarketBuilder.start + .days(2))
    let result = try runScript(
      [try MarketBuilder.series(MarketBuilder.flat(10, count: 3)), late],
      ScriptedStrategy([
        0: { _, trading in
          trading.submit(Order(.first, quantity: 0))
          trading.submit(Order(.first, quantity: 0.5))
          trading.submit(Order(.first, quantity: .nan))
          trading.submit(Order(.first, quantity: .infinity))
          trading.submit(Order(.first, quantity: 1, kind: .limit(0)))
          trading.submit(Order(.first, quantity: 1, kind: .stop(.nan)))
          trading.submit(Order(.first, quantity: 1, kind: .limit(-3)))
          trading.submit(Order(.second, quantity: 1))
        }
      ]))
    let reasons: [RejectionReason] =
      Array(repeating: .noQuantity, count: 4) + Array(repeating: .badPrice, count: 3) + [.noPrice]
    #expect(result.outcomes.map(\.kind) == reasons.map { .rejected($0) })
    #expect(result.orders.count == 8 && result.counts.rejectedOrders == 8)
  }

  @Test func ordersOfTheLastDecisionAreStillLive() throws {
    let result = try run(
      MarketBuilder.flat(10, count: 2),
      [1: { _, trading in trading.submit(Order(.first, quantity: 3)) }])
    #expect(result.outcomes(of: 1) == [.stillLive] && result.fills.isEmpty)
  }

  @Test func whatCoversAnOrderExactlyIsEnough() throws {
    // One unit costs all there is and the tolerance of 1e-12 of it, which is 1.
    let price = 1e12 + 1
    let result = try run([(price, price, price, price), (1e12, 1e12, 1e12, 1e12)], buy(1)) {
      $0.account.initialCash = 1e12
      $0.execution.shortfall = .reject
    }
    #expect(result.outcomes(of: 1) == [.filled] && result.account.cash == 0)
  }

  @Test func aReversalPaysTheSlippageOfThePartThatCloses() throws {
    // Short 40 at 96; the way back costs 4 a unit for these 40 as for what it opens.
    let result = try run(
      MarketBuilder.flat(100, count: 3),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: -40)) },
        1: { _, trading in trading.submit(Order(.first, quantity: 200)) },
      ]
    ) {
      $0.account.initialCash = 10_000
      $0.account.funding = .margin(leverage: 1)
      $0.execution.slippage = BasisPointSlippage(basisPoints: 400)
    }
    #expect(result.fillQuantities == [-40, 133])
    #expect(result.account.cash == 8)
  }

  @Test func withoutLotsWhatWasCutIsNotCutAgain() throws {
    let result = try run(MarketBuilder.flat(30, count: 2), lot: .fractional, buy(50))
    #expect(result.outcomes(of: 1) == [.cut(to: 1_000 / 30), .filled])
  }

  @Test func aCancelledExitOfABracketTakesNoBuyingPower() throws {
    let result = try run(
      MarketBuilder.flat(10, count: 4),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 50)) },
        1: { _, trading in
          let orders = trading.submitBracket(
            Order(.first, quantity: 10),
            exits: [Order(.first, quantity: -10, kind: .stop(5))])
          trading.cancel(orders[1])
          trading.submit(Order(.first, quantity: 40))
        },
      ])
    #expect(result.fillQuantities == [50, 10, 40])
  }
}
