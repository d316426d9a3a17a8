package import BacktestCore

/// How many points a year the returns of a universe have, whatever its instruments are named.
///
/// Where calendar and timeframe are the same for all instruments, every bar is a point. Else the
/// last point of each session counts, and the sessions are those of all calendars together, each
/// while one of its instruments is listed.
struct UniverseSessions: Sendable {
  /// Bars in a year, where every bar is a point.
  let barsPerYear: Double?
  /// Points in a year, where the last point of each session counts and their number does not depend
  /// on the span.
  private let fixedPerYear: Double?
  /// The number of sessions up to and including each day from `firstDay` on; empty where nobody
  /// needs them.
  private let sessionsThrough: [Int]
  private let firstDay: Int

  /// Whether instruments have different calendars, so that sessions have to be counted.
  var areCounted: Bool { !sessionsThrough.isEmpty }

  init(_ universe: Universe) {
    let series = universe.series
    let shortest = universe.shortestTimeframe
    let isComplete = series.allSatisfy { $0.calendar != nil }
    let isUniform =
      universe.calendars.count == 1 && series.allSatisfy { $0.timeframe == shortest }
    barsPerYear = isComplete && isUniform ? shortest.barsPerYear(in: universe.calendars[0]) : nil
    let isCounted: Bool
    switch shortest {
    case .intraday, .session:
      isCounted = isComplete && universe.calendars.count > 1
      fixedPerYear =
        isComplete && !isCounted ? universe.calendars[0].sessionsPerYear : nil
    case .week, .month, .quarter, .year:
      isCounted = false
      fixedPerYear = isComplete ? shortest.barsPerYear(in: universe.calendars[0]) : nil
    }
    (firstDay, sessionsThrough) = isCounted ? Self.count(universe) : (0, [])
  }

  /// Points in a year of the last points of sessions, from the date of the base point to that of
  /// the last one; `nil` where a calendar is missing.
  func perYear(from first: CivilDate, through last: CivilDate) -> Double? {
    guard areCounted else { return fixedPerYear }
    let (start, end) = (first.daysSinceEpoch, last.daysSinceEpoch)
    guard end > start else { return nil }
    let sessions = count(through: end) - count(through: start)
    return sessions > 0 ? Double(sessions) * 365.25 / Double(end - start) : nil
  }

  /// Points in a year over the whole time of the series.
  var perYear: Double? {
    guard areCounted else { return fixedPerYear }
    return perYear(
      from: CivilDate(daysSinceEpoch: firstDay - 1),
      through: CivilDate(daysSinceEpoch: firstDay + sessionsThrough.count - 1))
  }

  private func count(through day: Int) -> Int {
    let place = day - firstDay
    return place < 0 ? 0 : sessionsThrough[min(place, sessionsThrough.count - 1)]
  }

  /// Counts the days on which a calendar has a session while one of its instruments is listed.
  private static func count(_ universe: Universe) -> (firstDay: Int, through: [Int]) {
    let listings = universe.series.map { series -> (name: String, days: ClosedRange<Int>) in
      let calendar = series.calendar ?? AlwaysOpenCalendar()
      func day(_ row: Int) -> Int {
        calendar.sessionDate(of: series.closeTimes[row]).daysSinceEpoch
      }
      return (calendar.name, day(0)...day(series.count - 1))
    }
    let first = listings.map(\.days.lowerBound).min() ?? 0
    let last = listings.map(\.days.upperBound).max() ?? 0
    var isSession = [Bool](repeating: false, count: last - first + 1)
    for calendar in universe.calendars {
      // How many instruments begin on a day, less those that ended the day before.
      var changes = [Int](repeating: 0, count: last - first + 2)
      for listing in listings where listing.name == calendar.name {
        changes[listing.days.lowerBound - first] += 1
        changes[listing.days.upperBound - first + 1] -= 1
      }
      var listed = 0
      for place in isSession.indices {
        listed += changes[place]
        guard listed > 0, !isSession[place] else { continue }
        isSession[place] = calendar.session(on: CivilDate(daysSinceEpoch: first + place)) != nil
      }
    }
    var total = 0
    return (
      first,
      isSession.map { isSession in
        if isSession { total += 1 }
        return total
      }
    )
  }
}

extension Universe {
  /// The shortest timeframe of the series.
  package var shortestTimeframe: Timeframe {
    func rank(_ timeframe: Timeframe) -> Int {
      switch timeframe {
      case .intraday(let seconds): seconds
      case .session: 86_400
      case .week: 86_401
      case .month: 86_402
      case .quarter: 86_403
      case .year: 86_404
      }
    }
    return series.map(\.timeframe).min { rank($0) < rank($1) } ?? .session
  }
}
