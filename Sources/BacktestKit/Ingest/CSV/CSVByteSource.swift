import BacktestCore
import BacktestFiles

/// The text of a CSV file in pieces: from a file or from memory, inflated if it is gzip, with the
/// digest of the bytes as they are stored.
final class CSVByteSource {
  let name: String
  /// The digest of the stored bytes read so far.
  private(set) var digest = ContentDigest()
  /// The stored bytes read so far.
  private(set) var byteCount = 0
  /// The size of the stored bytes as the file system gives it.
  let expectedByteCount: Int

  private let memory: UnsafeRawBufferPointer?
  private var memoryPosition = 0
  private var inflater: GzipInflater?
  private let file: FileHandleBox?

  /// The text of a file.
  init(path: String) throws(DataError) {
    name = path
    memory = nil
    do throws(FileError) {
      let box = FileHandleBox(try FileInput(path: path))
      file = box
      expectedByteCount = box.input.byteCount
    } catch {
      throw DataError(.unreadableFile, file: path, "cannot \(error.action): \(error.reason)")
    }
  }

  /// The text of some bytes, which must outlive the source.
  init(bytes: UnsafeRawBufferPointer, name: String) {
    self.name = name
    memory = bytes
    file = nil
    expectedByteCount = bytes.count
  }

  /// Fills `target` with text until it is full or the text ends; returns the number of bytes.
  func read(into target: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    if let inflater { return try inflate(inflater, into: target) }
    let isFirst = byteCount == 0
    let count = try readStored(into: target)
    guard isFirst, count >= 2, target[0] == 0x1F, target[1] == 0x8B else { return count }
    let inflater = GzipInflater(pending: Array(target[0..<count]))
    self.inflater = inflater
    return try inflate(inflater, into: target)
  }

  private func inflate(
    _ inflater: GzipInflater, into target: UnsafeMutableRawBufferPointer
  ) throws(DataError) -> Int {
    var filled = 0
    while filled < target.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
      switch inflater.inflate(into: rest) {
      case .written(let count): filled += count
      case .finished: return filled
      case .needsInput(let mayEnd):
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = try chunk.withUnsafeMutableBufferPointer { (raw) throws(DataError) in
          try readStored(into: UnsafeMutableRawBufferPointer(raw))
        }
        if count == 0 {
          if mayEnd { return filled }
          throw DataError(
            .unreadableFile, file: name,
            "the gzip data end after \(byteCount) bytes, before the text does; fetch it again")
        }
        inflater.feed(chunk[0..<count])
      case .damaged(let reason):
        throw DataError(
          .unreadableFile, file: name, "the gzip data are damaged: \(reason); fetch it again")
      }
    }
    return filled
  }

  private func readStored(into target: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    var count = 0
    if let memory {
      count = min(target.count, memory.count - memoryPosition)
      let piece = UnsafeRawBufferPointer(rebasing: memory[memoryPosition..<memoryPosition + count])
      target.copyMemory(from: piece)
      memoryPosition += count
    } else if let file {
      do throws(FileError) {
        count = try file.input.read(into: target)
      } catch {
        throw DataError(.unreadableFile, file: name, "cannot \(error.action): \(error.reason)")
      }
    }
    digest.update(UnsafeRawBufferPointer(rebasing: target[0..<count]))
    byteCount += count
    return count
  }
}

private final class FileHandleBox {
  let input: FileInput
  init(_ input: consuming FileInput) { self.input = input }
}
