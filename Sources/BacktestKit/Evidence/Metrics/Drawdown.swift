public import BacktestCore

/// One fall of an account from a peak, until the peak is seen again.
///
/// Points are counted from the base point 0. Bars are the steps between points.
public struct Drawdown: Hashable, Sendable {
  /// The last point at the highest value so far.
  public var peak: Int
  /// The first point at the lowest value before the recovery.
  public var valley: Int
  /// The first point at or above the peak again; `nil` while it is still below.
  public var recovery: Int?
  /// The last point of the fall: the recovery, or the end of the series.
  public var end: Int
  /// The lowest value over the peak, less 1: from 0 to -1.
  public var depth: Double
  /// Its dates, where the points have dates.
  public var dates: Dates?

  /// The session dates of a drawdown.
  public struct Dates: Hashable, Sendable {
    /// The last session at the highest value.
    public var peak: CivilDate
    /// The first session below it.
    public var firstBelow: CivilDate
    /// The first session at the lowest value.
    public var valley: CivilDate
    /// The first session at or above the peak again.
    public var recovery: CivilDate?
    /// The recovery, or the last session of the series.
    public var end: CivilDate

    /// Calendar days from the peak to the recovery or the end.
    public var calendarDays: Int { end.daysSinceEpoch - peak.daysSinceEpoch }
  }

  /// The first point below the peak.
  public var firstBelow: Int { peak + 1 }
  /// Bars from the peak to the valley.
  public var barsToValley: Int { valley - peak }
  /// Bars from the valley to the recovery.
  public var barsToRecovery: Int? { recovery.map { $0 - valley } }
  /// Bars from the peak to the recovery or the end.
  public var bars: Int { end - peak }
}

extension Drawdown {
  /// All drawdowns of a series of values in order of time.
  ///
  ///     Drawdown.episodes(of: [100, 90, 95, 99]).first?.depth   // -0.1
  ///
  /// - Parameters:
  ///   - wealth: values at the base point and after each bar; the first is positive.
  ///   - dates: one for each value.
  /// - Precondition: there are as many dates as values.
  /// - Complexity: O(n).
  public static func episodes(of wealth: [Double], dates: [CivilDate]? = nil) -> [Drawdown] {
    precondition(dates == nil || dates?.count == wealth.count, "one date for each value")
    var found: [Drawdown] = []
    var peak = 0
    var valley: Int?
    func close(_ low: Int, recovery: Int?) {
      found.append(
        Drawdown(
          peak: peak, valley: low, recovery: recovery, end: recovery ?? wealth.count - 1,
          depth: wealth[low] / wealth[peak] - 1))
    }
    for point in wealth.indices.dropFirst() {
      if wealth[point] < wealth[peak] {
        if valley.map({ wealth[point] < wealth[$0] }) ?? true { valley = point }
      } else {
        if let low = valley { close(low, recovery: point) }
        valley = nil
        peak = point
      }
    }
    if let low = valley { close(low, recovery: nil) }
    guard let dates else { return found }
    return found.map { $0.dated(dates) }
  }

  /// The deepest drawdowns, deepest first; of equal ones the earlier first.
  public static func deepest(_ count: Int, of episodes: [Drawdown]) -> [Drawdown] {
    Array(episodes.sorted { ($0.depth, $0.peak) < ($1.depth, $1.peak) }.prefix(count))
  }

  /// How far each value lies below the highest so far, as a fraction from 0 to -1; the first is 0.
  public static func underwater(_ wealth: [Double]) -> [Double] {
    var peak = -Double.infinity
    return wealth.map { value in
      peak = max(peak, value)
      return peak > 0 ? value / peak - 1 : 0
    }
  }

  private func dated(_ all: [CivilDate]) -> Drawdown {
    var copy = self
    copy.dates = Dates(
      peak: all[peak], firstBelow: all[firstBelow], valley: all[valley],
      recovery: recovery.map { all[$0] }, end: all[end])
    return copy
  }
}

/// The deepest fall of a value from its highest so far, value by value.
struct RunningDrawdown {
  private var peak: Double
  /// The least of value / highest value so far; 1 while it never fell.
  private var lowestShare = 1.0

  /// A value that begins at its peak.
  init(peak: Double) { self.peak = peak }

  /// The deepest fall so far, as a fraction from 0 to -1.
  var deepest: Double { lowestShare - 1 }

  /// Takes the next value and says whether it is the deepest fall so far.
  @discardableResult
  mutating func update(_ value: Double) -> Bool {
    peak = Double.maximum(peak, value)
    // The product saves a division on every value; a new low is rare.
    guard value < lowestShare * peak else { return false }
    lowestShare = value / peak
    return true
  }

  /// The deepest fall of some values, the first of which is positive.
  static func deepest(of values: ArraySlice<Double>) -> Double {
    var drawdown = RunningDrawdown(peak: values.first ?? 1)
    for value in values { drawdown.update(value) }
    return drawdown.deepest
  }
}

extension Metrics {
  static let drawdownDefinitions: [MetricDefinition] = [
    MetricDefinition(
      "max-drawdown", "Max drawdown", .fraction, higherIsBetter: true, minimumCount: 1,
      "lowest V / highest V so far, minus 1, including the base point"
    ) { $0.maxDrawdown },
    MetricDefinition(
      "max-drawdown-without-base", "Max drawdown without base", .fraction, higherIsBetter: true,
      "the same without the base point, which misses a fall from the start"
    ) { RunningDrawdown.deepest(of: $0.sample.wealth.dropFirst()) },
    MetricDefinition(
      "average-drawdown", "Average drawdown", .fraction, higherIsBetter: true,
      "mean depth of all drawdowns"
    ) { space in
      let depths = space.episodes.compensatedSum(\.depth)
      return space.episodes.isEmpty ? 0 : depths / Double(space.episodes.count)
    },
    MetricDefinition(
      "average-underwater", "Average distance below peak", .fraction, higherIsBetter: true,
      "mean of d over all n bars; the pain index, signed"
    ) { $0.meanUnderwater },
    MetricDefinition(
      "drawdown-count", "Number of drawdowns", .count,
      "uninterrupted stretches of bars below the highest V so far"
    ) { Double($0.episodes.count) },
    MetricDefinition(
      "max-drawdown-bars", "Longest drawdown (bars)", .bars, higherIsBetter: false,
      "longest time from a peak to its recovery or to the end, in bars"
    ) { Double($0.episodes.map(\.bars).max() ?? 0) },
    MetricDefinition(
      "max-drawdown-days", "Longest drawdown", .days, higherIsBetter: false,
      needs: .dates, "longest time from a peak to its recovery or to the end, in calendar days"
    ) { Double($0.episodes.compactMap(\.dates?.calendarDays).max() ?? 0) },
    MetricDefinition(
      "time-underwater", "Time under water", .fraction, higherIsBetter: false,
      "share of the n bars with d < 0"
    ) { space in Double(space.underwater.count { $0 < 0 }) / space.count },
    MetricDefinition(
      "ulcer-index", "Ulcer index", .fraction, higherIsBetter: false,
      "sqrt(mean(d^2)) over n, as a fraction (Martin, McCann, 1989)"
    ) { $0.ulcerIndex },
    MetricDefinition(
      "ulcer-index-sample", "Ulcer index (n - 1)", .fraction, higherIsBetter: false,
      "the same, divided by n - 1"
    ) { ($0.underwaterSquares / ($0.count - 1)).squareRoot() },
  ]
}

extension MetricWorkspace {
  var meanUnderwater: Double { underwaterSum / count }
  var ulcerIndex: Double { (underwaterSquares / count).squareRoot() }
}
