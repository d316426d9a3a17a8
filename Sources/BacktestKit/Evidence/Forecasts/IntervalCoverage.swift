import BacktestCore

/// How often returns fell into the intervals that were stated for them.
///
///     for interval in evaluation.whole.intervals { print(interval.level, interval.share) }
public struct IntervalCoverage: Hashable, Sendable {
  /// The share of returns that the intervals should hold.
  public let level: Double
  /// How many of them have an outcome.
  public let count: Int
  /// The share of returns that they held.
  public let share: Double
  /// Whether misses are as frequent as stated, chi-square with one degree of freedom.
  ///
  /// > P. H. Kupiec, "Techniques for Verifying the Accuracy of Risk Measurement Models",
  /// > J. Derivatives 3(2), 1995.
  public let test: HypothesisTest
  /// The smallest share that `windowCount` intervals in a row held; `nil` with fewer. Intervals
  /// that hold enough on average may still fail for a year.
  public let lowestShare: Double?
  /// The mean distance between the edges, a fraction, of those that have both; `nil` without any.
  public let meanWidth: Double?
  /// How many have no edge, which holds everything and says nothing.
  public let unboundedCount: Int

  /// How many intervals in a row `lowestShare` is about: a year of days.
  public static let windowCount = 252

  /// The coverage of intervals of one level, in order of time.
  ///
  /// - Precondition: there is at least one, and all have that level.
  init(_ intervals: [(ForecastInterval, outcome: Double)], level: Double) {
    let hits = intervals.map { $0.lower <= $1 && $1 <= $0.upper }
    let hitCount = hits.count { $0 }
    self.level = level
    count = hits.count
    share = Double(hitCount) / Double(hits.count)
    test = ValueAtRiskBacktest.coverage(
      violations: hits.count - hitCount, of: hits.count, probability: 1 - level)
    let bounded = intervals.map { $0.0.upper - $0.0.lower }.finiteValues
    unboundedCount = hits.count - bounded.count
    meanWidth = bounded.isEmpty ? nil : bounded.compensatedSum { $0 } / Double(bounded.count)
    guard hits.count >= Self.windowCount else {
      lowestShare = nil
      return
    }
    var held = hits[..<Self.windowCount].count { $0 }
    var lowest = held
    for row in Self.windowCount..<hits.count {
      held += (hits[row] ? 1 : 0) - (hits[row - Self.windowCount] ? 1 : 0)
      lowest = min(lowest, held)
    }
    lowestShare = Double(lowest) / Double(Self.windowCount)
  }

  /// The coverage of intervals by their level, the lowest first.
  static func byLevel(_ intervals: [(ForecastInterval, Double)]) -> [IntervalCoverage] {
    Dictionary(grouping: intervals, by: \.0.level).sorted { $0.key < $1.key }.map {
      IntervalCoverage($0.value.map { ($0, outcome: $1) }, level: $0.key)
    }
  }
}
