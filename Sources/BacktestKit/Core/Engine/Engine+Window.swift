extension Engine {
  /// At the base point: the account that was handed over takes the place of the initial cash.
  @inline(never)
  mutating func takeOverAccount() {
    guard let inherited else { return }
    trading.account = inherited
    valuation = inherited.valuation
    points.set(0, equity: valuation.equity, grossExposure: valuation.grossExposure)
  }

  /// At the last close of a window: positions are closed there, with costs, as far as the bar's
  /// volume allows.
  @inline(never)
  mutating func closeWindow() {
    if holdsWeights { return liquidateWeights() }
    for instrument in trading.account.positions.indices {
      let position = trading.account.positions[instrument]
      guard !position.isFlat else { continue }
      let order = internalOrder(InstrumentID(instrument), quantity: -position.quantity)
      let slot = trading.book.add(LiveOrder(order))
      guard makeLive(slot, instrument) else { continue }
      fillAtClose(slot, instrument, row: trading.lastRow(instrument))
    }
  }
}
