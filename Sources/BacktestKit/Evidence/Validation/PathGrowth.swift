package import BacktestCore

/// How the histories of a cross-validation grew, at some of its sessions.
///
///     let middle = result.growth?.quantile(0.5)     // one value a date
///
/// Growth begins at 1, at the session before the first bar. Paths share test folds, so a band over
/// them is narrower than one over separate histories.
package struct PathGrowth: Sendable, Equatable {
  /// The dates, ascending.
  package let dates: [CivilDate]
  /// The growth of 1 of each path at each date.
  package let paths: [[Double]]
  /// How many paths there are, of which `paths` may be a part, evenly taken.
  package let pathCount: Int

  /// The most dates and the most paths that are kept.
  static let (dateLimit, pathLimit) = (301, 2_000)

  /// The growth of paths.
  ///
  /// - Parameters:
  ///   - dates: the session of each bar, after that of the base point.
  ///   - pathCount: how many paths there are.
  ///   - returns: the returns of a path, one a bar.
  init(
    dates: [CivilDate], pathCount: Int, threads: Int?, returns: @Sendable (Int) -> [Double]
  ) {
    let steps = min(dates.count, Self.dateLimit) - 1
    // Evenly spaced with both ends; each at its own bar, since there are no more than bars.
    let rows = (0...max(steps, 0)).map { steps > 0 ? $0 * (dates.count - 1) / steps : 0 }
    let kept = min(pathCount, Self.pathLimit)
    self.dates = rows.map { dates[$0] }
    self.pathCount = pathCount
    paths = parallelMap(count: kept, threads: threads) { (place) throws(Never) in
      let returns = returns(place * pathCount / kept)
      var values: [Double] = []
      values.reserveCapacity(rows.count)
      var (growth, next) = (1.0, 0)
      for row in rows {
        while next < row {
          growth *= 1 + returns[next]
          next += 1
        }
        values.append(growth)
      }
      return values
    }
  }

  /// The value below which a share of the paths lies at each date (type 7).
  package func quantile(_ share: Double) -> [Double] {
    dates.indices.map { row in paths.map { $0[row] }.sorted().sortedQuantile(share) }
  }
}
