@testable import BacktestCheckpoints
@testable import BacktestFiles
import Testing

struct ZipArchiveTests {
  private let plain = ZipText.archive([("a/one", [1, 2, 3]), ("two", [4])])

  private func refusal(_ bytes: [UInt8]) -> String {
    do throws(CheckpointError) {
      let archive = try ZipArchive(
        bytes[...], budget: try CheckpointBudget(fileBytes: bytes.count))
      for entry in archive.entries { _ = try archive.read(entry) }
      return ""
    } catch {
      return error.description
    }
  }

  @Test func entriesAreRead() throws {
    let budget = try CheckpointBudget(fileBytes: plain.count)
    let archive = try ZipArchive(plain[...], budget: budget)
    #expect(archive.entries.map(\.name) == ["a/one", "two"])
    #expect(Array(try archive.read(try #require(archive["a/one"]))) == [1, 2, 3])
    #expect(archive["one"] == nil)
  }

  @Test func commentEndsWithTheFile() {
    #expect(refusal(ZipText.archive([("a", [1])], comment: [1, 2])).isEmpty)
    #expect(refusal(plain + [0]).contains("bytes after the end record"))
    // A second end record in the comment makes the file two archives at once.
    let twice = ZipText.archive([("a", [1])], comment: Array(plain.suffix(22)) + [0])
    #expect(refusal(twice).contains("bytes after the end record"))
  }

  @Test func bytesBeforeTheArchiveAreRefused() {
    #expect(refusal([0] + plain).contains("central directory out of range or misplaced"))
  }

  @Test(arguments: [
    "", "/a", "../a", "a/../b", "a\\b", "a\0b", "a\u{1B}[2J", "..", "\u{7F}",
  ])
  func unsafeNameIsRefused(name: String) {
    let text = refusal(ZipText.archive([(name, [1])]))
    #expect(text.contains("unsafe entry name") && !text.utf8.contains { $0 < 0x20 })
  }

  @Test func namesMayNotRepeat() {
    for name in ["a", "\u{E9}"] {
      let other = name == "a" ? "a" : "e\u{301}"
      #expect(
        refusal(ZipText.archive([(name, [1]), (other, [2])])).contains("duplicate entry name"))
    }
  }

  @Test func headersMustAgree() throws {
    // Each byte of the first local header that says something about the entry.
    for offset in [0, 6, 8, 14, 18, 22, 26, 30, 31] {
      var bytes = plain
      bytes[offset] ^= 1
      #expect(!refusal(bytes).isEmpty, "byte \(offset)")
    }
    var bytes = plain
    bytes[35] ^= 1
    #expect(refusal(bytes).contains("a/one: CRC mismatch"))
  }

  @Test func entriesMayNotOverlap() throws {
    // The second entry of the directory points at the first, under the first's name with a change.
    var bytes = ZipText.archive([("a", [1]), ("b", [1])])
    let second = try #require(
      bytes.indices.last { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
    for index in 0..<4 { bytes[second + 42 + index] = 0 }
    #expect(refusal(bytes).contains("local header disagrees"))
    bytes[second + 46] = 0x61
    #expect(refusal(bytes).contains("duplicate entry name"))
  }

  @Test func wideSizesAreRead() throws {
    let extra = ZipText.number(1, 2) + ZipText.number(16, 2) + ZipText.number(1, 8) * 2
    let (bytes, wide) = self.wide(extra)
    #expect(refusal(bytes).isEmpty)
    // 63 bits and more are no size.
    var damaged = bytes
    damaged[wide + 47] = 0x80
    #expect(!refusal(damaged).isEmpty)
    #expect(refusal(self.wide(extra * 2).bytes).contains("a: two zip64 extra fields"))
  }

  /// An archive with sizes of 32 bits replaced by those of a zip64 field, as archives over 4 GiB
  /// have them, and where its wide end record stands.
  private func wide(_ extra: [UInt8]) -> (bytes: [UInt8], record: Int) {
    let name = Array("a".utf8)
    let checksum = [UInt8(9)].withUnsafeBytes { Int(InflateStream.checksum(of: $0)) }
    var common = ZipText.number(0, 8) + ZipText.number(checksum, 4)
    common += ZipText.number(0xFFFF_FFFF, 4) + ZipText.number(0xFFFF_FFFF, 4)
    common += ZipText.number(1, 2) + ZipText.number(extra.count, 2)
    var bytes: [UInt8] = [0x50, 0x4B, 3, 4, 45, 0]
    bytes += common + name + extra + [9]
    let start = bytes.count
    bytes += [0x50, 0x4B, 1, 2, 45, 0, 45, 0]
    bytes += common + ZipText.number(0, 14) + name + extra
    let wide = bytes.count
    bytes += [0x50, 0x4B, 6, 6] + ZipText.number(44, 8) + ZipText.number(0, 12)
    bytes += ZipText.number(1, 8) + ZipText.number(1, 8)
    bytes += ZipText.number(wide - start, 8) + ZipText.number(start, 8)
    bytes += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + ZipText.number(wide, 8) + [1, 0, 0, 0]
    bytes += [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + ZipText.number(0xFFFF, 2) * 2
    bytes += ZipText.number(0xFFFF_FFFF, 4) * 2 + [0, 0]
    return (bytes, wide)
  }
}

private func * (bytes: [UInt8], count: Int) -> [UInt8] {
  Array(repeatElement(bytes, count: count).joined())
}
