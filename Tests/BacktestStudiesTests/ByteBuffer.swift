import BacktestStudies

/// Bytes kept in memory.
struct ByteBuffer: ByteSink {
  /// The bytes written so far.
  var bytes: [UInt8] = []

  init(bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  mutating func write(_ bytes: [UInt8]) { self.bytes += bytes }
}
