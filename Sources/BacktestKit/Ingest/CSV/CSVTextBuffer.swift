internal import Glibc

/// A window on the text of a file that moves forward in pieces of a megabyte.
struct CSVTextBuffer: ~Copyable {
  /// The longest line that can be read.
  static let capacity = 1 << 20
  /// Zero bytes after the text, so that the fast lane may look ahead.
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

  var isAtEnd: Bool { position == count }

  /// The next byte; zeros stand after the last.
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
