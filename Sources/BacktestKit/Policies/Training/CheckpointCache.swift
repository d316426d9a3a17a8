internal import Glibc

/// Checkpoints that a training command wrote, kept by what went into them, so that nothing is
/// trained twice and a changed script, command or window of data trains anew.
///
///     let cache = CheckpointCache(folder: "checkpoints")
///     var training = CheckpointCache.Training(template, values: ["seed": "7", …])
///     training.data = CheckpointCache.digest(of: bars)
///     let checkpoint = try cache.checkpoint(for: training)
///     print(checkpoint.path, checkpoint.isNew)
///
/// The command writes to `{checkpoint}`, a file in a folder of its own; whatever it puts beside it
/// is kept with it, such as a normaliser. The folder gets its final name when the command has
/// succeeded, so an interrupted training leaves nothing behind that looks like a checkpoint.
/// Threads and processes that want the same checkpoint wait for the one that trains it.
public struct CheckpointCache: Sendable {
  /// The folder that holds the checkpoints, each in one of its own named by its key.
  public let folder: String

  /// A cache in a folder, which is made when it is needed.
  public init(folder: String) { self.folder = folder }

  /// What a checkpoint is trained from.
  public struct Training: Sendable {
    /// The command; it must use `{checkpoint}`.
    public var template: CommandTemplate
    /// The values of its placeholders, without `checkpoint`.
    public var values: [String: String]
    /// The digest of the data that it trains on: see `digest(of:)`.
    public var data = ""
    /// Where the command works; `nil` for the folder of this process.
    public var folder: String?
    /// Files that the command reads without naming them, counted from its folder.
    public var inputs: [String] = []
    /// The name of the checkpoint's file, whose ending tells its format.
    public var fileName = "model.zip"
    /// Seconds that the command may take; `nil` for as long as it needs.
    public var limit: Double?

    /// A training from a command and the values of its placeholders.
    public init(_ template: CommandTemplate, values: [String: String]) {
      self.template = template
      self.values = values
    }
  }

  /// A checkpoint in the cache.
  public struct Checkpoint: Sendable, Equatable {
    /// The path at which the command wrote it.
    public var path: String
    /// What it was trained from, as 64 hexadecimal digits.
    public var key: String
    /// Whether it was trained just now.
    public var isNew: Bool
  }

  /// The checkpoint of a training, from the cache or, where it is not there, from its command.
  ///
  /// - Parameters:
  ///   - training: what it is trained from.
  ///   - isInterrupted: whether the user asked to stop; asked ten times a second.
  ///   - verify: throws where a checkpoint that was trained just now cannot be used; it is then not
  ///     kept.
  /// - Throws: `CheckpointCacheError` when the command fails or writes no checkpoint that can be
  ///   used, or files of the cache cannot.
  public func checkpoint(
    for training: Training, isInterrupted: () -> Bool = { false },
    verify: (_ path: String) throws(PolicyError) -> Void = { (_) throws(PolicyError) in }
  ) throws(CheckpointCacheError) -> Checkpoint {
    guard training.template.usedPlaceholders.contains("checkpoint") else {
      throw .unusable(
        "\(CommandTemplate.shown(training.template.words)): the command must say by {checkpoint} "
          + "where the checkpoint goes")
    }
    let key = try CheckpointKey.key(of: training)
    let root = try madeFolder()
    let place = "\(root)/\(key)"
    if let kept = try kept(training, key, place) { return kept }
    let lock = try CheckpointLock(path: "\(place).lock", isInterrupted: isInterrupted)
    defer { lock.release() }
    // Another may have trained it while this one waited.
    if let kept = try kept(training, key, place) { return kept }
    let partial = "\(place).partial"
    try CheckpointCacheError.files("remove") { () throws(FolderTree.Failure) in
      try FolderTree.remove(partial)
    }
    try train(training, key, in: partial, isInterrupted)
    do throws(PolicyError) {
      try verify("\(partial)/\(training.fileName)")
    } catch {
      try? FolderTree.remove(partial)
      throw .unusable(
        "\(CommandTemplate.shown(CheckpointKey.words(of: training))): the \(training.fileName) "
          + "that it wrote cannot be used and was not kept: \(error); correct the training and "
          + "run it again")
    }
    guard rename(partial, place) == 0 else { throw .file(.last(path: place, action: "create")) }
    return Checkpoint(path: "\(place)/\(training.fileName)", key: key, isNew: true)
  }

  private func madeFolder() throws(CheckpointCacheError) -> String {
    try CheckpointCacheError.files("create the folder") { () throws(FolderTree.Failure) in
      try FolderTree.make(folder)
    }
    // The command may work in another folder.
    guard let path = realpath(folder, nil) else {
      throw .file(.last(path: folder, action: "open"))
    }
    defer { free(path) }
    return String(cString: path)
  }

  private func kept(
    _ training: Training, _ key: String, _ place: String
  ) throws(CheckpointCacheError) -> Checkpoint? {
    guard FolderTree.isFolder(place) else { return nil }
    try CheckpointRecord.check(place)
    return Checkpoint(path: "\(place)/\(training.fileName)", key: key, isNew: false)
  }

  private func train(
    _ training: Training, _ key: String, in partial: String, _ isInterrupted: () -> Bool
  ) throws(CheckpointCacheError) {
    func removePartial() { try? FolderTree.remove(partial) }
    try CheckpointCacheError.files("create the folder") { () throws(FolderTree.Failure) in
      try FolderTree.make(partial)
    }
    var values = training.values
    values["checkpoint"] = "\(partial)/\(training.fileName)"
    let command = training.template.substituted(values)
    do throws(CommandRunError) {
      try CommandRun.run(
        command, folder: training.folder, within: training.limit, isInterrupted: isInterrupted)
    } catch {
      removePartial()
      throw .command(error)
    }
    guard access("\(partial)/\(training.fileName)", R_OK) == 0 else {
      removePartial()
      throw .command(
        CommandRunError(
          command: command,
          problem: "it ended well but wrote nothing to the path that {checkpoint} stands for"))
    }
    // A script that was saved while it ran may be neither the old one nor the new.
    guard try CheckpointKey.key(of: training) == key else {
      removePartial()
      throw .unusable(
        "\(CommandTemplate.shown(command)): a file that the command names changed while it ran; "
          + "run it again")
    }
    do throws(CheckpointCacheError) {
      try CheckpointRecord.write(key, training, in: partial)
    } catch {
      removePartial()
      throw error
    }
  }
}

/// A checkpoint that cannot be had.
public enum CheckpointCacheError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The command failed.
  case command(CommandRunError)
  /// A file or folder could not be read or written.
  case file(FileError)
  /// The command or what the cache holds cannot be used.
  case unusable(String)

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .command(let error): "\(error)"
    case .file(let error): "\(error)"
    case .unusable(let problem): problem
    }
  }

  static func files<Value>(
    _ action: String, _ work: () throws(FolderTree.Failure) -> Value
  ) throws(CheckpointCacheError) -> Value {
    do throws(FolderTree.Failure) { return try work() } catch {
      throw .file(error.error(action))
    }
  }

  static func file<Value>(
    _ work: () throws(FileError) -> Value
  ) throws(CheckpointCacheError) -> Value {
    do throws(FileError) { return try work() } catch { throw .file(error) }
  }
}

extension CheckpointCache {
  /// The digest of bars, for `Training.data`: symbols, times, prices and volumes.
  ///
  /// - Returns: 64 hexadecimal digits.
  public static func digest(of bars: [BarSeries]) -> String {
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

/// What a training's checkpoint is known by.
enum CheckpointKey {
  /// The digest of the command, the data, and the files that the command names.
  static func key(of training: CheckpointCache.Training) throws(CheckpointCacheError) -> String {
    let words = words(of: training)
    var sha = SHA256()
    for part in ["backtestkit.checkpoint/1", training.fileName, training.data, "\(words.count)"] {
      sha.update(part: part)
    }
    for word in words { sha.update(part: word) }
    for file in files(of: training, words) {
      let digest = try CheckpointCacheError.file { () throws(FileError) in
        try SHA256.hexadecimal(ofFile: path(file, training))
      }
      sha.update(part: file)
      sha.update(part: digest)
    }
    return sha.hexadecimal
  }

  /// The command with its placeholder where the checkpoint goes, which differs each time.
  static func words(of training: CheckpointCache.Training) -> [String] {
    var values = training.values
    values["checkpoint"] = "{checkpoint}"
    return training.template.substituted(values)
  }

  /// The files that the command names, also as `--name=file`, and those that it is said to read.
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
    // An input that is not there is an error of reading it.
    return named + training.inputs
  }

  private static func path(_ file: String, _ training: CheckpointCache.Training) -> String {
    guard !file.hasPrefix("/"), let folder = training.folder else { return file }
    return "\(folder)/\(file)"
  }
}

extension SHA256 {
  /// Takes in a text with its length, so that two texts never look like one.
  fileprivate mutating func update(part text: String) {
    let bytes = Array("\(text.utf8.count):\(text)".utf8)
    bytes.withUnsafeBytes { update($0) }
  }
}

/// The list beside a kept checkpoint: what it was trained from and the digests of its files.
enum CheckpointRecord {
  private static let fileName = "checkpoint.json"

  static func write(
    _ key: String, _ training: CheckpointCache.Training, in folder: String
  ) throws(CheckpointCacheError) {
    let names = try CheckpointCacheError.files("read") { () throws(FolderTree.Failure) in
      try FolderTree.files(below: folder)
    }
    var files: [JSONValue] = []
    for name in names where name != fileName {
      let digest = try CheckpointCacheError.file { () throws(FileError) in
        try SHA256.hexadecimal(ofFile: "\(folder)/\(name)")
      }
      files.append(["file": .text(name), "sha256": .text(digest)])
    }
    let record: JSONValue = [
      "format": .text(Format.first.rawValue), "key": .text(key),
      "command": .list(CheckpointKey.words(of: training).map { .text($0) }),
      "data": .text(training.data), "files": .list(files),
    ]
    try CheckpointCacheError.file { () throws(FileError) in
      try FileBytes.write(record.text, to: "\(folder)/\(fileName)")
    }
  }

  /// Holds the files of a kept checkpoint to their digests.
  static func check(_ folder: String) throws(CheckpointCacheError) {
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
      throw .unusable("\(error.problems[0]); \(advice(folder))")
    }
    for (file, expected) in files {
      let found = try CheckpointCacheError.file { () throws(FileError) in
        try SHA256.hexadecimal(ofFile: "\(folder)/\(file)")
      }
      guard found == expected else {
        throw .unusable(
          "\(folder)/\(file): the SHA-256 digest is \(found.prefix(12))…, but "
            + "\(expected.prefix(12))… was written; \(advice(folder))")
      }
    }
  }

  private enum Format: String, CaseIterable { case first = "backtestkit.checkpoint/1" }

  private static func advice(_ folder: String) -> String {
    "remove the folder \(folder) to train again"
  }
}

/// A lock that threads and processes share, held by one of them.
struct CheckpointLock {
  private let descriptor: Int32

  /// Waits for the lock.
  init(path: String, isInterrupted: () -> Bool) throws(CheckpointCacheError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .file(.last(path: path, action: "create")) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        let error = FileError.last(path: path, action: "lock")
        close(descriptor)
        throw .file(error)
      }
      if isInterrupted() {
        close(descriptor)
        throw .unusable("\(path): interrupted while another process trains this checkpoint")
      }
      poll(nil, 0, 100)
    }
  }

  /// Lets the next one go on. The file stays: who waits for it holds it open.
  func release() { close(descriptor) }
}
