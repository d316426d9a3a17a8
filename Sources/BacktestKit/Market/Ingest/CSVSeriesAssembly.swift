/// Turns the builders of a file into series.
struct CSVSeriesAssembly {
  let options: CSVReadOptions
  let source: DataSource

  /// The series of a table in the order in which their symbols appear.
  ///
  /// - Throws: `DataError` with all findings that refuse the file.
  func series(from table: borrowing CSVTableReader.Table) throws(DataError) -> [BarSeries] {
    let timing = CSVBarTiming(
      calendar: options.calendar, meaning: options.mapping.timestamps,
      requested: options.timeframe, repairs: options.quality == .repair)
    var series: [BarSeries] = []
    var errors = table.log.errors
    for index in 0..<table.builders.count {
      let builder = table.builders[index]
      // What could not be read leaves holes that would look like gaps and odd spacing.
      let isReadable = !table.log.hasErrors && !builder.pointee.log.hasErrors
      if isReadable, builder.pointee.count > 0, let outcome = timing.apply(to: &builder.pointee) {
        settleVolume(&builder.pointee, hasVolume: table.hasVolume)
        if !builder.pointee.log.hasErrors { series.append(finish(&builder.pointee, outcome)) }
      }
      errors += builder.pointee.log.errors
    }
    guard errors.isEmpty else { throw DataError(errors.sorted(by: DataIssue.precedes)) }
    guard !series.isEmpty else {
      throw DataError(.unreadableFile, file: source.path, "there is no row of data in the file")
    }
    return series
  }

  /// Decides whether the series has volumes at all.
  private func settleVolume(_ builder: inout CSVBarBuilder, hasVolume: Bool) {
    let held = builder.heldRows
    let traded = builder.count - held.count
    if hasVolume && builder.zeroVolumeCount < traded {
      if builder.zeroVolumeCount > 0 { noteZeroVolumes(&builder) }
      return
    }
    if hasVolume {
      builder.log.add(
        .noVolume, line: Int(builder.lines.start[0]),
        "\(builder.symbol): the volume is 0 on every bar, so it counts as not given")
    }
    for row in 0..<builder.count { builder.setVolume(.nan, row: row) }
    for row in held { builder.setVolume(0, row: row) }
  }

  private func noteZeroVolumes(_ builder: inout CSVBarBuilder) {
    let held = Set(builder.heldRows)
    for row in 0..<builder.count
    where builder.volume.start[row] == 0 && !held.contains(row) {
      builder.log.add(
        .zeroVolume, line: Int(builder.lines.start[row]),
        "\(builder.symbol): no volume; no order fills on this bar")
    }
  }

  private func finish(_ builder: inout CSVBarBuilder, _ outcome: CSVBarTiming.Outcome) -> BarSeries
  {
    var series = BarSeries(
      trusted: Instrument(symbol: builder.symbol), timeframe: outcome.timeframe,
      calendar: options.calendar, times: [builder.takeOpenTimes(), outcome.closeTimes],
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
