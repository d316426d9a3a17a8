extension TradingContext {
  /// The simple returns of the last `count` closed bars of several instruments.
  ///
  /// Bars are taken from the newest backwards, so instruments should have the same sessions.
  ///
  /// - Returns: `nil` where one of them has fewer bars, or a close that is not above 0.
  public func returns(of instruments: [InstrumentID], count: Int) -> ReturnsWindow? {
    guard count > 0, !instruments.isEmpty else { return nil }
    var columns: [[Double]] = []
    for instrument in instruments {
      let closes = history(instrument, count + 1).close
      guard closes.count == count + 1, closes.allSatisfy({ $0 > 0 }) else { return nil }
      columns.append((1...count).map { closes[$0] / closes[$0 - 1] - 1 })
    }
    return ReturnsWindow(columns)
  }
}
