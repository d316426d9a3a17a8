package import BacktestCore

extension BenchmarkCurve {
  /// What the comparison with a run leaves out: times without prices, and days that only the
  /// benchmark has.
  ///
  /// - Parameters:
  ///   - run: the run.
  ///   - sample: its returns that are measured.
  package func caveats(on run: BacktestResult, _ sample: ReturnsSample) -> [ResultCaveat] {
    [spanCaveat(on: run, sample), daysCaveat(on: run, sample)].compactMap(\.self)
  }

  private func spanCaveat(on run: BacktestResult, _ sample: ReturnsSample) -> ResultCaveat? {
    guard let own = partialDates(of: sample), let first = sample.pointDates?.first,
      let last = sample.pointDates?.last
    else { return nil }
    let sessions = run.sessionSample(of: sample)
    let common =
      (try? aligned(with: sessions, timeframe: run.universe.shortestTimeframe))?.returns.count ?? 0
    let covers = "\(name) goes from \(own.lowerBound) to \(own.upperBound)"
    guard common > 0 else {
      return ResultCaveat(
        .shortBenchmark,
        "\(covers), and what it is compared with from \(first) to \(last). They have no day "
          + "in common, so there is no comparison.")
    }
    return ResultCaveat(
      .shortBenchmark,
      "\(covers), not from \(first) to \(last). Its own figures are left out, and the comparison "
        + "is over \(NumberText.count(common, "common return")).")
  }

  /// A comparison of common days says nothing of the others, which matters once they are many.
  private func daysCaveat(on run: BacktestResult, _ sample: ReturnsSample) -> ResultCaveat? {
    guard !run.universe.shortestTimeframe.isLongerThanSession, let points = sample.pointDates,
      let base = points.first, let end = points.last
    else { return nil }
    let days = dates.dropFirst().filter { $0 > base && $0 <= end }
    let others = days.count { date in
      // The end is a point, so that one is found for every day.
      points[points.partitioningIndex { $0 >= date }] != date
    }
    guard others < days.count, 20 * others > days.count else { return nil }
    return ResultCaveat(
      .benchmarkDays,
      "\(NumberText.grouped(others)) of the \(NumberText.count(days.count, "return")) of \(name) "
        + "are on days without one to compare with, such as weekends. Alpha, beta and every other "
        + "figure of the comparison leave these days out.")
  }

  /// The first and last date of the prices where they begin after a sample does, or end before it;
  /// `nil` where they cover it. Prices may be a week and their own usual distance away from its
  /// ends.
  package func partialDates(of sample: ReturnsSample) -> ClosedRange<CivilDate>? {
    guard let first = dates.first, let last = dates.last, let base = sample.pointDates?.first,
      let end = sample.pointDates?.last
    else { return nil }
    let distance = (last.daysSinceEpoch - first.daysSinceEpoch) / max(dates.count - 1, 1)
    let slack = 7 + distance
    let isWhole =
      first.daysSinceEpoch <= base.daysSinceEpoch + slack
      && last.daysSinceEpoch >= end.daysSinceEpoch - slack
    return isWhole ? nil : first...last
  }
}
