import BacktestKit

/// Holds an instrument while its close is above the average of 100 bars.
struct AboveAverage: Strategy {
  var average = SimpleMovingAverage(100)

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard let bar = bars[0], let mean = average.update(bar.close) else { return }
    trading.target(bar.instrument, weight: bar.close > mean ? 1 : 0)
  }
}

// `swift run Remote prices.csv` reads another file.
let path = CommandLine.arguments.dropFirst().first ?? "Fixtures/prices/IBM.csv"
let prices = try BarSeries(csv: path, calendar: .xnys)
let result = try Backtest(
  AboveAverage(), on: prices, costs: .basisPoints(commission: 2, slippage: 5)
).run()
print("CAGR \(result.metrics.cagr ?? .nan), \(result.trades.count) round trips")
print("fingerprint \(result.fingerprint)")
