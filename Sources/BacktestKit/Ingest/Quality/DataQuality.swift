public import BacktestCore
import BacktestFiles

/// What a series holds and what is unusual about it, as `data check` prints it.
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
  /// Says that most bars lie outside the market's hours; `nil` where they do not. Of intraday bars
  /// without a calendar, those of a stock market are compared with the hours of XNYS.
  package var hoursNote: String?
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
    hoursNote = MarketHours.note(on: series)
  }

  /// A line of facts, a line a kind of finding, and the findings.
  public var description: String {
    var lines = [
      "\(symbol): \(NumberText.count(barCount, "bar")) of \(timeframe), "
        + "\(priceBasis.rawValue) prices"
    ]
    if let firstOpen, let lastClose { lines[0] += ", \(firstOpen) to \(lastClose)" }
    lines[0] += ", calendar \(calendar ?? "none")"
    if !hasVolume { lines[0] += ", no volumes" }
    if let hoursNote { lines.append("  \(hoursNote)") }
    for count in counts {
      let repaired = count.repaired > 0 ? " (\(NumberText.grouped(count.repaired)) repaired)" : ""
      lines.append("  \(count.code.rawValue): \(NumberText.grouped(count.bars))\(repaired)")
    }
    lines += issues.map { "  \($0)" }
    return lines.joined(separator: "\n")
  }
}

extension DataIssue {
  /// Text of a file in quotes, on one line and not too long.
  static func quoted(_ text: String) -> String { "\"\(printable(text))\"" }

  /// Text of a file on one line and not too long.
  static func printable(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(40).map { scalar in
      scalar.value < 0x20 || scalar.value == 0x7F ? "?" : String(scalar)
    }
    return shown.joined() + (text.unicodeScalars.count > 40 ? "…" : "")
  }
}

/// Findings of one file as they come up, with a limit on how many are kept word for word.
struct DataIssueLog {
  /// How many findings of one code are kept; those beyond only count.
  static let limit = 2_000

  let file: String
  private(set) var issues: [DataIssue] = []
  private var counts: [DataIssue.Code: Int] = [:]
  private var overflow: [DataIssue.Code: DataIssue] = [:]
  /// How many findings are errors, repaired or not.
  private(set) var invalidCount = 0
  /// Whether there is a finding that no repair fixes.
  private(set) var hasErrors = false

  init(file: String) { self.file = file }

  /// Notes a finding.
  mutating func add(
    _ code: DataIssue.Code, line: Int? = nil, column: Int? = nil,
    _ message: @autoclosure () -> String,
    repair: DataIssue.Repair? = nil, count: Int = 1
  ) {
    if code.isError {
      invalidCount += 1
      if repair == nil { hasErrors = true }
    }
    let seen = counts[code, default: 0]
    counts[code] = seen + 1
    guard seen < DataIssueLog.limit else {
      let rest = DataIssue(
        code: code, file: file, message: "", repair: repair, count: 0)
      overflow[code, default: rest].count += count
      return
    }
    issues.append(
      DataIssue(
        code: code, file: file, line: line, column: column, message: message(), repair: repair,
        count: count))
  }

  /// All findings by line, and one for each code whose limit was passed.
  var finished: [DataIssue] {
    var all = issues.enumerated().sorted { a, b in
      (a.element.line ?? 0, a.offset) < (b.element.line ?? 0, b.offset)
    }.map(\.element)
    for code in DataIssue.Code.allCases {
      guard var rest = overflow[code] else { continue }
      rest.message = "\(NumberText.grouped(rest.count)) more of this kind"
      all.append(rest)
    }
    return all
  }
}

/// Invalid market data: every finding with its place, up to a limit.
///
/// The description is one line: the first finding, how many there are besides, and what to do.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
  /// How many findings are kept.
  static let limit = 20

  /// The first findings, at most 20, in the order of the file.
  public var issues: [DataIssue]
  /// How many there were in all.
  public var issueCount: Int
  /// Whether `quality: repair` is there for files of this kind.
  private let canBeRepaired: Bool

  /// An error of one or more findings.
  ///
  /// - Precondition: `issues` is not empty.
  init(_ issues: [DataIssue], canBeRepaired: Bool = true) {
    precondition(!issues.isEmpty, "an error has at least one finding")
    self.canBeRepaired = canBeRepaired
    issueCount = issues.reduce(0) { $0 + $1.count }
    self.issues = Array(issues.prefix(DataError.limit))
  }

  /// An error of one finding.
  init(
    _ code: DataIssue.Code, file: String, line: Int? = nil, column: Int? = nil, _ message: String
  ) {
    self.init([DataIssue(code: code, file: file, line: line, column: column, message: message)])
  }

  /// A file that the system does not give.
  init(_ error: FileError, file: String) {
    self.init(.unreadableFile, file: file, "cannot \(error.action): \(error.reason)")
  }

  /// The first finding, how many there are besides, and what to do.
  public var description: String {
    let rest = issueCount - 1
    // The command reads files of prices.
    let list = canBeRepaired ? ", which the command `data check` lists" : ""
    let more = rest > 0 ? [NumberText.count(rest, "more finding") + list] : []
    return ([issues[0].description] + more + advice).joined(separator: "; ")
  }

  /// The findings, a line each, and what to do.
  package var lines: [String] {
    let more = issueCount - issues.count
    return issues.map(\.description) + (more > 0 ? ["and \(more) more"] : []) + advice
  }

  private var advice: [String] {
    guard issues.allSatisfy({ $0.code.isRepairable }) else { return [] }
    return [canBeRepaired ? "correct the file, or set `quality: repair`" : "correct the file"]
  }
}
