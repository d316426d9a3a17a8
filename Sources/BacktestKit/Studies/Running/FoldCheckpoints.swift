import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestPolicies

/// Finds or trains the checkpoint of each fold.
struct FoldCheckpoints: Sendable {
  let study: Study
  let policy: StudyPolicy
  let training: StudyTraining
  let market: StudyMarket
  /// What `{seed}` is replaced with.
  let seed: Int
  /// Whether whoever runs the study asked to stop.
  let isInterrupted: @Sendable () -> Bool
  /// Whether the user of the program did.
  let interrupt: Interrupt

  /// The strategy of a fold.
  func strategy(of fold: FoldPeriod) throws(EvidenceError) -> FoldStrategy {
    do {
      let (place, name, keptIn) = try checkpoint(of: fold)
      let own = try replacement(with: place, named: name, keptIn: keptIn)
      var strategy = study.strategy
      strategy.policies = [own]
      let programs = try PolicyPrograms(strategy.policies, interrupt: interrupt)
      _ = try strategy.make(sharing: programs, in: market)
      return FoldStrategy(
        strategy.definition(sharing: programs),
        source: FoldSource(
          path: name, digest: own.trained?.weightsDigest ?? "",
          trainedUntil: own.manifestDigest == policy.manifestDigest
            ? nil : own.manifest.trainedUntil))
    } catch {
      throw .strategy(fold: fold.index, testDates: fold.testDates, reason: "\(error)")
    }
  }

  /// The policy with the checkpoint of a fold.
  private func replacement(
    with place: String, named name: String, keptIn: String?
  ) throws(PolicyError) -> StudyPolicy {
    do throws(PolicyError) {
      return try policy.replacing(with: place, named: name)
    } catch {
      // A checkpoint of the cache may be that of a manifest that has changed since.
      guard let keptIn else { throw error }
      throw PolicyError("\(name): \(error); remove the folder \(keptIn) to train it again")
    }
  }

  /// The bars that a training may know, so that later ones do not train anew.
  private func bars(until end: CivilDate) -> [BarSeries] {
    market.universe.series.compactMap { series in
      let calendar = series.calendar ?? AlwaysOpenCalendar()
      let count = series.closeTimes.firstIndex { calendar.sessionDate(of: $0) > end }
      let known = count ?? series.count
      return known == 0 ? nil : series.rows(0..<known)
    }
  }

  /// The folder of a checkpoint beside which its training wrote a manifest, and says itself how it
  /// observes.
  private func ownManifest(beside checkpoint: String) -> String? {
    let folder = folderPath(of: checkpoint)
    return fileExists("\(folder)/manifest.json") ? folder : nil
  }

  /// Where the checkpoint lies, what results call it, and the folder of the cache that holds it.
  private func checkpoint(
    of fold: FoldPeriod
  ) throws(PolicyError) -> (place: String, name: String, keptIn: String?) {
    let values = [
      "train_start": "\(fold.trainDates.lowerBound)", "train_end": "\(fold.trainDates.upperBound)",
      "test_start": "\(fold.testDates.lowerBound)", "test_end": "\(fold.testDates.upperBound)",
      "fold": "\(fold.index)", "seed": "\(seed)",
    ]
    guard training.isCommand else {
      let name = training.template.substituted(values)[0]
      return (study.resolved(name), name, nil)
    }
    var work = CheckpointCache.Training(training.template, values: values)
    work.data = CheckpointCache.digest(of: bars(until: fold.trainDates.upperBound))
    work.folder = study.folder
    work.inputs = training.inputs
    work.fileName = training.fileName
    work.limit = training.limit
    do throws(PolicyError) {
      let made = try interrupt.shield { () throws(PolicyError) in
        try CheckpointCache(folder: study.resolved(training.cache)).checkpoint(
          for: work, isInterrupted: { interrupt.isRaised || isInterrupted() }
        ) { (path) throws(PolicyError) in
          let place = ownManifest(beside: path) ?? path
          _ = try policy.replacing(with: place, named: training.fileName)
        }
      }
      let name = "\(training.cache)/\(made.key)"
      let keptIn = study.resolved(name)
      guard let folder = ownManifest(beside: made.path) else {
        return (made.path, "\(name)/\(training.fileName)", keptIn)
      }
      return (folder, name, keptIn)
    } catch {
      guard error.lastLines.count > 1 else { throw error }
      // The last line of standard error is often not the reason, so all of the last lines are
      // shown.
      throw PolicyError(
        source: error.source,
        "\(error.problem); its last lines:\n"
          + error.lastLines.map { "  \($0)" }.joined(separator: "\n"))
    }
  }
}
