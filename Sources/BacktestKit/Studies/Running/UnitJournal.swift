package import BacktestCore
import BacktestEvidence
import BacktestFiles

/// The finished units of a job on a study, in a hidden file beside the folder of its results.
///
///     let journal = UnitJournal(beside: "Reports/demo-sweep", of: "sweep", study, market)
///     let result = try sweep.run(finished: journal)
///     journal.remove()   // once the results are written
///
/// It belongs to one study, with the same prices, and to one build of the program: anything else
/// begins anew.
package final class UnitJournal: FinishedUnits {
  private let journal: RecordJournal

  /// The journal of a job.
  ///
  /// - Parameters:
  ///   - folder: where the results will go; the job has claimed it.
  ///   - job: the command, and everything besides the study that the units depend on.
  ///   - study: what is asked for.
  ///   - market: the prices.
  package init(beside folder: String, of job: String, _ study: Study, _ market: StudyMarket) {
    journal = RecordJournal(path: Self.path(beside: folder), key: Self.key(job, study, market))
  }

  /// The journal of a job on many studies, whose units say themselves what they depend on.
  package init(beside folder: String, of job: String) {
    var key = ContentDigest()
    key.update(text: job)
    key.update(text: Self.program)
    journal = RecordJournal(path: Self.path(beside: folder), key: key.value)
  }

  private static func path(beside folder: String) -> String {
    let trimmed = String(folder.reversed().drop { $0 == "/" }.reversed())
    let name = lastPathComponent(of: trimmed)
    return trimmed.dropLast(name.count) + ".\(name).units"
  }

  /// The journal of a shard.
  ///
  /// - Parameter key: what its units depend on.
  init(path: String, key: ContentDigest.Value) { journal = RecordJournal(path: path, key: key) }

  /// Whether what is added is kept in the file.
  var isKept: Bool { journal.isKept }

  package func bytes(of unit: Int) -> [UInt8]? { journal.bytes(of: unit) }

  package func add(_ bytes: [UInt8], of unit: Int) { journal.add(bytes, of: unit) }

  /// Removes the file, once the results are written.
  package func remove() { journal.remove() }

  private static var program: String { "\(BacktestKitVersion.current) \(programStamp())" }

  /// What a job on a study depends on, besides the program.
  package static func digest(
    of job: String, _ study: Study, _ market: StudyMarket
  ) -> ContentDigest.Value {
    var key = ContentDigest()
    key.update(text: job)
    key.update(text: study.configurationDigest.hexadecimal)
    key.update(text: market.dataDigest.hexadecimal)
    return key.value
  }

  private static func key(
    _ job: String, _ study: Study, _ market: StudyMarket
  ) -> ContentDigest.Value {
    var key = ContentDigest()
    key.update(text: job)
    key.update(text: program)
    key.update(text: study.configurationDigest.hexadecimal)
    key.update(text: market.dataDigest.hexadecimal)
    return key.value
  }
}
