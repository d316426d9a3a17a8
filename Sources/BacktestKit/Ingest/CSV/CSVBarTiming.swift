import BacktestCore

/// Turns the stamps of a series into open and close times, and finds what is missing between them.
struct CSVBarTiming {
  let calendar: (any TradingCalendar)?
  let meaning: CSVMapping.StampMeaning
  let timeframe: Timeframe
  /// Whether rows that cannot be are dropped rather than refused.
  let repairs: Bool

  /// Replaces the stamps of `builder` by open times and gives the close times; `nil` where they do
  /// not fit the timeframe, which is then in the builder's log.
  func apply(to builder: inout CSVBarBuilder) -> Column<Timestamp>? {
    guard case .intraday(let seconds) = timeframe else { return applyDates(to: &builder) }
    guard builder.hasTimeOfDay else {
      return refuse(&builder, "the stamps are dates, which cannot be bars of \(timeframe)")
    }
    guard (1..<86_400).contains(seconds) else {
      return refuse(&builder, "bars of \(seconds) s are not possible; take 1 s to less than a day")
    }
    return applyIntraday(to: &builder, seconds: seconds)
  }

  func refuse(_ builder: inout CSVBarBuilder, row: Int = 0, _ message: String)
    -> Column<Timestamp>?
  {
    let line = builder.count > row ? Int(builder.lines.start[row]) : 0
    builder.log.add(.badTimeframe, line: line, "\(builder.symbol): \(message)")
    return nil
  }
}

// MARK: Dates

extension CSVBarTiming {
  private func applyDates(to builder: inout CSVBarBuilder) -> Column<Timestamp>? {
    let dates = CSVStampDates(calendar: calendar, meaning: meaning).dates(of: builder)
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
      if let last { noteGap(last, period, line: line, &builder) }
      let hours = hours(of: period, date: date, line: line, &builder)
      builder.stamps.start[row] = hours.open.nanoseconds
      closes.append(hours.close)
      last = period
    }
    builder.remove(dropped)
    return Column(closes)
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
    _ last: TimeframePeriod, _ next: TimeframePeriod, line: Int, _ builder: inout CSVBarBuilder
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
