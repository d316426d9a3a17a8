import BacktestCore

/// Turns the builders of a file into series.
struct CSVSeriesBuilder {
  let options: CSVReadOptions
  let source: DataSource

  /// The series of a table in the order in which their symbols appear.
  ///
  /// - Throws: `DataError` with all findings that refuse the file.
  func series(from table: borrowing CSVTableReader.Table) throws(DataError) -> [BarSeries] {
    var errors = table.log.errors
    for index in 0..<table.builders.count { errors += table.builders[index].pointee.log.errors }
    // What could not be read leaves holes that would look like gaps and odd spacing.
    guard errors.isEmpty else { throw DataError(errors.sorted(by: DataIssue.precedes)) }
    if options.mapping.timeFormat == .automatic {
      for index in 0..<table.builders.count {
        if let issue = unlikelyYears(of: table.builders[index].pointee) { throw DataError([issue]) }
      }
    }
    let timing = try timing(of: table.builders)
    var series: [BarSeries] = []
    for index in 0..<table.builders.count {
      let builder = table.builders[index]
      guard builder.pointee.count > 0 else {
        errors.append(noRow(builder.pointee.label))
        continue
      }
      if let closeTimes = timing.apply(to: &builder.pointee) {
        settleVolume(&builder.pointee, hasVolume: table.hasVolume)
        if !builder.pointee.log.hasErrors {
          series.append(finish(&builder.pointee, timing.timeframe, closeTimes))
        }
      }
      errors += builder.pointee.log.errors
    }
    if series.isEmpty && errors.isEmpty { errors.append(noRow(nil)) }
    guard errors.isEmpty else { throw DataError(errors.sorted(by: DataIssue.precedes)) }
    return series
  }

  /// The finding that times lie outside the years that a format found by itself may give.
  private func unlikelyYears(of builder: CSVBarBuilder) -> DataIssue? {
    let years = 1900...2200
    for row in [0, builder.count - 1] where builder.count > 0 {
      let date = Timestamp(nanoseconds: builder.stamps.start[row]).utcDate
      if years.contains(Int(date.year)) { continue }
      return DataIssue(
        code: .badTime, file: source.path, line: Int(builder.lines.start[row]),
        message: "\(date) is outside the years \(years.lowerBound) to \(years.upperBound); if "
          + "that is right, say by 'time-format' how times are written, such as iso")
    }
    return nil
  }

  private func noRow(_ symbol: String?) -> DataIssue {
    DataIssue(
      code: .unreadableFile, file: source.path,
      message: (symbol.map { "\($0): " } ?? "") + "the file has no usable rows")
  }

  private func timing(of builders: borrowing CSVBuilderSet) throws(DataError) -> CSVBarTiming {
    let meaning = options.mapping.timestamps
    let dates = CSVTimestampDates(calendar: options.calendar, meaning: meaning)
    let timeframe: Timeframe
    if let given = options.timeframe {
      timeframe = given
    } else {
      let inference = CSVTimeframeInference(dates: dates, file: source.path)
      timeframe = try inference.timeframe(of: builders)
    }
    return CSVBarTiming(
      calendar: options.calendar, meaning: meaning, timeframe: timeframe,
      repairs: options.quality == .repair)
  }

  /// Decides whether the series has volumes at all.
  private func settleVolume(_ builder: inout CSVBarBuilder, hasVolume: Bool) {
    let held = builder.heldRows
    if hasVolume {
      let silent = builder.zeroVolumeCount == 0 ? [] : rowsWithoutVolume(builder)
      if silent.count < builder.count - held.count {
        for row in silent {
          builder.log.add(
            .zeroVolume, line: Int(builder.lines.start[row]),
            "\(builder.label): no volume; no order fills on this bar")
        }
        return
      }
    }
    if hasVolume {
      builder.log.add(
        .noVolume, line: Int(builder.lines.start[0]),
        "\(builder.label): the volume is 0 on every bar, so volumes are ignored")
    }
    for row in 0..<builder.count { builder.setVolume(.nan, row: row) }
    for row in held { builder.setVolume(0, row: row) }
  }

  /// The rows, other than held ones, whose volume is 0.
  private func rowsWithoutVolume(_ builder: CSVBarBuilder) -> [Int] {
    let held = Set(builder.heldRows)
    return (0..<builder.count).filter { row in
      builder.volume.start[row] == 0 && !held.contains(row)
    }
  }

  private func finish(
    _ builder: inout CSVBarBuilder, _ timeframe: Timeframe, _ closeTimes: Column<Timestamp>
  ) -> BarSeries {
    let lines =
      builder.log.issues.isEmpty ? [] : (0..<builder.count).map { builder.lines.start[$0] }
    var series = BarSeries(
      trusted: Instrument(symbol: builder.symbol), timeframe: timeframe,
      calendar: options.calendar, times: [builder.takeOpenTimes(), closeTimes],
      prices: builder.takePrices(), priceBasis: options.priceBasis)
    series.issues = builder.log.finished
    place(&series.issues, lines: lines, closeTimes)
    series.source = source
    return series
  }

  /// Dates findings by their lines. One about a line that was left out has the time of the next.
  private func place(
    _ issues: inout [DataIssue], lines: [UInt32], _ closeTimes: Column<Timestamp>
  ) {
    guard !lines.isEmpty else { return }
    var rows = Array(lines.indices)
    // A file may be in descending order.
    if zip(lines, lines.dropFirst()).contains(where: >) { rows.sort { lines[$0] < lines[$1] } }
    var place = 0
    // Findings are in the order of their lines.
    for index in issues.indices {
      guard let line = issues[index].line else { continue }
      while place + 1 < rows.count, Int(lines[rows[place]]) < line { place += 1 }
      issues[index].time = closeTimes[rows[place]]
    }
  }
}

extension DataIssue {
  /// The order of places; findings without a line come last.
  fileprivate static func precedes(_ a: DataIssue, _ b: DataIssue) -> Bool {
    (a.line ?? .max, a.column ?? 0) < (b.line ?? .max, b.column ?? 0)
  }
}

extension DataIssueLog {
  /// The findings that refuse the file.
  var errors: [DataIssue] {
    hasErrors ? finished.filter { $0.code.isError && $0.repair == nil } : []
  }
}

/// Infers how long the bars of a file last from the stamps of all its series together.
struct CSVTimeframeInference {
  let dates: CSVTimestampDates
  let file: String

  /// The timeframe.
  ///
  /// - Throws: `DataError` where the stamps fit none.
  func timeframe(of builders: borrowing CSVBuilderSet) throws(DataError) -> Timeframe {
    var smallest = Int64.max
    var hasTimeOfDay = false
    for index in 0..<builders.count {
      let builder = builders[index]
      hasTimeOfDay = hasTimeOfDay || builder.pointee.hasTimeOfDay
      smallest = min(smallest, smallestDifference(in: builder.pointee))
    }
    if hasTimeOfDay && smallest == .max {
      throw refusal("the timeframe cannot be inferred from a single bar; set the timeframe")
    }
    // Stamps of daily bars may lie an hour less than a day apart when clocks change.
    if hasTimeOfDay && smallest < 22 * 3_600_000_000_000 {
      guard smallest % 1_000_000_000 == 0 else {
        throw refusal("the times are \(smallest) ns apart, not whole seconds; set the timeframe")
      }
      return .intraday(seconds: Int(smallest / 1_000_000_000))
    }
    if let timeframe = dailyOrLonger(builders) { return timeframe }
    throw refusal(
      "the dates are not daily, weekly, monthly, quarterly or yearly; set the timeframe")
  }

  private func refusal(_ message: String) -> DataError {
    DataError(.badTimeframe, file: file, message)
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

  private func dailyOrLonger(_ builders: borrowing CSVBuilderSet) -> Timeframe? {
    // How often each number of days lies between neighbours; 400 counts all longer ones.
    var histogram = [Int](repeating: 0, count: 401)
    for index in 0..<builders.count {
      let days = dates.dates(of: builders[index].pointee).map(\.daysSinceEpoch)
      for (earlier, later) in zip(days, days.dropFirst()) where later > earlier {
        histogram[min(later - earlier, 400)] += 1
      }
    }
    guard let smallest = histogram.firstIndex(where: { $0 > 0 }) else { return .session }
    var left = histogram.reduce(0, +) / 2
    let median = histogram.firstIndex { count in
      left -= count
      return left < 0
    }
    switch median ?? smallest {
    case 1...4: return .session
    case 5...9: return smallest >= 4 ? .week : .session
    case 26...35: return smallest >= 26 ? .month : nil
    case 87...95: return smallest >= 87 ? .quarter : nil
    case 360...372: return smallest >= 360 ? .year : nil
    default: return nil
    }
  }
}

/// The dates that stamps of daily and longer bars mean.
struct CSVTimestampDates {
  let calendar: (any TradingCalendar)?
  let meaning: CSVMapping.StampMeaning

  /// The date of each row.
  func dates(of builder: CSVBarBuilder) -> [CivilDate] {
    (0..<builder.count).map { date(of: $0, in: builder) }
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
}
