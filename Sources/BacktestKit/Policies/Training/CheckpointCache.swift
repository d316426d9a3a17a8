public import BacktestFiles
public import BacktestNetworks
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
