@testable import BacktestCore
import TestSupport
import Testing

/// Brackets against a model that walks each bar's path in quarters, the grid of the prices.
struct BracketModelTests {
  /// One bracket as drawn: an entry, two exits and how long the entry lives.
  private struct Plan {
    var side: Double
    var entry: Order.Kind
    var exits: [Order.Kind]
    var timeInForce: Order.TimeInForce

    init(near price: Double, _ random: inout TestRandom) {
      func kind(_ random: inout TestRandom) -> Order.Kind {
        let away = max(1, price + Double(random.below(25) - 12) / 4)
        return random.below(2) == 0 ? .limit(away) : .stop(away)
      }
      side = random.below(2) == 0 ? 1 : -1
      entry = random.below(6) == 0 ? .market : kind(&random)
      exits = [kind(&random), kind(&random)]
      timeInForce = random.below(3) == 0 ? .day : .goodTilCancelled
    }
  }

  /// What a model of one bracket at a time does.
  private struct Model {
    var risesFirst: (Bar) -> Bool
    private var plan: Plan?
    private var isOpen = false
    private(set) var fills: [(row: Int, quantity: Double, price: Double)] = []

    init(_ risesFirst: @escaping (Bar) -> Bool) { self.risesFirst = risesFirst }

    var isIdle: Bool { plan == nil }

    mutating func start(_ plan: Plan) { self.plan = plan }

    mutating func play(_ bar: Bar, row: Int) {
      if bar.volume != 0 {
        for price in path(bar) { visit(price, row) }
      }
      if plan?.timeInForce == .day, !isOpen { plan = nil }
    }

    /// Every price on the way, a quarter apart.
    private func path(_ bar: Bar) -> [Double] {
      let ends = risesFirst(bar) ? [bar.high, bar.low, bar.close] : [bar.low, bar.high, bar.close]
      var prices = [bar.open]
      for end in ends {
        while let last = prices.last, last != end {
          prices.append(last + (end > last ? 0.25 : -0.25))
        }
      }
      return prices
    }

    private mutating func visit(_ price: Double, _ row: Int) {
      if let plan, !isOpen, isMet(plan.entry, buys: plan.side > 0, at: price) {
        isOpen = true
        fills.append((row, plan.side, price))
      }
      guard let plan, isOpen else { return }
      if plan.exits.contains(where: { isMet($0, buys: plan.side < 0, at: price) }) {
        isOpen = false
        fills.append((row, -plan.side, price))
        self.plan = nil
      }
    }

    private func isMet(_ kind: Order.Kind, buys: Bool, at price: Double) -> Bool {
      switch kind {
      case .market: true
      case .limit(let limit): buys ? price <= limit : price >= limit
      case .stop(let stop): buys ? price >= stop : price <= stop
      default: false
      }
    }
  }

  @Test func fillsAreThoseOfTheWalk() throws {
    var (fillCount, insideCount) = (0, 0)
    for seed in 0..<150 as Range<UInt64> {
      let result = try compare(seed)
      fillCount += result.fills.count
      insideCount += result.trades.count { $0.barCount == 0 }
    }
    #expect(fillCount > 3_000 && insideCount > 500, "\(fillCount), \(insideCount)")
  }

  private func compare(_ seed: UInt64) throws -> BacktestResult {
    var random = TestRandom(seed: seed &+ 31_000)
    let series = try RandomMarket.series("A", bars: 120, every: .days(1), &random)
    let rules: [(ExecutionRules.IntrabarPath, (Bar) -> Bool)] = [
      (.openHighLowClose, { _ in true }), (.openLowHighClose, { _ in false }),
      (.nearestExtremeFirst, { $0.high - $0.open < $0.open - $0.low }),
    ]
    let (path, risesFirst) = rules[Int(seed % 3)]
    let plans = (0..<series.count).map { Plan(near: series.close[$0], &random) }

    var model = Model(risesFirst)
    for row in 0..<series.count {
      model.play(series[row], row: row)
      if model.isIdle { model.start(plans[row]) }
    }
    let strategy = ScriptedStrategy(always: { bars, trading in
      guard trading.position(.first).isFlat, trading.openOrders(.first).isEmpty else { return }
      let plan = plans[trading.history(.first, 1_000).count - 1]
      trading.submitBracket(
        Order(.first, quantity: plan.side, kind: plan.entry, timeInForce: plan.timeInForce),
        exits: plan.exits.map { Order(.first, quantity: -plan.side, kind: $0) })
    })
    let result = try runScript([series], strategy) {
      $0.account.funding = .margin(leverage: 2)
      $0.execution.intrabarPath = path
    }
    #expect(result.fillQuantities == model.fills.map(\.quantity), "seed \(seed)")
    #expect(result.fillPrices == model.fills.map(\.price), "seed \(seed)")
    #expect(result.fills.map { Int($0.row) } == model.fills.map(\.row), "seed \(seed)")
    return result
  }
}
