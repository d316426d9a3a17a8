package import BacktestCore

/// A strategy that runs closures at given instants, counted from 0 as the feed counts them.
package struct ScriptedStrategy: Strategy {
  package typealias Decision = @Sendable (BarSlice, inout TradingContext) -> Void

  package var warmup = 0
  var decisions: [Int: Decision] = [:]
  var always: Decision?
  var start: (@Sendable (inout TradingContext) -> Void)?
  var fill: (@Sendable (Fill, inout TradingContext) -> Void)?
  var timer: (@Sendable (Int, inout TradingContext) -> Void)?
  private var instant = 0

  package init(
    warmup: Int = 0, _ decisions: [Int: Decision] = [:], always: Decision? = nil,
    start: (@Sendable (inout TradingContext) -> Void)? = nil,
    fill: (@Sendable (Fill, inout TradingContext) -> Void)? = nil,
    timer: (@Sendable (Int, inout TradingContext) -> Void)? = nil
  ) {
    self.warmup = warmup
    self.decisions = decisions
    self.always = always
    self.start = start
    self.fill = fill
    self.timer = timer
  }

  package mutating func onStart(_ trading: inout TradingContext) { start?(&trading) }

  package mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
    self.fill?(fill, &trading)
  }

  package mutating func onTimer(_ tag: Int, _ trading: inout TradingContext) {
    timer?(tag, &trading)
  }

  package mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    always?(bars, &trading)
    decisions[instant]?(bars, &trading)
    instant += 1
  }
}

/// Runs a script on some series.
package func runScript(
  _ series: [BarSeries], _ strategy: ScriptedStrategy,
  _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
) throws -> BacktestResult {
  var configuration = BacktestConfiguration()
  adjust(&configuration)
  return Backtest(strategy, on: try Universe(series), configuration: configuration).run()
}

/// Runs decisions on one series.
package func runScript(
  _ series: BarSeries, _ decisions: [Int: ScriptedStrategy.Decision],
  _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
) throws -> BacktestResult {
  try runScript([series], ScriptedStrategy(decisions), adjust)
}

extension InstrumentID {
  /// The first instruments of a universe.
  package static let first = InstrumentID(0)
  package static let second = InstrumentID(1)
  package static let third = InstrumentID(2)
}

extension BacktestResult {
  /// What became of an order, in order of time.
  package func outcomes(of number: Int) -> [OrderOutcome.Kind] {
    outcomes.filter { $0.order == OrderID(number) }.map(\.kind)
  }

  /// The prices of all fills.
  package var fillPrices: [Double] { fills.map(\.price) }

  /// The signed quantities of all fills.
  package var fillQuantities: [Double] { fills.map(\.quantity) }

  /// The equity of all points, the base first.
  package var equity: [Double] { Array(curve.equity) }
}

/// Whether two figures agree to a relative tolerance, or absolutely below 1.
package func agrees(_ a: Double, _ b: Double, within tolerance: Double) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}
