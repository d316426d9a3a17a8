import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies
internal import Glibc

/// Where a command stores runs: `--store`, else the variable `BACKTESTKIT_STORE`, else
/// `.backtestkit/runs.sqlite` beside the study.
struct StorePlace: Sendable {
  /// The path, or `none`; `nil` is the default.
  let given: String?

  /// The variable that names a store where the command line names none.
  static let variable = "BACKTESTKIT_STORE"

  /// The place from the folder of a study.
  static let standard = ".backtestkit/runs.sqlite"

  init(_ parameters: inout ParameterReader) {
    given = parameters.optionalOption(
      "store", .text("path", completion: .files(["sqlite"])),
      help: "The store in which trials are counted, or 'none' (default: $\(Self.variable), or "
        + "\(Self.standard) beside the study).")
  }

  /// The path of the store; `nil` where none is wanted.
  func path(for folder: String) -> String? {
    let named = given ?? getenv(Self.variable).map { String(cString: $0) }
    guard let named, !named.isEmpty else {
      return folder == "." ? Self.standard : "\(folder)/\(Self.standard)"
    }
    return named == "none" ? nil : named
  }

  /// Gives the store of a study to what runs it. An unusable one costs the count and never
  /// the run.
  func open(for study: Study, _ runner: inout StudyRunner, _ context: CommandContext) {
    guard let path = path(for: study.folder) else { return }
    let clock = context.wallClock
    do throws(RunStoreError) {
      runner.store = try RunStore(path: path, now: clock)
    } catch {
      runner.storeAbsence = error.description
    }
  }

  /// Adds the trials of shards to the store of what merges them.
  func merge(
    _ shards: MergedShards, into runner: inout StudyRunner, _ context: CommandContext
  ) throws {
    runner.shards = shards
    guard let store = runner.store else { return }
    let stores = shards.trialStores
    if stores.count < shards.folders.count {
      context.report(
        "warning: \(shards.folders.count - stores.count) of "
          + "\(NumberText.count(shards.folders.count, "shard")) kept no trials, which are not "
          + "counted")
    }
    for path in stores { try store.add(try RunStore(reading: path)) }
  }

  /// The store of a shard's own trials; `nil` where none is wanted.
  func ofShard(
    _ path: String, of study: Study, _ context: CommandContext
  ) throws(RunStoreError) -> RunStore? {
    guard self.path(for: study.folder) != nil else { return nil }
    return try RunStore(path: path, now: context.wallClock)
  }

  /// Says in one line that trials are not counted although a store was wanted.
  func warn(of trials: TrialCounting, _ context: CommandContext) {
    guard case .notCounted(let reason) = trials, reason != TrialCounting.noStore else { return }
    context.report("warning: the trials of this run are not counted: \(reason)")
  }

  /// Notes where the files of an outcome are.
  func note(_ folder: String, of outcome: StudyOutcome) {
    guard let number = outcome.storedNumber, let path = path(for: outcome.study.folder) else {
      return
    }
    guard let store = try? RunStore(changing: path, now: nil) else { return }
    try? store.setFolder(relativePath(from: folderPath(of: path), to: folder), ofRun: number)
  }

  /// The store of a command about runs.
  ///
  /// - Throws: `RunStoreError` where it cannot be used.
  func store(writing: Bool, _ context: CommandContext) throws(RunStoreError) -> RunStore {
    guard let path = path(for: ".") else {
      throw RunStoreError("none", .invalid("this command needs a store; name one with '--store'"))
    }
    guard writing else { return try RunStore(reading: path) }
    return try RunStore(changing: path, now: context.wallClock)
  }
}
