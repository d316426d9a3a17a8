/// The bars that closed at one instant: a cross-section of the universe.
///
/// Indexed by instrument, `nil` where none closed now:
///
///     guard let bar = bars[0] else { return }
///     for bar in bars { … }        // only those that closed, in universe order
///
/// A slice holds closed bars only, so that nothing in it can look ahead.
public struct BarSlice: Sequence, Sendable {
  @usableFromInline unowned(unsafe) let feed: Feed
  @usableFromInline var instant: Int

  init(feed: Feed, instant: Int) {
    self.feed = feed
    self.instant = instant
  }

  /// The number of instruments in the universe, whether they closed now or not.
  @inlinable @inline(__always)
  public var instrumentCount: Int { feed.instrumentCount }

  /// When these bars closed.
  public var time: Timestamp { feed.instants[instant] }

  /// The bar of the instrument at a position of the universe, or `nil` when none closed now.
  @inlinable @inline(__always)
  public subscript(position: Int) -> Bar? {
    precondition(position >= 0 && position < feed.instrumentCount, "no such instrument")
    let row = feed.row(of: position, at: instant)
    return row < 0 ? nil : feed.columns[position].bar(position, row)
  }

  /// The bar of an instrument, or `nil` when none closed now.
  @inlinable @inline(__always)
  public subscript(instrument: InstrumentID) -> Bar? { self[Int(instrument.index)] }

  /// The bars that closed, in universe order.
  @inlinable @inline(__always)
  public func makeIterator() -> Iterator { Iterator(slice: self) }

  /// Walks over the bars that closed.
  public struct Iterator: IteratorProtocol {
    @usableFromInline let slice: BarSlice
    @usableFromInline var position = 0

    @inlinable @inline(__always)
    init(slice: BarSlice) { self.slice = slice }

    /// The next bar that closed.
    @inlinable @inline(__always)
    public mutating func next() -> Bar? {
      while position < slice.instrumentCount {
        position += 1
        if let bar = slice[position - 1] { return bar }
      }
      return nil
    }
  }
}
