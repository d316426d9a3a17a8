@testable import BacktestFiles
import Testing

struct JSONDocumentTests {
  @Test func legalTextIsRead() throws {
    let text =
      "\t{\"a\\/b\" :\t[1, -0.5e+2,true,null, \"\\ud83d\\ude00 \\u00e9\\n\\\"\"],\r\n\"\":{}}\n"
    #expect(
      try documentTree(text, .json) == ["a/b": [1, -50.0, true, nil, "😀 é\n\""], "": [:]])
    #expect(try documentTree("\u{FEFF}[]", .json) == [])
    #expect(try documentTree("\"" + String(repeating: "\\n", count: 200_000) + "\"", .json) != nil)
    let key = String(repeating: "k", count: 5_000)
    #expect(try documentTree("{\"\(key)\":1}", .json) == .table([JSONMember(key: key, value: 1)]))
    #expect(try documentTree("-0", .json) ~= .number(-0.0))
    #expect(try documentTree("18446744073709551616", .json) == 18446744073709551616.0)
  }

  @Test(arguments: [
    ("", "1:1: the document is empty"),
    ("{", "1:2: this is not valid JSON: the document ends too early"),
    ("[1,]", "1:4: this is not valid JSON: a value is expected"),
    ("{\"a\" 1}", "1:6: this is not valid JSON: ':' is expected"),
    ("{a: 1}", "1:2: this is not valid JSON: a key in double quotes is expected"),
    ("[1 2]", "1:4: this is not valid JSON: ',' or ']' is expected"),
    ("[1]\n x", "2:2: this is not valid JSON: the document ends before this; remove the rest"),
    ("[01]", "1:3: this is not valid JSON: a number must not begin with 0"),
    ("[1.]", "1:4: this is not valid JSON: a digit is expected"),
    ("[1e]", "1:4: this is not valid JSON: a digit is expected"),
    ("[+1]", "1:2: this is not valid JSON: a value is expected"),
    ("[NaN]", "1:2: this is not valid JSON: a value is expected"),
    ("[nul]", "1:2: this is not valid JSON: a value is expected"),
    ("[1e999]", "1:2: the number is too large for a 64-bit floating-point value"),
    ("\"\\ud83d\"", "1:8: this is not valid JSON: half of a surrogate pair is missing"),
    ("\"\\ude00\"", "1:8: this is not valid JSON: half of a surrogate pair is missing"),
    ("\"\\u12g4\"", "1:6: this is not valid JSON: four hexadecimal digits are expected"),
    (
      "\"\\x\"",
      #"1:3: this is not valid JSON: unknown escape; use \" \\ \/ \b \f \n \r \t or \uXXXX"#
    ),
    (
      "\"a\tb\"",
      "1:3: this is not valid JSON: a control character in a text must be written as an escape"
    ),
    ("\"ab", "1:4: this is not valid JSON: the document ends too early"),
    (
      "{\"k\": 1,\n \"\\u006b\": 2}",
      "2:2: key 'k' is given twice, first in line 1; remove one of them"
    ),
  ])
  func illegalTextIsRefused(text: String, message: String) {
    #expect(documentRefusal(text, .json) == "study.yaml:" + message)
  }

  @Test func textMustBeUTF8() {
    #expect(documentRefusal([0x22, 0xC0, 0x80, 0x22], .json).contains("is not UTF-8"))
    #expect(documentRefusal([0x22, 0xED, 0xA0, 0x80, 0x22], .json).contains("is not UTF-8"))
  }
}

struct JSONWriterTests {
  @Test func theTextIsPretty() {
    let value: JSONValue = [
      "name": "a \"b\" \\ \n\t\u{1}\u{7F}é😀", "none": nil, "yes": true,
      "numbers": [1, 2.0, 0.1, 1e300, -0.0], "empty": [[:], []],
      "bad": .list([.number(.nan), .number(.infinity), .number(-.infinity)]),
    ]
    #expect(
      value.text == """
        {
          "name": "a \\"b\\" \\\\ \\n\\t\\u0001\\u007fé😀",
          "none": null,
          "yes": true,
          "numbers": [1, 2.0, 0.1, 1e+300, -0.0],
          "empty": [
            {},
            []
          ],
          "bad": [null, null, null]
        }

        """)
  }

  @Test func longListsAreBroken() {
    let short = JSONValue.list((0..<30).map { .integer($0) })
    #expect(short.text.filter { $0 == "\n" }.count == 32)
    let fits = JSONValue.list((0..<20).map { .integer($0) })
    #expect(fits.text.filter { $0 == "\n" }.count == 1)
  }

  /// A generator of the test's own: SplitMix64.
  struct Stream: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }

    mutating func text() -> String {
      let scalars = (0..<Int(next() % 12)).compactMap { _ in
        Unicode.Scalar(UInt32(next() % (next() % 2 == 0 ? 0x80 : 0x11_0000)))
      }
      return String(String.UnicodeScalarView(scalars))
    }

    mutating func value(depth: Int) -> JSONValue {
      switch next() % (depth > 4 ? 5 : 7) {
      case 0: return nil
      case 1: return .bool(next() % 2 == 0)
      case 2: return .integer(Int(truncatingIfNeeded: next() >> (next() % 64)))
      case 3:
        let number = Double(bitPattern: next())
        return .number(number.isFinite ? number : 0.5)
      case 4: return .text(text())
      case 5: return .list((0..<next() % 6).map { _ in value(depth: depth + 1) })
      default:
        // The number keeps keys apart.
        return .table(
          (0..<next() % 6).map { index in
            JSONMember(key: "\(index)" + text(), value: value(depth: depth + 1))
          })
      }
    }
  }

  @Test(arguments: [1, 2, 3, 20_261_121] as [UInt64])
  func valuesComeBackAsTheyWere(seed: UInt64) throws {
    var stream = Stream(state: seed)
    for round in 0..<300 {
      let value = stream.value(depth: 0)
      let text = value.text
      let back = try documentTree(text, .json)
      #expect(back == value, "seed \(seed), round \(round)")
      #expect(back.text == text, "seed \(seed), round \(round)")
    }
  }

  @Test(arguments: [7, 8] as [UInt64])
  func numbersKeepTheirBits(seed: UInt64) throws {
    var stream = Stream(state: seed)
    var numbers = (0..<20_000).map { _ in Double(bitPattern: stream.next()) }.filter(\.isFinite)
    numbers += [
      0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .leastNormalMagnitude, 0x1p53,
      1e22,
    ]
    let bytes = JSONWriter.bytes(of: .list(numbers.map { .number($0) }))
    for format in [DocumentReader.Format.json, .yaml] {
      let root = try DocumentReader.read(bytes, name: "n", format: format)
      guard case .list(let items) = root.content else {
        Issue.record("no list")
        return
      }
      #expect(items.count == numbers.count)
      for (item, number) in zip(items, numbers) {
        #expect(item.content ~= .number(number), "seed \(seed): \(number)")
      }
    }
  }
}
