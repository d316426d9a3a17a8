/// Sessions and moments at which a strategy wants to be called, by a market's calendar.
///
///     mutating func onStart(_ trading: inout TradingContext) {
///       trading.schedule(Schedule(.last(.month), .beforeClose(.minutes(15))), tag: 1)
///       trading.schedule(Schedule(.every, .clock(.hours(15) + .minutes(55))), tag: 2)
///     }
///
/// Sessions are known ahead from the calendar, so the last one of a month is called that day.
public struct Schedule: Hashable, Sendable {
  /// Which sessions.
  public var sessions: Sessions
  /// When on them.
  public var moment: Moment

  /// A schedule from its parts.
  public init(_ sessions: Sessions, _ moment: Moment) {
    self.sessions = sessions
    self.moment = moment
  }

  /// The sessions of a calendar.
  public enum Sessions: Hashable, Sendable {
    /// Every session.
    case every
    /// Those that fall on a day of the week.
    case on(CivilDate.Weekday)
    /// The first session of each period.
    case first(Period)
    /// The last session of each period.
    case last(Period)
  }

  /// A stretch of the calendar.
  public enum Period: String, Hashable, Sendable, CaseIterable {
    /// From Saturday to Friday.
    case week
    /// A month.
    case month
    /// A quarter of a year.
    case quarter
    /// A year.
    case year

    fileprivate var timeframe: Timeframe {
      switch self {
      case .week: .week
      case .month: .month
      case .quarter: .quarter
      case .year: .year
      }
    }
  }

  /// A moment of a session.
  public enum Moment: Hashable, Sendable {
    /// A time after the open.
    case afterOpen(TimeSpan)
    /// A time before the close, early closes included.
    case beforeClose(TimeSpan)
    /// So many bars of the instrument before the close; the close for bars of a session or longer.
    case barsBeforeClose(Int)
    /// A time of day on the clock of the exchange, also outside the session's hours.
    case clock(TimeSpan)
  }
}

extension Schedule {
  /// The first moment of the schedule after an instant; `nil` where the calendar knows none within
  /// two years.
  ///
  /// - Parameters:
  ///   - barSeconds: The length of the bars that `barsBeforeClose` counts; `nil` for bars of a
  ///     session or longer.
  public func next(
    after time: Timestamp, in calendar: any TradingCalendar, barSeconds: Int? = nil
  ) -> Timestamp? {
    let start = time.utcDate.daysSinceEpoch - 2
    for day in start..<(start + 740) {
      guard let session = calendar.session(on: CivilDate(daysSinceEpoch: day)),
        includes(session, in: calendar)
      else { continue }
      let moment = moment(of: session, in: calendar, barSeconds: barSeconds)
      if moment > time { return moment }
    }
    return nil
  }

  private func includes(_ session: Session, in calendar: any TradingCalendar) -> Bool {
    switch sessions {
    case .every: true
    case .on(let weekday): session.date.weekday == weekday
    case .first(let period):
      !hasSession(of: period, beside: session.date, step: -1, in: calendar)
    case .last(let period):
      !hasSession(of: period, beside: session.date, step: 1, in: calendar)
    }
  }

  /// Whether the period of a date has another session before or after it.
  private func hasSession(
    of period: Period, beside date: CivilDate, step: Int, in calendar: any TradingCalendar
  ) -> Bool {
    guard let whole = period.timeframe.period(of: date) else { return false }
    let end = (step > 0 ? whole.last : whole.first).daysSinceEpoch
    return stride(from: date.daysSinceEpoch + step, through: end, by: step).contains { day in
      calendar.session(on: CivilDate(daysSinceEpoch: day)) != nil
    }
  }

  private func moment(
    of session: Session, in calendar: any TradingCalendar, barSeconds: Int?
  ) -> Timestamp {
    switch moment {
    case .afterOpen(let span): session.open + span
    case .beforeClose(let span): session.close - span
    case .barsBeforeClose(let count):
      session.close - .seconds(Int64(count) * Int64(barSeconds ?? 0))
    case .clock(let timeOfDay): calendar.timestamp(on: session.date, timeOfDay: timeOfDay)
    }
  }
}

/// A schedule that a strategy has asked for.
struct ActiveSchedule: Sendable {
  var tag: Int
  var schedule: Schedule
  var calendar: any TradingCalendar
  var barSeconds: Int?
  /// When its timer goes off next.
  var next: Timestamp?

  mutating func advance(after time: Timestamp) {
    next = schedule.next(after: time, in: calendar, barSeconds: barSeconds)
  }
}

extension TradingContext {
  /// Asks for `onTimer` with a tag at every moment of a schedule, as long as the run lasts.
  ///
  /// A timer at the close of a bar goes off after `onBars` of that close. One at which none closes
  /// sees the bars before it.
  ///
  /// - Parameters:
  ///   - instrument: The instrument whose calendar and timeframe decide; the first of the universe
  ///     unless it is given. One without a calendar never closes.
  /// - Precondition: no other schedule of the strategy has the tag, and counts and times of day are
  ///   not negative, times of day less than 24 hours.
  public mutating func schedule(
    _ schedule: Schedule, of instrument: InstrumentID = InstrumentID(0), tag: Int
  ) {
    precondition(!schedules.contains { $0.tag == tag }, "each schedule has a unique tag")
    switch schedule.moment {
    case .afterOpen, .beforeClose: break
    case .barsBeforeClose(let count): precondition(count >= 0, "a number of bars is not negative")
    case .clock(let time):
      precondition(time >= .zero && time < .days(1), "a time of day is from 00:00 to 24:00")
    }
    let series = universe[instrument]
    var active = ActiveSchedule(
      tag: tag, schedule: schedule, calendar: series.calendar ?? AlwaysOpenCalendar())
    if case .intraday(let seconds) = series.timeframe { active.barSeconds = seconds }
    // Before the first bar there is nothing to decide on.
    let firstOpen = universe.series.compactMap(\.openTimes.first).min() ?? now
    active.advance(after: max(now, firstOpen))
    schedules.append(active)
    if let next = active.next { self.schedule(at: next, tag: tag) }
  }

  /// The next time of the schedule whose timer has just gone off; `nil` for other timers.
  mutating func renewSchedule(_ tag: Int, at time: Timestamp) -> Timestamp? {
    guard let index = schedules.firstIndex(where: { $0.tag == tag && $0.next == time }) else {
      return nil
    }
    schedules[index].advance(after: time)
    return schedules[index].next
  }
}
