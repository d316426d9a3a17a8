import BacktestCore
import BacktestFiles
internal import Glibc

/// A window on the text of a file that moves forward in pieces of a megabyte.
struct CSVTextBuffer: ~Copyable {
  /// The longest line that can be read.
  static let capacity = 1 << 20
  /// Zero bytes after the text, so that the plain-row parser may read ahead.
  private static let slack = 64

  // Only what has been read, and the slack behind it, is ever initialised.
  private let memory: UnsafeMutablePointer<UInt8>
  private let source: CSVByteSource
  private var count = 0
  /// Whether the text ends with this window.
  private(set) var isLast = false
  /// The offset of the next byte.
  var position = 0

  init(_ source: CSVByteSource) {
    self.source = source
    memory = .allocate(capacity: CSVTextBuffer.capacity + CSVTextBuffer.slack)
  }

  deinit { memory.deallocate() }

  /// The next byte; zeros follow the last.
  var next: UnsafePointer<UInt8> { UnsafePointer(memory + position) }

  /// Moves what is left to the front and reads on behind it.
  mutating func refill() throws(DataError) {
    guard !isLast else { return }
    let left = count - position
    memmove(memory, memory + position, left)
    position = 0
    let room = UnsafeMutableRawBufferPointer(
      start: memory + left, count: CSVTextBuffer.capacity - left)
    let read = try source.read(into: room)
    count = left + read
    isLast = read < room.count
    memset(memory + count, 0, CSVTextBuffer.slack)
  }

  /// The next line with its ending, or what is left of the text; `nil` where the line is longer
  /// than the window.
  mutating func line() throws(DataError) -> UnsafeBufferPointer<UInt8>? {
    var end = lineEnd()
    if end == nil && !isLast {
      try refill()
      end = lineEnd()
    }
    if end == nil && !isLast { return nil }
    return UnsafeBufferPointer(start: next, count: (end ?? count) - position)
  }

  /// The separator that is likeliest by the next line that is not blank.
  func likelySeparator() -> UInt8 {
    let likely: [UInt8] = [0x2C, 0x3B, 0x09, 0x7C]
    var counts = [0, 0, 0, 0]
    var isQuoted = false
    var byte = next
    while byte.pointee == 0x0A || byte.pointee == 0x0D { byte += 1 }
    while byte.pointee != 0, byte.pointee != 0x0A, byte.pointee != 0x0D {
      if byte.pointee == 0x22 { isQuoted.toggle() }
      if !isQuoted, let index = likely.firstIndex(of: byte.pointee) { counts[index] += 1 }
      byte += 1
    }
    let most = counts.max() ?? 0
    return likely[counts.firstIndex(of: most) ?? 0]
  }

  /// The next lines with their endings, at most `limit`, as far as the window shows them whole.
  func nextLines(_ limit: Int) -> [UnsafeBufferPointer<UInt8>] {
    var lines: [UnsafeBufferPointer<UInt8>] = []
    var start = position
    while lines.count < limit, start < count {
      var end = start
      while end < count, memory[end] != 0x0A { end += 1 }
      guard end < count || isLast else { break }
      end = min(end + 1, count)
      let line = UnsafeBufferPointer(start: UnsafePointer(memory + start), count: end - start)
      if !line.allSatisfy({ $0 == 0x0A || $0 == 0x0D }) { lines.append(line) }
      start = end
    }
    return lines
  }

  /// The rest of the text, last line first, and how many lines it has.
  mutating func reversedLines() throws(DataError) -> (text: [UInt8], lineCount: Int) {
    var rest: [UInt8] = []
    while true {
      rest += UnsafeBufferPointer(start: UnsafePointer(memory + position), count: count - position)
      position = count
      if isLast { break }
      try refill()
    }
    if rest.last == 0x0A { rest.removeLast() }
    let lines = rest.split(separator: 0x0A, omittingEmptySubsequences: false)
    var text: [UInt8] = []
    text.reserveCapacity(rest.count + 1)
    for line in lines.reversed() {
      text += line
      text.append(0x0A)
    }
    return (text, lines.count)
  }

  /// The offset after the next line's ending; `nil` where the window does not show it.
  private func lineEnd() -> Int? {
    var offset = position
    while offset < count {
      if memory[offset] == 0x0A { return offset + 1 }
      if memory[offset] == 0x0D {
        guard offset + 1 < count || isLast else { return nil }
        return offset + 1 < count && memory[offset + 1] == 0x0A ? offset + 2 : offset + 1
      }
      offset += 1
    }
    return nil
  }
}

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
  /// The memory of a text that no one else keeps.
  private var owned: UnsafeMutableRawBufferPointer?
  private var inflater: GzipInflater?
  private var inflatedByteCount = 0
  private let file: FileHandleBox?
  /// Called after each piece with the stored bytes read so far and all of them.
  var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?

  /// The text of a file.
  init(path: String, acceptsStandardInput: Bool = false) throws(DataError) {
    name = path
    memory = nil
    do throws(FileError) {
      let box = FileHandleBox(
        try FileInput(path: path, acceptsStandardInput: acceptsStandardInput))
      file = box
      expectedByteCount = box.input.byteCount
    } catch {
      throw DataError(error, file: path)
    }
  }

  /// The text of some bytes, which must outlive the source.
  init(bytes: UnsafeRawBufferPointer, name: String) {
    self.name = name
    memory = bytes
    file = nil
    expectedByteCount = bytes.count
  }

  /// A text, which the source keeps.
  convenience init(text: [UInt8], name: String) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 16)
    memory.copyBytes(from: text)
    self.init(bytes: UnsafeRawBufferPointer(memory), name: name)
    owned = memory
  }

  deinit { owned?.deallocate() }

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
      case .written(let count):
        filled += count
        inflatedByteCount += count
        guard inflatedByteCount <= inflationLimit else { throw tooLarge }
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
            "the gzip data end early, after \(byteCount) bytes; download the file again")
        }
        inflater.feed(chunk[0..<count])
      case .damaged(let reason):
        throw DataError(
          .unreadableFile, file: name,
          "the gzip data are damaged: \(reason); download the file again")
      }
    }
    return filled
  }

  private var inflationLimit: Int {
    CSVLimits.inflatedByteCount + CSVLimits.inflation * byteCount
  }

  private var tooLarge: DataError {
    DataError(
      .unreadableFile, file: name,
      "the gzip data inflate to more than \(inflationLimit >> 20) MiB, over "
        + "\(CSVLimits.inflation) times their size, which is the limit; this is no price file")
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
        throw DataError(error, file: name)
      }
    }
    digest.update(UnsafeRawBufferPointer(rebasing: target[0..<count]))
    byteCount += count
    progress?(byteCount, expectedByteCount)
    return count
  }
}

private final class FileHandleBox {
  let input: FileInput
  init(_ input: consuming FileInput) { self.input = input }
}

/// Inflates gzip data, also of several members one after another.
final class GzipInflater {
  /// The outcome of a step.
  enum Step {
    case written(Int)
    /// More input is needed; its end is the end of the text where `mayEnd`.
    case needsInput(mayEnd: Bool)
    case finished
    case damaged(String)
  }

  private let stream = InflateStream(.gzip)
  private var input: [UInt8]
  private var position = 0
  private var isBetweenMembers = false

  init(pending: [UInt8]) { input = pending }

  /// Hands over more input; only after a step needed it.
  func feed(_ bytes: some Collection<UInt8>) {
    input = Array(bytes)
    position = 0
  }

  /// Writes some bytes of text into `target`, which is not empty.
  func inflate(into target: UnsafeMutableRawBufferPointer) -> Step {
    if isBetweenMembers {
      // A member may follow; padding of zeros may too, and ends the data.
      guard position < input.count else { return .needsInput(mayEnd: true) }
      guard input[position] == 0x1F else { return .finished }
      stream.reset()
      isBetweenMembers = false
    }
    guard position < input.count else { return .needsInput(mayEnd: false) }
    let step = input.withUnsafeBytes { source in
      stream.inflate(UnsafeRawBufferPointer(rebasing: source[position...]), into: target)
    }
    position += step.read
    if case .damaged(let reason) = step.status { return .damaged(reason) }
    isBetweenMembers = step.status == .finished
    return .written(step.written)
  }
}
