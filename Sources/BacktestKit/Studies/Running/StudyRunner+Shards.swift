import BacktestCore
package import BacktestEvidence
import BacktestFiles

extension StudyRunner {
  /// Where a shard goes, and what of it may be replaced.
  package struct ShardPlace {
    /// The folder of all shards; each has a folder in it.
    package var folder: String
    /// Whether the shard's folder may hold something else.
    package var isForced: Bool
    /// Opens the store of the shard's trials; `nil` keeps none.
    package var store: (_ path: String) throws(RunStoreError) -> RunStore?

    /// A place for a shard.
    package init(
      folder: String, isForced: Bool = false,
      store: @escaping (_ path: String) throws(RunStoreError) -> RunStore? = { _ in nil }
    ) {
      self.folder = folder
      self.isForced = isForced
      self.store = store
    }
  }

  /// Does the units of one shard of a job that are not done yet, and keeps them in the shard's
  /// folder until all shards are merged.
  ///
  /// - Throws: `StudyError` as the whole job does, and where the folder cannot be used.
  package func measure(
    _ shard: Shard, of job: StudyCommand, in place: ShardPlace
  ) throws(StudyError) -> (progress: ShardProgress, folder: ShardFolder) {
    switch job {
    case .run: try measureRuns(shard, place)
    case .walkForward: try measureWalkForward(shard, place)
    case .sweep: try measureSweep(shard, place)
    case .crossValidation: try measureCrossValidation(shard, place)
    }
  }

  private func measureSweep(
    _ shard: Shard, _ place: ShardPlace
  ) throws(StudyError) -> (ShardProgress, ShardFolder) {
    let part = try plannedSweep()
    let market = try readMarket()
    let programs = try study.strategy.programs(interrupt)
    var sweep = try sweep(part, in: market, programs)
    let count = try StudyError.wrapping(.sweep) { try sweep.unitCount() }
    let (folder, trials) = try claim(place, shard, .sweep, market, unitCount: count)
    sweep.onTrial = trials.observer(study, market)
    sweep.finishedUnits = folder.finishedUnits(trials)
    let (prepared, stageProgress) = (sweep, stageProgress)
    let progress = try StudyError.wrapping(.sweep) {
      try prepared.measure(shard, threads: programs.isEmpty ? threads : 1) { done, total in
        stageProgress?(.searching, done, total)
      }
    }
    try programs.check()
    try folder.finish()
    return (progress, folder)
  }

  private func measureCrossValidation(
    _ shard: Shard, _ place: ShardPlace
  ) throws(StudyError) -> (ShardProgress, ShardFolder) {
    let part = try plannedCrossValidation()
    let market = try readMarket()
    let programs = try study.strategy.programs(interrupt)
    var validation = try crossValidation(part, in: market, programs)
    let count = try StudyError.wrapping(.crossValidation) { try validation.unitCount() }
    let (folder, trials) = try claim(place, shard, .crossValidation, market, unitCount: count)
    validation.onTrial = trials.observer(study, market)
    validation.finished = folder.finishedUnits(trials)
    let (prepared, stageProgress) = (validation, stageProgress)
    let progress = try StudyError.wrapping(.crossValidation) {
      try prepared.measure(shard, threads: programs.isEmpty ? threads : 1) { done, total in
        stageProgress?(.walkingForward, done, total)
      }
    }
    try programs.check()
    try folder.finish()
    return (progress, folder)
  }

  private func measureWalkForward(
    _ shard: Shard, _ place: ShardPlace
  ) throws(StudyError) -> (ShardProgress, ShardFolder) {
    let part = try plannedWalkForward()
    let market = try readMarket()
    var walks: [(walk: WalkForward, programs: PolicyPrograms, count: Int)] = []
    for index in 0..<(study.replicates?.count ?? 1) {
      let (variant, seed) = try replicate(index)
      let programs = try variant.strategy.programs(interrupt)
      let walk = try walkForward(part, of: variant, seed, in: market, programs)
      let count = try StudyError.wrapping(.walkForward) { try walk.unitCount() }
      walks.append((walk, programs, count))
    }
    let total = walks.reduce(0) { $0 + $1.count }
    let (folder, trials) = try claim(place, shard, .walkForward, market, unitCount: total)
    let units = folder.finishedUnits(trials)
    var sum = ShardProgress(total: 0, own: 0, kept: 0)
    for (index, (walk, programs, count)) in walks.enumerated() {
      var walk = walk
      walk.onTrial = trials.observer(try replicate(index).study, market)
      walk.finishedUnits = ShiftedUnits(units, from: sum.total)
      let (prepared, stageProgress, before) = (walk, stageProgress, sum)
      let own = shard.units(of: total).count
      let progress = try StudyError.wrapping(.walkForward) {
        try prepared.measure(
          shard, from: before.total, threads: programs.isEmpty ? threads : 1
        ) { done, _ in
          stageProgress?(.walkingForward, before.own + done, own)
        }
      }
      try programs.check()
      sum.total += count
      sum.own += progress.own
      sum.kept += progress.kept
    }
    try folder.finish()
    return (sum, folder)
  }

  private func measureRuns(
    _ shard: Shard, _ place: ShardPlace
  ) throws(StudyError) -> (ShardProgress, ShardFolder) {
    try checkReplicatesOfRun()
    let market = try readMarket()
    let total = study.replicates?.count ?? 1
    let (folder, trials) = try claim(place, shard, .run, market, unitCount: total)
    let units = folder.finishedUnits(trials)
    var progress = ShardProgress(total: total, own: 0, kept: 0)
    for unit in shard.units(of: total) {
      progress.own += 1
      guard units.bytes(of: unit) == nil else {
        progress.kept += 1
        continue
      }
      let (variant, _) = try replicate(unit)
      let outcome = try run(variant, market)
      trials.observer(variant, market)?(
        Trial(outcome.metrics, of: outcome.result, parameters: variant.strategy.parameters))
      units.add(RunMetrics.bytes(of: outcome.metrics.valuesByName), of: unit)
    }
    try folder.finish()
    return (progress, folder)
  }

  /// The study of a replicate and what `{seed}` is replaced with; the study itself where it asks
  /// for none.
  private func replicate(_ index: Int) throws(StudyError) -> (study: Study, seed: Int) {
    let ownSeed = Int(clamping: study.seed)
    guard let replicates = study.replicates else { return (study, ownSeed) }
    let (variant, seed) = try study.replicate(index, of: replicates)
    return (variant, seed ?? ownSeed)
  }

  private func claim(
    _ place: ShardPlace, _ shard: Shard, _ job: StudyCommand, _ market: StudyMarket, unitCount: Int
  ) throws(StudyError) -> (ShardFolder, JobTrials) {
    let path = ShardFolder.path(of: shard, in: place.folder)
    let identity = try StudyError.wrapping(.file) {
      try ShardIdentity(job, study, market, shardCount: shard.count, unitCount: unitCount)
    }
    let folder = try ShardFolder(
      path, shard, identity, studyFolder: study.folder, studyFile: study.fileName,
      isForced: place.isForced)
    let store = try StudyError.wrapping(.file) {
      try place.store("\(path)/\(ShardFolder.Entry.trials)")
    }
    return (folder, JobTrials(store: store))
  }
}

/// The metrics of a run as a shard keeps them: one number for each metric of the catalogue.
private enum RunMetrics {
  static func bytes(of values: [String: Double]) -> [UInt8] {
    Metrics.all.flatMap { metric in
      withUnsafeBytes(of: (values[metric.name] ?? .nan).bitPattern.littleEndian) { Array($0) }
    }
  }

  /// The values by name; `nil` where the bytes are not those of all metrics.
  static func values(in bytes: [UInt8]) -> [String: Double]? {
    guard bytes.count == 8 * Metrics.all.count else { return nil }
    var values: [String: Double] = [:]
    for (index, metric) in Metrics.all.enumerated() {
      let word = (0..<8).reduce(UInt64(0)) {
        $0 | UInt64(bytes[8 * index + $1]) << UInt64(8 * $1)
      }
      let value = Double(bitPattern: word)
      if !value.isNaN { values[metric.name] = value }
    }
    return values
  }
}

extension MergedShards {
  /// The metrics of a replicate's run by name; `nil` where its shard has none.
  func metrics(ofRun unit: Int) -> [String: Double]? {
    bytes(of: unit).flatMap(RunMetrics.values)
  }
}

extension PerformanceMetrics {
  /// The metrics that have a value, by name.
  var valuesByName: [String: Double] {
    var values: [String: Double] = [:]
    for (metric, value) in all { values[metric.name] = value }
    return values
  }
}
