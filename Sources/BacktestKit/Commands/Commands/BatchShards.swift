import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

// In shards
extension BatchJob {
  /// Does the entries of a shard that are not done yet. Their files go where those of the whole batch
  /// go; what the tables need is kept in the shard's folder.
  func perform(_ shard: Shard, in context: CommandContext) throws -> ExitCode {
    guard !isOrdered else {
      throw CommandError.input(
        "a shard cannot know how many trials were counted before it, which each result says; add "
          + "'--store none', or write 'results: none' into the batch file")
    }
    let place = try ShardFolder(
      shard, of: plan, overrides: overrides, in: "\(folder).shards", isForced: options.isForced)
    let all = plan.entries
    let entries = shard.units(of: all.count).map { all[$0] }
    let kept = entries.count { place.units.bytes(of: $0.index) != nil }
    var job = self
    job.shardStores = [:]
    for (number, path) in stores(of: all).enumerated() {
      job.shardStores?[path] = try RunStore(
        path: ShardFolder.trialStore(number, in: place.path), now: context.wallClock)
    }
    let rows = try job.rows(of: entries, place.units, context)
    try place.finish()
    let failed = rows.indices.filter { rows[$0].error != nil }
    report(failed, of: entries, rows, context)
    ShardSummary(
      shard: shard, folder: place.path, failed: failed.count,
      progress: ShardProgress(total: all.count, own: entries.count, kept: kept)
    ).write(options, context)
    return .done
  }

  /// Writes the tables of a batch whose shards are done, after checking that each entry is still
  /// what its shard has done.
  func merge(_ shards: MergedShards, in context: CommandContext) throws {
    let entries = plan.entries
    var rows: [BatchRow] = []
    var reader = self
    // Reading a study opens no store.
    reader.shardStores = [:]
    for entry in entries {
      try context.checkInterrupt()
      let shard = entry.index % shards.identity.shardCount
      guard let row = shards.bytes(of: entry.index).flatMap({ BatchRow(bytes: $0) }) else {
        throw CommandError.input(
          "\(shards.folders[shard]): what entry \(entry.name) gave cannot be read; run shard "
            + "\(shard) again")
      }
      guard row.key == reader.key(of: entry, context) else {
        throw CommandError.input(
          "\(entry.name): its study, its policy or its prices have changed since shard \(shard) was "
            + "run; run it again")
      }
      guard row.error != nil || isThere(row) else {
        throw CommandError.input(
          "\(folder)/\(row.folder) has no result.json; put the entries' folders of shard \(shard) "
            + "there, or run it again")
      }
      rows.append(row)
    }
    for (number, path) in stores(of: entries).enumerated() {
      let trials = shards.trialStores(number)
      guard !trials.isEmpty else { continue }
      let store = try RunStore(path: path, now: context.wallClock)
      for trial in trials { try store.add(try RunStore(reading: trial)) }
    }
    try finish(entries, rows, context)
  }

  /// The stores of the entries' studies, in order of appearance; none where none are wanted.
  private func stores(of entries: [BatchEntry]) -> [String] {
    var paths: [String] = []
    for entry in entries {
      guard let path = options.store.path(for: folderPath(of: entry.path)) else { return [] }
      if !paths.contains(path) { paths.append(path) }
    }
    return paths
  }
}

/// What a shard did, for the terminal.
struct ShardSummary {
  var shard: Shard
  var folder: String
  /// The number of units that have failed.
  var failed = 0
  var progress: ShardProgress

  func write(_ options: StudyJobOptions, _ context: CommandContext) {
    if options.printsJSON {
      let json: JSONValue = [
        "folder": .text(folder), "shards": .integer(shard.count), "shard": .integer(shard.index),
        "units": .integer(progress.own), "done-before": .integer(progress.kept),
        "failed": .integer(failed), "units-of-all-shards": .integer(progress.total),
      ]
      context.output.write(String(decoding: JSONWriter.bytes(of: json), as: UTF8.self))
    } else if !options.isQuiet {
      var parts =
        "\(NumberText.grouped(progress.own)) of \(NumberText.count(progress.total, "unit"))"
      if progress.kept > 0 {
        parts += ", \(NumberText.grouped(progress.kept)) of them done before"
      }
      if failed > 0 { parts += ", \(NumberText.grouped(failed)) failed" }
      context.output.write("Shard \(shard): \(parts), in \(folder)\n")
    }
  }
}
