import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// The folder of one shard of a job, which keeps what its units gave until all shards are merged.
///
/// It holds `shard.json`, which says what the shard belongs to, `units`, a record for each finished
/// unit, and `trials.sqlite`, the trials behind them; those of a batch are in `trials-0.sqlite` and so
/// on, one for each folder of studies. A shard that is killed, or done twice, goes
/// on with what is in the folder.
package final class ShardFolder: Sendable {
  /// The folder.
  package let path: String
  /// Which shard it is.
  let shard: Shard
  private let identity: ShardIdentity
  package let units: UnitJournal
  private let lock: PathLock?
  private let studyFolder: String
  private let studyFile: String

  /// The names of what the folder holds.
  enum Entry {
    static let record = "shard.json"
    static let units = "units"
    static let trials = "trials.sqlite"
  }

  /// Claims the folder of a shard of a batch.
  ///
  /// - Parameters:
  ///   - folder: the folder of all shards.
  ///   - overrides: what is replaced in all studies besides what the batch file says.
  ///   - isForced: whether the shard's folder may hold something else.
  /// - Throws: `StudyError` where it cannot be written to, another job has it, or it holds
  ///   something else.
  package convenience init(
    _ shard: Shard, of plan: BatchPlan, overrides: [String], in folder: String, isForced: Bool
  ) throws(StudyError) {
    let identity = try StudyError.wrapping(.file) {
      try ShardIdentity(plan, overrides: overrides, shardCount: shard.count)
    }
    try self.init(
      Self.path(of: shard, in: folder), shard, identity, studyFolder: plan.folder,
      studyFile: plan.fileName, isForced: isForced)
  }

  /// The store with the trials of a batch's studies in one folder.
  ///
  /// - Parameter place: the number of the folder of studies, from 0.
  package static func trialStore(_ place: Int, in folder: String) -> String {
    "\(folder)/trials-\(place).sqlite"
  }

  /// The folder of a shard in that of all shards: `2-of-8`.
  package static func path(of shard: Shard, in folder: String) -> String {
    "\(folder)/\(shard.index)-of-\(shard.count)"
  }

  /// Claims the folder of a shard.
  ///
  /// - Parameter isForced: whether it may hold something else.
  /// - Throws: `StudyError` where it cannot be written to, another job has it, or it holds
  ///   something else.
  init(
    _ path: String, _ shard: Shard, _ identity: ShardIdentity, studyFolder: String,
    studyFile: String, isForced: Bool
  ) throws(StudyError) {
    self.path = path
    self.shard = shard
    self.identity = identity
    self.studyFolder = relativePath(from: path, to: studyFolder)
    self.studyFile = studyFile
    lock = try StudyError.wrapping(.file) {
      _ = try FolderTree.make(path)
      guard case .locked(let lock) = PathLock.attempt(folder: path) else {
        throw StudyError(
          .file, "\(path): another job is doing this shard; wait for it, or choose another folder")
      }
      let names = try FolderTree.names(in: path).filter { !$0.hasPrefix(".") }
      guard isForced || names.isEmpty || names.contains(Entry.record) else {
        throw StudyError(
          .file,
          "\(path) is no folder of a shard: it holds \(quotedForMessage(names.sorted()[0])); "
            + "choose another folder, or write into it with --force")
      }
      return lock
    }
    units = UnitJournal(path: "\(path)/\(Entry.units)", key: identity.key)
    try write(isFinished: false)
  }

  /// Where the shard's units are kept; those whose trials are stored count as finished.
  func finishedUnits(_ trials: JobTrials) -> any FinishedUnits {
    trials.storing(before: units) ?? units
  }

  /// Says that all units are done.
  ///
  /// - Throws: `StudyError` where they could not be kept.
  package func finish() throws(StudyError) {
    guard units.isKept else {
      throw StudyError(
        .file,
        "\(path)/\(Entry.units): what the units gave could not be written; make room on the disk "
          + "and run this shard again")
    }
    try write(isFinished: true)
  }

  private func write(isFinished: Bool) throws(StudyError) {
    let json = identity.json(
      shard: shard.index, isFinished: isFinished, studyFolder: studyFolder, studyFile: studyFile)
    try StudyError.wrapping(.file) {
      try FileBytes.write(JSONWriter.bytes(of: json), to: "\(path)/\(Entry.record)")
    }
  }
}
