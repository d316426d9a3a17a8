/// Decides what to trade, once per instant at which bars close.
///
/// A strategy is a value made anew for each run. It sees closed bars only, and states targets or
/// submits orders through its trading context:
///
///     struct Crossover: Strategy {
///       var fast = SimpleMovingAverage(10), slow = SimpleMovingAverage(50)
///
///       mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
///         guard let bar = bars[0], let f = fast.update(bar.close), let s = slow.update(bar.close)
///         else { return }
///         trading.target(bar.instrument, weight: f > s ? 1 : 0)
///       }
///     }
public protocol Strategy: Sendable {
  /// Bars that the strategy sees before it may order: its longest period less one. A run's
  /// configuration can ask for more.
  var warmup: Int { get }
  /// Called once before the first bar.
  mutating func onStart(_ trading: inout TradingContext)
  /// Called for each fill since the last decision, in fill order, before `onBars`.
  mutating func onFill(_ fill: Fill, _ trading: inout TradingContext)
  /// Called at each instant at which at least one bar closes, with all bars that closed there. The
  /// slice is valid during the call only.
  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext)
  /// Called when a timer that the strategy scheduled goes off.
  mutating func onTimer(_ tag: Int, _ trading: inout TradingContext)
}

extension Strategy {
  /// No warm-up.
  public var warmup: Int { 0 }
  /// Does nothing.
  public mutating func onStart(_ trading: inout TradingContext) {}
  /// Does nothing.
  public mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {}
  /// Does nothing.
  public mutating func onTimer(_ tag: Int, _ trading: inout TradingContext) {}
}
