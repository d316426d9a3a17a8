/// Values that a strategy sees and does not trade, each with the instant from which it was known:
/// an index such as the VIX, a rate, a sentiment score.
///
///     if let vix = trading.reference("VIX"), vix > 30 { … }
public struct ReferenceSeries: Sendable {
  /// The name by which a strategy asks for it.
  public let name: String
  /// When each value became known, ascending.
  public let knownTimes: Column<Timestamp>
  /// The values.
  public let values: Column<Double>

  /// A series of values.
  ///
  /// - Throws: `MarketError` where there are not as many values as times, there are none, times do
  ///   not ascend, or a value is not finite.
  public init(
    name: String, knownTimes: Column<Timestamp>, values: Column<Double>
  ) throws(MarketError) {
    guard knownTimes.count == values.count, !values.isEmpty else {
      throw MarketError(
        symbol: name, "a reference series needs as many times as values, and at least one of each")
    }
    for row in 0..<values.count {
      guard values[row].isFinite else {
        throw MarketError(symbol: name, "the value known at \(knownTimes[row]) is not finite")
      }
      guard row == 0 || knownTimes[row - 1] < knownTimes[row] else {
        throw MarketError(
          symbol: name, "the value known at \(knownTimes[row]) is not later than the one before it")
      }
    }
    self.name = name
    self.knownTimes = knownTimes
    self.values = values
  }

  /// How many values were known at an instant.
  package func knownCount(at time: Timestamp) -> Int {
    var (low, high) = (0, knownTimes.count)
    while low < high {
      let middle = (low + high) / 2
      if knownTimes[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension Universe {
  /// The universe with other reference series.
  ///
  /// - Throws: `MarketError` where two of them have one name.
  public func with(references: [ReferenceSeries]) throws(MarketError) -> Universe {
    let names = references.map(\.name)
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw MarketError(symbol: name, "two reference series have this name; rename one of them")
    }
    var universe = self
    universe.references = references
    return universe
  }
}

extension Universe {
  /// The universe with what another one has beside these instruments: reference series, and rates
  /// with its pairs of currencies.
  package func carrying(_ other: Universe) -> Universe {
    var universe = self
    universe.references = other.references
    universe.rates =
      other.rates
      + other.series.filter {
        $0.instrument.assetClass == .forex && instrument($0.instrument.symbol) == nil
      }
    return universe
  }

  /// The bid-ask spreads of an instrument in price units, or `nil`.
  func quotedSpread(of instrument: Instrument) -> ReferenceSeries? {
    reference(Self.quotedSpreadName(of: instrument))
  }

  /// The name of the reference series with an instrument's bid-ask spreads: `AAA.spread`.
  static func quotedSpreadName(of instrument: Instrument) -> String {
    "\(instrument.symbol).spread"
  }

  /// The reference series of a name, or `nil`.
  func reference(_ name: String) -> ReferenceSeries? {
    references.first { $0.name == name }
  }
}
