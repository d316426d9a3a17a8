import BacktestKit

struct Crossover: Strategy {
  var fast = SimpleMovingAverage(10), slow = SimpleMovingAverage(50)

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    guard let bar = bars[0], let f = fast.update(bar.close), let s = slow.update(bar.close)
    else { return }
    trading.target(bar.instrument, weight: f > s ? 1 : 0)
  }
}

var options = CSVReadOptions()
options.priceBasis = .adjusted
let ibm = try BarSeries(csv: "Fixtures/prices/IBM.csv", calendar: .xnys, options: options)
let result = try Backtest(
  Crossover(), on: ibm, costs: .basisPoints(commission: 2, slippage: 5)
).run()

let metrics = result.metrics
print("CAGR \(metrics.cagr ?? .nan), Sharpe ratio \(metrics.sharpe ?? .nan)")
let trades = TradeMetrics(result.trades)
print("deepest drawdown \(metrics.maxDrawdown ?? .nan)")
print("\(trades.count) closed round trips, \(trades.openCount) open")
for caveat in result.caveats { print("caveat:", caveat.message) }
print("fingerprint \(result.fingerprint)")
try Report(result).write(to: "Reports/crossover.html")
