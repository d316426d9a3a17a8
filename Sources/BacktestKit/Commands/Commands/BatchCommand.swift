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

        With --shards and --shard it does a part of the entries, on any machine that sees the \
        folder of results; 'merge' writes the tables.
        """
    ) { parameters in
      let path = parameters.argument(
        "file", .file(endings: ["yaml", "yml", "json"]), help: "The batch file.")
      let options = StudyJobOptions(merging: &parameters)
      let overrides = parameters.options(
        "set", .text("key=value"), help: "Override a key of all studies.")
      let shard = parameters.shard()
      return { context in
        let job = try BatchJob(
          BatchPlan(path: path), options: options, catalogue: catalogue, overrides: overrides)
        if let shard { return try job.perform(shard, in: context) }
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
  let overrides: [String]
  /// Where the tables and the folders of entries go.
  let folder: String
  /// The stores of a shard, by the store to which they are added later; `nil` where entries use
  /// the stores of their studies.
  var shardStores: [String: RunStore]?

  /// - Throws: `DocumentError` where an override cannot be read, which is a fault of the command
  ///   line and not of the entries.
  init(
    _ plan: BatchPlan, options: StudyJobOptions, catalogue: StrategyCatalogue, overrides: [String]
  ) throws(DocumentError) {
    for override in overrides { _ = try DocumentOverride(parsing: override) }
    self.plan = plan
    self.options = options
    self.catalogue = catalogue
    self.overrides = overrides
    let stem = plan.fileName.lastIndex(of: ".").map { String(plan.fileName[..<$0]) }
    folder =
      options.out ?? plan.outputFolder.map(plan.resolved)
      ?? "Reports/\(stem ?? plan.fileName)-batch"
  }

  func perform(in context: CommandContext) throws -> ExitCode {
    let entries = plan.entries
    let journal = UnitJournal(beside: folder, of: "batch")
    let rows = try rows(of: entries, journal, context)
    try finish(entries, rows, context)
    journal.remove()
    return .done
  }

  /// Does entries and keeps what they give.
  func rows(
    of entries: [BatchEntry], _ journal: UnitJournal, _ context: CommandContext
  ) throws -> [BatchRow] {
    // A metric that there is not is found out before the work.
    _ = try BatchTable(objective: plan.objective, entries: [], rows: [])
    _ = try FolderTree.make(folder)
    let bars = StageProgress(context, isQuiet: options.isQuiet)
    defer { bars.finish() }
    let rows = try parallelMap(
      count: entries.count, threads: isOrdered ? 1 : options.threads,
      progress: { bars.show(plan.name, $0, of: entries.count, isCounted: true) }
    ) { index in
      try context.checkInterrupt()
      return try row(of: entries[index], journal, context)
    }
    bars.finish()
    try context.checkInterrupt()
    return rows
  }

  /// Whether entries must be done one after the other: each result that is written counts the
  /// trials before it, which are the same only in one order.
  var isOrdered: Bool {
    plan.results == .all && options.store.path(for: ".") != nil
  }

  private func row(
    of entry: BatchEntry, _ journal: UnitJournal, _ context: CommandContext
  ) throws -> BatchRow {
    var key = ""
    do {
      let run = try BatchRun(entry, of: self, context)
      key = run.key
      if let kept = journal.bytes(of: entry.index).flatMap({ BatchRow(bytes: $0) }),
        kept.key == key, kept.error == nil, isThere(kept)
      {
        return kept
      }
      var row = try run.perform()
      row.key = key
      journal.add(row.bytes, of: entry.index)
      return row
    } catch let failure as CommandError {
      throw failure
    } catch {
      // What was interrupted has failed for that reason alone.
      try context.checkInterrupt()
      var row = BatchRow(error: (error as? StudyError)?.message(of: entry.path) ?? "\(error)")
      row.key = key
      journal.add(row.bytes, of: entry.index)
      return row
    }
  }

  /// What an entry's result depends on; empty where its study or its prices cannot be read.
  func key(of entry: BatchEntry, _ context: CommandContext) -> String {
    (try? BatchRun(entry, of: self, context).key) ?? ""
  }

  /// Whether the files that a row speaks of are there.
  func isThere(_ row: BatchRow) -> Bool {
    plan.results == .none ? row.folder.isEmpty : fileExists("\(folder)/\(row.folder)/result.json")
  }

  /// Writes the tables, prints what came out, and fails where an entry has.
  func finish(_ entries: [BatchEntry], _ rows: [BatchRow], _ context: CommandContext) throws {
    let table = try BatchTable(objective: plan.objective, entries: entries, rows: rows)
    try table.write(to: folder, interrupt: context.interrupt)
    if options.printsJSON {
      context.output.write(String(decoding: JSONWriter.bytes(of: table.json), as: UTF8.self))
    } else if !options.isQuiet {
      context.output.write(
        BatchSummary(plan.name, table, folder: folder, width: context.output.tableWidth).text)
    }
    let failed = table.rows.indices.filter { table.rows[$0].error != nil }
    guard !failed.isEmpty else { return }
    report(failed, of: entries, rows, context)
    throw CommandError.input(
      "\(failed.count) of \(entryCount(table.rows.count)) failed: "
        + NumberText.list(failed.map { table.entries[$0].name }, limit: 20))
  }

  /// Prints why entries have failed.
  func report(
    _ failed: [Int], of entries: [BatchEntry], _ rows: [BatchRow], _ context: CommandContext
  ) {
    for index in failed.prefix(20) {
      context.report("\(entries[index].name): \(rows[index].error ?? "")")
    }
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
    if let stores = job.shardStores {
      runner.store = job.options.store.path(for: study.folder).flatMap { stores[$0] }
    } else {
      job.options.store.open(for: study, &runner, context)
    }
    market = try runner.readMarket()
    runner.market = market
    self.runner = runner
  }

  /// The digest of all that the result depends on but the program.
  var key: String {
    UnitJournal.digest(of: entry.command.rawValue, study, market).hexadecimal
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
  private let width: Int?
  /// The most lines of a table on a terminal.
  private static let limit = 40

  init(_ name: String, _ table: BatchTable, folder: String, width: Int?) {
    self.name = name
    self.table = table
    self.folder = folder
    self.width = width
  }

  var text: String {
    let failed = table.rows.count { $0.error != nil }
    var text = "\(name): \(entryCount(table.rows.count))"
    if failed > 0 { text += ", of which \(failed) failed" }
    text += "\n\n\(ranked)"
    if let repeated { text += "\n\(repeated)\n" }
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
    return text.text(in: width) + (rest > 0 ? "and \(NumberText.grouped(rest)) more\n" : "")
  }

  /// Says that entries gave the very same; `nil` where all differ.
  private var repeated: String? {
    let done = table.rows.filter { $0.error == nil }
    let count = done.count - Set(done.map(\.fingerprint)).count
    guard count > 0 else { return nil }
    return "\(entryCount(count)) gave the same as another one, to the last digit: what "
      + "distinguishes them has no effect there (equal fingerprints in batch.csv)"
  }

  private var compared: String {
    var text = TextTable([
      .left("varied"), .left("value"), .right("entries"), .right("failed"), .right("lowest"),
      .right("median"), .right("highest"),
    ])
    let format = table.objective.unit.format()
    for group in table.groups {
      text.add([
        group.level.dimension, group.level.value, NumberText.grouped(group.count),
        NumberText.grouped(group.failedCount),
        format.text(group.spread?.minimum), format.text(group.spread?.median),
        format.text(group.spread?.maximum),
      ])
    }
    return "\(table.objective.title)\n\(text.text(in: width))"
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
