import BacktestFiles
internal import Glibc

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
