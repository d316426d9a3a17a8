package import BacktestCore
import BacktestEvidence
package import BacktestFiles

/// The units of all shards of a job, with the study that they belong to.
///
///     let shards = try MergedShards(folders: ["out.shards"])
///     let study = try shards.study(catalogue)
///
/// All of it is checked before anything is computed: that no shard is missing or twice there, that
/// all belong to one job and to this program, and that each has all its units.
package final class MergedShards: FinishedUnits {
  /// What they have in common.
  package let identity: ShardIdentity
  /// Their folders, in the order of the shards.
  package let folders: [String]
  private let units: [Int: [UInt8]]
  private let first: Found

  /// A shard as its folder has it.
  private struct Found {
    var folder: String
    var index: Int
    var identity: ShardIdentity
    var studyFolder: String
    var studyFile: String

    var name: String { "shard \(index) (\(folder))" }
  }

  /// The shards in some folders, or in the folders below them.
  ///
  /// - Throws: `StudyError` with what is missing, differs or is damaged.
  package init(folders: [String]) throws(StudyError) {
    var found: [Found] = []
    for folder in folders {
      for place in try Self.places(in: folder) { found.append(try Self.read(place)) }
    }
    found.sort { ($0.index, $0.folder) < ($1.index, $1.folder) }
    first = found[0]
    identity = first.identity
    self.folders = found.map(\.folder)
    try Self.check(found)
    var units: [Int: [UInt8]] = [:]
    for shard in found {
      let own = try Self.units(of: shard)
      units.merge(own) { one, _ in one }
    }
    self.units = units
  }

  package func bytes(of unit: Int) -> [UInt8]? { units[unit] }

  /// Keeps nothing: all units are there.
  package func add(_ bytes: [UInt8], of unit: Int) {}

  /// The study of the shards.
  ///
  /// - Parameter folder: where its files are; `nil` is where they were, seen from the shards.
  /// - Throws: `DocumentError` where the study cannot be read by this program.
  package func study(
    _ catalogue: StrategyCatalogue, in folder: String?
  ) throws(DocumentError) -> Study {
    var study = try Study(
      document: identity.study, folder: folder ?? studyFolder, catalogue: catalogue)
    study.fileName = first.studyFile
    return study
  }

  private var studyFolder: String {
    relativePath(from: ".", to: "\(first.folder)/\(first.studyFolder)")
  }

  /// Refuses a study, bars or a program other than those of the shards.
  ///
  /// - Throws: `StudyError` with what differs.
  func check(_ study: Study, _ market: StudyMarket) throws(StudyError) {
    guard let command = StudyCommand(rawValue: identity.job.rawValue) else {
      preconditionFailure("a batch has no single study")
    }
    let own = try StudyError.wrapping(.file) {
      try ShardIdentity(
        command, study, market, shardCount: identity.shardCount, unitCount: identity.unitCount)
    }
    try check(own)
  }

  /// The batch of the shards.
  ///
  /// - Parameter folder: where its files are; `nil` is where they were, seen from the shards.
  /// - Throws: `DocumentError` where this program cannot read it, `StudyError` where it is not the
  ///   program of the shards.
  package func batch(in folder: String?) throws -> BatchPlan {
    let plan = try BatchPlan(
      identity.study, folder: folder ?? studyFolder, fileName: first.studyFile)
    let own = try StudyError.wrapping(.file) {
      try ShardIdentity(plan, overrides: identity.overrides, shardCount: identity.shardCount)
    }
    try check(own)
    return plan
  }

  private func check(_ own: ShardIdentity) throws(StudyError) {
    guard let difference = own.difference(from: identity, called: "this merge", first.name) else {
      return
    }
    throw StudyError(
      .file,
      "\(first.folder): \(difference); merge with the same program, files and prices, or run the "
        + "shards again")
  }

  /// The stores with the trials of the shards that have one.
  package var trialStores: [String] {
    folders.map { "\($0)/\(ShardFolder.Entry.trials)" }.filter(fileExists)
  }

  /// The stores with the trials of a batch's studies in one folder.
  ///
  /// - Parameter place: the number of the folder of studies, from 0.
  package func trialStores(_ place: Int) -> [String] {
    folders.map { ShardFolder.trialStore(place, in: $0) }.filter(fileExists)
  }
}

// Reading
extension MergedShards {
  /// The folders of shards that a path names.
  private static func places(in folder: String) throws(StudyError) -> [String] {
    if fileExists("\(folder)/\(ShardFolder.Entry.record)") { return [folder] }
    let names = try StudyError.wrapping(.file) { try FolderTree.names(in: folder) }
    let places = names.sorted().map { "\(folder)/\($0)" }
      .filter { fileExists("\($0)/\(ShardFolder.Entry.record)") }
    guard !places.isEmpty else {
      throw StudyError(
        .file,
        "\(folder): there are no shards here; name the folders that hold a "
          + "\(ShardFolder.Entry.record), or the folder above them")
    }
    return places
  }

  private static func read(_ folder: String) throws(StudyError) -> Found {
    let path = "\(folder)/\(ShardFolder.Entry.record)"
    let found = try StudyError.wrapping(.file) {
      try DocumentReader.read(path: path).decode { table in
        if table.value("schema", .text) != ShardIdentity.schema {
          table.report("the schema must be '\(ShardIdentity.schema)'", at: "schema")
        }
        let count = table.value("shards", .integer(.atLeast(1)))
        let index = table.value("shard", .integer(.notNegative))
        if index >= count {
          table.report("the shard must be 0 to \(count - 1), not \(index)", at: "shard")
        }
        _ = table.value("finished", .flag)
        return Found(
          folder: folder, index: index, identity: ShardIdentity(&table, shardCount: count),
          studyFolder: table.value("study-folder", .text),
          studyFile: table.value("study-file", .text))
      }
    }
    return found
  }

  /// Refuses shards of several jobs, one that is there twice, and gaps.
  private static func check(_ found: [Found]) throws(StudyError) {
    let first = found[0]
    for other in found.dropFirst() {
      if let difference = other.identity.difference(
        from: first.identity, called: other.name, first.name)
      {
        throw StudyError(
          .file, "\(other.folder): it is no shard of the same job: \(difference)")
      }
    }
    for (one, other) in zip(found, found.dropFirst()) where one.index == other.index {
      throw StudyError(
        .file,
        "\(other.folder): shard \(one.index) is in \(one.folder) too; leave out one of them")
    }
    let there = Set(found.map(\.index))
    let missing = (0..<first.identity.shardCount).filter { !there.contains($0) }
    guard missing.isEmpty else {
      throw StudyError(
        .file,
        "\(NumberText.count(missing.count, "shard")) of \(first.identity.shardCount) "
          + "\(missing.count == 1 ? "is" : "are") missing: "
          + "\(NumberText.list(missing.map(String.init), limit: 20)); run "
          + "\(missing.count == 1 ? "it" : "them") with --shards \(first.identity.shardCount) "
          + "--shard \(missing[0])\(missing.count == 1 ? "" : " and so on")")
    }
  }

  /// The units of a shard, all of them.
  private static func units(of found: Found) throws(StudyError) -> [Int: [UInt8]] {
    let identity = found.identity
    let records: [Int: [UInt8]]
    do throws(FileError) {
      records = try RecordJournal.records(
        at: "\(found.folder)/\(ShardFolder.Entry.units)", key: identity.key)
    } catch {
      throw StudyError(.file, "\(error); run shard \(found.index) again to repair it")
    }
    let shard = Shard(index: found.index, of: identity.shardCount)
    let wanted = shard.units(of: identity.unitCount)
    if let stranger = records.keys.filter({ !shard.contains($0) || $0 >= identity.unitCount }).min()
    {
      throw StudyError(
        .file,
        "\(found.folder): unit \(stranger) does not belong to shard \(found.index) of "
          + "\(identity.shardCount); run the shard again in an empty folder")
    }
    let count = wanted.count { records[$0] != nil }
    guard count == wanted.count else {
      throw StudyError(
        .file,
        "\(found.folder): shard \(found.index) is not finished: \(NumberText.grouped(count)) of "
          + "\(NumberText.count(wanted.count, "unit")) are done; run it again, and it goes on "
          + "with the others")
    }
    return records
  }
}
