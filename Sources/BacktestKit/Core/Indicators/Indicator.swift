/// What can be computed from a stream one observation at a time, with bounded memory.
///
/// An indicator is a value: a copy goes on by itself, and an update allocates nothing. Its output
/// depends on the inputs so far and on nothing else, so the same prefix gives the same bits
/// whatever comes after it.
///
///     var average = SimpleMovingAverage(20)
///     for bar in series { if let mean = average.update(bar.close) { print(mean) } }
///
/// Outputs are always finite. An input that is not finite is never a number to compute with:
/// - an indicator over a window is undefined while the window holds such an input, and is exact
///   again once it has left;
/// - an indicator with unlimited memory (exponential, Wilder's, cumulative, stop-and-reverse)
///   skips it: that update gives `nil`, and the next goes on from the state before it.
///
/// Where a market that does not move would ask for 0/0, the oscillators follow TA-Lib; each says
/// which value that is.
public protocol Indicator: Sendable {
  /// What one update takes: a number, or a `Bar`.
  associatedtype Input
  /// What one update gives.
  associatedtype Output: Sendable

  /// Takes the next observation and gives the indicator's value after it, `nil` while undefined.
  @discardableResult
  mutating func update(_ input: Input) -> Output?

  /// What the last update gave.
  var value: Output? { get }

  /// How many updates the first value needs: an indicator with length n is first defined on the
  /// n-th finite input, whose 0-based index is n - 1.
  var warmupLength: Int { get }
}

extension Indicator {
  /// The values that a copy of this indicator takes over a sequence, one for each input.
  ///
  ///     let means = SimpleMovingAverage(2).values(over: [1, 3, 5])   // [nil, 2, 4]
  @inlinable
  public func values(over inputs: some Sequence<Input>) -> [Output?] {
    var copy = self
    return inputs.map { copy.update($0) }
  }
}

extension Bar {
  /// Whether high, low and close are all finite.
  var hasFiniteRange: Bool { (high + low + close).isFinite }
}
