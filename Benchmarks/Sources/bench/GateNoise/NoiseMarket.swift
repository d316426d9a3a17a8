import BacktestKit

/// Markets without anything to find, and strategies that follow a fixed series of positions.
enum NoiseMarket {
  /// Daily bars whose returns have mean 0 and a variance that moves as in GARCH(1,1): 8 % of the
  /// last squared return, 90 % of the last variance, 1 % a day in the long run. A bar opens at the
  /// last close.
  /// > T. Bollerslev, "Generalized Autoregressive Conditional Heteroskedasticity", J. Econometrics
  /// > 31, 1986.
  ///
  /// - Parameter edge: what is added to the return of each bar, in deviations of that day.
  static func bars(
    count: Int, seed: UInt64, edge: (_ bar: Int) -> Double = { _ in 0 }
  ) throws -> BarSeries {
    var random = NormalStream(seed: seed)
    let longRun = 1e-4
    var variance = longRun
    var close = 100.0
    let blank = [Double](repeating: 0, count: count)
    var columns = PriceColumns(
      open: blank, high: blank, low: blank, close: blank,
      volume: Array(repeating: 1e12, count: count), times: weekdays(count))
    for bar in 0..<count {
      let deviation = variance.squareRoot()
      let shock = deviation * random.next()
      let open = close
      close *= max(1 + shock + deviation * edge(bar), 0.5)
      columns.open[bar] = open
      columns.close[bar] = close
      columns.high[bar] = max(open, close)
      columns.low[bar] = min(open, close)
      variance = 0.02 * longRun + 0.08 * shock * shock + 0.9 * variance
    }
    return try columns.series(
      0, symbol: "NOISE", timeframe: .session, calendar: .weekdays, barSeconds: 86_400)
  }

  /// Positions of +1 and -1 that last ten bars on average.
  static func positions(count: Int, seed: UInt64) -> [Double] {
    var random = Randomness(seed: seed, stream: "positions")
    var position = random.nextUnit() < 0.5 ? 1.0 : -1
    return (0..<count).map { _ in
      if random.nextUnit() < 0.1 { position = -position }
      return position
    }
  }

  /// Midnights of the weekdays from Monday, 3 January 2000.
  private static func weekdays(_ count: Int) -> [Int64] {
    (0..<Int64(count)).map { 946_857_600 + ($0 / 5 * 7 + $0 % 5) * 86_400 }
  }
}

/// Holds at each close the position that is listed for the next bar, with all equity.
struct ListedPositions: Strategy {
  let positions: [Double]
  private var bar = 0
  private var held = 0.0

  init(_ positions: [Double]) { self.positions = positions }

  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    bar += 1
    let next = bar < positions.count ? positions[bar] : held
    guard next != held else { return }
    held = next
    trading.target(InstrumentID(0), weight: next)
  }
}
