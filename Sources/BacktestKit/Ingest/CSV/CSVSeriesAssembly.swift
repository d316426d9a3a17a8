import BacktestCore

/// Turns the builders of a file into series.
struct CSVSeriesAssembly {
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
    let timing = try timing(of: table.builders)
    var series: [BarSeries] = []
    for index in 0..<table.builders.count {
      let builder = table.builders[index]
      guard builder.pointee.count > 0 else {
        errors.append(noRow(builder.pointee.symbol))
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

  private func noRow(_ symbol: String?) -> DataIssue {
    DataIssue(
      code: .unreadableFile, file: source.path, line: 0, column: 0,
      message: (symbol.map { "\($0): " } ?? "") + "there is no row of data that can be kept")
  }

  private func timing(of builders: borrowing CSVBuilderSet) throws(DataError) -> CSVBarTiming {
    let meaning = options.mapping.timestamps
    let dates = CSVStampDates(calendar: options.calendar, meaning: meaning)
    var timeframe = options.timeframe
    if timeframe == nil {
      switch CSVTimeframeGuess(dates: dates).timeframe(of: builders) {
      case .success(let guess): timeframe = guess
      case .failure(let refusal):
        throw DataError(.badTimeframe, file: source.path, refusal.message)
      }
    }
    return CSVBarTiming(
      calendar: options.calendar, meaning: meaning, timeframe: timeframe ?? .session,
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
            "\(builder.symbol): no volume; no order fills on this bar")
        }
        return
      }
    }
    if hasVolume {
      builder.log.add(
        .noVolume, line: Int(builder.lines.start[0]),
        "\(builder.symbol): the volume is 0 on every bar, so it counts as not given")
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
    var series = BarSeries(
      trusted: Instrument(symbol: builder.symbol), timeframe: timeframe,
      calendar: options.calendar, times: [builder.takeOpenTimes(), closeTimes],
      prices: builder.takePrices(), priceBasis: options.priceBasis)
    series.issues = builder.log.finished
    series.source = source
    return series
  }
}

extension DataIssue {
  /// The order of places; findings without a line come last.
  fileprivate static func precedes(_ a: DataIssue, _ b: DataIssue) -> Bool {
    let (first, second) = (a.line == 0 ? .max : a.line, b.line == 0 ? .max : b.line)
    return (first, a.column) < (second, b.column)
  }
}

extension DataIssueLog {
  /// The findings that refuse the file.
  var errors: [DataIssue] {
    hasErrors ? finished.filter { $0.code.isError && $0.repair == nil } : []
  }
}
