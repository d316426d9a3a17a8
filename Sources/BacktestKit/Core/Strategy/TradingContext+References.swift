extension TradingContext {
  /// The last value of a reference series that is known now; `nil` before the first, and where the
  /// universe has no such series. Synthetic markets have none.
  public func reference(_ name: String) -> Double? {
    guard let series = universe.reference(name) else { return nil }
    let count = series.knownCount(at: now)
    return count == 0 ? nil : series.values[count - 1]
  }

  /// The last values of a reference series that are known now, oldest first; fewer near the
  /// beginning.
  public func references(_ name: String, _ count: Int) -> [Double] {
    guard let series = universe.reference(name) else { return [] }
    let known = series.knownCount(at: now)
    return (max(0, known - count)..<known).map { series.values[$0] }
  }
}
