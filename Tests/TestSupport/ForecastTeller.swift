package import BacktestCore
import Foundation

/// Trades nothing and tells at each close what the last returns let it expect of the next.
package struct ForecastTeller: Strategy {
  package static let definition = StrategyDefinition(
    name: "teller", summary: "Forecasts from the mean and deviation of the last returns.",
    parameters: [.integer("window", default: 20, in: 2...500, "The number of returns.")]
  ) { ForecastTeller(window: $0.integer("window")) }

  package var window: Int

  package init(window: Int) {
    self.window = window
  }
  package var warmup: Int { window }

  package mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for bar in bars {
      let closes = Array(trading.history(bar.instrument, window + 1).close)
      let returns = zip(closes.dropFirst(), closes).map { log($0 / $1) }
      guard returns.count == window else { continue }
      let mean = returns.reduce(0, +) / Double(window)
      let squares = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let deviation = (squares / Double(window - 1)).squareRoot()
      guard deviation > 0 else { continue }
      trading.forecast(
        bar.instrument, score: abs(mean) < deviation / 50 ? 0 : mean,
        probabilityUp: 0.5 * erfc(-mean / deviation / 2.0.squareRoot()), expectedReturn: mean,
        deviation: deviation,
        interval: ForecastInterval(
          level: 0.8, lower: mean - 1.2815515655446004 * deviation,
          upper: mean + 1.2815515655446004 * deviation))
    }
  }
}
