import BacktestKit
import Glibc

/// A universe of one-minute bars that may be larger than memory: text files, read through the
/// cache of columns as any other.
struct LargeUniverse {
  static let instrumentCount = 50
  /// The bytes of a bar in the cache.
  static let bytesPerBar = 56

  let folder: String

  /// Writes the text of so many bytes of columns.
  ///
  /// Prices are whole cents and follow a walk of small steps; a bar's high and low lie a few cents
  /// beyond its open and close.
  func generate(byteCount: Int) throws {
    let rows = max(1_000, byteCount / Self.bytesPerBar / Self.instrumentCount)
    for instrument in 0..<Self.instrumentCount {
      let file = try TextFile(path: path(of: instrument))
      file.append("timestamp,open,high,low,close,volume\n")
      var random = StepStream(seed: UInt64(instrument) + 1)
      var close = 20_000 + 500 * instrument
      for row in 0..<rows {
        let open = max(2_000, close + random.step(3))
        // The walk is drawn to its middle, so that it neither vanishes nor grows long.
        close = max(2_000, open + random.step(9) + (open > 40_000 ? -1 : open < 10_000 ? 1 : 0))
        file.append(1_262_304_000 + 60 * row)
        file.append(cents: open)
        file.append(cents: max(open, close) + random.below(6))
        file.append(cents: min(open, close) - random.below(6))
        file.append(cents: close)
        file.append(separator: ",", 1_000_000 + random.below(4_096))
        file.endLine()
      }
      try file.finish()
    }
  }

  /// Loads every series through the cache.
  func load() throws -> [BarSeries] {
    var options = CSVReadOptions()
    options.timeframe = .intraday(seconds: 60)
    options.cacheDirectory = folder + "/cache"
    mkdir(folder + "/cache", 0o777)
    return try (0..<Self.instrumentCount).map {
      try BarSeries(csv: path(of: $0), calendar: .alwaysOpen, options: options)
    }
  }

  private func path(of instrument: Int) -> String {
    "\(folder)/L\(instrument < 10 ? "0" : "")\(instrument).csv"
  }
}

/// Small whole numbers from a seed: one multiplication each, as hundreds of millions are needed.
private struct StepStream {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  /// 0 ..< bound, for bounds of some thousands.
  mutating func below(_ bound: Int) -> Int {
    // The multiplier and the increment of Knuth's MMIX; the high bits are the random ones.
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(((state >> 32) &* UInt64(bound)) >> 32)
  }

  /// -reach ... reach.
  mutating func step(_ reach: Int) -> Int { below(2 * reach + 1) - reach }
}

/// A text file of numbers, written in blocks.
private final class TextFile {
  private let path: String
  private let file: UnsafeMutablePointer<FILE>
  private let block: UnsafeMutableBufferPointer<UInt8>
  private var count = 0

  init(path: String) throws {
    guard let file = fopen(path, "w") else { throw BenchError("\(path): cannot be written") }
    self.path = path
    self.file = file
    block = .allocate(capacity: 1 << 20)
  }

  deinit { block.deallocate() }

  func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes in bytes.forEach(append) }
  }

  func append(_ number: Int) { appendDigits(number, atLeast: 1) }

  func append(separator: Unicode.Scalar, _ number: Int) {
    append(UInt8(ascii: separator))
    append(number)
  }

  func append(cents: Int) {
    append(separator: ",", cents / 100)
    append(UInt8(ascii: "."))
    appendDigits(cents % 100, atLeast: 2)
  }

  func endLine() {
    append(UInt8(ascii: "\n"))
    if count > block.count - 256 { flush() }
  }

  func finish() throws {
    flush()
    let failed = ferror(file) != 0
    guard fclose(file) == 0, !failed else { throw BenchError("\(path): cannot be written") }
  }

  private func append(_ byte: UInt8) {
    block[count] = byte
    count += 1
  }

  private func appendDigits(_ number: Int, atLeast digits: Int) {
    if number >= 10 || digits > 1 { appendDigits(number / 10, atLeast: digits - 1) }
    append(UInt8(ascii: "0") + UInt8(number % 10))
  }

  private func flush() {
    fwrite(block.baseAddress, 1, count, file)
    count = 0
  }
}
