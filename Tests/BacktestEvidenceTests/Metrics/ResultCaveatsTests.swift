@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Each limit shows when its reason is there, and only then.
struct ResultLimitsTests {
  typealias Code = ResultCaveat.Code

  /// The codes of a result beyond `busy`.
  private func codes(_ result: BacktestResult) -> Set<Code> {
    Set(result.caveats.map(\.code)).subtracting(Self.busy)
  }

  /// What a busy run has: it sells short for nothing, and fills whatever the volume.
  private static let busy: Set<Code> = [.freeBorrowing, .unlimitedLiquidity, .ordersLeftLive]

  /// Prices that rise and fall in turn, a trade every two bars.
  private func wave(count: Int) -> [MarketBuilder.Prices] {
    (0..<count).map { row in
      let price = 100 + Double(row % 4)
      return (price, price + 1, price - 1, price)
    }
  }

  /// Long and short in turn, with costs, over more than a year.
  private func busyRun(
    _ series: BarSeries, _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
  ) throws -> BacktestResult {
    let strategy = ScriptedStrategy(always: { bars, trading in
      guard let bar = bars[0] else { return }
      let sign: Double = trading.position(bar.instrument).quantity > 0 ? -1 : 1
      trading.target(bar.instrument, quantity: 10 * sign)
    })
    return try runScript([series], strategy) { configuration in
      configuration.account.funding = .margin(leverage: 4)
      configuration.execution.commission = BasisPointCommission(basisPoints: 1)
      adjust(&configuration)
    }
  }

  @Test func aBusyRunHasNoOther() throws {
    let series = try MarketBuilder.series(wave(count: 400))
    let caveats = try busyRun(series).caveats
    #expect(caveats.map(\.code) == [.freeBorrowing, .unlimitedLiquidity, .ordersLeftLive])
    // The last decision is that of the last close, on the last day of January 2025.
    #expect(caveats[2].message == "1 order was still live at the end, placed on 2025-02-04.")
  }

  @Test func borrowingIsFree() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(100, count: 10))
    func run(_ weight: Double, _ leverage: Double?) throws -> String? {
      let script = ScriptedStrategy([2: { _, trading in trading.target(.first, weight: weight) }])
      let result = try runScript([series], script) { configuration in
        if let leverage { configuration.account.funding = .margin(leverage: leverage) }
      }
      return result.caveats.first { $0.code == .freeBorrowing }?.message
    }
    #expect(try run(1, nil) == nil)
    #expect(try run(1, 2) == nil)
    // Bought at the open of bar 3, of bars 0 to 9.
    let end = ", but neither interest nor borrowing fees are charged."
    #expect(
      try run(1.5, 2)
        == "Borrowing was free: gross exposure was above equity at 7 of 10 points" + end)
    #expect(try run(-0.5, 2) == "Borrowing was free: 1 of 1 round trip was short" + end)
    #expect(
      try run(-1.5, 2)
        == "Borrowing was free: gross exposure was above equity at 7 of 10 points, and 1 of 1 "
        + "round trip was short" + end)
  }

  @Test func participationLimitsLiquidity() throws {
    let series = try MarketBuilder.series(
      wave(count: 400), volume: Array(repeating: 1e6, count: 400))
    let result = try busyRun(series) { $0.execution.participation = 0.5 }
    #expect(result.caveats.map(\.code) == [.freeBorrowing, .ordersLeftLive])
  }

  @Test func theOldestOrderLeftLiveIsDated() throws {
    let series = try MarketBuilder.series(MarketBuilder.flat(100, count: 20))
    let result = try runScript(
      series,
      [
        2: { _, trading in trading.submit(Order(.first, quantity: 1, kind: .limit(50))) },
        9: { _, trading in trading.submit(Order(.first, quantity: 1, kind: .limit(40))) },
      ])
    #expect(
      result.caveats.first { $0.code == .ordersLeftLive }?.message
        == "2 orders were still live at the end, the oldest placed on 2024-01-04.")
  }

  @Test func theWorstComesFirst() {
    // Data faults that move money, then what was free, then how much was measured.
    let order: [Code] = [
      .ruined, .splitJumps, .outsideHours, .missingBars, .noCosts, .freeBorrowing,
      .unlimitedLiquidity, .fewTrades, .shortSample, .riskLimits, .staleMarks, .sameClose,
      .ambiguousBars, .adjustedPricesWithVolumeModels, .markedTrades, .cutOrders,
      .ordersLeftLive,
    ]
    let sorted = ResultCaveat.mostSeriousFirst(order.reversed().map { ResultCaveat($0, "") })
    #expect(sorted.map(\.code) == order)
  }

  @Test func aShortQuietFreeRunSaysSo() throws {
    let series = try MarketBuilder.series(wave(count: 20))
    let result = try runScript(
      series,
      [
        0: { _, trading in trading.target(.first, quantity: 10) },
        5: { _, trading in trading.target(.first, quantity: 0) },
      ])
    #expect(codes(result) == [.fewTrades, .shortSample, .oneSided, .noCosts])
    let messages = result.caveats.map(\.message)
    #expect(messages.contains { $0.contains("Only 19 returns over 19 days; a year has 365 bars") })
    #expect(messages.contains { $0.contains("Only 1 round trip was closed") })
    #expect(messages.contains { $0.contains("is long") })
  }

  @Test(arguments: [(29, true), (30, false), (31, false)])
  func thirtyRoundTripsAreEnough(count: Int, isFew: Bool) throws {
    let strategy = ScriptedStrategy(always: { bars, trading in
      // The first close is at the end of day 0.
      let start = MarketBuilder.start.utcDate.daysSinceEpoch
      let instant = trading.now.utcDate.daysSinceEpoch - start - 1
      let isLong = instant.isMultiple(of: 2) && instant < 2 * count
      trading.target(.first, quantity: isLong ? 10 : 0)
    })
    let result = try runScript([MarketBuilder.series(wave(count: 400))], strategy)
    #expect(result.trades.count == count && result.trades.allSatisfy { !$0.isOpen })
    #expect(codes(result).contains(.fewTrades) == isFew)
    if isFew {
      let message = result.caveats.first { $0.code == .fewTrades }?.message
      #expect(
        message == "Only 29 round trips were closed; figures about trades mean little with "
          + "fewer than 30.")
    }
  }

  /// A year has 365 bars by the calendar; without one it has 365 days.
  @Test(arguments: [(365, true), (366, false)])
  func aSampleOfLessThanAYearIsShort(bars: Int, isShort: Bool) throws {
    let known = try MarketBuilder.series(wave(count: bars))
    #expect(try codes(busyRun(known)) == (isShort ? [.shortSample] : []))
    let unknown = try MarketBuilder.series(wave(count: bars), calendar: nil)
    #expect(
      try codes(busyRun(unknown)) == (isShort ? [.noCalendar, .shortSample] : [.noCalendar]))
  }

  @Test func nothingTradedIsNeitherOneSidedNorFree() throws {
    let series = try MarketBuilder.series(wave(count: 400))
    let result = try runScript(series, [:])
    #expect(codes(result) == [.fewTrades])
    #expect(result.caveats[0].message.hasPrefix("No round trip was closed"))
    #expect(result.caveats.count == 1)
  }

  @Test func sameCloseIsSaid() throws {
    let series = try MarketBuilder.series(wave(count: 400))
    let result = try busyRun(series) { $0.execution.marketFill = .sameClose }
    #expect(codes(result) == [.sameClose])
  }

  @Test func noCalendarIsSaid() throws {
    let series = try MarketBuilder.series(wave(count: 400), calendar: nil)
    #expect(try codes(busyRun(series)) == [.noCalendar])
    let short = try MarketBuilder.series(wave(count: 300), calendar: nil)
    #expect(try codes(busyRun(short)) == [.noCalendar, .shortSample])
  }

  @Test func cutAndRefusedOrdersAreCounted() throws {
    let series = try MarketBuilder.series(wave(count: 400))
    let cut = try busyRun(series) { $0.account.initialCash = 300 }
    #expect(codes(cut).contains(.cutOrders))
    let number = cut.counts.cutOrders
    #expect(cut.caveats.contains { $0.message.hasPrefix("\(number) orders were reduced because") })
    let refused = try busyRun(series) {
      $0.account.initialCash = 300
      $0.execution.shortfall = .reject
    }
    let message = try #require(refused.caveats.first { $0.code == .rejectedOrders }?.message)
    let rejected = refused.outcomes.count { if case .rejected = $0.kind { true } else { false } }
    let verb = rejected == 1 ? "order was" : "orders were"
    #expect(message == "\(rejected) \(verb) rejected (not enough buying power).")
  }

  @Test func shortSalesOfACashAccountAreToldApart() throws {
    let series = try MarketBuilder.series(wave(count: 400))
    let result = try runScript(
      series, [0: { _, trading in trading.submit(Order(.first, quantity: -5)) }])
    let limit = try #require(result.caveats.first { $0.code == .shortNotAllowed })
    #expect(limit.message.hasPrefix("1 order to sell short was rejected: a cash account"))
    #expect(!codes(result).contains(.rejectedOrders))
  }

  /// Buying 10 and selling 25 is a sale of 10 in a cash account, whatever its buying power.
  @Test(arguments: [ExecutionRules.MarketFill.nextOpen, .sameClose])
  func salesOfMoreThanIsHeldAreCountedAsShortSales(fill: ExecutionRules.MarketFill) throws {
    let series = try MarketBuilder.series(wave(count: 400))
    let result = try runScript(
      [series],
      ScriptedStrategy([
        0: { _, trading in trading.target(.first, quantity: 10) },
        5: { _, trading in trading.submit(Order(.first, quantity: -25)) },
        9: { _, trading in trading.target(.first, weight: 0.5) },
        20: { _, trading in trading.target(.first, weight: -0.5) },
      ])
    ) { $0.execution.marketFill = fill }
    #expect(result.counts.cutOrders == 0 && result.counts.cutShortSales == 2)
    #expect(!result.caveats.contains { $0.code == .cutOrders })
    #expect(
      result.caveats.first { $0.code == .shortNotAllowed }?.message
        == "2 orders to sell were reduced to what was held: a cash account cannot sell short (set "
        + "account: leverage to allow it).")
  }

  /// Limits of the study cut two of three purchases, and refuse a fourth.
  @Test func whatLimitsOfTheStudyDidIsSaid() throws {
    let series = try MarketBuilder.series(wave(count: 400))
    func buy(_ units: Double) -> ScriptedStrategy.Decision {
      { _, trading in trading.submit(Order(.first, quantity: units)) }
    }
    let result = try runScript(
      [series], ScriptedStrategy([0: buy(5), 1: buy(30), 2: buy(40), 3: buy(-60)])
    ) {
      $0.account = AccountRules(initialCash: 1e6, funding: .margin(leverage: 2))
      $0.risk.orderQuantity = 20
      $0.risk.isLongOnly = true
    }
    // 5 + 20 + 20 are held; the sale of 60 closes them and may open nothing.
    #expect(result.fillQuantities == [5, 20, 20, -45])
    let message = result.caveats.first { $0.code == .riskLimits }?.message
    #expect(
      message
        == "The limits of 'risk' reduced 3 orders (most often: units of an order).")
    #expect(!result.caveats.contains { [.cutOrders, .rejectedOrders].contains($0.code) })
    let refused = try runScript([series], ScriptedStrategy([0: buy(30), 4: buy(-60)])) {
      $0.account = AccountRules(initialCash: 1e6, funding: .margin(leverage: 2))
      $0.risk.orderQuantity = 20
      $0.risk.onLimit = .reject
    }
    #expect(
      refused.caveats.first { $0.code == .riskLimits }?.message
        == "The limits of 'risk' rejected 2 orders (more units than one order may open).")
    #expect(!refused.caveats.contains { $0.code == .rejectedOrders })
    #expect(
      refused.idleSentence
        == "No trade happened: all 2 orders were rejected (more units than one order may open).")
  }

  @Test func thatNothingWasTradedIsSaid() throws {
    let series = try MarketBuilder.series(wave(count: 400))
    func idle(_ decisions: [Int: ScriptedStrategy.Decision]) throws -> String? {
      try runScript([series], ScriptedStrategy(decisions)).idleSentence
    }
    #expect(try idle([:]) == "No trade happened: no order was placed.")
    #expect(try idle([0: { $1.target(.first, quantity: 10) }]) == nil)
    #expect(
      try idle([0: { $1.submit(Order(.first, quantity: -5)) }])
        == "No trade happened: the only order was rejected (a cash account cannot sell short).")
    #expect(
      try idle([
        0: { $1.submit(Order(.first, quantity: -5)) },
        1: { $1.submit(Order(.first, quantity: 5, kind: .limit(50))) },
      ])
        == "No trade happened: none of 2 orders filled; 1 of them was rejected (a cash account "
        + "cannot sell short).")
  }

  /// No code of a reason is shown to people.
  @Test func reasonsAreWords() {
    for reason in RejectionReason.allCases {
      #expect(!reason.words.isEmpty && reason.words != reason.rawValue)
      #expect(reason.words.contains(" "))
    }
    let words = RejectionReason.allCases.map(\.words) + RiskBreach.Limit.allCases.map(\.words)
    #expect(Set(words).count == words.count)
  }

  @Test func anEndedSeriesIsStale() throws {
    let long = try MarketBuilder.series(wave(count: 400))
    let short = try MarketBuilder.series(wave(count: 200), symbol: "B")
    let strategy = ScriptedStrategy([0: { _, trading in trading.target(.second, quantity: 10) }])
    let result = try runScript([long, short], strategy)
    let message = result.caveats.first { $0.code == .staleMarks }?.message
    #expect(message?.hasPrefix("1 open position is valued") == true)
  }

  @Test func ambiguousBarsAreCounted() throws {
    let bars = [(50, 50, 50, 50), (50, 54, 47, 50), (50, 50, 50, 50)] as [MarketBuilder.Prices]
    let result = try runScript(
      MarketBuilder.series([(50, 50, 50, 50)] + bars),
      [
        0: { _, trading in trading.submit(Order(.first, quantity: 100)) },
        1: { _, trading in
          trading.submitOneCancelsOther([
            Order(.first, quantity: -100, kind: .stop(48)),
            Order(.first, quantity: -100, kind: .limit(53)),
          ])
        },
      ])
    #expect(result.caveats.contains { $0.message.hasPrefix("1 bar is ambiguous") })
  }

  @Test func modelsOfVolumeNeedVolumesAndRawPrices() throws {
    var series = try MarketBuilder.series(wave(count: 400))
    let none = try busyRun(series) { $0.execution.participation = 0.1 }
    #expect(codes(none).contains(.noVolume))
    series = try MarketBuilder.series(wave(count: 400), volume: Array(repeating: 1e6, count: 400))
    series.priceBasis = .adjusted
    let adjusted = try busyRun(series) { $0.execution.slippage = VolumeShareSlippage() }
    #expect(codes(adjusted) == [.adjustedPricesWithVolumeModels])
    let message = adjusted.caveats.first { $0.code == .adjustedPricesWithVolumeModels }?.message
    #expect(message?.hasSuffix(": A.") == true)
    #expect(try codes(busyRun(series)).isEmpty)
    let models: [(any SlippageModel, Bool)] = [
      (VolumeShareSlippage(), true), (SquareRootSlippage(), true),
      (BasisPointSlippage(basisPoints: 5), false),
    ]
    for (model, isSaid) in models {
      let result = try busyRun(series) { $0.execution.slippage = model }
      #expect(codes(result).contains(.adjustedPricesWithVolumeModels) == isSaid)
    }
  }

  @Test func repairsAreSaid() throws {
    var series = try MarketBuilder.series(wave(count: 400))
    series.issues = [
      DataIssue(code: .highBelowLow, file: "a.csv", line: 2, message: "a high below the low")
    ]
    #expect(try codes(busyRun(series)).isEmpty)
    series.issues[0].repair = .held
    #expect(try codes(busyRun(series)) == [.repairedData])
  }

  @Test func ruinComesFirst() throws {
    let prices =
      [(100, 100, 100, 100), (100, 100, 100, 100), (10, 10, 10, 10)]
      as [MarketBuilder.Prices]
    let series = try MarketBuilder.series(prices + MarketBuilder.flat(10, count: 5))
    let result = try runScript(
      series, [0: { _, trading in trading.target(.first, weight: 3) }]
    ) { $0.account.funding = .margin(leverage: 4) }
    #expect(result.ruinedAt != nil && result.caveats.first?.code == .ruined)
    #expect(result.caveats[0].message.contains("lost everything on 2024-01-0"))
  }

  @Test func everyCodeHasAnotherName() {
    #expect(Set(Code.allCases.map(\.rawValue)).count == Code.allCases.count)
  }
}
