/// The series of a run in ascending order of symbols, compared byte by byte.
///
/// The order is the same whatever the order of files or keys was, because results may not depend
/// on it. An instrument's position here is its `InstrumentID`.
public struct Universe: Sendable {
  /// The series in ascending order of symbols.
  public let series: [BarSeries]

  /// A universe of some series.
  ///
  /// - Throws: `UniverseError` when it is empty, a symbol stands twice, or a series has no bar.
  public init(_ series: [BarSeries]) throws(UniverseError) {
    guard !series.isEmpty else { throw .empty }
    let sorted = series.sorted { a, b in
      a.instrument.symbol.utf8.lexicographicallyPrecedes(b.instrument.symbol.utf8)
    }
    for (a, b) in zip(sorted, sorted.dropFirst())
    where a.instrument.symbol == b.instrument.symbol {
      throw .duplicateSymbol(a.instrument.symbol)
    }
    for one in sorted where one.count == 0 { throw .noBars(one.instrument.symbol) }
    self.series = sorted
  }

  /// The number of instruments.
  public var count: Int { series.count }

  /// The series of an instrument.
  public subscript(instrument: InstrumentID) -> BarSeries { series[Int(instrument.index)] }

  /// The instrument with a symbol, or `nil`.
  public func instrument(_ symbol: String) -> InstrumentID? {
    series.firstIndex { $0.instrument.symbol == symbol }.map(InstrumentID.init)
  }
}

/// Series that do not make a universe.
public enum UniverseError: Error, Equatable, CustomStringConvertible {
  /// No series at all.
  case empty
  /// Two series of one symbol.
  case duplicateSymbol(String)
  /// A series without bars.
  case noBars(String)

  /// One line that says what is wrong.
  public var description: String {
    switch self {
    case .empty: "a universe needs at least one series"
    case .duplicateSymbol(let symbol): "\(symbol) stands twice in the universe"
    case .noBars(let symbol): "\(symbol) has no bars in the chosen period"
    }
  }
}
