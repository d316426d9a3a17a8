import BacktestKit

/// Holds the instrument while its fast average is above its slow one.
struct Crossover: Strategy {
  var fast = SimpleMovingAverage(10)
  var slow = SimpleMovingAverage(50)

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard let bar = bars[0], let fast = fast.update(bar.close), let slow = slow.update(bar.close)
    else { return }
    trading.target(bar.instrument, weight: fast > slow ? 1 : 0)
  }
}

/// Days on which the price swings between 80 and 120 in straight lines, 80 days up and 80 down.
func swingingPrices(days: Int) throws -> BarSeries {
  let closes = (0..<days).map { day in 80 + 0.5 * Double(80 - abs(day % 160 - 80)) }
  let opens = [closes[0]] + closes.dropLast()
  let dates = (0..<days).map { CivilDate(daysSinceEpoch: 18_262 + $0) }
  return try BarSeries(
    instrument: Instrument(symbol: "SWING", assetClass: .crypto), timeframe: .session,
    calendar: .alwaysOpen, openTimes: Column(dates.map { $0.midnight }),
    closeTimes: Column(dates.map { $0.adding(days: 1).midnight }), open: Column(opens),
    high: Column(zip(opens, closes).map { max($0, $1) }),
    low: Column(zip(opens, closes).map { min($0, $1) }), close: Column(closes))
}

let backtest = try Backtest(
  Crossover(), on: try swingingPrices(days: 1_000),
  costs: .basisPoints(commission: 1, slippage: 1))
let result = backtest.run()
precondition(!result.trades.isEmpty, "the crossover of a swinging price has to trade")
print("Crossover: \(result.trades.count) round trips, equity \(result.curve.equity.last ?? 0)")
