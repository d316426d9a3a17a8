import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

extension ParameterReader {
  /// The shard that is asked for; `nil` does all of the work.
  ///
  /// - Parameter fingerprint: what the run is expected to be, which is not known of a shard.
  mutating func shard(expecting fingerprint: RunFingerprint? = nil) -> Shard? {
    let count = optionalOption(
      "shards", .integer("n", .atLeast(1)),
      help: "Do one of n shards of the work, which 'merge' puts together.")
    let index = optionalOption(
      "shard", .integer("k", .notNegative),
      help: "Which of the shards, from 0 to n - 1: it does each unit whose number mod n is k.")
    require((count == nil) == (index == nil), "'--shards' and '--shard' are given together")
    guard let count, let index else { return nil }
    require(
      index < count,
      "'--shard' must be 0 to \(count - 1) with '--shards \(count)', not \(index): shards count "
        + "from 0")
    require(fingerprint == nil, "'--expect' is for a whole job; give it to 'run', not to a shard")
    return index < count ? Shard(index: index, of: count) : nil
  }
}

/// Does one shard of a command over one or more studies.
struct ShardJob: Sendable {
  var options: StudyJobOptions
  var catalogue: StrategyCatalogue
  var job: StudyCommand
  var shard: Shard

  func perform(in context: CommandContext) throws -> ExitCode {
    try options.forEachStudy(in: context) { path in try perform(path, context) }
  }

  private func perform(_ path: String, _ context: CommandContext) throws {
    let study = try Study.read(path, overrides: options.overrides, catalogue: catalogue).study
    let bars = StageProgress(context, isQuiet: options.isQuiet)
    defer { bars.finish() }
    let runner = StudyRunner(study, threads: options.threads, in: context, showing: bars)
    let place = StudyRunner.ShardPlace(folder: folder(for: study, path), isForced: options.isForced)
    { (path) throws(RunStoreError) in
      try options.store.ofShard(path, of: study, context)
    }
    let (progress, folder) = try runner.measure(shard, of: job, in: place)
    bars.finish()
    try context.checkInterrupt()
    ShardSummary(shard: shard, folder: folder.path, progress: progress).write(options, context)
  }

  /// The folder of all shards of a study.
  private func folder(for study: Study, _ path: String) -> String {
    let place = StudyJob(options: options, catalogue: catalogue)
    let folder = place.folder(for: study, path, isRepeated: false, command: job.rawValue)
    return options.out == nil ? "\(folder ?? job.rawValue).shards" : folder ?? job.rawValue
  }
}

extension Command {
  /// `merge`: the result of a job whose shards are done.
  static func merge(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "merge", summary: "Put the shards of a job together to its result.",
      discussion: """
        The shards are folders that run, walkforward, sweep, crossval or batch wrote with --shards \
        and --shard, or the folder above them. The files are, byte for byte, those of the same \
        command without shards. Windows that a walk-forward or a cross-validation tests follow \
        from what all shards found, so they are run here.

        All shards must be there, finished, and of one study, one set of prices and one build of \
        the program, which is also the one that merges them. The folders of the shards are kept.
        """
    ) { parameters in
      let folders = parameters.arguments(
        "folder", .folder(), isRequired: true, help: "Folders of shards, or the folder above them.")
      let options = StudyJobOptions(merging: &parameters)
      let place = parameters.optionalOption(
        "study-folder", .folder(),
        help: "Where the study's files are, when they are not where the shards found them.")
      return { context in
        let shards = try MergedShards(folders: folders)
        if shards.identity.job == .batch {
          try BatchJob(
            try shards.batch(in: place), options: options, catalogue: catalogue,
            overrides: shards.identity.overrides
          ).merge(shards, in: context)
          return .done
        }
        let study = try shards.study(catalogue, in: place)
        try MergeJob(options: options, catalogue: catalogue, shards: shards)
          .perform(study, in: context)
        return .done
      }
    }
  }
}

/// Finishes a job whose shards are done.
private struct MergeJob {
  var options: StudyJobOptions
  var catalogue: StrategyCatalogue
  var shards: MergedShards

  func perform(_ study: Study, in context: CommandContext) throws {
    let job = shards.identity.job
    let whole = StudyJob(options: options, catalogue: catalogue)
    var owners: [String: String] = [:]
    let folder = try whole.folder(
      for: study, study.fileName, isRepeated: false, command: job.rawValue
    ).map { try whole.claim($0, for: study, study.fileName, &owners) }
    do {
      switch job {
      case .crossValidation:
        try CrossValidationJob(options: options, catalogue: catalogue)
          .perform(study, folder, merging: shards, context)
      case .run:
        try whole.perform(
          study, study.fileName, .run, folder, merging: shards, context, { _, _ in })
      case .walkForward:
        try whole.perform(
          study, study.fileName, .walkForward, folder, merging: shards, context, { _, _ in })
      case .sweep:
        try whole.perform(
          study, study.fileName, .sweep, folder, merging: shards, context, showSweep)
      case .batch: preconditionFailure("a batch has no single study")
      }
    } catch let failure as StudyError {
      try context.checkInterrupt()
      throw CommandError.input(failure.message(of: study.fileName))
    }
  }
}
