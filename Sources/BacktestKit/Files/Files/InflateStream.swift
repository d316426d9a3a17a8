internal import CZlib

/// One stream of deflated bytes that zlib takes apart piece by piece.
package final class InflateStream {
  /// The wrapping of the deflated bytes.
  package enum Wrapping {
    /// Nothing, as inside a zip archive.
    case none
    /// The header and the checksum of gzip.
    case gzip
  }

  /// The state of the stream after a piece.
  package enum Status: Equatable {
    case goingOn
    case finished
    case damaged(String)
  }

  // zlib keeps a pointer to the stream, so its address must never change.
  private let stream: UnsafeMutablePointer<z_stream>
  private let isReady: Bool

  package init(_ wrapping: Wrapping) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 bits of window; below 0 for bare bytes, 16 more for gzip.
    let window: Int32 = wrapping == .none ? -15 : 15 + 16
    let size = Int32(MemoryLayout<z_stream>.size)
    isReady = inflateInit2_(stream, window, ZLIB_VERSION, size) == Z_OK
  }

  deinit {
    if isReady { inflateEnd(stream) }
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// Begins a new stream.
  package func reset() { inflateReset(stream) }

  /// Inflates from `source` into `target`, neither of them empty, until one of them is used up.
  package func inflate(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> (read: Int, written: Int, status: Status) {
    guard isReady, let input = source.baseAddress, let output = target.baseAddress else {
      return (0, 0, .damaged("no memory for inflating"))
    }
    let bytes = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self))
    let (available, room) = (UInt32(clamping: source.count), UInt32(clamping: target.count))
    stream.pointee.next_in = bytes
    stream.pointee.avail_in = available
    stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = room
    let code = CZlib.inflate(stream, Z_NO_FLUSH)
    let read = Int(available - stream.pointee.avail_in)
    let written = Int(room - stream.pointee.avail_out)
    switch code {
    case Z_STREAM_END: return (read, written, .finished)
    case Z_OK, Z_BUF_ERROR: return (read, written, .goingOn)
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "code \(code)"
      return (read, written, .damaged(reason))
    }
  }

  /// The checksum that zip and gzip keep of the inflated bytes.
  /// > P. Deutsch, *GZIP file format specification version 4.3*, RFC 1952, 1996 (CRC-32).
  package static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
    var checksum: UInt = crc32(0, nil, 0)
    var start = 0
    while start < bytes.count {
      let count = min(bytes.count - start, 1 << 30)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
      checksum = crc32(
        checksum, piece.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(count))
      start += count
    }
    return UInt32(truncatingIfNeeded: checksum)
  }
}
