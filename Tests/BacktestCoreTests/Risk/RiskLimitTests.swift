import TestSupport
import Testing

@testable import BacktestCore

/// Limits of a run: what is cut, what is refused, and what is written down.
struct RiskLimitTests {
  private static func run(
    symbols: [String] = ["A"], _ decisions: [Int: ScriptedStrategy.Decision],
    _ adjust: (inout RiskRules) -> Void
  ) throws -> BacktestResult {
    let series = try symbols.map {
      try MarketBuilder.series(MarketBuilder.flat(10, count: 6), symbol: $0)
    }
    return try runScript(series, ScriptedStrategy(decisions)) {
      $0.account = AccountRules(initialCash: 1_000, funding: .margin(leverage: 4))
      adjust(&$0.risk)
    }
  }

  private static func buy(
    _ quantity: Double, _ instrument: Int = 0
  ) -> ScriptedStrategy.Decision {
    { _, trading in trading.submit(Order(InstrumentID(instrument), quantity: quantity)) }
  }

  private static func breach(
    _ limit: RiskBreach.Limit, order: Int, _ value: Double, _ bound: Double,
    _ action: RiskBreach.Action, instrument: Int = 0, bar: Int = 0
  ) -> RiskBreach {
    RiskBreach(
      time: MarketBuilder.start + .days(Int64(bar + 1)), limit: limit,
      instrument: InstrumentID(instrument), order: OrderID(order), value: value, bound: bound,
      action: action)
  }

  @Test func withoutRulesNothingIsLookedAt() throws {
    let result = try Self.run([0: Self.buy(400)]) { _ in }
    #expect(result.riskBreaches.isEmpty && result.fillQuantities == [400])
  }

  @Test func anOrderIsCutToEachLimit() throws {
    let cases: [((inout RiskRules) -> Void, RiskBreach.Limit, Double, Double, Double)] = [
      ({ $0.orderQuantity = 30 }, .orderQuantity, 30, 200, 30),
      ({ $0.orderNotional = 455 }, .orderNotional, 45, 2_000, 455),
      ({ $0.position = 0.5 }, .position, 50, 2, 0.5),
      ({ $0.grossExposure = 700 }, .grossExposure, 70, 2_000, 700),
      ({ $0.netExposure = 600 }, .netExposure, 60, 2_000, 600),
      ({ $0.leverage = 1.25 }, .leverage, 125, 2, 1.25),
      ({ $0.netLeverage = 0.75 }, .netLeverage, 75, 2, 0.75),
      ({ $0.turnoverPerSession = 0.25 }, .turnoverPerSession, 25, 2, 0.25),
    ]
    for (rule, limit, kept, value, bound) in cases {
      let cut = try Self.run([0: Self.buy(200)], rule)
      #expect(cut.fillQuantities == [kept], "\(limit)")
      #expect(cut.outcomes(of: 1) == [.cut(to: kept), .filled], "\(limit)")
      #expect(cut.riskBreaches == [Self.breach(limit, order: 1, value, bound, .cut)], "\(limit)")
      let refused = try Self.run([0: Self.buy(200)]) {
        rule(&$0)
        $0.onLimit = .reject
      }
      #expect(refused.fills.isEmpty && refused.counts.rejectedOrders == 1, "\(limit)")
      #expect(refused.outcomes(of: 1) == [.rejected(limit.reason)], "\(limit)")
      #expect(
        refused.riskBreaches == [Self.breach(limit, order: 1, value, bound, .rejected)], "\(limit)")
      let short = try Self.run([0: Self.buy(-200)], rule)
      #expect(short.fillQuantities == [-kept], "\(limit)")
    }
  }

  /// At the limit exactly nothing is cut.
  @Test func whatFitsPasses() throws {
    let result = try Self.run([0: Self.buy(200)]) {
      $0.orderQuantity = 200
      $0.orderNotional = 2_000
      $0.position = 2
      $0.leverage = 2
      $0.netLeverage = 2
      $0.turnoverPerSession = 2
      $0.ordersPerSession = 1
    }
    #expect(result.riskBreaches.isEmpty && result.fillQuantities == [200])
  }

  @Test func restrictedAndLongOnlyRefuseWhatOpens() throws {
    let restricted = try Self.run(
      symbols: ["A", "B"],
      [
        0: { _, trading in
          trading.submit(Order(InstrumentID(0), quantity: 5))
          trading.submit(Order(InstrumentID(1), quantity: 5))
        }
      ]
    ) { $0.restrictedSymbols = ["B"] }
    #expect(restricted.outcomes(of: 2) == [.rejected(.restricted)])
    #expect(restricted.fillQuantities == [5])
    let longOnly = try Self.run([0: Self.buy(5), 2: Self.buy(-8)]) { $0.isLongOnly = true }
    #expect(longOnly.fillQuantities == [5, -5])
    #expect(longOnly.outcomes(of: 2) == [.cut(to: -5), .filled])
    #expect(
      longOnly.riskBreaches == [Self.breach(.longOnly, order: 2, -3, 0, .cut, bar: 2)])
  }

  /// Whatever the limits, a position can be closed, and a reversal closes its part.
  @Test func whatReducesAlwaysPasses() throws {
    let result = try Self.run([0: Self.buy(100), 2: Self.buy(-150)]) {
      $0.ordersPerSession = 1
      $0.orderQuantity = 100
      $0.position = 1
      $0.turnoverPerSession = 1
      $0.onLimit = .reject
    }
    #expect(result.fillQuantities == [100, -100])
    let flattened = try Self.run([0: Self.buy(100), 1: Self.buy(-100)]) {
      $0.killSwitch = 0.9
      $0.leverage = 1
      $0.turnoverPerSession = 1
    }
    #expect(flattened.fillQuantities == [100, -100] && flattened.riskBreaches.isEmpty)
  }

  /// Limits are checked in order, and each has its row.
  @Test func severalLimitsCutOneAfterTheOther() throws {
    let result = try Self.run([0: Self.buy(200)]) {
      $0.orderQuantity = 90
      $0.position = 0.6
      $0.leverage = 0.3
    }
    #expect(result.fillQuantities == [30])
    #expect(result.riskBreaches.map(\.limit) == [.orderQuantity, .position, .leverage])
    #expect(result.riskBreaches.map(\.value) == [200, 0.9, 0.6])
  }

  @Test func ordersOfOneDecisionAreSeenByTheNext() throws {
    let result = try Self.run(
      symbols: ["A", "B"],
      [
        0: { _, trading in
          trading.submit(Order(InstrumentID(0), quantity: 60))
          trading.submit(Order(InstrumentID(1), quantity: 60))
          trading.submit(Order(InstrumentID(1), quantity: -20))
        }
      ]
    ) {
      $0.leverage = 1
      $0.ordersPerSession = 2
    }
    #expect(result.outcomes(of: 2) == [.cut(to: 40), .filled])
    #expect(result.outcomes(of: 3) == [.rejected(.ordersPerSession)])
  }

  /// An order that waits may become larger as far as a new one of that size would be let through,
  /// and is left as it was where it may not.
  @Test func aWaitingOrderGrowsWithinTheLimits() throws {
    func events(_ quantity: Double, _ rule: (inout RiskRules) -> Void) throws -> [OrderEvent.Kind] {
      let result = try Self.run(
        [
          0: { _, trading in trading.buy(.first, 30, limit: 5) },
          1: { _, trading in trading.modify(OrderID(1), quantity: quantity) },
        ], rule)
      #expect(result.riskBreaches.allSatisfy { $0.action == .rejected })
      return result.orderEvents.map(\.kind).filter {
        if case .modificationRejected = $0 { true } else { $0 == .modified }
      }
    }
    let cases: [((inout RiskRules) -> Void, RiskBreach.Limit)] = [
      ({ $0.orderQuantity = 50 }, .orderQuantity), ({ $0.orderNotional = 500 }, .orderNotional),
      ({ $0.position = 0.5 }, .position), ({ $0.grossExposure = 500 }, .grossExposure),
      ({ $0.netExposure = 500 }, .netExposure), ({ $0.leverage = 0.5 }, .leverage),
      ({ $0.netLeverage = 0.5 }, .netLeverage),
    ]
    for (rule, limit) in cases {
      #expect(try events(50, rule) == [.modified], "\(limit)")
      #expect(try events(51, rule) == [.modificationRejected(limit.reason)], "\(limit)")
    }
    // It is no new order, and of a session's turnover only what it grows by is new.
    #expect(try events(50) { $0.ordersPerSession = 1 } == [.modified])
    #expect(try events(60) { $0.turnoverPerSession = 0.3 } == [.modified])
    #expect(
      try events(61) { $0.turnoverPerSession = 0.3 }
        == [.modificationRejected(.turnoverPerSession)])
  }

  /// Orders after a change in the same decision are held to what waits since the change.
  @Test func changesOfOneDecisionAreSeenByTheNextOrder() throws {
    for (quantity, left) in [(20.0, 80.0), (60, 40)] {
      let result = try Self.run([
        0: { _, trading in
          let first = trading.buy(.first, 40, limit: 5)
          trading.modify(first, quantity: quantity)
          trading.buy(.first, 90)
        }
      ]) { $0.leverage = 1 }
      #expect(result.outcomes(of: 2).first == .cut(to: left), "\(quantity)")
    }
    // A change that was refused leaves the order in the way.
    let refused = try Self.run([
      0: { _, trading in
        let first = trading.buy(.first, 40, limit: 5)
        trading.modify(first, quantity: 110)
        trading.buy(.first, 90)
      }
    ]) { $0.leverage = 1 }
    #expect(refused.outcomes(of: 2).first == .cut(to: 60))
    let turnover = try Self.run([
      0: { _, trading in
        let first = trading.buy(.first, 40, limit: 5)
        trading.modify(first, quantity: 70)
        trading.buy(.first, 90)
      }
    ]) { $0.turnoverPerSession = 1 }
    #expect(turnover.outcomes(of: 2).first == .cut(to: 30))
  }

  /// Long and short cancel in the net exposure and add in the gross one; waiting orders count.
  @Test func netExposureMayBeHedged() throws {
    let result = try Self.run(
      symbols: ["A", "B"],
      [
        0: { _, trading in
          trading.submit(Order(InstrumentID(0), quantity: 50))
          trading.submit(Order(InstrumentID(1), quantity: -90))
        },
        1: { _, trading in
          trading.submit(Order(InstrumentID(0), quantity: 70, kind: .limit(1)))
          trading.submit(Order(InstrumentID(0), quantity: 70))
        },
      ]
    ) { $0.netLeverage = 0.5 }
    // 500 long; 900 short leaves 400 short; 700 of the waiting order leave 300 long.
    #expect(result.fillQuantities == [50, -90, 20])
  }

  @Test func aTargetIsCutAtTheLimit() throws {
    for sizing in ExecutionRules.TargetSizing.allCases {
      let series = try MarketBuilder.series(MarketBuilder.flat(10, count: 4))
      let result = try runScript(
        series, [0: { _, trading in trading.target(.first, weight: 0.8) }]
      ) {
        $0.account.initialCash = 1_000
        $0.execution.sizing = sizing
        $0.risk.position = 0.5
      }
      #expect(result.fillQuantities == [50], "\(sizing)")
    }
  }

  @Test func sessionsBeginTheirCountsAnew() throws {
    let half = try MarketBuilder.series(
      MarketBuilder.flat(10, count: 6), every: .hours(12))
    let decision: ScriptedStrategy.Decision = { _, trading in
      trading.submit(Order(.first, quantity: 1))
    }
    let result = try runScript(
      half, Dictionary(uniqueKeysWithValues: (0..<5).map { ($0, decision) })
    ) { $0.risk.ordersPerSession = 1 }
    // Bars end at noon and at midnight: the two of a day belong to one session.
    #expect(result.riskBreaches.map(\.order) == [OrderID(2), OrderID(4)])
    #expect(result.riskBreaches.map(\.value) == [2, 2])
  }

  @Test func valueAtRiskOfThePositionsIsLimited() throws {
    // Returns of 1 % up and down by turns: a normal loss of 2.326 deviations, less the mean.
    let closes = (0..<41).map { $0 % 2 == 0 ? 100.0 : 101 }
    let series = try MarketBuilder.series(closes.map { ($0, $0, $0, $0) })
    let returns = zip(closes.dropFirst(), closes).map { $0 / $1 - 1 }
    for method in ValueAtRisk.Method.allCases {
      let rule = ValueAtRisk(method, confidence: 0.99, window: 30)
      let result = try runScript(
        series,
        [
          20: { _, trading in trading.submit(Order(.first, quantity: 1)) },
          35: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        ]
      ) {
        $0.account.initialCash = 10_000
        $0.risk.valueAtRisk = ValueAtRiskLimit(0.00515, rule)
      }
      let past = Array(returns[5..<35])
      let mean = past.reduce(0, +) / 30
      let sorted = past.sorted()
      let loss =
        switch method {
        case .historical: -(sorted[0] + 0.29 * (sorted[1] - sorted[0]))
        case .normal:
          2.3263478740408408
            * (past.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 29).squareRoot() - mean
        case .exponentiallyWeighted:
          2.3263478740408408
            * (past.reversed().enumerated().reduce(0) {
              $0 + $1.element * $1.element * power(0.94, $1.offset)
            } / (0..<30).reduce(0) { $0 + power(0.94, $1) }).squareRoot()
        }
      let kept = (0.00515 * 10_000 / (101 * loss)).rounded(.down)
      // Fewer bars than the window give no forecast, and so no order.
      #expect(result.outcomes(of: 1) == [.rejected(.valueAtRisk)])
      #expect(result.fillQuantities == [kept], "\(method)")
      let breach = try #require(result.riskBreaches.last)
      #expect(breach.limit == .valueAtRisk && breach.action == .cut && breach.bound == 0.00515)
      #expect(abs(breach.value / (100 * 101 * loss / 10_000) - 1) < 1e-9, "\(method)")
    }
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
