@testable import BacktestStudies
import TestSupport
import Glibc
import Testing

struct CSVWriterTests {
  private func csv(_ fill: (inout CSVRowWriter) -> Void) -> String {
    var csv = CSVWriter(["a", "b, c"], to: ByteBuffer())
    csv.row(fill)
    return String(decoding: csv.finish().bytes, as: UTF8.self)
  }

  @Test func numbersAreShortestAndWholeOnesPlain() {
    let cases: [(Double, String)] = [
      (0.1, "0.1"), (100_000, "100000"), (-0.0, "-0"), (0, "0"), (1e16, "1e+16"), (-2.5, "-2.5"),
      (0x1p53, "9007199254740992"), (0x1p52, "4503599627370496"), (1e22, "1e+22"), (1e-7, "1e-07"),
      (.nan, ""), (.infinity, ""),
    ]
    for (number, text) in cases {
      let row = csv { row in
        row.field(number)
        row.field(7)
      }
      #expect(row == "a,\"b, c\"\n\(text),7\n")
    }
  }

  @Test func textIsQuotedWhereItMustBe() {
    let row = csv { row in
      row.field("say \"hi\"")
      row.field("two\nlines")
    }
    #expect(row == "a,\"b, c\"\n\"say \"\"hi\"\"\",\"two\nlines\"\n")
    let plain = csv { row in
      row.field("BRK.B")
      row.field(Double?.none)
    }
    #expect(plain == "a,\"b, c\"\nBRK.B,\n")
  }

  @Test func piecesJoinWithoutSeam() throws {
    var csv = CSVWriter(["n", "half"], to: ByteBuffer())
    for number in 0..<20_000 {
      csv.row { row in
        row.field(number)
        row.field(Double(number) / 2)
      }
    }
    let lines = String(decoding: csv.finish().bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 20_001)
    for (number, line) in lines.dropFirst().enumerated() {
      let fields = line.split(separator: ",")
      #expect(Int(fields[0]) == number && Double(fields[1]) == Double(number) / 2)
    }
  }

  @Test(arguments: [3, 4] as [UInt64])
  func numbersKeepTheirBits(seed: UInt64) {
    var stream = TestRandom(seed: seed)
    for _ in 0..<5_000 {
      let number = Double(bitPattern: stream.next())
      guard number.isFinite else { continue }
      let row = csv { row in
        row.field(number)
        row.field("")
      }
      let field = row.split(separator: "\n")[1].dropLast()
      #expect(Double(field)?.bitPattern == number.bitPattern, "seed \(seed): \(number)")
    }
  }
}

struct FileOutputTests {
  @Test func theOldFileStaysUntilTheNewOneIsWhole() throws {
    let scratch = try ScratchFolder()
    try FileOutput.write(Array("old".utf8), to: scratch.path + "/equity.csv")
    do {
      let file = try FileOutput(path: scratch.path + "/equity.csv")
      try file.write(Array("half of the n".utf8))
      #expect(scratch.text("equity.csv") == "old")
      #expect(scratch.names.count == 2)
    }
    #expect(scratch.names == ["equity.csv"] && scratch.text("equity.csv") == "old")
    try FileOutput.write(Array("new".utf8), to: scratch.path + "/equity.csv")
    #expect(scratch.names == ["equity.csv"] && scratch.text("equity.csv") == "new")
  }

  @Test func resultFilesAppearTogetherOrNotAtAll() throws {
    struct Failure: Error {}
    let scratch = try ScratchFolder()
    func job(fails: Bool) throws {
      var folder = try ResultFolder(path: scratch.path)
      try folder.write(Array("a".utf8), to: "a.csv")
      var csv = try CSVWriter(["x"], to: try folder.file("b.csv"))
      try csv.row { $0.field(1) }
      if fails { throw Failure() }
      try csv.finish()
      #expect(scratch.text("a.csv") == nil)
      try folder.commit()
    }
    #expect(throws: Failure.self) { try job(fails: true) }
    #expect(scratch.names.isEmpty)
    try job(fails: false)
    #expect(scratch.names == ["a.csv", "b.csv"] && scratch.text("b.csv") == "x\n1\n")
  }

  @Test func foldersAreMade() throws {
    let scratch = try ScratchFolder()
    let deep = scratch.path + "/one/two"
    var folder = try ResultFolder(path: deep)
    try folder.write([], to: "empty")
    try folder.commit()
    #expect(access(deep + "/empty", F_OK) == 0)
    #expect(unlink(deep + "/empty") == 0 && rmdir(deep) == 0 && rmdir(scratch.path + "/one") == 0)
  }

  @Test func failuresNameTheFileAndTheReason() throws {
    let scratch = try ScratchFolder()
    #expect(throws: FileOutputError(path: "/nowhere/x", action: "create the file", code: ENOENT)) {
      try FileOutput.write([], to: "/nowhere/x")
    }
    #expect(throws: FileOutputError(path: "/dev/null", action: "create the folder", code: ENOTDIR))
    {
      _ = try ResultFolder(path: "/dev/null/x")
    }
    mkdir(scratch.path + "/taken", 0o777)
    do {
      try FileOutput.write([1], to: scratch.path + "/taken")
      Issue.record("a folder was replaced by a file")
    } catch {
      #expect(
        error.description
          == "\(scratch.path)/taken: cannot put the file in its place: Is a directory")
    }
    #expect(scratch.names == ["taken"])
    rmdir(scratch.path + "/taken")
  }
}
