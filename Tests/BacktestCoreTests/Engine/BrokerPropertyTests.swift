@testable import BacktestCore
import TestSupport
import Testing

/// What holds of every run, whatever the rules.
struct BrokerPropertyTests {
  /// A random universe, random rules and a random trader, all from one seed.
  private func run(
    _ seed: UInt64, _ adjust: (inout ExecutionRules) -> Void = { _ in }
  ) throws -> BacktestResult {
    var random = TestRandom(seed: seed &+ 1_000)
    let steps: [TimeSpan] = [.hours(6), .days(1), .hours(8)]
    let series = try (0..<(1 + random.below(4))).map { k in
      try RandomMarket.series(
        "S\(k)", bars: 60 + random.below(60), every: steps[random.below(3)], &random,
        lot: random.below(3) == 0 ? .fractional : .standard)
    }
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = Double(20_000 + random.below(1_000_000))
    if random.below(2) == 0 { configuration.account.funding = .margin(leverage: 2) }
    configuration.warmup = random.below(10)
    configuration.onSeriesEnd = random.pick([.hold, .close])
    var rules = ExecutionRules()
    rules.marketFill = random.pick(ExecutionRules.MarketFill.allCases)
    rules.intrabarPath = random.pick(ExecutionRules.IntrabarPath.allCases)
    rules.limitFill = random.pick([.touch, .through(ticks: 1)])
    rules.participation = random.pick([nil, 0.05, 0.5])
    rules.latency = random.pick([.zero, .seconds(1), .hours(7)])
    rules.sizing = random.pick(ExecutionRules.TargetSizing.allCases)
    rules.shortfall = random.pick(ExecutionRules.ShortfallRule.allCases)
    rules.commission = random.pick([
      NoCommission(), BasisPointCommission(basisPoints: 7),
      PerShareCommission(perShare: 0.01, minimumPerOrder: 2),
    ])
    rules.slippage = random.pick([
      NoSlippage(), BasisPointSlippage(basisPoints: 9), VolumeShareSlippage(),
      SquareRootSlippage(),
    ])
    adjust(&rules)
    configuration.execution = rules
    return Backtest(
      RandomTrader(seed: seed), on: try Universe(series), configuration: configuration
    ).run()
  }

  @Test(arguments: 0..<64 as Range<UInt64>)
  func theAccountIsWhatItsFillsMakeIt(seed: UInt64) throws {
    let result = try run(seed)
    let account = result.account
    let scale = max(account.rules.initialCash, account.grossExposure)

    // From the list of fills alone, in dictionaries.
    var cash = account.rules.initialCash
    var held: [InstrumentID: Double] = [:]
    for fill in result.fills {
      cash -= fill.quantity * fill.price + fill.commission
      held[fill.instrument, default: 0] += fill.quantity
    }
    #expect(abs(cash + account.deficitWrittenOff - account.cash) <= 1e-9 * scale, "seed \(seed)")
    for (index, position) in account.positions.enumerated() {
      let expected = held[InstrumentID(index)] ?? 0
      #expect(abs(position.quantity - expected) <= 1e-9 * max(1, abs(expected)))
    }
    let ledger = result.ledger.reduce(0) { $0 + $1.amount }
    #expect(abs(ledger - account.cash) <= 1e-9 * scale)
    let value = account.positions.reduce(0) { $0 + $1.quantity * $1.mark }
    #expect(abs(account.cash + value - account.equity) <= 1e-9 * scale)
    #expect(result.curve.equity.last == account.equity)
    let explained =
      account.rules.initialCash + account.priceProfit - account.commissionPaid
      - account.slippagePaid + account.deficitWrittenOff
    #expect(abs(explained - account.equity) <= 1e-9 * scale)
    let profit = result.trades.reduce(0) { $0 + $1.profit } + account.deficitWrittenOff
    #expect(abs(account.rules.initialCash + profit - account.equity) <= 1e-8 * scale)
    #expect(
      abs(result.fills.reduce(0) { $0 + $1.slippage } - account.slippagePaid) <= 1e-9 * scale)
  }

  @Test(arguments: 0..<64 as Range<UInt64>)
  func noFillIsBetterThanTheMarketOrEarlierThanItsOrder(seed: UInt64) throws {
    let result = try run(seed)
    let latency = result.configuration.execution.latency
    let isSameClose = result.configuration.execution.marketFill == .sameClose
    for fill in result.fills {
      guard let order = result.orders.first(where: { $0.id == fill.order }) else {
        Issue.record("seed \(seed): a fill without an order")
        continue
      }
      if fill.time == result.ruinedAt { continue }
      let bar = result.universe[fill.instrument][Int(fill.row)]
      #expect(bar.low <= fill.reference && fill.reference <= bar.high, "seed \(seed)")
      #expect(fill.quantity > 0 ? fill.price >= fill.reference : fill.price <= fill.reference)
      #expect(fill.time == (fill.isIntrabar ? bar.closeTime : bar.openTime))
      let live = order.submitted + latency
      let isClosing = order.submitted == bar.closeTime && order.kind == .market
      #expect(fill.time >= live || isClosing)
      #expect(bar.openTime >= live || isSameClose || fill.isIntrabar && order.kind == .market)
      #expect(bar.volume != 0)
      if case .limit(let price) = order.kind {
        #expect(fill.quantity > 0 ? fill.price <= price : fill.price >= price)
        #expect(fill.slippage == 0)
      }
    }
  }

  @Test(arguments: 0..<64 as Range<UInt64>)
  func noBarGivesMoreThanItsShare(seed: UInt64) throws {
    let participation = [0.002, 0.05, 0.5][Int(seed) % 3]
    let result = try run(seed) { $0.participation = participation }
    var taken: [[Int32]: Double] = [:]
    for fill in result.fills where fill.time != result.ruinedAt {
      taken[[fill.instrument.index, fill.row], default: 0] += abs(fill.quantity)
    }
    for (place, units) in taken {
      let volume = result.universe.series[Int(place[0])].volume[Int(place[1])]
      #expect(units <= participation * volume * (1 + 1e-9), "seed \(seed)")
    }
    #expect(!taken.isEmpty, "seed \(seed) trades nothing")
    // The least share is used up somewhere, and what is left of an order waits for another bar.
    if participation == 0.002, result.ruinedAt == nil {
      let fillCounts = Dictionary(grouping: result.fills, by: \.order).mapValues(\.count)
      #expect(fillCounts.values.contains { $0 > 1 }, "seed \(seed) never meets its limit")
    }
  }

  @Test(arguments: 0..<64 as Range<UInt64>)
  func everyOrderEndsOnce(seed: UInt64) throws {
    let result = try run(seed)
    for (index, order) in result.orders.enumerated() { #expect(order.id == OrderID(index + 1)) }
    for order in result.orders {
      let ends = result.outcomes.filter { outcome in
        guard outcome.order == order.id else { return false }
        if case .cut = outcome.kind { return false }
        return true
      }
      #expect(ends.count == 1, "seed \(seed), order \(order.assignedID.number)")
      let filled = result.fills.filter { $0.order == order.id }.reduce(0) { $0 + $1.quantity }
      #expect(agrees(ends.first?.filledQuantity ?? .nan, filled, within: 1e-9))
    }
    let times = result.outcomes.map(\.time)
    #expect(times == times.sorted())
    #expect(result.fills.map(\.time) == result.fills.map(\.time).sorted())
  }

  @Test func theSeedsReachAllCorners() throws {
    // Properties of runs in which nothing happens would prove nothing.
    var kinds: Set<String> = []
    var counts = RunCounts()
    for seed in 0..<64 as Range<UInt64> {
      let result = try run(seed)
      for outcome in result.outcomes { kinds.insert("\(outcome.kind)".prefix { $0 != "(" } + "") }
      counts.ambiguousBars += result.counts.ambiguousBars
      counts.stalePositions += result.counts.stalePositions
      if result.ruinedAt != nil { kinds.insert("ruined") }
    }
    #expect(counts.ambiguousBars > 0 && counts.stalePositions > 0)
    #expect(
      kinds.isSuperset(of: [
        "filled", "cancelled", "cancelledByGroup", "expired", "cut", "rejected", "stillLive",
      ]))
  }
}
