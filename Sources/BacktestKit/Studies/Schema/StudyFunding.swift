import BacktestCore
import BacktestFiles
import BacktestIngest

/// The funding of a perpetual contract: rates from a file, or one rate at fixed times.
package struct StudyFunding: Sendable {
  /// A file of times and rates, as the study gives it.
  package var path: String?
  /// The column of rates.
  var column: String?
  /// One rate for all times.
  var rate: Double?
  /// How often it is paid, counted from midnight in UTC.
  var every = TimeSpan.hours(8)

  static var table: StudyTable<StudyFunding> {
    StudyTable(
      initial: StudyFunding(),
      keys: [
        .optional(
          "path", \.path, .text,
          "A CSV file of times and rates; long positions pay what is above 0."
        ).values("file").absent("none").example("funding.csv"),
        .optional("column", \.column, .text, "The column of rates.")
          .values("column name").absent("the only one besides").example("fundingRate"),
        .optional(
          "rate", \.rate, .number(.within(-1...1)), "One rate for all times, instead of a file."
        ).absent("none").example("0.0001"),
        .value("every", \.every, .span, "How often `rate` is paid, counted from midnight in UTC.")
          .absent("8h").example("8h"),
      ],
      after: { table, funding in
        if (funding.path == nil) == (funding.rate == nil) {
          table.report("'funding' needs either a 'path' of a file or a 'rate'")
        }
        if funding.every <= .zero { table.report("'every' must be above 0", at: "every") }
      })
  }
}

extension Study {
  /// Series with the funding of their files, each of which gave so many of them.
  func addingFunding(
    of files: [(file: StudyFile, count: Int)], to series: [BarSeries]
  ) throws(StudyError) -> [BarSeries] {
    var funded = series
    var start = 0
    for (file, count) in files {
      for place in start..<(start + count) {
        funded[place] = try addingFunding(of: file, to: series[place])
      }
      start += count
    }
    return funded
  }

  /// A series with the funding of its file, where it has some.
  func addingFunding(of file: StudyFile, to series: BarSeries) throws(StudyError) -> BarSeries {
    guard let funding = file.funding else { return series }
    guard file.assetClass == .perpetual else {
      throw StudyError(
        .data,
        "\(file.path) has 'funding', which goes with 'asset-class: perpetual', not "
          + "\(file.assetClass.rawValue)")
    }
    let rates = try rates(of: funding, over: series)
    return try StudyError.wrapping(.data) { try series.adding(funding: rates) }
  }

  private func rates(
    of funding: StudyFunding, over series: BarSeries
  ) throws(StudyError) -> [FundingRate] {
    guard let path = funding.path else {
      return Self.times(every: funding.every, over: series).map {
        FundingRate(time: $0, rate: funding.rate ?? 0)
      }
    }
    var reader = CSVReferences()
    reader.values = funding.column.map { [$0] }
    let own = reader
    let found = try StudyError.wrapping(.file) { try own.load(resolved(path), name: "funding") }
    guard found.count == 1, let rates = found.first else {
      throw StudyError(.file, "\(path) has several columns of values; name one by 'column'")
    }
    return zip(rates.knownTimes, rates.values).map { FundingRate(time: $0, rate: $1) }
  }

  /// The multiples of a span from the first open to the last close.
  private static func times(every span: TimeSpan, over series: BarSeries) -> [Timestamp] {
    guard let first = series.openTimes.first, let last = series.closeTimes.last else { return [] }
    var time = first.utcDate.midnight
    while time < first { time = time + span }
    var times: [Timestamp] = []
    while time <= last {
      times.append(time)
      time = time + span
    }
    return times
  }
}
