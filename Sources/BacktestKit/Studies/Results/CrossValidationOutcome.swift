import BacktestCore
public import BacktestEvidence
package import BacktestFiles
public import BacktestReports

/// The outcome of a study that was cross-validated.
public struct CrossValidationOutcome: Sendable {
  /// The study.
  public let study: Study
  /// The bars.
  package let market: StudyMarket
  /// Splits, paths and the distribution over them.
  public let result: CrossValidationResult
  /// How many sets of parameters were tried, of this and of earlier jobs.
  public let trials: TrialCounting
  /// Removes the finished runs, which are kept until the result is written.
  let removeUnits: @Sendable () -> Void

  /// What to know before trusting the figures, of the data and of the cross-validation, the most
  /// serious first.
  public var caveats: [ResultCaveat] {
    ResultCaveat.mostSeriousFirst(
      market.universe.caveats(over: .distantPast ..< .distantFuture) + market.caveats
        + trainingCaveats + result.caveats)
  }

  /// The report of this outcome.
  public func report() -> CrossValidationReport { report(dataFiles: []) }

  func report(dataFiles: [ResultRecord.DataFile]) -> CrossValidationReport {
    var report = CrossValidationReport(result, universe: market.universe)
    report.title = study.name
    report.caveats = caveats
    report.provenance = [
      ProvenanceItem("BacktestKit", BacktestKitVersion.current),
      ProvenanceItem("Strategy", result.strategy),
      ProvenanceItem("Fingerprint", result.fingerprint),
    ]
    for file in dataFiles { report.fileDigests[file.path] = file.sha256 }
    return report
  }

  /// Writes `report.html`, `splits.csv`, `paths.csv` and `result.json` to a folder. The files
  /// replace those of an earlier result all at once.
  ///
  /// - Throws: `StudyError` when the folder or a file cannot be written, another job is writing to
  ///   it, or a file that the study reads would be replaced.
  public func write(to folder: String) throws(StudyError) {
    try write(to: try ResultFolder(folder, for: study, isForced: true), interrupt: Interrupt())
  }

  /// Writes the result to the folder that was claimed for it, unless it is interrupted: then the
  /// old files stay.
  ///
  /// - Throws: `StudyError` as `write(to:)` with a path does, and when another job has written
  ///   there since the claim.
  package func write(to folder: ResultFolder, interrupt: Interrupt) throws(StudyError) {
    try StudyError.wrapping(.file) {
      let files = try ResultRecord.DataFile.all(of: market.universe, study)
      let page = report(dataFiles: files).bytes()
      let json = JSONWriter.bytes(of: json(folder: folder.path, files))
      try interrupt.shield {
        try writeFiles(to: folder, page: page, json: json, interrupt: interrupt)
      }
    }
    removeUnits()
  }

  private func writeFiles(
    to folder: ResultFolder, page: [UInt8], json: [UInt8], interrupt: Interrupt
  ) throws(StudyError) {
    try StudyError.wrapping(.file) {
      var files = try AtomicFolder(path: folder.path, lock: folder.lock, interrupt: interrupt)
      try folder.checkUnchanged()
      try ResultFolder.checkInputs(of: study, in: folder.path)
      try files.write(page, to: "report.html")
      try result.writeSplits(to: try files.file("splits.csv"))
      if result.paths.isEmpty {
        files.remove(["paths.csv"])
      } else {
        try result.writePaths(to: try files.file("paths.csv"))
      }
      // What a run of the study has left here would contradict these.
      files.remove(
        ResultFolder.tables.filter { $0 != "splits" && $0 != "paths" }.map { "\($0).csv" })
      try files.write(json, to: "result.json")
      try files.commit()
    }
  }
}

extension CrossValidationResult {
  /// The splits as CSV.
  func writeSplits(to file: FileOutput) throws(FileError) {
    let names = candidates[0].values.map(\.name)
    var csv = try CSVWriter(
      ["split", "tests", "test_first", "test_last", "train_bars", "test_bars", "train", "test"]
        + names + ["candidate", "no_value", "in_sample", "out_of_sample"] + CoreRatios.columnNames,
      to: file)
    for split in splits {
      try csv.row { row in
        row.field(split.index)
        row.field(split.name)
        row.field(split.testDates.lowerBound.description)
        row.field(split.testDates.upperBound.description)
        row.field(split.trainCount)
        row.field(split.testCount)
        row.field(split.rows.map { Self.text($0.train) } ?? "")
        row.field(split.rows.map { Self.text($0.test) } ?? "")
        for parameter in split.parameters.values { row.field(parameter.value.description) }
        row.field(split.choice)
        row.field(split.nullCount)
        row.field(split.inSample)
        row.field(split.test.objective)
        for name in CoreRatios.valueNames { row.field(split.test.ratios.values[name] ?? nil) }
      }
    }
    try csv.finish()
  }

  /// The paths as CSV.
  func writePaths(to file: FileOutput) throws(FileError) {
    var csv = try CSVWriter(
      ["path", "splits", "candidates", "bars", "out_of_sample"] + CoreRatios.columnNames, to: file)
    for path in paths {
      try csv.row { row in
        row.field(path.index)
        row.field(path.splits.map(String.init).joined(separator: " "))
        row.field(path.choices.map(String.init).joined(separator: " "))
        row.field(path.test.ratios.count)
        row.field(path.test.objective)
        for name in CoreRatios.valueNames { row.field(path.test.ratios.values[name] ?? nil) }
      }
    }
    try csv.finish()
  }

  /// Half-open ranges of bars: `0-29 53-100`.
  private static func text(_ ranges: [Range<Int>]) -> String {
    ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " ")
  }
}

extension CoreRatios {
  /// The names of the figures as columns of a table.
  fileprivate static let columnNames = valueNames.map {
    String($0.map { $0 == "-" ? "_" : $0 })
  }
}
