@testable import BacktestFiles
import Testing

/// The tree of a document, its places left out.
func documentTree(_ text: String, _ format: DocumentReader.Format = .yaml) throws -> JSONValue {
  JSONValue(try DocumentReader.read(Array(text.utf8), name: "study.yaml", format: format))
}

/// The message with which a document is refused; empty when it is accepted.
func documentRefusal(_ text: String, _ format: DocumentReader.Format = .yaml) -> String {
  documentRefusal(Array(text.utf8), format)
}

/// The message with which the bytes of a document are refused; empty when they are accepted.
func documentRefusal(_ bytes: [UInt8], _ format: DocumentReader.Format = .yaml) -> String {
  do throws(DocumentError) {
    _ = try DocumentReader.read(bytes, name: "study.yaml", format: format)
    return ""
  } catch {
    return error.description
  }
}

struct YAMLDocumentTests {
  @Test func plainScalarsFollowTheCoreSchema() throws {
    let cases: [(String, JSONValue)] = [
      ("true", true), ("False", false), ("TRUE", true),
      ("no", "no"), ("Yes", "Yes"), ("on", "on"), ("y", "y"), ("tRUE", "tRUE"),
      ("null", nil), ("~", nil), ("nULL", "nULL"),
      ("12", 12), ("-7", -7), ("+7", 7), ("007", 7), ("0o17", 15), ("0xFf", 255),
      ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("-.5e-1", -0.05),
      ("9223372036854775807", 9_223_372_036_854_775_807),
      ("9223372036854775808", 9223372036854775808.0),
      ("1_000", "1_000"), ("1,5", "1,5"), ("0x", "0x"), ("0o8", "0o8"), ("0x-1", "0x-1"),
      ("-", "-"), (".", "."), ("+.e1", "+.e1"), ("1e", "1e"), ("1.2.3", "1.2.3"),
      ("2018-12-31", "2018-12-31"), ("12:30:00", "12:30:00"), ("inf", "inf"), ("nan", "nan"),
      ("0b11", "0b11"), ("1e5x", "1e5x"), ("0x1p3", "0x1p3"),
    ]
    for (text, value) in cases {
      // A lone dash opens a list in a block, so scalars are put into a flow list.
      #expect(PlainScalar.content(of: text) ~= value, "\(text)")
    }
    #expect(PlainScalar.content(of: "-.inf") ~= .number(-.infinity))
    #expect(try documentTree("'12'") == "12")
    #expect(try documentTree("\"true\"") == "true")
    #expect(try documentTree("|\n  12\n") == "12\n")
  }

  @Test func aStudyBecomesATree() throws {
    let study = try documentTree(
      """
      # a comment
      strategy: crossover
      parameters: {fast: [5, 10], slow: 50}
      execution:
        slippage: 1.5   # basis points
        fill: next-open
      symbols:
        - SPX
        - 'NO'
        - NO
      empty:
      """)
    #expect(
      study == [
        "strategy": "crossover",
        "parameters": ["fast": [5, 10], "slow": 50],
        "execution": ["slippage": 1.5, "fill": "next-open"],
        "symbols": ["SPX", "NO", "NO"],
        "empty": nil,
      ])
  }

  @Test func everyValueKnowsItsPlace() throws {
    let text = "a: 1\nb:\n  - x\n  - ü: {k: 2}\n"
    let root = try DocumentReader.read(Array(text.utf8), name: "s", format: .yaml)
    var places: [String] = []
    func walk(_ node: DocumentNode) {
      places.append("\(node.place.description.dropFirst(2))")
      switch node.content {
      case .list(let items): items.forEach(walk)
      case .table(let entries):
        for entry in entries {
          places.append("\(entry.key)@\(entry.keyPlace.description.dropFirst(2))")
          walk(entry.value)
        }
      default: break
      }
    }
    walk(root)
    #expect(
      places == [
        "1:1", "a@1:1", "1:4", "b@2:1", "3:3", "3:5", "4:5", "ü@4:5", "4:8", "k@4:9", "4:12",
      ])
  }

  @Test(arguments: [
    ("", "study.yaml:1:1: the document is empty"),
    ("# only words\n", "study.yaml:2:1: the document is empty"),
    (
      "a: 1\nb: 2\na: 3\n",
      "study.yaml:3:1: key 'a' is given twice, first in line 1; remove one of them"
    ),
    (
      "x: {k: 1, \"k\": 2}",
      "study.yaml:1:11: key 'k' is given twice, first in line 1; remove one of them"
    ),
    (
      "a: 1\n---\nb: 2\n",
      "study.yaml:2:1: a second document begins here; put it into a separate file"
    ),
    ("a: &x 1\n", "study.yaml:1:4: anchors (&name) are not supported; repeat the value"),
    ("a: *x\n", "study.yaml:1:4: aliases (*name) are not supported; repeat the value"),
    ("a: !!int 5\n", "study.yaml:1:4: tags (!name) are not supported; put text in quotes"),
    ("a: !mine {b: 1}\n", "study.yaml:1:4: tags (!name) are not supported; put text in quotes"),
    ("a:\n\tb: 1\n", "study.yaml:2:1: a tab indents this line; indent with spaces"),
    (
      "# x\n%TAG ! x\n---\na: 1\n",
      "study.yaml:2:1: tag directives (%TAG) are not supported; remove the line"
    ),
    ("? [a, b]\n: 1\n", "study.yaml:1:3: a key must be a single word or text"),
  ])
  func whatIsNoStudyIsRefused(text: String, message: String) {
    #expect(documentRefusal(text) == message)
  }

  @Test func syntaxErrorsNameTheirPlace() {
    let cases = [
      ("a: [1, 2\nb: 3\n", "2:2: ',' or ']' is expected, in what begins in line 1"),
      ("a: {b: 1]\n", "1:9: ',' or '}' is expected"),
      ("a: 'x\nb: 1\n", "3:1: a quote is not closed, in what begins in line 1"),
      ("a: b: c\n", "1:5: ':' is not expected here; put text that holds ': ' in quotes"),
      ("a: @x\n", "1:4: this character cannot begin a value; put the text in quotes"),
      (
        "a: 1\nb:\n    c: 1\n  d: 2\n",
        "4:3: a key is expected; indent the line like the others of its table, "
          + "in what begins in line 1"
      ),
      ("a\nb: 1\n", "2:2: ':' is not expected here; put text that holds ': ' in quotes"),
      ("a: 1\nb\n", "3:1: ':' is expected after the key, in what begins in line 2"),
      ("[1] x\n", "1:5: the document ends before this; remove the rest"),
    ]
    for (text, message) in cases {
      let place = message.prefix { $0 != " " }
      let expected = "study.yaml:\(place) this is not valid YAML:\(message.dropFirst(place.count))"
      #expect(documentRefusal(text) == expected)
    }
    #expect(
      documentRefusal([0x61, 0x3A, 0x0A, 0xC3, 0xBC, 0xFF]).hasPrefix(
        "study.yaml:2:2: this cannot be read as UTF-8 text: "))
    #expect(
      documentRefusal([0x61, 0x00]).hasPrefix("study.yaml:1:2: this cannot be read as UTF-8 text: ")
    )
  }

  @Test func billionsOfLaughsAreRefusedAtTheFirst() {
    var text = "a0: &a0 [lol, lol]\n"
    for level in 1..<30 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(documentRefusal(text).hasPrefix("study.yaml:1:5: anchors"))
  }

  @Test func filesThatCannotBeReadSaySo() {
    #expect(throws: DocumentError.self) { try DocumentReader.read(path: "/nowhere/study.yaml") }
    do {
      _ = try DocumentReader.read(path: "/nowhere/study.yaml")
    } catch {
      #expect(
        error.description
          == "/nowhere/study.yaml: cannot read the file: No such file or directory")
    }
    do {
      _ = try DocumentReader.read(path: "/")
    } catch {
      #expect(error.description == "/: cannot read the file: it is a directory")
    }
  }
}

/// The limits hold in both languages.
@Suite(.serialized) struct DocumentLimitTests {
  @Test(arguments: [DocumentReader.Format.yaml, .json])
  func depth(format: DocumentReader.Format) throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
    }
    #expect(documentRefusal(nested(64), format) == "")
    #expect(
      documentRefusal(nested(65), format)
        == "study.yaml:1:65: tables and lists nest more than 64 deep; flatten them")
    #expect(
      documentRefusal(String(repeating: "[", count: 100_000), format).contains(
        "nest more than 64 deep"))
    #expect(
      documentRefusal(String(repeating: "{\"a\":", count: 100_000), format)
        .contains("nest more than 64 deep"))
  }

  @Test func size() {
    let large = [UInt8](repeating: 0x20, count: DocumentReader.byteLimit + 1)
    for format in [DocumentReader.Format.yaml, .json] {
      #expect(
        documentRefusal(large, format)
          == "study.yaml: the document is larger than 16 MB; keep data in separate files")
    }
  }

  @Test func values() {
    let text = "[" + String(repeating: "1,", count: DocumentReader.nodeLimit) + "1]"
    #expect(documentRefusal(text, .json).contains("the document has more than 1000000 values"))
  }
}

extension DocumentNode.Content {
  /// Whether the content is a value, numbers compared by their bits.
  static func ~= (content: DocumentNode.Content, value: JSONValue) -> Bool {
    let node = DocumentNode(content: content, place: DocumentPlace(source: ""))
    if case .number(let a) = content, case .number(let b) = value {
      return a.bitPattern == b.bitPattern
    }
    return JSONValue(node) == value
  }
}
