/// Turns the stamps of a series into open and close times, and finds what is missing between them.
struct CSVBarTiming {
  let calendar: (any TradingCalendar)?
  let meaning: CSVMapping.StampMeaning
  /// The timeframe that was asked for.
  let requested: Timeframe?
  /// Whether rows that cannot be are dropped rather than refused.
  let repairs: Bool

  /// What a series came to.
  struct Outcome {
    var timeframe: Timeframe
    var closeTimes: Column<Timestamp>
  }

  /// Replaces the stamps of `builder` by open times and gives the close times; `nil` where they do
  /// not fit one timeframe, which is then in the builder's log.
  func apply(to builder: inout CSVBarBuilder) -> Outcome? {
    let smallest = smallestDifference(in: builder)
    if let requested {
      guard case .intraday(let seconds) = requested else {
        return applyDates(to: &builder, timeframe: requested)
      }
      guard builder.hasTimeOfDay else {
        return refuse(&builder, "the stamps are dates, which cannot be bars of \(requested)")
      }
      guard (1..<86_400).contains(seconds) else {
        return refuse(
          &builder, "bars of \(seconds) s are not possible; take 1 s to less than a day")
      }
      return applyIntraday(to: &builder, seconds: seconds)
    }
    // Stamps of daily bars may lie an hour less than a day apart when clocks change.
    guard builder.hasTimeOfDay, builder.count > 1, smallest < 22 * 3_600_000_000_000 else {
      if builder.hasTimeOfDay && builder.count == 1 {
        return refuse(&builder, "one bar does not tell its length; name the timeframe")
      }
      return applyDates(to: &builder, timeframe: nil)
    }
    guard smallest % 1_000_000_000 == 0 else {
      return refuse(
        &builder, "stamps lie \(smallest) ns apart, which is not whole seconds; name the timeframe")
    }
    return applyIntraday(to: &builder, seconds: Int(smallest / 1_000_000_000))
  }

  private func smallestDifference(in builder: CSVBarBuilder) -> Int64 {
    var smallest = Int64.max
    guard builder.count > 1, let stamps = builder.stamps.start else { return smallest }
    for row in 1..<builder.count {
      // The ends of the range of stamps lie further apart than 64 bits can say.
      let (difference, overflow) = stamps[row].subtractingReportingOverflow(stamps[row - 1])
      if !overflow { smallest = min(smallest, difference) }
    }
    return smallest
  }

  func refuse(_ builder: inout CSVBarBuilder, row: Int = 0, _ message: String) -> Outcome? {
    let line = builder.count > row ? Int(builder.lines.start[row]) : 0
    builder.log.add(.badTimeframe, line: line, "\(builder.symbol): \(message)")
    return nil
  }
}

// MARK: Dates

extension CSVBarTiming {
  private func applyDates(to builder: inout CSVBarBuilder, timeframe: Timeframe?) -> Outcome? {
    let dates = (0..<builder.count).map { date(of: $0, in: builder) }
    guard let timeframe = timeframe ?? inferredTimeframe(dates) else {
      return refuse(
        &builder,
        "the dates fit neither days, weeks, months, quarters nor years; name the timeframe"
      )
    }
    var closes: [Timestamp] = []
    closes.reserveCapacity(dates.count)
    var dropped: [Int] = []
    var last: TimeframePeriod?
    for (row, date) in dates.enumerated() {
      guard let period = timeframe.period(of: date) else { continue }
      let line = Int(builder.lines.start[row])
      if let last, period.index <= last.index {
        builder.log.add(
          .duplicateTime, line: line,
          "\(builder.symbol): a second bar of the \(timeframe) of \(date)",
          repair: repairs ? .dropped : nil)
        dropped.append(row)
        continue
      }
      if let last { noteGap(last, period, timeframe, line: line, &builder) }
      let hours = hours(of: period, date: date, line: line, &builder)
      builder.stamps.start[row] = hours.open.nanoseconds
      closes.append(hours.close)
      last = period
    }
    builder.remove(dropped)
    return Outcome(timeframe: timeframe, closeTimes: Column(closes))
  }

  private func date(of row: Int, in builder: CSVBarBuilder) -> CivilDate {
    let stamp = Timestamp(nanoseconds: builder.stamps.start[row])
    let east = row < builder.secondsEast.count ? Int64(builder.secondsEast[row]) : 0
    let local = stamp + .seconds(east)
    // A bare date names its session. Midnight on the clock is a date written at length, unless the
    // stamps are ends of bars: then it is the end of the day before.
    let isMidnight = local.nanoseconds % 86_400_000_000_000 == 0
    if !builder.hasTimeOfDay || (isMidnight && meaning == .open) { return local.utcDate }
    if isMidnight { return local.utcDate.adding(days: -1) }
    guard let calendar else { return local.utcDate }
    return calendar.sessionDate(of: meaning == .open ? stamp + TimeSpan(nanoseconds: 1) : stamp)
  }

  private func inferredTimeframe(_ dates: [CivilDate]) -> Timeframe? {
    let days = dates.map(\.daysSinceEpoch)
    let differences = zip(days.dropFirst(), days).map { $0 - $1 }.filter { $0 > 0 }.sorted()
    guard let smallest = differences.first else { return .session }
    let median = differences[differences.count / 2]
    switch median {
    case 1...4: return .session
    case 5...9: return smallest >= 4 ? .week : .session
    case 26...35: return smallest >= 26 ? .month : nil
    case 87...95: return smallest >= 87 ? .quarter : nil
    case 360...372: return smallest >= 360 ? .year : nil
    default: return nil
    }
  }

  private func hours(
    of period: TimeframePeriod, date: CivilDate, line: Int, _ builder: inout CSVBarBuilder
  ) -> (open: Timestamp, close: Timestamp) {
    if let hours = period.hours(in: calendar) { return hours }
    builder.log.add(
      .outsideCalendar, line: line,
      "\(builder.symbol): \(calendar?.name ?? "the calendar") has no session on \(date); "
        + "the bar lasts from 00:00 to 24:00 UTC")
    return (period.first.midnight, period.last.adding(days: 1).midnight)
  }

  private func noteGap(
    _ last: TimeframePeriod, _ next: TimeframePeriod, _ timeframe: Timeframe, line: Int,
    _ builder: inout CSVBarBuilder
  ) {
    guard let calendar, next.index > last.index + 1 else { return }
    var missing = next.index - last.index - 1
    if timeframe == .session {
      missing = ((last.index + 1)..<next.index).count { day in
        calendar.session(on: CivilDate(daysSinceEpoch: day)) != nil
      }
    }
    guard missing > 0 else { return }
    let noun = timeframe == .session ? "session" : "bar"
    builder.log.add(
      .gap, line: line,
      "\(builder.symbol): \(missing) \(noun)\(missing == 1 ? "" : "s") of \(calendar.name) without "
        + "bar between \(last.last) and \(next.first)",
      count: missing)
  }
}
