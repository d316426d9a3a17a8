/// A calendar whose sessions are listed day by day: those of the exchanges that BacktestKit knows,
/// or one from a file.
///
///     let london = ExchangeCalendar(.xlon)
///     london.session(on: CivilDate("2024-12-24")!)?.close     // 2024-12-24T12:30:00Z
///     london.session(on: CivilDate("2024-12-25")!)            // nil
///
/// Outside its `coverage` it knows no session, and data outside are refused. All times are stored in
/// UTC, so sessions do not depend on the time zones that a machine has.
public struct ExchangeCalendar: TradingCalendar {
  /// The name by which a study asks for it.
  public let name: String
  /// Sessions in a year, for annualisation: the mean of 2015 to 2024 to the nearest whole number; of
  /// a calendar from a file, that of its coverage.
  public let sessionsPerYear: Double
  /// The trading time of a regular session in seconds, without a lunch break, of the last day.
  public let regularSessionSeconds: Int
  /// The first and the last date for which sessions are known.
  public let coverage: ClosedRange<CivilDate>?
  /// The clock of the exchange.
  package let zone: TimeZoneTable
  /// The digest of all sessions.
  package let digest: ContentDigest.Value

  private let firstDay: Int
  /// For each day the position of its hours plus one, or 0 without a session.
  private let days: [UInt32]
  private let hours: [UTCHours]

  /// Hours as seconds from the midnight of their date in UTC.
  private struct UTCHours: Hashable {
    var open, pauseStart, pauseEnd, close: Int32
  }

  /// The calendar that some rules describe.
  package init(_ rules: ExchangeCalendarRules) {
    name = rules.name
    zone = rules.zone
    coverage = rules.coverage
    firstDay = rules.coverage.lowerBound.daysSinceEpoch
    var known: [UTCHours: UInt32] = [:]
    var (days, hours) = ([UInt32](), [UTCHours]())
    var seconds = 0
    for day in firstDay...rules.coverage.upperBound.daysSinceEpoch {
      guard let local = rules.hours(ofDay: day) else {
        days.append(0)
        continue
      }
      if rules.special[day] == nil || seconds == 0 { seconds = local.tradingSeconds }
      let date = CivilDate(daysSinceEpoch: day)
      func utc(_ minutes: Int) -> Int32 {
        let time = rules.zone.timestamp(on: date, timeOfDay: .minutes(Int64(minutes)))
        return Int32((time - date.midnight).nanoseconds / 1_000_000_000)
      }
      let here = UTCHours(
        open: utc(local.open), pauseStart: utc(local.pause?.lowerBound ?? local.close),
        pauseEnd: utc(local.pause?.upperBound ?? local.close), close: utc(local.close))
      if let position = known[here] {
        days.append(position)
      } else {
        hours.append(here)
        known[here] = UInt32(hours.count)
        days.append(UInt32(hours.count))
      }
    }
    (self.days, self.hours, regularSessionSeconds) = (days, hours, seconds)
    sessionsPerYear = rules.sessionsPerYear ?? ExchangeCalendar.meanPerYear(days)
    digest = ContentDigest.of("\(rules.name) \(firstDay) \(days) \(hours)".utf8)
  }

  /// Sessions for each 365.25 days, to the nearest whole number.
  private static func meanPerYear(_ days: [UInt32]) -> Double {
    (Double(days.count { $0 > 0 }) / Double(days.count) * 365.25).rounded()
  }

  /// The session of a date, or `nil` on weekends, holidays and outside the `coverage`.
  public func session(on date: CivilDate) -> Session? {
    let day = date.daysSinceEpoch - firstDay
    guard days.indices.contains(day), days[day] > 0 else { return nil }
    let here = hours[Int(days[day]) - 1]
    func at(_ seconds: Int32) -> Timestamp { date.midnight + .seconds(Int64(seconds)) }
    let hasPause = here.pauseStart < here.pauseEnd
    return Session(
      date: date, open: at(here.open), close: at(here.close),
      pause: hasPause ? at(here.pauseStart)..<at(here.pauseEnd) : nil)
  }

  /// The date of the first session that begins before the one before it has ended.
  package var firstOverlap: CivilDate? {
    var last = Timestamp.distantPast
    for day in firstDay..<(firstDay + days.count) {
      guard let session = session(on: CivilDate(daysSinceEpoch: day)) else { continue }
      if session.open < last { return session.date }
      last = session.close
    }
    return nil
  }

  /// The instant at which the clock of the exchange shows a time of day.
  public func timestamp(on date: CivilDate, timeOfDay: TimeSpan) -> Timestamp {
    zone.timestamp(on: date, timeOfDay: timeOfDay)
  }
}

/// What describes the sessions of an exchange.
package struct ExchangeCalendarRules {
  /// The name of the calendar.
  package var name: String
  /// The clock of the exchange.
  package var zone: TimeZoneTable
  /// The first and the last date for which sessions are known.
  package var coverage: ClosedRange<CivilDate>
  /// Sessions in a year; `nil` counts those of the coverage.
  package var sessionsPerYear: Double?
  /// The days of the week with a session; Monday is 0.
  package var weekdays: Set<Int> = [0, 1, 2, 3, 4]
  /// The regular hours from a day on, ascending; before the first they are those of the first.
  package var regular: [(from: Int, hours: LocalHours)]
  /// Days without a session, as days since 1970.
  package var closed: Set<Int> = []
  /// Days with other hours, on whatever day of the week.
  package var special: [Int: LocalHours] = [:]

  /// Hours of a day in minutes from midnight on the clock of the exchange; those of the day before
  /// are negative.
  package struct LocalHours: Hashable, Sendable {
    package var open: Int
    package var close: Int
    /// The lunch break.
    package var pause: Range<Int>?

    package init(open: Int, close: Int, pause: Range<Int>? = nil) {
      self.open = open
      self.close = close
      self.pause = pause
    }

    var tradingSeconds: Int { (close - open - (pause?.count ?? 0)) * 60 }
  }

  package init(
    name: String, zone: TimeZoneTable, coverage: ClosedRange<CivilDate>,
    regular: [(from: Int, hours: LocalHours)]
  ) {
    self.name = name
    self.zone = zone
    self.coverage = coverage
    self.regular = regular
  }

  /// The hours of a day, or `nil` without a session.
  func hours(ofDay day: Int) -> LocalHours? {
    if let hours = special[day] { return hours }
    guard weekdays.contains(mondayBasedWeekday(ofDay: day)), !closed.contains(day) else {
      return nil
    }
    return (regular.last { $0.from <= day } ?? regular[0]).hours
  }
}
