public import BacktestCore

/// Regimes that somebody else has dated: recessions, phases of policy, states of another model.
///
/// A label holds from its date until that of the next entry; the last one holds to the end. An
/// entry without a label ends the one before it. In hindsight a bar has the label of its session
/// date. At the time it has the latest label among those known by then; entries that do not say
/// from when they were known are labels of hindsight, and nothing is known at the time.
///
///     let recessions = try DatedRegimes(
///       name: "recessions", calendar: .xnys, entries: [
///         .init(date: CivilDate("2007-12-01")!, label: "recession",
///               knownFrom: CivilDate("2008-12-01")!)])
public struct DatedRegimes: RegimeClassifier {
  /// A label and the day from which it holds.
  public struct Entry: Hashable, Sendable {
    /// The session date of the first bar that it covers.
    public var date: CivilDate
    /// The label; `nil` for none from this day on.
    public var label: String?
    /// The session date at whose close it was known; `nil` where that is not said.
    public var knownFrom: CivilDate?

    /// An entry from its parts.
    public init(date: CivilDate, label: String?, knownFrom: CivilDate? = nil) {
      self.date = date
      self.label = label
      self.knownFrom = knownFrom
    }
  }

  /// What the labels are called in tables.
  public let name: String
  /// The entries in ascending order of date.
  public let entries: [Entry]
  /// The labels in the order in which they first occur.
  public let labelNames: [String]
  /// Whether every entry says from when it was known.
  public let isKnownAtTheTime: Bool
  private let calendar: any TradingCalendar

  /// Labels from their entries.
  ///
  /// - Parameters:
  ///   - name: what the labels are called.
  ///   - calendar: the market's hours, by which the date of a bar is found.
  ///   - entries: in strictly ascending order of date.
  /// - Throws: `EvidenceError` where a date is not after the one before it.
  public init(
    name: String, calendar: some TradingCalendar, entries: [Entry]
  ) throws(EvidenceError) {
    for row in entries.indices.dropFirst() where entries[row].date <= entries[row - 1].date {
      throw entries[row].date == entries[row - 1].date
        ? .repeatedDate(row: row) : .datesNotAscending(row: row)
    }
    self.name = name
    self.calendar = calendar
    self.entries = entries
    var names: [String] = []
    for case let label? in entries.map(\.label) where !names.contains(label) { names.append(label) }
    labelNames = names
    isKnownAtTheTime = !entries.isEmpty && entries.allSatisfy { $0.knownFrom != nil }
  }

  /// Labels each bar by the session date of its close.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive or times that are not as many.
  public func labels(
    closes: [Double], times: [Timestamp]
  ) throws(EvidenceError) -> RegimeLabels {
    guard closes.count == times.count else {
      throw .unequalLengths(closes: closes.count, times: times.count)
    }
    var positions: [String: Int] = [:]
    for (position, name) in labelNames.enumerated() { positions[name] = position }
    let labels = entries.map { entry in entry.label.flatMap { positions[$0] } }
    let days = times.map { calendar.sessionDate(of: $0) }
    let all = latest(on: days, from: entries.map(\.date))
    // A label cannot hold before its own date, even if it was announced earlier.
    let known =
      isKnownAtTheTime
      ? latest(on: days, from: entries.map { max($0.knownFrom ?? $0.date, $0.date) })
      : days.map { _ in nil }
    return RegimeLabels(
      names: labelNames, descriptive: all.map { $0.flatMap { labels[$0] } },
      causal: known.map { $0.flatMap { labels[$0] } }, isKnownAtTheTime: isKnownAtTheTime)
  }

  /// For each day the last entry among those that begin on or before it.
  private func latest(on days: [CivilDate], from begins: [CivilDate]) -> [Int?] {
    let order = begins.indices.sorted { (begins[$0], $0) < (begins[$1], $1) }
    var (next, found) = (0, nil as Int?)
    return days.map { day in
      while next < order.count, begins[order[next]] <= day {
        found = max(found ?? 0, order[next])
        next += 1
      }
      return found
    }
  }
}
