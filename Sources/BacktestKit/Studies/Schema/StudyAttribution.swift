import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestIngest

/// The segments by which a study explains why its return differs from a benchmark's.
struct StudyAttribution: Sendable {
  /// The segment of each instrument, with the place where it is given.
  var segments: [(symbol: String, segment: String, place: DocumentPlace)] = []
  /// Segments of the benchmark that no instrument belongs to.
  var unheld: [String] = []
  /// The file of the benchmark's weights and returns; relative to the study's folder.
  var benchmark: String?
  /// How weights and returns are written.
  var unit = StudyFactors.Unit.fraction

  init() {}

  /// The keys of `attribution`.
  static var table: StudyTable<StudyAttribution> {
    StudyTable(
      initial: StudyAttribution(),
      keys: [
        segmentsKey,
        .optional(
          "benchmark", \.benchmark, .text,
          "A CSV file of the benchmark: from, to, segment, weight, return."
        ).values("file").absent("equal parts of all instruments, held, by months")
          .example("weights.csv"),
        .list(
          "unheld", \.unheld, of: .text,
          "Segments of the benchmark that no instrument belongs to."
        ).values("list of names").example("[utilities]"),
        .value(
          "unit", \.unit, .choice(),
          "How the file's weights and returns are written: 0.01 or 1 for one percent."
        ).example("percent"),
      ])
  }

  private static var segmentsKey: StudyKey<StudyAttribution> {
    var row = StudyRow("segments", "The segment of each instrument, by its symbol.")
    row.values = "table"
    row.isRequired = true
    row.example = "{AAA: technology, BBB: energy}"
    return StudyKey(row) { table, root in
      guard table.node("segments") != nil else {
        return table.report("'segments' must name the segment of each instrument")
      }
      root.segments = table.section("segments") { table in
        table.keys.compactMap { symbol in
          guard let node = table.node(symbol) else {
            table.report("'\(symbol)' has no segment", at: symbol)
            return nil
          }
          return (symbol, table.value(symbol, .text), node.place)
        }
      }
    }
  }
}

/// The segments of a universe, and what the benchmark held of them.
struct MarketSegments: Sendable {
  /// The segment of each instrument, in universe order.
  var names: [String]
  /// The benchmark of the study's file; `nil` without one.
  var benchmark: SegmentBenchmark?
}

extension Study {
  /// The segments of the study's instruments; `nil` where it names none.
  ///
  /// - Throws: `StudyError` where they do not fit the instruments, or the file of the benchmark
  ///   does not fit them or the bars.
  func loadSegments(_ universe: Universe) throws(StudyError) -> MarketSegments? {
    guard let attribution else { return nil }
    let symbols = universe.series.map(\.instrument.symbol)
    for entry in attribution.segments where !symbols.contains(entry.symbol) {
      throw StudyError(
        .file,
        "\(entry.place): 'attribution.segments': there is no '\(entry.symbol)' in the data; known "
          + "are \(NearestName.list(symbols, near: entry.symbol))")
    }
    let given = Dictionary(
      uniqueKeysWithValues: attribution.segments.map { ($0.symbol, $0.segment) })
    let missing = symbols.filter { given[$0] == nil }
    let place = document.value(at: "attribution")?.place ?? document.place
    guard missing.isEmpty else {
      throw StudyError(
        .file, "\(place): 'attribution.segments' has no segment for \(NumberText.list(missing))")
    }
    if let foreign = universe.series.first(where: {
      ($0.instrument.currency ?? configuration.account.currency) != configuration.account.currency
    }) {
      throw StudyError(
        .file,
        "\(place): 'attribution' needs instruments in the account's currency; "
          + "\(foreign.instrument.symbol) is in \(foreign.instrument.currency ?? "")")
    }
    let names = symbols.map { given[$0] ?? "" }
    guard let path = attribution.benchmark else { return MarketSegments(names: names) }
    var reader = CSVSegments()
    reader.scale = attribution.unit.scale
    let segments = reader
    let known = Set(names + attribution.unheld + [SegmentAttribution.cash])
    let periods = try StudyError.wrapping(.file) {
      try segments.load(resolved(path), known: known)
    }
    try check(periods, path, universe)
    return MarketSegments(
      names: names,
      benchmark: SegmentBenchmark(
        periods.map { rows in
          SegmentBenchmark.Period(
            rows[0].dates,
            rows.map { SegmentBenchmark.Part($0.segment, weight: $0.weight, return: $0.return) })
        }))
  }

  /// Refuses periods of which none meets the bars, and bars between two periods.
  private func check(
    _ periods: [[CSVSegments.Row]], _ path: String, _ universe: Universe
  ) throws(StudyError) {
    let dates = Set(
      universe.series.flatMap { series in
        series.closeTimes.map { universe.sessionDate(of: $0) }
      }
    ).sorted()
    for (before, next) in zip(periods, periods.dropFirst()) {
      let (end, start) = (before[0].dates.upperBound, next[0].dates.lowerBound)
      if let date = dates.first(where: { $0 > end && $0 < start }) {
        throw StudyError(
          .file,
          "\(path):\(next[0].line): no period covers \(date), on which there are bars; the "
            + "one of line \(before[0].line) ends on \(end), the next begins on \(start)")
      }
    }
    guard dates.contains(where: { date in periods.contains { $0[0].dates.contains(date) } }) else {
      let (first, last) = (periods[0][0].dates, periods[periods.count - 1][0].dates)
      throw StudyError(
        .file,
        "\(path): its periods are from \(first.lowerBound) to \(last.upperBound), on which there "
          + "are no bars")
    }
  }
}
