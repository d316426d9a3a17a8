@testable import BacktestKit

/// Bytes kept in memory.
struct ByteBuffer: ByteSink {
  /// The bytes written so far.
  var bytes: [UInt8] = []

  mutating func write(_ bytes: [UInt8]) { self.bytes += bytes }
}
