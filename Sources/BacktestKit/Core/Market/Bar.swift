/// One bar of one instrument: what traded between its open time and its close time.
///
/// A bar is known at its close time and not before.
public struct Bar: Hashable, Sendable, BitwiseCopyable {
  /// Whose bar it is.
  public var instrument: InstrumentID
  /// When the bar begins.
  public var openTime: Timestamp
  /// When the bar ends and becomes known.
  public var closeTime: Timestamp
  /// The first price.
  public var open: Double
  /// The highest price.
  public var high: Double
  /// The lowest price.
  public var low: Double
  /// The last price.
  public var close: Double
  /// Units traded; NaN where the source gives none.
  public var volume: Double

  /// A bar from its parts, taken as they are.
  @inlinable
  public init(
    instrument: InstrumentID = InstrumentID(0), openTime: Timestamp, closeTime: Timestamp,
    open: Double, high: Double, low: Double, close: Double, volume: Double = .nan
  ) {
    self.instrument = instrument
    self.openTime = openTime
    self.closeTime = closeTime
    self.open = open
    self.high = high
    self.low = low
    self.close = close
    self.volume = volume
  }

  /// The mean of high, low and close.
  @inlinable
  public var typicalPrice: Double { (high + low + close) / 3 }

  /// Whether prices are finite, positive, and open and close lie within low and high.
  public var isConsistent: Bool {
    low > 0 && high.isFinite && low <= min(open, close) && max(open, close) <= high
      && !(volume < 0)
  }
}
