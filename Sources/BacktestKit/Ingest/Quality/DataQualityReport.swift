public import BacktestCore

/// What a series holds and what was odd about it, as `data check` prints it.
///
///     print(DataQualityReport(series))
public struct DataQualityReport: Sendable, CustomStringConvertible {
  /// Whose bars they are.
  public var symbol: String
  /// The number of bars.
  public var barCount: Int
  /// When the first bar begins; `nil` without bars.
  public var firstOpen: Timestamp?
  /// When the last bar ends; `nil` without bars.
  public var lastClose: Timestamp?
  /// How long a bar lasts.
  public var timeframe: Timeframe
  /// The calendar's name; `nil` without a calendar.
  public var calendar: String?
  /// Whether prices are raw or adjusted.
  public var priceBasis: BarSeries.PriceBasis
  /// Whether the source gave volumes.
  public var hasVolume: Bool
  /// The kinds of findings with how many bars or sessions each concerns, in the order of the codes.
  public var counts: [Count]
  /// How many bars, or sessions for daily bars, the calendar has and the series has not, between
  /// its first bar and its last.
  public var missingCount: Int
  /// All findings, in row order.
  public var issues: [DataIssue]

  /// How often a finding came up.
  public struct Count: Hashable, Sendable {
    /// What was found.
    public var code: DataIssue.Code
    /// How many bars or sessions it concerns.
    public var bars: Int
    /// How many of them a repair changed, held or dropped.
    public var repaired: Int
  }

  /// The report on a series.
  public init(_ series: BarSeries) {
    symbol = series.instrument.symbol
    barCount = series.count
    firstOpen = series.openTimes.first
    lastClose = series.closeTimes.last
    timeframe = series.timeframe
    calendar = series.calendar?.name
    priceBasis = series.priceBasis
    hasVolume = series.hasVolume
    issues = series.issues
    counts = DataIssue.Code.allCases.compactMap { code in
      let found = series.issues.filter { $0.code == code }
      guard !found.isEmpty else { return nil }
      return Count(
        code: code, bars: found.reduce(0) { $0 + $1.count },
        repaired: found.reduce(0) { $0 + ($1.repair == nil ? 0 : $1.count) })
    }
    missingCount = series.issues.reduce(0) { $0 + ($1.code == .gap ? $1.count : 0) }
  }

  /// A line of facts, a line a kind of finding, and the findings.
  public var description: String {
    var lines = ["\(symbol): \(barCount) bars of \(timeframe), \(priceBasis.rawValue) prices"]
    if let firstOpen, let lastClose { lines[0] += ", \(firstOpen) to \(lastClose)" }
    lines[0] += ", calendar \(calendar ?? "none")"
    if !hasVolume { lines[0] += ", no volumes" }
    for count in counts {
      let repaired = count.repaired > 0 ? " (\(count.repaired) repaired)" : ""
      lines.append("  \(count.code.rawValue): \(count.bars)\(repaired)")
    }
    lines += issues.map { "  \($0)" }
    return lines.joined(separator: "\n")
  }
}
