@testable import BacktestCore
@testable import BacktestFiles
import TestSupport
import Glibc
import Testing

struct FileBytesTests {
  @Test func writingReplacesAFileAndLeavesNothingElse() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/result.txt"
    try FileBytes.write("old", to: path)
    try FileBytes.write("newer text", to: path)
    #expect(String(decoding: try FileBytes.read(path), as: UTF8.self) == "newer text")
    #expect(folder.names == ["result.txt"])
  }

  @Test func whatIsNotCommittedLeavesNoTrace() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/result.txt"
    try FileBytes.write("old", to: path)
    do {
      let file = try AtomicFile(path: path)
      try file.output.write(Array("half".utf8))
      #expect(folder.names.count == 2)
    }
    #expect(folder.names == ["result.txt"])
    #expect(String(decoding: try FileBytes.read(path), as: UTF8.self) == "old")
  }

  @Test func failuresNameThePathAndTheReason() throws {
    let missing = #expect(throws: FileError.self) { try FileBytes.read("/nowhere/at/all") }
    #expect(missing?.description == "/nowhere/at/all: cannot open: No such file or directory")
    let folder = #expect(throws: FileError.self) { try FileBytes.read("/") }
    #expect(folder?.description == "/: cannot open: it is a directory")
    let unwritable = #expect(throws: FileError.self) {
      try FileBytes.write("text", to: "/nowhere/at/all")
    }
    #expect(unwritable?.description == "/nowhere/at/all: cannot create: No such file or directory")
  }

  @Test func numbersAreThoseOfStrtod() throws {
    let seed: UInt64 = 20_260_101
    var random = TestRandom(seed: seed)
    let powers = DecimalText.powersOfTen
    var simpleCount = 0
    for _ in 0..<20_000 {
      let text = random.decimalText()
      let expected = strtod(text, nil)
      let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: 32)
      bytes.withUnsafeBufferPointer { all in
        let whole = UnsafeBufferPointer(rebasing: all[0..<text.utf8.count])
        let careful = DecimalText.parse(whole)
        #expect(careful?.bitPattern == expected.bitPattern, "\(text), seed \(seed)")
        var position = all.baseAddress!
        let simple = powers.withUnsafeBufferPointer {
          DecimalText.scanSimple(&position, powers: $0.baseAddress!)
        }
        guard let simple, position.pointee == 0 else { return }
        simpleCount += 1
        #expect(simple.bitPattern == expected.bitPattern, "\(text), seed \(seed)")
      }
    }
    #expect(simpleCount > 5_000)
  }

  @Test(arguments: ["", "-", ".", "1e", "0x10", "nan", "inf", "1 ", " 1", "1,5", "1.2.3", "--1"])
  func whatIsNoDecimalNumberIsRefused(text: String) {
    let value = Array(text.utf8).withUnsafeBufferPointer { DecimalText.parse($0) }
    #expect(value == nil)
  }
}
