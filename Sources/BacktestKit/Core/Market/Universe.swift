/// The row number of an instrument in a universe, which is in ascending order of symbols.
public struct InstrumentID: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// The position in the universe, from 0.
  public var index: Int32

  /// The instrument at a position of the universe.
  @inlinable
  public init(_ index: Int) { self.index = Int32(truncatingIfNeeded: index) }

  /// Universe order.
  @inlinable
  public static func < (a: InstrumentID, b: InstrumentID) -> Bool { a.index < b.index }
}

/// The class of an instrument; it decides the default lot.
public enum AssetClass: String, Sendable, CaseIterable {
  /// Shares and exchange-traded funds: whole shares unless the lot says otherwise.
  case equity
  /// An index level, traded as if it could be held; whole units unless the lot says otherwise.
  case index
  /// Futures contracts: whole contracts.
  case future
  /// Currency pairs: any quantity.
  case forex
  /// Crypto-currencies: any quantity.
  case crypto
  /// Perpetual contracts, which pay for no notional and have funding instead: any quantity.
  case perpetual

  /// Whether who buys it pays its price; of contracts only gains and losses are paid.
  package var paysNotional: Bool {
    switch self {
    case .equity, .index, .forex, .crypto: true
    case .future, .perpetual: false
    }
  }
}

/// Something that can be traded, with its price step and smallest quantity.
public struct Instrument: Hashable, Sendable {
  /// The name under which it appears in every table; unique in a universe.
  public var symbol: String
  /// The currency of its prices, ISO 4217; `nil` is that of the account.
  public var currency: String?
  /// The smallest price step, in price units; `nil` leaves prices unrounded.
  public var tickSize: Double?
  /// The smallest quantity; `nil` allows any fraction.
  public var lotSize: Double?
  /// Money per price unit and unit of quantity: 1 for shares, 50 for an E-mini contract.
  public var multiplier: Double
  /// Its asset class.
  public var assetClass: AssetClass

  /// An instrument; the lot defaults to 1 for equities, indices and futures, and to none otherwise.
  ///
  /// - Precondition: tick, lot and multiplier are positive and finite where given.
  public init(
    symbol: String, currency: String? = nil, assetClass: AssetClass = .equity,
    tickSize: Double? = nil, lotSize: LotSize = .standard, multiplier: Double = 1
  ) {
    precondition(tickSize.map { $0 > 0 && $0.isFinite } ?? true, "a tick is positive")
    precondition(multiplier > 0 && multiplier.isFinite, "a multiplier is positive")
    self.symbol = symbol
    self.currency = currency
    self.assetClass = assetClass
    self.tickSize = tickSize
    self.multiplier = multiplier
    switch lotSize {
    case .standard: self.lotSize = [.forex, .crypto, .perpetual].contains(assetClass) ? nil : 1
    case .fractional: self.lotSize = nil
    case .units(let units):
      precondition(units > 0 && units.isFinite, "a lot is positive")
      self.lotSize = units
    }
  }

  /// The steps of quantities.
  public enum LotSize: Hashable, Sendable {
    /// What the asset class implies.
    case standard
    /// Any fraction.
    case fractional
    /// Multiples of that many units.
    case units(Double)
  }
}

/// The series of a run in ascending order of symbols, compared byte by byte.
///
/// The order is the same whatever the order of files or keys was, because results may not depend
/// on it. An instrument's position here is its `InstrumentID`.
///
/// Series with the same open and close times share the memory of these columns.
public struct Universe: Sendable {
  /// The series in ascending order of symbols.
  public let series: [BarSeries]
  /// The different calendars of the series, by name; a series without one counts as a market that
  /// never closes.
  package let calendars: [any TradingCalendar]
  /// What a strategy sees beside the series and does not trade.
  public internal(set) var references: [ReferenceSeries] = []
  /// Exchange rates, which convert money and are not traded.
  public internal(set) var rates: [BarSeries] = []
  /// What was changed about the bars by ``stressed(by:seed:)``, in words.
  public internal(set) var changes: [String] = []

  /// A universe of some series.
  ///
  /// - Throws: `MarketError` when it is empty, two series have one symbol, or a series has no bars.
  public init(_ series: [BarSeries]) throws(MarketError) {
    guard !series.isEmpty else { throw MarketError("a universe needs at least one series") }
    let sorted = series.sorted { a, b in
      a.instrument.symbol.utf8.lexicographicallyPrecedes(b.instrument.symbol.utf8)
    }
    for (a, b) in zip(sorted, sorted.dropFirst())
    where a.instrument.symbol == b.instrument.symbol {
      throw MarketError(
        symbol: a.instrument.symbol,
        "two series of the universe have this symbol; rename or remove one of them")
    }
    for one in sorted where one.count == 0 {
      throw MarketError(symbol: one.instrument.symbol, "there are no bars in the chosen period")
    }
    self.series = Universe.sharingTimes(sorted)
    var calendars: [any TradingCalendar] = []
    for calendar in sorted.map({ $0.calendar ?? AlwaysOpenCalendar() })
    where !calendars.contains(where: { $0.name == calendar.name }) {
      calendars.append(calendar)
    }
    self.calendars = calendars.sorted { $0.name < $1.name }
  }

  /// The series, of which those with the same times share these columns.
  private static func sharingTimes(_ series: [BarSeries]) -> [BarSeries] {
    var distinct: [BarSeries] = []
    return series.map { one in
      if let known = distinct.first(where: one.hasTimes) { return one.sharingTimes(of: known) }
      distinct.append(one)
      return one
    }
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

// Sessions of all calendars together, so that no result depends on how instruments are named
extension Universe {
  /// The date of the session to which an instant belongs: of the sessions of all calendars, the
  /// first that ends at or after it.
  package func sessionDate(of time: Timestamp) -> CivilDate {
    var earliest = calendars[0].sessionDate(of: time)
    for calendar in calendars.dropFirst() {
      earliest = min(earliest, calendar.sessionDate(of: time))
    }
    return earliest
  }

  /// The date of the first session of any calendar that ends after an instant.
  package func sessionDate(after time: Timestamp) -> CivilDate? {
    calendars.compactMap { $0.sessionClosing(after: time)?.date }.min()
  }
}
