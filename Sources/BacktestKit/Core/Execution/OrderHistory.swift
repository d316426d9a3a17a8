extension Broker {
  /// Records what a slippage model may ask of the past: the deviation of 20 returns and the mean
  /// volume of 20 bars, the spread that 21 bars tell or the one quoted last; `false` when it is not
  /// known yet.
  mutating func rememberHistory(_ slot: Int, for model: any SlippageModel) -> Bool {
    let count = 20
    let instrument = Int(book[slot].order.instrument.index)
    let last = market.lastRow(of: instrument)
    let series = market.columns + instrument
    switch model.spreadSource {
    case nil: break
    case .highsAndLows:
      guard last >= count else { return false }
      let spread = series.pointee.spreadEstimate(last, pairs: count)
      guard spread.isFinite else { return false }
      book[slot].spread = spread
    case .quotes:
      guard let spread = plan.quotedSpread(of: instrument, at: market.clock) else { return false }
      book[slot].spread = spread
    }
    guard model.needsHistory else { return true }
    guard last >= count, let history = series.pointee.history(last, count: count) else {
      return false
    }
    book[slot].returnDeviation = history.deviation
    book[slot].meanVolume = history.meanVolume
    return true
  }
}

extension SeriesColumns {
  /// The deviation (n - 1) of the returns of so many rows up to one, and their mean volume; `nil`
  /// without volume.
  fileprivate func history(
    _ last: Int, count: Int
  ) -> (deviation: Double, meanVolume: Double)? {
    var mean = 0.0
    var volumes = 0.0
    // Units are those of the day: a split leaves no jump in prices or volumes.
    func move(_ row: Int) -> Double {
      close[row] * scale(of: row) / (close[row - 1] * scale(of: row - 1)) - 1
    }
    for row in (last - count + 1)...last {
      mean += move(row)
      volumes += volume[row] * (scale(of: last) / scale(of: row))
    }
    mean /= Double(count)
    var squares = 0.0
    for row in (last - count + 1)...last {
      let deviation = move(row) - mean
      squares += deviation * deviation
    }
    guard volumes > 0 else { return nil }
    return ((squares / Double(count - 1)).squareRoot(), volumes / Double(count))
  }

  /// The mean spread over the price that so many pairs of rows up to one tell.
  fileprivate func spreadEstimate(_ last: Int, pairs: Int) -> Double {
    var sum = 0.0
    for row in (last - pairs + 1)...last {
      // A split between two bars leaves no gap.
      let ratio = scale(of: row) / scale(of: row - 1)
      sum += CorwinSchultzSlippage.spread(
        high: high[row - 1], low: low[row - 1], close: close[row - 1], nextHigh: high[row] * ratio,
        nextLow: low[row] * ratio)
    }
    return sum / Double(pairs)
  }
}
