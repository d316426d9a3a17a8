/// One indicator over the closes of every instrument.
///
///     mutating func onStart(_ trading: inout TradingContext) {
///       strength = CloseIndicator(trading, length: 14) { RelativeStrengthIndex($0) }
///     }
///
///     mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
///       for position in 0..<bars.instrumentCount {
///         guard let value = strength?.update(position, bars) else { continue }
///         …
///       }
///     }
///
/// Runs that share their series (`SharedSeries`) compute each indicator once.
public struct CloseIndicator<I: Indicator>: Sendable
where I: Sendable, I.Input == Double, I.Output == Double {
  private var indicators: ContiguousArray<I> = []
  private let shared: SharedRows?
  private var reading = SharedReading()

  /// The indicator of every instrument before the first bar.
  ///
  /// - Parameters:
  ///   - length: tells the indicator from others of its type.
  ///   - make: makes the indicator of that length, and of nothing else.
  public init(_ trading: borrowing TradingContext, length: Int, _ make: (Int) -> I) {
    let count = trading.universe.count
    shared = trading.sharedSeries.map { series in
      SharedRows(
        (0..<count).map { series.overCloses(of: $0, length: length, make) }, of: series.feed)
    }
    if shared == nil { indicators = ContiguousArray(repeating: make(length), count: count) }
  }

  /// Takes in the bar of the instrument at a position of the universe; gives the value after it,
  /// `nil` while undefined and where no bar closed.
  ///
  /// - Precondition: where runs share their series, it is called at each instant at which bars
  ///   close.
  public mutating func update(_ position: Int, _ bars: BarSlice) -> Double? {
    if shared != nil { reading.move(to: bars) }
    guard let bar = bars[position] else { return nil }
    guard let shared else { return indicators[position].update(bar.close) }
    let value = shared.starts[position][shared.row(of: position, at: reading.instant)]
    return value.isFinite ? value : nil
  }
}
