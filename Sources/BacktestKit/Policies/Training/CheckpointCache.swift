package import BacktestCore
import BacktestFiles
internal import Glibc

/// Checkpoints that training commands wrote, each stored under a key of everything that went into
/// it: nothing is trained twice, and a changed script, command or window of data trains again.
///
///     let cache = CheckpointCache(folder: "checkpoints")
///     var training = CheckpointCache.Training(template, values: ["seed": "7", …])
///     training.data = CheckpointCache.digest(of: bars)
///     let checkpoint = try cache.checkpoint(for: training)
///     print(checkpoint.path, checkpoint.isNew)
///
/// The command writes to `{checkpoint}`, a file in a new folder; other files that it writes there,
/// such as a normaliser, are kept too. The folder gets its final name when the command has
/// succeeded, so an interrupted training leaves nothing that looks like a checkpoint.
/// Threads and processes that need the same checkpoint wait for the one that trains it.
package struct CheckpointCache: Sendable {
  /// The folder that holds the checkpoints, each in a folder named by its key.
  let folder: String

  /// A cache in a folder, which is created when it is needed.
  package init(folder: String) { self.folder = folder }

  /// Everything that a checkpoint is trained from.
  package struct Training: Sendable {
    /// The command; it must use `{checkpoint}`.
    var template: CommandTemplate
    /// The values of its placeholders, without `checkpoint`.
    var values: [String: String]
    /// The digest of the data that it trains on, see `digest(of:)`; `nil` where it is not known.
    package var data: String?
    /// The command's working folder; `nil` for that of this process.
    package var folder: String?
    /// Files that the command reads without naming them, relative to its folder.
    package var inputs: [String] = []
    /// The name of the checkpoint's file; its ending shows the format.
    package var fileName = "model.zip"
    /// Seconds that the command may take; `nil` for no limit.
    package var limit: Double?

    /// A training from a command and the values of its placeholders.
    package init(_ template: CommandTemplate, values: [String: String]) {
      self.template = template
      self.values = values
    }
  }

  /// A checkpoint in the cache.
  package struct Checkpoint: Sendable, Equatable {
    /// The path of the file that the command wrote.
    package var path: String
    /// The digest of everything it was trained from, 64 hexadecimal digits.
    package var key: String
    /// Whether it was trained just now.
    var isNew: Bool
  }

  /// The checkpoint of a training, from the cache or, if it is not there, from its command.
  ///
  /// - Parameters:
  ///   - training: what it is trained from.
  ///   - isInterrupted: whether the user asked to stop; called ten times a second.
  ///   - verify: throws where a new checkpoint is not usable; it is then not kept.
  /// - Throws: `PolicyError` when the command fails or writes no usable checkpoint, or files of the
  ///   cache cannot be read or written.
  package func checkpoint(
    for training: Training, isInterrupted: () -> Bool = { false },
    verify: (_ path: String) throws(PolicyError) -> Void = { (_) throws(PolicyError) in }
  ) throws(PolicyError) -> Checkpoint {
    guard training.template.usedPlaceholders.contains("checkpoint") else {
      throw PolicyError(
        command: training.template.words,
        "the command must use {checkpoint}, the path to which it writes the checkpoint")
    }
    let key = try CheckpointKey.key(of: training)
    let root = try madeFolder()
    let place = "\(root)/\(key)"
    if let kept = try kept(training, key, place) { return kept }
    removeAbandoned(in: root)
    let lock = try CheckpointLock(path: "\(place).lock", isInterrupted: isInterrupted)
    defer { lock.release() }
    // Another process may have trained it while this one waited.
    if let kept = try kept(training, key, place) { return kept }
    let partial = "\(place).partial"
    try PolicyError.wrapping(try FolderTree.remove(partial))
    try train(training, key, in: partial, isInterrupted)
    do throws(PolicyError) {
      try verify("\(partial)/\(training.fileName)")
    } catch {
      try? FolderTree.remove(partial)
      throw PolicyError(
        command: CheckpointKey.words(of: training),
        "the \(training.fileName) that it wrote cannot be used and was not kept: \(error); correct "
          + "the training and run it again")
    }
    guard rename(partial, place) == 0 else {
      throw PolicyError("\(FileError.last(path: place, action: "create"))")
    }
    return Checkpoint(path: "\(place)/\(training.fileName)", key: key, isNew: true)
  }

  /// Creates the folder of the cache, and gives its absolute path: the command may work in another
  /// folder.
  private func madeFolder() throws(PolicyError) -> String {
    _ = try PolicyError.wrapping(try FolderTree.make(folder))
    guard let path = realpath(folder, nil) else {
      throw PolicyError("\(FileError.last(path: folder, action: "open"))")
    }
    defer { free(path) }
    return String(cString: path)
  }

  /// Removes what killed trainings had begun.
  private func removeAbandoned(in root: String) {
    for name in (try? FolderTree.names(in: root)) ?? [] where name.hasSuffix(".lock") {
      let path = "\(root)/\(name)"
      guard let lock = PathLock(path) else { continue }
      withExtendedLifetime(lock) {
        try? FolderTree.remove("\(path.dropLast(".lock".count)).partial")
        unlink(path)
      }
    }
  }

  private func kept(
    _ training: Training, _ key: String, _ place: String
  ) throws(PolicyError) -> Checkpoint? {
    guard FolderTree.isFolder(place) else { return nil }
    try CheckpointRecord.check(place)
    return Checkpoint(path: "\(place)/\(training.fileName)", key: key, isNew: false)
  }

  private func train(
    _ training: Training, _ key: String, in partial: String, _ isInterrupted: () -> Bool
  ) throws(PolicyError) {
    var isComplete = false
    defer { if !isComplete { try? FolderTree.remove(partial) } }
    _ = try PolicyError.wrapping(try FolderTree.make(partial))
    var values = training.values
    values["checkpoint"] = "\(partial)/\(training.fileName)"
    let command = training.template.substituted(values)
    try CommandRun.run(
      command, folder: training.folder, within: training.limit, isInterrupted: isInterrupted)
    guard access("\(partial)/\(training.fileName)", R_OK) == 0 else {
      throw PolicyError(
        command: command, "it ended without an error, but wrote nothing to the path in {checkpoint}"
      )
    }
    // A script that was saved while it ran may have run as neither the old one nor the new.
    guard try CheckpointKey.key(of: training) == key else {
      throw PolicyError(
        command: command, "a file that the command names changed while it ran; run it again")
    }
    try CheckpointRecord.write(key, training, in: partial)
    isComplete = true
  }
}

extension CheckpointCache {
  /// The digest of bars, for `Training.data`: symbols, times, prices and volumes.
  ///
  /// - Returns: 64 hexadecimal digits.
  package static func digest(of bars: [BarSeries]) -> String {
    var sha = SHA256()
    for series in bars {
      sha.update(part: series.instrument.symbol)
      sha.update(part: "\(series.count)")
      for times in [series.openTimes, series.closeTimes] {
        times.withUnsafeBufferPointer { sha.update(UnsafeRawBufferPointer($0)) }
      }
      for values in [series.open, series.high, series.low, series.close, series.volume] {
        values.withUnsafeBufferPointer { sha.update(UnsafeRawBufferPointer($0)) }
      }
    }
    return sha.hexadecimal
  }
}

/// The key under which the checkpoint of a training is stored.
enum CheckpointKey {
  /// The digest of the command, the data, and the files that the command names.
  static func key(of training: CheckpointCache.Training) throws(PolicyError) -> String {
    let words = words(of: training)
    var sha = SHA256()
    for part in [
      "backtestkit.checkpoint/1", training.fileName, training.data ?? "", "\(words.count)",
    ] {
      sha.update(part: part)
    }
    for word in words { sha.update(part: word) }
    for file in files(of: training, words) {
      let digest = try PolicyError.wrapping(
        try SHA256.hexadecimal(ofFile: path(file, training)))
      sha.update(part: file)
      sha.update(part: digest)
    }
    return sha.hexadecimal
  }

  /// The command with `{checkpoint}` left in place, because that path differs each time.
  static func words(of training: CheckpointCache.Training) -> [String] {
    var values = training.values
    values["checkpoint"] = "{checkpoint}"
    return training.template.substituted(values)
  }

  /// The files that the command names, also as `--name=file`, and the training's other inputs.
  private static func files(
    of training: CheckpointCache.Training, _ words: [String]
  ) -> [String] {
    var named: [String] = []
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1)
      for candidate in [word] + (parts.count == 2 ? [String(parts[1])] : []) {
        if !named.contains(candidate),
          FolderTree.isFile(path(candidate, training))
        {
          named.append(candidate)
        }
      }
    }
    // A missing input is found when it is read.
    return named + training.inputs
  }

  private static func path(_ file: String, _ training: CheckpointCache.Training) -> String {
    guard !file.hasPrefix("/"), let folder = training.folder else { return file }
    return "\(folder)/\(file)"
  }
}

extension SHA256 {
  /// Takes in a text with its length, so that two texts never give the digest of one.
  fileprivate mutating func update(part text: String) {
    let bytes = Array("\(text.utf8.count):\(text)".utf8)
    bytes.withUnsafeBytes { update($0) }
  }
}

/// The file beside a stored checkpoint that lists what it was trained from and the digests of its
/// files.
enum CheckpointRecord {
  private static let fileName = "checkpoint.json"

  static func write(
    _ key: String, _ training: CheckpointCache.Training, in folder: String
  ) throws(PolicyError) {
    let names = try PolicyError.wrapping(try FolderTree.files(below: folder))
    var files: [JSONValue] = []
    for name in names where name != fileName {
      let digest = try PolicyError.wrapping(try SHA256.hexadecimal(ofFile: "\(folder)/\(name)"))
      files.append(["file": .text(name), "sha256": .text(digest)])
    }
    let record: JSONValue = [
      "format": .text(Format.first.rawValue), "key": .text(key),
      "command": .list(CheckpointKey.words(of: training).map { .text($0) }),
      "data": .text(training.data ?? ""), "files": .list(files),
    ]
    try PolicyError.wrapping(try FileBytes.write(record.text, to: "\(folder)/\(fileName)"))
  }

  /// Checks the files of a stored checkpoint against their digests.
  static func check(_ folder: String) throws(PolicyError) {
    let files: [(file: String, digest: String)]
    do throws(DocumentError) {
      files = try DocumentReader.read(path: "\(folder)/\(fileName)").decode { table in
        for key in ["key", "command", "data"] { _ = table.node(key) }
        _ = table.value("format", .choice(of: Format.self))
        return table.sections("files") { file in
          (file.value("file", .text), file.value("sha256", .text))
        }
      }
    } catch {
      throw PolicyError("\(error.problems[0]); \(advice(folder))")
    }
    for (file, expected) in files {
      let found = try PolicyError.wrapping(try SHA256.hexadecimal(ofFile: "\(folder)/\(file)"))
      guard found == expected else {
        throw PolicyError(
          source: "\(folder)/\(file)",
          "the SHA-256 digest is \(found.prefix(12))…, but \(expected.prefix(12))… was written; "
            + advice(folder))
      }
    }
  }

  private enum Format: String, CaseIterable { case first = "backtestkit.checkpoint/1" }

  private static func advice(_ folder: String) -> String {
    "remove the folder \(folder) to train again"
  }
}

/// A lock between threads and processes, held by one of them, and the file for it.
struct CheckpointLock {
  private let path: String
  private let lock: PathLock

  /// Waits for the lock.
  init(path: String, isInterrupted: () -> Bool) throws(PolicyError) {
    self.path = path
    var failures = 0
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else {
        throw PolicyError("\(FileError.last(path: path, action: "create"))")
      }
      close(descriptor)
      switch PathLock.attempt(path) {
      case .locked(let lock):
        self.lock = lock
        return
      case .isHeld: failures = 0
      // The one before removes the file, so whoever waited begins anew.
      case .isGone: failures += 1
      }
      guard failures < 100 else {
        throw PolicyError(source: path, "this file system locks no files; choose another folder")
      }
      if isInterrupted() {
        throw PolicyError(
          source: path, "interrupted while another process trains this checkpoint")
      }
      poll(nil, 0, failures == 0 ? 100 : 1)
    }
  }

  /// Removes the file and lets the next one go on.
  func release() { withExtendedLifetime(lock) { _ = unlink(path) } }
}
