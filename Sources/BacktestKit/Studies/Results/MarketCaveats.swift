package import BacktestCore
package import BacktestEvidence

/// Adjusted closes that the data has and the study does not use.
package struct UnusedAdjustment: Hashable, Sendable {
  /// The series.
  package let symbol: String
  /// The number of bars whose raw return and adjusted return differ.
  package let barCount: Int
  /// The session on which they differ most.
  package let date: CivilDate
  /// The return of that session by raw closes.
  package let rawReturn: Double
  /// The same by adjusted closes.
  package let adjustedReturn: Double

  /// Returns that differ by less come from rounded prices.
  private static let tolerance = 0.001

  /// What adjusted closes would change; `nil` where both tell the same returns.
  init?(raw: BarSeries, adjusted: BarSeries) {
    guard raw.count == adjusted.count else { return nil }
    var count = 0
    var worst: (row: Int, raw: Double, adjusted: Double)?
    for row in 1..<max(raw.count, 1) {
      let own = raw.close[row] / raw.close[row - 1] - 1
      let other = adjusted.close[row] / adjusted.close[row - 1] - 1
      let difference = abs(own - other)
      guard difference > Self.tolerance else { continue }
      count += 1
      if difference > worst.map({ abs($0.raw - $0.adjusted) }) ?? 0 { worst = (row, own, other) }
    }
    guard let worst else { return nil }
    symbol = raw.instrument.symbol
    barCount = count
    let close = raw.closeTimes[worst.row]
    date = raw.calendar?.sessionDate(of: close) ?? close.utcDate
    (rawReturn, adjustedReturn) = (worst.raw, worst.adjusted)
  }
}

extension StudyMarket {
  /// What to know of the data before trusting the figures, beyond what a run knows of it.
  package var caveats: [ResultCaveat] {
    guard let worst = unusedAdjustments.max(by: { $0.difference < $1.difference }) else {
      return []
    }
    let percent = NumberFormat.signedPercent(decimals: 1)
    let symbols = unusedAdjustments.map(\.symbol)
    let counts = unusedAdjustments.map { "\($0.symbol) (\(NumberText.count($0.barCount, "bar")))" }
    return [
      ResultCaveat(
        .rawPrices,
        "Prices are raw, but the data has adjusted closes whose returns differ: "
          + "\(NumberText.list(counts, limit: 4)). On \(worst.date) "
          + "\(symbols.count > 1 ? "\(worst.symbol) moved" : "the price moved") by "
          + "\(percent.text(worst.rawReturn)) raw and \(percent.text(worst.adjustedReturn)) "
          + "adjusted. 'data: {price: adjusted}' uses them.")
    ]
  }
}

extension UnusedAdjustment {
  fileprivate var difference: Double { abs(rawReturn - adjustedReturn) }
}
