package import BacktestStudies

/// Bytes kept in memory.
package struct ByteBuffer: ByteSink {
  /// The bytes written so far.
  package var bytes: [UInt8] = []

  package init(bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  package mutating func write(_ bytes: [UInt8]) { self.bytes += bytes }
}
