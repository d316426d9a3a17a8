import BacktestCore
package import BacktestEvidence
package import BacktestFiles

/// One line of the tables of a batch: what an entry gave, or why it failed.
package struct BatchRow: Sendable, Equatable {
  /// The figures by name, of a cross-validation their medians; those without a value are left out.
  package var metrics: [String: Double] = [:]
  /// The hash of what was computed; empty where nothing was.
  package var fingerprint = ""
  /// Where its files are, seen from the folder of the batch; empty where none were written.
  package var folder = ""
  /// Why it failed; `nil` where it did not.
  package var error: String?
  /// The digest of the command, the study with its policy, and the prices; empty where they could not
  /// be read.
  package var key = ""

  /// The names of the figures in the tables.
  package static let metricNames = Metrics.headlineNames

  /// An entry that failed.
  package init(error: String) { self.error = error }

  /// A study's outcome.
  package init(_ outcome: StudyOutcome, folder: String) {
    metrics = outcome.metrics.valuesByName
    fingerprint = outcome.result.fingerprint.description
    self.folder = folder
  }

  /// The outcome of a cross-validation.
  package init(_ outcome: CrossValidationOutcome, folder: String) {
    for name in outcome.result.figureNames {
      metrics[name] = outcome.result.distribution(of: name)?.median
    }
    fingerprint = outcome.result.fingerprint
    self.folder = folder
  }
}

// As the journal keeps it
extension BatchRow {
  /// One line of JSON, in which an empty text is null.
  package var bytes: [UInt8] {
    func text(_ text: String) -> JSONValue { text.isEmpty ? .null : .text(text) }
    return JSONWriter.line(
      of: [
        "key": text(key), "error": JSONValue(error), "fingerprint": text(fingerprint),
        "folder": text(folder),
        "metrics": .table(
          metrics.sorted { $0.key < $1.key }.map {
            JSONMember(key: $0.key, value: .number($0.value))
          }),
      ])
  }

  /// The row that `bytes` gave; `nil` where it is none.
  package init?(bytes: [UInt8]) {
    guard let document = try? JSONReader.read(bytes, name: "") else { return nil }
    let row = try? document.decode { table in
      var row = BatchRow(error: "")
      row.key = table.value("key", .text, default: "")
      row.error = table.optional("error", .text)
      row.fingerprint = table.value("fingerprint", .text, default: "")
      row.folder = table.value("folder", .text, default: "")
      row.metrics = table.section("metrics") { table in
        var values: [String: Double] = [:]
        for key in table.keys { values[key] = table.value(key, .number()) }
        return values
      }
      return row
    }
    guard let row else { return nil }
    self = row
  }
}

/// The tables of a batch.
package struct BatchTable: Sendable {
  /// The metric by which entries are compared.
  package let objective: MetricDefinition
  /// What was asked for, and what it gave, in the order of the batch.
  package let entries: [BatchEntry]
  package let rows: [BatchRow]

  /// Tables of entries and their rows.
  ///
  /// - Throws: `EvidenceError` where there is no such metric.
  package init(
    objective: String, entries: [BatchEntry], rows: [BatchRow]
  ) throws(EvidenceError) {
    precondition(entries.count == rows.count, "one row for each entry")
    self.objective = try Metrics.named(objective)
    self.entries = entries
    self.rows = rows
  }

  /// What is varied, in order of appearance.
  package var dimensions: [String] {
    var found: [String] = []
    for entry in entries {
      for level in entry.levels where !found.contains(level.dimension) {
        found.append(level.dimension)
      }
    }
    return found
  }

  /// The entries that did not fail, the best first; those without a value last, of equals the first
  /// of the batch first.
  package var ranking: [Int] {
    let sign = objective.higherIsBetter ?? true ? -1.0 : 1.0
    func rank(_ index: Int) -> Double {
      rows[index].metrics[objective.name].map { $0 * sign } ?? .infinity
    }
    return rows.indices.filter { rows[$0].error == nil }.sorted { (rank($0), $0) < (rank($1), $1) }
  }

  /// How the objective is spread over the entries with one value of what is varied.
  package struct Group: Sendable, Equatable {
    /// The value.
    package var level: BatchEntry.Level
    /// The number of entries, and of those that failed.
    package var count: Int
    package var failedCount: Int
    /// The spread; `nil` where no entry has the metric.
    package var spread: ValueDistribution?
  }

  /// The groups of every dimension that has two values or more, in order of appearance.
  package var groups: [Group] {
    dimensions.flatMap { dimension -> [Group] in
      var levels: [BatchEntry.Level] = []
      for entry in entries {
        for level in entry.levels where level.dimension == dimension && !levels.contains(level) {
          levels.append(level)
        }
      }
      guard levels.count > 1 else { return [] }
      return levels.map { level in
        let own = entries.indices.filter { entries[$0].levels.contains(level) }
        return Group(
          level: level, count: own.count, failedCount: own.count { rows[$0].error != nil },
          spread: ValueDistribution(own.compactMap { rows[$0].metrics[objective.name] }))
      }
    }
  }

  /// Writes `batch.csv` and `comparison.csv` to a folder; the files replace those of an earlier
  /// batch both at once.
  ///
  /// - Throws: `FileError` where they cannot be written.
  package func write(to folder: String, interrupt: Interrupt) throws(FileError) {
    var files = try AtomicFolder(path: folder, lock: nil, interrupt: interrupt)
    try writeEntries(to: try files.file("batch.csv"))
    try writeGroups(to: try files.file("comparison.csv"))
    try files.commit()
  }

  private func writeEntries(to file: FileOutput) throws(FileError) {
    let dimensions = dimensions
    var metrics = BatchRow.metricNames
    if !metrics.contains(objective.name) { metrics.insert(objective.name, at: 0) }
    let columns = metrics.map { $0.replacing("-", with: "_") }
    var csv = try CSVWriter(
      ["entry", "name", "command"] + dimensions + ["status"] + columns
        + ["fingerprint", "folder", "error"], to: file)
    for (entry, result) in zip(entries, rows) {
      try csv.row { row in
        row.field(entry.index)
        row.field(entry.name)
        row.field(entry.command.rawValue)
        for dimension in dimensions {
          row.field(entry.levels.first { $0.dimension == dimension }?.value ?? "")
        }
        row.field(result.error == nil ? "done" : "failed")
        for name in metrics { row.field(result.metrics[name]) }
        row.field(result.fingerprint)
        row.field(result.folder)
        row.field(result.error ?? "")
      }
    }
    try csv.finish()
  }

  private func writeGroups(to file: FileOutput) throws(FileError) {
    var csv = try CSVWriter(
      [
        "varied", "value", "entries", "failed", "metric", "lowest", "lower_quartile", "median",
        "upper_quartile", "highest",
      ], to: file)
    for group in groups {
      try csv.row { row in
        row.field(group.level.dimension)
        row.field(group.level.value)
        row.field(group.count)
        row.field(group.failedCount)
        row.field(objective.name)
        row.field(group.spread?.minimum)
        row.field(group.spread?.lowerQuartile)
        row.field(group.spread?.median)
        row.field(group.spread?.upperQuartile)
        row.field(group.spread?.maximum)
      }
    }
    try csv.finish()
  }
}
