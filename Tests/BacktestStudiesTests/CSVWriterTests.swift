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
    var finiteCount = 0
    for _ in 0..<5_000 {
      let number = Double(bitPattern: stream.next())
      guard number.isFinite else { continue }
      finiteCount += 1
      let row = csv { row in
        row.field(number)
        row.field("")
      }
      let field = row.split(separator: "\n")[1].dropLast()
      #expect(Double(field)?.bitPattern == number.bitPattern, "seed \(seed): \(number)")
    }
    #expect(finiteCount > 4_900)
  }
}
