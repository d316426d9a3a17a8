internal import CZlib

/// Inflates gzip data, also of several members one after another.
final class GzipInflater {
  /// What a step came to.
  enum Step {
    case written(Int)
    /// More input is needed; its end is the end of the text where `mayEnd`.
    case needsInput(mayEnd: Bool)
    case finished
    case damaged(String)
  }

  // zlib keeps a pointer to the stream, so its address must never change.
  private let stream: UnsafeMutablePointer<z_stream>
  private var input: [UInt8]
  private var position = 0
  private var isBetweenMembers = false
  private var isReady: Bool

  init(pending: [UInt8]) {
    input = pending
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 bits of window, and 16 to ask for the gzip wrapping with its checksum.
    let size = Int32(MemoryLayout<z_stream>.size)
    isReady = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size) == Z_OK
  }

  deinit {
    if isReady { inflateEnd(stream) }
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// Hands over more input; only after a step needed it.
  func feed(_ bytes: some Collection<UInt8>) {
    input = Array(bytes)
    position = 0
  }

  /// Writes some bytes of text into `target`, which is not empty.
  func inflate(into target: UnsafeMutableRawBufferPointer) -> Step {
    guard isReady else { return .damaged("no memory for inflating") }
    if isBetweenMembers {
      // A member may follow; padding of zeros may too, and ends the data.
      guard position < input.count else { return .needsInput(mayEnd: true) }
      guard input[position] == 0x1F else { return .finished }
      inflateReset(stream)
      isBetweenMembers = false
    }
    guard position < input.count else { return .needsInput(mayEnd: false) }
    return input.withUnsafeMutableBufferPointer { source in
      stream.pointee.next_in = source.baseAddress! + position
      stream.pointee.avail_in = UInt32(source.count - position)
      stream.pointee.next_out = target.baseAddress!.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(clamping: target.count)
      let room = Int(stream.pointee.avail_out)
      let status = CZlib.inflate(stream, Z_NO_FLUSH)
      position = source.count - Int(stream.pointee.avail_in)
      let written = room - Int(stream.pointee.avail_out)
      switch status {
      case Z_STREAM_END:
        isBetweenMembers = true
        return .written(written)
      case Z_OK, Z_BUF_ERROR: return .written(written)
      default:
        return .damaged(stream.pointee.msg.map { String(cString: $0) } ?? "code \(status)")
      }
    }
  }
}
