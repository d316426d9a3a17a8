import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

extension Command {
  /// `batch`: many studies, policies, parameters and seeds.
  static func batch(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "batch", summary: "Run many studies, policies, parameters and seeds, and compare them.",
      discussion: """
        A batch file names studies and what is varied about each of them; 'init --batch' writes \
        an example. Each combination is an entry. Writes batch.csv, with a line for each entry, \
        and comparison.csv, with the spread of the objective over each value of what is varied. \
        Each entry has a folder with the files of its command, unless the file says \
        'results: none'.

        An entry that fails does not stop the others: its error is in the table, and the exit \
        status is 2. A batch that was killed, or in which entries failed, goes on with what is \
        missing when it is started again.
        """
    ) { parameters in
      let path = parameters.argument(
        "file", .file(endings: ["yaml", "yml", "json"]), help: "The batch file.")
      let options = StudyJobOptions(merging: &parameters)
      let overrides = parameters.options(
        "set", .text("key=value"), help: "Override a key of all studies.")
      return { context in
        var job = try BatchJob(path, options: options, catalogue: catalogue)
        job.overrides = overrides
        return try job.perform(in: context)
      }
    }
  }
}

/// Does the entries of a batch that are not done yet.
struct BatchJob: Sendable {
  let plan: BatchPlan
  let options: StudyJobOptions
  let catalogue: StrategyCatalogue
  var overrides: [String] = []
  /// Where the tables and the folders of entries go.
  let folder: String

  init(_ path: String, options: StudyJobOptions, catalogue: StrategyCatalogue) throws {
    let plan = try BatchPlan(path: path)
    self.plan = plan
    self.options = options
    self.catalogue = catalogue
    let stem = plan.fileName.lastIndex(of: ".").map { String(plan.fileName[..<$0]) }
    folder =
      options.out ?? plan.outputFolder.map(plan.resolved)
      ?? "Reports/\(stem ?? plan.fileName)-batch"
  }

  func perform(in context: CommandContext) throws -> ExitCode {
    let entries = plan.entries
    // A metric that there is not is found out before the work.
    _ = try BatchTable(objective: plan.objective, entries: [], rows: [])
    let journal = UnitJournal(beside: folder, of: "batch")
    _ = try FolderTree.make(folder)
    let bars = StageProgress(context, isQuiet: options.isQuiet)
    defer { bars.finish() }
    let rows = try parallelMap(
      count: entries.count, threads: isParallel ? options.threads : 1,
      progress: { bars.show(plan.name, $0, of: entries.count, isCounted: true) }
    ) { index in
      try context.checkInterrupt()
      return try row(of: entries[index], journal, context)
    }
    bars.finish()
    try context.checkInterrupt()
    let table = try BatchTable(objective: plan.objective, entries: entries, rows: rows)
    try table.write(to: folder, interrupt: context.interrupt)
    return try finish(table, journal, context)
  }

  /// Whether entries may be done side by side: each result that is written counts the trials before
  /// it, which are the same only in one order.
  private var isParallel: Bool {
    plan.results == .none || options.store.path(for: ".") == nil
  }

  private func row(
    of entry: BatchEntry, _ journal: UnitJournal, _ context: CommandContext
  ) throws -> BatchRow {
    do {
      let run = try BatchRun(entry, of: self, context)
      let key = UnitJournal.digest(of: entry.command.rawValue, run.study, run.market)
      let unit = Int(truncatingIfNeeded: key.high ^ UInt64(truncatingIfNeeded: entry.index))
      if let kept = journal.bytes(of: unit).flatMap({ BatchRow(bytes: $0) }), isThere(kept) {
        return kept
      }
      let row = try run.perform()
      journal.add(row.bytes, of: unit)
      return row
    } catch let failure as CommandError {
      throw failure
    } catch {
      // What was interrupted has failed for that reason alone.
      try context.checkInterrupt()
      return BatchRow(error: (error as? StudyError)?.message(of: entry.path) ?? "\(error)")
    }
  }

  /// Whether the files that a row speaks of are there.
  private func isThere(_ row: BatchRow) -> Bool {
    plan.results == .none ? row.folder.isEmpty : fileExists("\(folder)/\(row.folder)/result.json")
  }

  private func finish(
    _ table: BatchTable, _ journal: UnitJournal, _ context: CommandContext
  ) throws -> ExitCode {
    if options.printsJSON {
      context.output.write(String(decoding: JSONWriter.bytes(of: table.json), as: UTF8.self))
    } else if !options.isQuiet {
      context.output.write(BatchSummary(plan.name, table, folder: folder).text)
    }
    let failed = table.rows.indices.filter { table.rows[$0].error != nil }
    guard !failed.isEmpty else {
      journal.remove()
      return .done
    }
    for index in failed.prefix(20) {
      context.report("\(table.entries[index].name): \(table.rows[index].error ?? "")")
    }
    throw CommandError.input(
      "\(failed.count) of \(entryCount(table.rows.count)) failed: "
        + NumberText.list(failed.map { table.entries[$0].name }, limit: 20))
  }
}

/// `1 entry`, `2 entries`.
private func entryCount(_ count: Int) -> String {
  "\(NumberText.grouped(count)) \(count == 1 ? "entry" : "entries")"
}

/// One entry of a batch, whose study and prices are read.
private struct BatchRun {
  let study: Study
  let market: StudyMarket
  private let entry: BatchEntry
  private let job: BatchJob
  private let context: CommandContext
  private let runner: StudyRunner

  init(_ entry: BatchEntry, of job: BatchJob, _ context: CommandContext) throws {
    self.entry = entry
    self.job = job
    self.context = context
    study = try Study.read(
      entry.path, overrides: entry.overrides + job.overrides, catalogue: job.catalogue
    ).study
    var runner = StudyRunner(study, threads: job.options.threads)
    runner.interrupt = context.interrupt
    job.options.store.open(for: study, &runner, context)
    market = try runner.readMarket()
    runner.market = market
    self.runner = runner
  }

  func perform() throws -> BatchRow {
    let place = job.plan.results == .all ? "\(job.folder)/\(entry.name)" : nil
    let claimed = try place.map {
      try ResultFolder($0, for: study, isForced: job.options.isForced)
    }
    let shown = claimed == nil ? "" : entry.name
    var runner = runner
    runner.resultFolder = claimed?.path
    if entry.command == .crossValidation {
      let outcome = try runner.crossValidate(keepingUnitsBeside: claimed?.path)
      try context.checkInterrupt()
      if let claimed { try outcome.write(to: claimed, interrupt: context.interrupt) }
      return BatchRow(outcome, folder: shown)
    }
    let outcome =
      switch entry.command {
      case .walkForward: try runner.walkForward()
      case .sweep: try runner.sweep()
      case .run, .crossValidation: try runner.run()
      }
    try context.checkInterrupt()
    if let claimed {
      try outcome.write(to: claimed, interrupt: context.interrupt)
      job.options.store.note(claimed.path, of: outcome)
    }
    return BatchRow(outcome, folder: shown)
  }
}

/// The tables of a batch on a terminal.
private struct BatchSummary {
  private let name: String
  private let table: BatchTable
  private let folder: String
  /// The most lines of a table on a terminal.
  private static let limit = 40

  init(_ name: String, _ table: BatchTable, folder: String) {
    self.name = name
    self.table = table
    self.folder = folder
  }

  var text: String {
    let failed = table.rows.count { $0.error != nil }
    var text = "\(name): \(entryCount(table.rows.count))"
    if failed > 0 { text += ", of which \(failed) failed" }
    text += "\n\n\(ranked)"
    if !table.groups.isEmpty { text += "\n\(compared)" }
    return text + "\nTables: \(folder)/batch.csv, \(folder)/comparison.csv\n"
  }

  private var ranked: String {
    let metrics = BatchRow.metricNames.compactMap { Metrics.find($0) }
    let shown = ([table.objective] + metrics.filter { $0.name != table.objective.name }).prefix(6)
    var text = TextTable([.right("rank"), .left("entry")] + shown.map { .right($0.title) })
    let ranking = table.ranking
    for (place, index) in ranking.prefix(Self.limit).enumerated() {
      let values = table.rows[index].metrics
      text.add(
        ["\(place + 1)", table.entries[index].name]
          + shown.map { $0.unit.format().text(values[$0.name]) })
    }
    let rest = ranking.count - Self.limit
    return text.text + (rest > 0 ? "and \(NumberText.grouped(rest)) more\n" : "")
  }

  private var compared: String {
    var text = TextTable([
      .left("varied"), .left("value"), .right("entries"), .right("failed"), .right("lowest"),
      .right("median"), .right("highest"),
    ])
    let format = table.objective.unit.format()
    for group in table.groups {
      text.add([
        group.level.dimension, group.level.value, "\(group.count)", "\(group.failedCount)",
        format.text(group.spread?.minimum), format.text(group.spread?.median),
        format.text(group.spread?.maximum),
      ])
    }
    return "\(table.objective.title)\n\(text.text)"
  }
}

extension BatchTable {
  /// The tables as `--json` prints them.
  fileprivate var json: JSONValue {
    [
      "objective": .text(objective.name),
      "entries": .list(
        zip(entries, rows).map { entry, row in
          [
            "name": .text(entry.name), "command": .text(entry.command.rawValue),
            "levels": .table(
              entry.levels.map { JSONMember(key: $0.dimension, value: .text($0.value)) }),
            "error": JSONValue(row.error), "fingerprint": .text(row.fingerprint),
            "folder": .text(row.folder),
            "metrics": .table(
              row.metrics.sorted { $0.key < $1.key }.map {
                JSONMember(key: $0.key, value: .number($0.value))
              }),
          ] as JSONValue
        }),
      "ranking": .list(ranking.map { .integer($0) }),
    ]
  }
}
