import BacktestKit

/// W13: 50 instruments with 50 orders each that rest from the first day to the last: limits and
/// stops on both sides, then stop-limits, then trailing stops, which each bar moves.
struct RestingOrders: Workload {
  static let name = "W13"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let series = try data.manyDailyBars()
    let feed = Feed(try Universe(series))
    var configuration = BacktestConfiguration.workload
    configuration.account.initialCash = 1e9
    configuration.account.funding = .margin(leverage: 10)
    let bars = Double(series.reduce(0) { $0 + $1.count })
    return OrderPlacer.Kind.allCases.map { kind in
      let backtest = Backtest(
        OrderPlacer(kind: kind, count: 50), on: feed, configuration: configuration)
      var (measurement, result) = Measurement.rate(
        "asset-bars/s", units: bars, repeats: repeats
      ) {
        backtest.run()
      }
      measurement.engine = "backtestkit_\(kind.rawValue)"
      measurement.fills = result.fills.count
      measurement.finalEquity = result.curve.equity.last
      measurement.extras = [("orders_at_end", Double(result.outcomes.count))]
      return measurement
    }
  }
}

/// Places orders for each instrument at the first close, so far away that they never fill.
private struct OrderPlacer: Strategy {
  var kind: Kind
  var count: Int
  private var hasPlaced = false

  enum Kind: String, CaseIterable {
    case limitsAndStops = "limits_and_stops"
    case stopLimits = "stop_limits"
    case trailing
  }

  init(kind: Kind, count: Int) {
    self.kind = kind
    self.count = count
  }

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard !hasPlaced else { return }
    hasPlaced = true
    for bar in bars {
      for number in 0..<count {
        trading.submit(order(number, near: bar.close, of: bar.instrument))
      }
    }
  }

  private func order(_ number: Int, near price: Double, of instrument: InstrumentID) -> Order {
    let step = 1 + Double(number) / 100
    let (low, high) = (price / 100 * step, price * 100 * step)
    let isBuy = number % 2 == 0
    let order: Order.Kind =
      switch kind {
      case .trailing: .trailingStop(.percent(99))
      case .stopLimits: .stopLimit(stop: isBuy ? high : low, limit: isBuy ? high : low)
      case .limitsAndStops:
        number % 4 < 2 ? .limit(isBuy ? low : high) : .stop(isBuy ? high : low)
      }
    return Order(instrument, quantity: isBuy && kind != .trailing ? 1 : -1, kind: order)
  }
}
