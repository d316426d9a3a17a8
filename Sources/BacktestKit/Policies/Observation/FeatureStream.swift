import BacktestCore
internal import Glibc

/// The features of one instrument, brought up to date bar by bar.
///
/// Each distinct computation is a signal with a ring of its last values; lags, rows of a window and
/// scales are read from that ring, so that ten lags of a return cost one logarithm a bar.
struct FeatureStream: Sendable {
  /// How a signal follows from the bar, from averages and from other signals.
  enum Formula: Hashable, Sendable, BitwiseCopyable {
    case open, high, low, close, volume, logClose
    case closeLocation, rangeOverClose, logHighOverClose, logLowOverClose
    case logOpenOverPreviousClose, logVolumeChange
    /// From the close `period` bars before, whose ring is that of a signal.
    case difference(period: Int, closes: Int)
    case simpleReturn(period: Int, closes: Int)
    case logReturn(period: Int, logarithms: Int)
    /// From a mean of closes or volumes.
    case logCloseOverMean(mean: Int)
    case closeOverMean(mean: Int)
    case logVolumeOverMean(mean: Int)
    /// From a deviation of log returns or closes.
    case deviation(Int)
    case bollingerScore(Int)
    case bollingerWidth(Int)
    /// From sums of rises and falls; `isGuarded` adds 1e-12 to the mean movement.
    case relativeStrength(movement: Int, isGuarded: Bool)
    /// From exponential averages.
    case convergence(Int)
    case convergenceSignal(Int)
    case convergenceHistogram(Int)
    /// From an indicator of the library.
    case indicator(Int)
    /// Written from outside the stream, after its update.
    case given(Int)
  }

  /// A computation and the ring of its values.
  struct Signal: Sendable, BitwiseCopyable {
    var formula: Formula
    /// Bars until the first value.
    var warmup: Int
    /// The values that must be kept; the ring holds at least as many, a power of two.
    var depth = 1
    var offset = 0
    var mask = 0

    /// Where the value of a bar is.
    @inline(__always)
    func place(_ row: Int) -> Int { offset &+ (row & mask) }
  }

  /// Sums of the last rises and falls of the close.
  struct Movement: Sendable {
    var rises: RollingSum
    var falls: RollingSum
  }

  /// Exponential averages that begin with their first input.
  struct Convergence: Sendable {
    var fast: ExponentialMovingAverage
    var slow: ExponentialMovingAverage
    var signal: ExponentialMovingAverage
  }

  /// What a mean or deviation is taken of.
  enum Input: Hashable, Sendable, BitwiseCopyable { case close, volume, logReturn }

  /// The mean of the last inputs.
  struct Mean: Sendable {
    let input: Input
    var average: SimpleMovingAverage
  }

  /// The deviation of the last inputs, of one-bar log returns or of closes.
  struct Deviation: Sendable {
    let input: Input
    var rolling: RollingDeviation
  }

  var signals: ContiguousArray<Signal> = []
  var means: ContiguousArray<Mean> = []
  var deviations: ContiguousArray<Deviation> = []
  var movements: ContiguousArray<Movement> = []
  var convergences: ContiguousArray<Convergence> = []
  var indicators: ContiguousArray<any FeatureIndicator> = []
  /// The number of bars taken in.
  private(set) var barCount = 0
  private(set) var values: ContiguousArray<Double> = []
  /// The close of the last bar; NaN before the first.
  var close: Double { previousClose }
  private var previousClose = Double.nan
  private var previousVolume = Double.nan

  /// Lays out the rings, once all signals are known.
  mutating func layOut() {
    var offset = 0
    for index in signals.indices {
      var size = 1
      while size < signals[index].depth { size *= 2 }
      signals[index].offset = offset
      signals[index].mask = size - 1
      offset += size
    }
    values = ContiguousArray(repeating: .nan, count: offset)
  }

  /// The value of a signal `age` bars before the newest; not finite where there is none.
  @inline(__always)
  func value(_ signal: Int, age: Int) -> Double {
    values[signals[signal].place(barCount &- 1 &- age)]
  }

  /// Sets the newest value of a signal that is given from outside.
  mutating func set(_ signal: Int, to value: Double) {
    values[signals[signal].place(barCount - 1)] = value
  }

  /// Takes in the next bar.
  mutating func update(_ bar: Bar) {
    let row = barCount
    barCount = row &+ 1
    updateSums(bar)
    // Taken out, so that its owner is counted once a bar and not once a signal.
    var values = ContiguousArray<Double>()
    swap(&values, &self.values)
    values.withUnsafeMutableBufferPointer { values in
      for index in signals.indices {
        let ring = signals[index]
        let value = compute(ring.formula, bar, row, UnsafeBufferPointer(values))
        values[ring.place(row)] = value
        // Deviations of returns take in the return at once: its signal comes before theirs.
        if case .logReturn(period: 1, _) = ring.formula { updateDeviations(ofReturn: value, row) }
      }
    }
    swap(&values, &self.values)
    previousClose = bar.close
    previousVolume = bar.volume
  }

  @inline(__always)
  private mutating func updateSums(_ bar: Bar) {
    for index in means.indices {
      means[index].average.update(means[index].input == .volume ? bar.volume : bar.close)
    }
    for index in deviations.indices where deviations[index].input == .close {
      deviations[index].rolling.update(bar.close)
    }
    if !movements.isEmpty, barCount > 1 {
      let change = bar.close - previousClose
      for index in movements.indices {
        movements[index].rises.update(change < 0 ? 0 : change)
        movements[index].falls.update(change > 0 ? 0 : -change)
      }
    }
    for index in convergences.indices {
      convergences[index].fast.update(bar.close)
      convergences[index].slow.update(bar.close)
      convergences[index].signal.update(convergences[index].overClose(bar.close))
    }
  }

  @inline(__always)
  private mutating func updateDeviations(ofReturn value: Double, _ row: Int) {
    // The first bar has no return; a window begins with the second.
    guard row > 0 else { return }
    for index in deviations.indices where deviations[index].input == .logReturn {
      deviations[index].rolling.update(value)
    }
  }

  @inline(__always)
  private mutating func compute(
    _ formula: Formula, _ bar: Bar, _ row: Int, _ values: UnsafeBufferPointer<Double>
  ) -> Double {
    func value(_ signal: Int, age: Int) -> Double { values[signals[signal].place(row &- age)] }
    return switch formula {
    case .open: bar.open
    case .high: bar.high
    case .low: bar.low
    case .close: bar.close
    case .volume: bar.volume
    case .logClose: log(bar.close)
    case .closeLocation: (bar.close - bar.low) / (bar.high - bar.low)
    case .rangeOverClose: (bar.high - bar.low) / bar.close
    case .logHighOverClose: log(bar.high / bar.close)
    case .logLowOverClose: log(bar.low / bar.close)
    case .logOpenOverPreviousClose: log(bar.open / previousClose)
    case .logVolumeChange: log(bar.volume / previousVolume)
    case .difference(let period, let closes): bar.close - value(closes, age: period)
    case .simpleReturn(let period, let closes): bar.close / value(closes, age: period) - 1
    case .logReturn(let period, let logs): value(logs, age: 0) - value(logs, age: period)
    case .logCloseOverMean(let mean): log(bar.close / means[mean].average.mean)
    case .closeOverMean(let mean): bar.close / means[mean].average.mean - 1
    case .logVolumeOverMean(let mean): log(bar.volume / means[mean].average.mean)
    case .deviation(let index): deviations[index].rolling.value ?? .nan
    case .bollingerScore(let index): deviations[index].rolling.score(of: bar.close)
    case .bollingerWidth(let index): deviations[index].rolling.width
    case .relativeStrength(let movement, let isGuarded):
      movements[movement].strength(isGuarded: isGuarded)
    case .convergence(let index): convergences[index].overClose(bar.close)
    case .convergenceSignal(let index): convergences[index].signal.value ?? .nan
    case .convergenceHistogram(let index): convergences[index].histogram(bar.close)
    case .indicator(let index): indicators[index].update(bar)
    case .given: .nan
    }
  }
}

extension FeatureStream.Movement {
  /// Rises as a share of all movement, with the trainer's guard against division by zero if asked.
  fileprivate func strength(isGuarded: Bool) -> Double {
    let guardSum = isGuarded ? 1e-12 * Double(rises.period) : 0
    return rises.value / (rises.value + falls.value + guardSum)
  }
}

extension FeatureStream.Convergence {
  /// The distance of the averages as a share of the close.
  @inline(__always)
  fileprivate func overClose(_ close: Double) -> Double {
    ((fast.value ?? .nan) - (slow.value ?? .nan)) / close
  }

  @inline(__always)
  fileprivate func histogram(_ close: Double) -> Double {
    overClose(close) - (signal.value ?? .nan)
  }
}

extension RollingDeviation {
  /// How many deviations a value is above the mean.
  func score(of value: Double) -> Double {
    (value - (mean ?? .nan)) / (self.value ?? .nan)
  }

  /// Four deviations as a share of the mean: the width of Bollinger's bands.
  fileprivate var width: Double { 4 * (value ?? .nan) / (mean ?? .nan) }
}
