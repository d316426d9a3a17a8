@testable import BacktestCore
@testable import BacktestIngest
import TestSupport
internal import CZlib
import Testing

struct CSVTruncationTests {
  private let text = Array(
    (threeDays + "2020-01-09,13,15,12,14,\"400\"\r\n2020-01-10,13,15,12,14,500\n").utf8)

  @Test func aFileCutAnywhereLoadsWholeRowsOrSaysWhere() throws {
    let whole = try CSVReader().load(bytes: text, name: "prices.csv")[0]
    for length in 0..<text.count {
      do throws(DataError) {
        let bars = try CSVReader().load(bytes: Array(text[0..<length]), name: "prices.csv")[0]
        for row in 0..<bars.count {
          // The last number of the file may be cut short; nothing else may differ.
          let isLast = row == bars.count - 1
          #expect(bars[row].close == whole[row].close)
          #expect(bars[row].volume == whole[row].volume || isLast, "cut at \(length)")
        }
      } catch {
        #expect(error.description.hasPrefix("prices.csv"))
        #expect(error.issues.allSatisfy { $0.line != nil || $0.code == .unreadableFile })
      }
    }
  }

  @Test func gzipIsReadByItsFirstBytes() throws {
    let plain = try CSVReader().load(bytes: text, name: "prices.csv")[0]
    let packed = try CSVReader().load(bytes: gzip(text), name: "prices.csv.gz")[0]
    #expect(Array(packed.close) == Array(plain.close))
    #expect(packed.instrument.symbol == "prices")
    #expect(packed.source?.byteCount == gzip(text).count)
    // Two members one after another are one text.
    let half = text.count / 2
    let members = gzip(Array(text[..<half])) + gzip(Array(text[half...]))
    #expect(try CSVReader().load(bytes: members, name: "a.gz")[0].count == 5)
  }

  @Test func damagedGzipIsAnErrorWhereverItIsCut() throws {
    let packed = gzip(text)
    for length in 2..<packed.count {
      let error = #expect(throws: DataError.self) {
        try CSVReader().load(bytes: Array(packed[0..<length]), name: "a.gz")
      }
      #expect(
        error?.description
          == "a.gz: E_DATA_FILE: the gzip data end early, after \(length) bytes; "
          + "download the file again")
    }
    var broken = packed
    broken[packed.count / 2] ^= 0x55
    let error = #expect(throws: DataError.self) {
      try CSVReader().load(bytes: broken, name: "a.gz")
    }
    #expect(error?.description.contains("E_DATA_FILE: the gzip data") == true)
  }

  private func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    var source = bytes
    var packed = [UInt8](repeating: 0, count: bytes.count + 200)
    let size = Int32(MemoryLayout<z_stream>.size)
    let level = Z_DEFAULT_COMPRESSION
    deflateInit2_(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    let count = source.withUnsafeMutableBufferPointer { input in
      packed.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        deflate(&stream, Z_FINISH)
        return Int(stream.total_out)
      }
    }
    deflateEnd(&stream)
    return Array(packed[0..<count])
  }
}
