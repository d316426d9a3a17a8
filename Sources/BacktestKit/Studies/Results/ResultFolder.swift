import BacktestCore
import BacktestFiles
import BacktestPolicies

/// The folder that a study's results go to. It is claimed before the work, so that nothing is
/// computed whose results cannot be kept.
///
///     let folder = try ResultFolder("Reports/demo", for: study)
///     let outcome = try StudyRunner(study).run()
///     try outcome.write(to: folder)
package final class ResultFolder: Sendable {
  /// The folder as it was given.
  package let path: String
  /// Keeps other jobs away; `nil` where the folder was not there yet.
  let lock: PathLock?
  /// The result that was there.
  private let earlier: FileIdentity?

  /// The files that a result may have; the one that says that the others are complete comes last.
  static let names =
    ["report.html"] + tables.map { "\($0).csv" } + ["result.json"]
  static let tables = [
    "equity", "positions", "orders", "order-events", "fills", "trades", "ledger", "actions", "risk",
    "folds", "candidates", "forecasts",
    "decisions", "regimes", "splits", "paths", "sweep", "tune", "sensitivity", "segments",
  ]

  /// The files of a result that no page may replace: all but its own page.
  package static func files(of folder: String) -> [String] {
    names.filter { $0 != "report.html" }.map { "\(folder)/\($0)" }
  }

  /// Claims a folder for a study.
  ///
  /// - Parameter isForced: whether it may hold the result of another study, or something else.
  /// - Throws: `StudyError` where the folder cannot be written to, another job has it, what it
  ///   holds would be lost, or a file that the study reads would be replaced.
  package init(_ path: String, for study: Study, isForced: Bool = false) throws(StudyError) {
    self.path = path
    do throws(FileError) {
      try AtomicFolder.check(path)
      switch PathLock.attempt(folder: path.isEmpty ? "." : path) {
      case .locked(let lock): self.lock = lock
      case .isGone: lock = nil
      case .isHeld: throw AtomicFolder.isTaken(path)
      }
      try Self.checkInputs(of: study, in: path)
    } catch {
      throw StudyError(.file, "\(error)")
    }
    earlier = FileIdentity("\(path)/result.json")
    if !isForced { try Self.checkContents(of: path, for: study) }
  }

  /// Refuses to write where another job has written since the claim.
  func checkUnchanged() throws(StudyError) {
    guard FileIdentity("\(path)/result.json") != earlier else { return }
    throw StudyError(
      .file,
      "\(path): another job has written its result there meanwhile, which is kept; run this one "
        + "again, or choose another folder")
  }

  /// Refuses to replace what a study reads.
  static func checkInputs(of study: Study, in folder: String) throws(FileError) {
    try FileIdentity.check(writing: names, in: folder, reading: study.inputs)
  }

  private static func checkContents(of path: String, for study: Study) throws(StudyError) {
    let names = ((try? FolderTree.names(in: path)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    guard !names.isEmpty else { return }
    guard let owner = ResultOwner(of: path) else {
      // What a killed job has left of its files is no result that could be lost.
      if AtomicFolder.wasCutShort(path), names.allSatisfy(Self.names.contains) { return }
      let some = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
      throw StudyError(
        .file,
        "\(path) is no folder of results: it holds \(quotedForMessage(some)); choose another "
          + "folder, or write into it with --force")
    }
    guard owner.isResult(of: study, in: path) else {
      throw StudyError(
        .file,
        "\(path) holds the result of another study, \(quotedForMessage(owner.shown)); choose "
          + "another folder, or replace it with --force")
    }
  }
}

/// Whose result a folder holds.
private struct ResultOwner {
  var name: String
  var folder: String
  var file: String?

  var shown: String { file.map { folder == "." ? $0 : "\(folder)/\($0)" } ?? name }

  /// The owner of the result in a folder; `nil` where there is no result.
  init?(of path: String) {
    guard let document = try? DocumentReader.read(path: "\(path)/result.json"),
      case .table(let entries) = document.content
    else { return nil }
    func text(_ key: String) -> String? {
      guard case .text(let text)? = entries.first(where: { $0.key == key })?.value.content else {
        return nil
      }
      return text
    }
    guard text("schema")?.hasPrefix("backtestkit.") == true, let name = text("name"),
      let folder = text("study-folder")
    else { return nil }
    self.name = name
    self.folder = folder
    file = text("study-file")
  }

  func isResult(of study: Study, in path: String) -> Bool {
    folder == relativePath(from: path, to: study.folder)
      && (file.map { $0 == study.fileName } ?? (name == study.name))
  }
}

extension Study {
  /// The paths of all files that the study is known to read, from where the process runs.
  package var inputs: [String] {
    var paths = ((try? priceFiles()) ?? data.files).map(\.path)
    paths += otherInputs.map(\.path)
    paths += replicates?.checkpoints ?? []
    paths += walkForward?.training?.inputs ?? []
    paths = paths.map(resolved)
    for policy in strategy.policies {
      paths.append(policy.manifest.path)
      paths += policy.manifest.weights.map { "\(policy.manifest.folder)/\($0.file)" }
      paths.append("\(policy.manifest.folder)/norm.json")
    }
    return paths + [path]
  }

  /// What a page on the study may not replace: the files that it reads, and those that are kept for
  /// it, which are the caches of prices and of checkpoints, and its baseline.
  package var keptFiles: [String] {
    // Of a result the study's own file is another than the one that was read.
    var files = inputs + [resolved(fileName)]
    for cache in [data.cache, walkForward?.training?.cache].compactMap(\.self).map(resolved) {
      files += ((try? FolderTree.files(below: cache)) ?? []).map { "\(cache)/\($0)" }
    }
    if let baseline = gate?.baseline { files.append(resolved(baseline)) }
    return files
  }

  /// The files beside those of prices that say something of the market, each with its key.
  package var otherInputs: [(key: String, path: String)] {
    var files = data.actions.map { [("data.actions", $0)] } ?? []
    files += ((try? detailFiles()) ?? []).map { ("data.detail", $0.path) }
    files += ((try? rateFiles()) ?? data.rates).map { ("data.rates", $0.path) }
    files += data.references.map { ("data.references", $0.path) }
    files += data.files.compactMap(\.funding?.path).map { ("data.files.funding", $0) }
    files += regimeSettings.file.map { [("regimes.file", $0.path)] } ?? []
    files += benchmark?.file.map { [("benchmark.file", $0)] } ?? []
    files += attribution?.benchmark.map { [("attribution.benchmark", $0)] } ?? []
    files += factors.map { [("factors", $0.path)] } ?? []
    return files
  }
}
