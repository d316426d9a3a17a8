// Exchange rates are bar series of pairs: EURUSD is the price of one EUR in USD.

extension Universe {
  /// The universe with series of exchange rates, which convert money and are not traded.
  ///
  ///     let universe = try Universe([siemens, apple]).with(rates: [eurusd])
  ///
  /// Series of the class ``AssetClass/forex`` among the instruments give rates, too. The symbol of
  /// a pair is its two codes, as `EURUSD`, `eur/usd`, `EUR-USD` or `EURUSD=X`: the price of one EUR
  /// in USD. A rate is the last close known, and its inverse serves the other direction.
  ///
  /// - Throws: `MarketError` where two pairs have one symbol, a series has no bars, or a rate is
  ///   not above zero.
  public func with(rates: [BarSeries]) throws(MarketError) -> Universe {
    for (index, series) in rates.enumerated() {
      let symbol = series.instrument.symbol
      if rates[..<index].contains(where: { $0.instrument.symbol == symbol }) {
        throw MarketError(
          symbol: symbol, "two series of rates have this symbol; remove one of them")
      }
      if series.count == 0 { throw MarketError(symbol: symbol, "the series of rates has no bars") }
      if let row = series.close.firstIndex(where: { !($0 > 0) }) {
        throw MarketError(
          symbol: symbol, row: row, "has the rate \(series.close[row]); rates must be above 0")
      }
    }
    var universe = self
    universe.rates = rates
    return universe
  }

  /// The currency of each instrument; `nil` where it is the account's.
  func foreignCurrencies(beside currency: String) -> [CurrencyCode?] {
    series.map { series in
      series.instrument.currency.flatMap { $0 == currency ? nil : CurrencyCode($0) }
    }
  }

  /// Whether any instrument is in another currency.
  func hasForeignCurrencies(beside currency: String) -> Bool {
    // By position: an element that is handed over would be copied.
    series.indices.contains { index in
      guard let other = series[index].instrument.currency else { return false }
      return other != currency && CurrencyCode(other) != nil
    }
  }

  /// The series by which money of one currency becomes money of another, and whether a rate is one
  /// over its close; `nil` where there is none. Series that only give rates go before instruments.
  package func rateSeries(from: CurrencyCode, to: CurrencyCode) -> (
    series: BarSeries, isInverse: Bool
  )? {
    let pairs = rates + series.filter { $0.instrument.assetClass == .forex }
    for (name, isInverse) in [("\(from)\(to)", false), ("\(to)\(from)", true)] {
      if let found = pairs.first(where: { $0.instrument.pairName == name }) {
        return (found, isInverse)
      }
    }
    return nil
  }
}

extension Instrument {
  /// The symbol of a pair of currencies without what separates its codes.
  var pairName: String {
    let name = symbol.hasSuffix("=X") ? String(symbol.dropLast(2)) : symbol
    return name.filter { !"/-_.".contains($0) }.uppercased()
  }
}

/// How far the rate of one currency has been read: what one unit of it is in account currency.
struct ExchangeRate: Sendable {
  private let knownTimes: Column<Timestamp>
  private let closes: Column<Double>
  private let isInverse: Bool
  private var nextRow = 0
  /// Account currency for one unit, as last known; 1 before the first.
  private(set) var value = 1.0

  init(_ source: (series: BarSeries, isInverse: Bool)) {
    knownTimes = source.series.closeTimes
    closes = source.series.close
    isInverse = source.isInverse
  }

  /// Takes up what was known at a time; says whether the rate is another one.
  mutating func move(through time: Timestamp) -> Bool {
    let before = value
    while nextRow < knownTimes.count, knownTimes[nextRow] <= time {
      value = isInverse ? 1 / closes[nextRow] : closes[nextRow]
      nextRow += 1
    }
    return value != before
  }
}
