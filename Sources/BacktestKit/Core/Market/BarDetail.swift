extension BarSeries {
  /// These bars with finer ones of the same instrument, by which orders are matched inside them.
  ///
  /// A bar says that a stop and a limit were reached, not which was first; the finer bars that lie
  /// inside it do. Bars without any are matched along the assumed path, and finer bars outside of
  /// all bars are not used. Strategies see none of them, and liquidity stays that of the bar.
  ///
  ///     let daily = try CSVReader().load("SPX.csv")[0]
  ///     let minutes = try CSVReader().load("minutes/SPX.csv")[0]
  ///     let universe = try Universe([daily.detailed(by: minutes)])
  ///
  /// - Throws: `MarketError` where the symbols differ, a finer bar lies across the end of a bar or
  ///   leaves its range from low to high by more than a millionth, or none lies inside a bar.
  /// - Complexity: O(bars + finer bars).
  public func detailed(by finer: BarSeries) throws(MarketError) -> BarSeries {
    let symbol = instrument.symbol
    guard finer.instrument.symbol == symbol else {
      throw MarketError(
        symbol: symbol, "its finer bars are of '\(finer.instrument.symbol)'; both need one symbol")
    }
    var (row, used) = (0, 0)
    for part in (0..<finer.count).lazy.map({ finer[$0] }) {
      while row < count, closeTimes[row] <= part.openTime { row += 1 }
      guard row < count else { break }
      let bar = self[row]
      guard part.closeTime > bar.openTime else { continue }
      guard part.openTime >= bar.openTime, part.closeTime <= bar.closeTime else {
        throw MarketError(
          symbol: symbol,
          "the finer bar from \(part.openTime) to \(part.closeTime) lies across the bar from "
            + "\(bar.openTime) to \(bar.closeTime); finer bars lie inside the bars, so give both "
            + "files the right time zone, calendar and timeframe")
      }
      let tolerance = abs(bar.high) * 1e-6
      guard part.high <= bar.high + tolerance, part.low >= bar.low - tolerance else {
        throw MarketError(
          symbol: symbol,
          "the finer bar that closes \(part.closeTime) goes from \(part.low) to \(part.high), "
            + "outside its bar's \(bar.low) to \(bar.high); both need prices of one kind, adjusted "
            + "or not")
      }
      used += 1
    }
    guard used > 0 else {
      throw MarketError(
        symbol: symbol, "none of its finer bars lies inside a bar; give both files one period")
    }
    var detailed = self
    detailed.finerBars = [finer]
    return detailed
  }

  /// The finer bars inside these; `nil` where there are none.
  public var detail: BarSeries? { finerBars.first }

  /// These bars with the finer ones of another series as far as they have closed at an instant, and
  /// with its funding.
  package func taking(detailAndFundingOf other: BarSeries, until time: Timestamp) -> BarSeries {
    var detailed = self
    detailed.funding = other.funding
    detailed.finerBars = other.finerBars.map { finer in
      finer.rows(0..<((0..<finer.count).first { finer.closeTimes[$0] > time } ?? finer.count))
    }
    return detailed
  }
}

extension [BarSeries] {
  /// These series, each with the finer bars of its symbol where there are any.
  ///
  /// - Throws: `MarketError` as of a single series, and where no symbol has finer bars.
  package func detailed(by finer: [BarSeries]) throws(MarketError) -> [BarSeries] {
    var detailed = self
    var used = 0
    for index in indices {
      let symbol = self[index].instrument.symbol
      guard let parts = finer.first(where: { $0.instrument.symbol == symbol }) else { continue }
      detailed[index] = try self[index].detailed(by: parts)
      used += 1
    }
    guard used > 0 else {
      let symbols = finer.map(\.instrument.symbol)
      throw MarketError(
        "the finer bars are of \(symbols.prefix(8).joined(separator: ", ")), of which none is "
          + "among the instruments")
    }
    return detailed
  }
}
