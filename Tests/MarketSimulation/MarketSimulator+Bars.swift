import BacktestCore

// MARK: - Where the market is

extension MarketSimulator {
  /// The row of the bar that closes now.
  func closingRow(_ instrument: Int) -> Int? {
    bars[instrument].firstIndex { $0.closeTime == now }
  }

  /// The row of the bar that opens now.
  func openingRow(_ instrument: Int) -> Int? {
    bars[instrument].firstIndex { $0.openTime == now }
  }

  /// The bar along which prices go now: a finer one, or the bar itself.
  func pathBar(_ instrument: Int, _ row: Int) -> Bar { finerBar ?? bars[instrument][row] }

  /// A bar with V = 0 fills nothing when V is given (part 6).
  func isTraded(_ instrument: Int, _ row: Int) -> Bool {
    !hasVolume[instrument] || bars[instrument][row].volume != 0
  }

  /// Prices and volumes of other units than those of the last bar, in those: so many units of the
  /// last bar are one of a row.
  func units(_ instrument: Int, _ row: Int) -> Double {
    let rows = bars[instrument]
    return actions.reduce(1) { ratio, action in
      guard case .split(let factor) = action.kind, action.instrument == instrument,
        rows[row].openTime < action.time,
        rows[lastRows[instrument]].openTime >= action.time
      else { return ratio }
      return ratio * factor
    }
  }

  /// The deviation (n - 1) of the last 20 returns and the mean volume of the last 20 bars known
  /// now; NaN with fewer (part 6).
  func history(_ instrument: Int) -> (deviation: Double, meanVolume: Double) {
    let last = lastRows[instrument]
    guard last >= 20, hasVolume[instrument] else { return (.nan, .nan) }
    let rows = bars[instrument]
    func units(_ row: Int) -> Double { self.units(instrument, row) }
    let returns = (last - 19...last).map {
      rows[$0].close / units($0) / (rows[$0 - 1].close / units($0 - 1)) - 1
    }
    let mean = returns.reduce(0, +) / 20
    let squares = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let volume = (last - 19...last).reduce(0) { $0 + rows[$1].volume * units($1) }
    return ((squares / 19).squareRoot(), volume / 20)
  }
}
