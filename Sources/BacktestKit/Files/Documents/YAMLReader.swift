internal import CLibYAML
internal import Glibc

/// Builds a tree from the events of libyaml.
struct YAMLReader: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeBufferPointer<UInt8>
  private let name: String
  private var nodes = 0

  /// Reads one YAML document.
  static func read(_ bytes: [UInt8], name: String) throws(DocumentError) -> DocumentNode {
    let outcome = bytes.withUnsafeBufferPointer { input in
      Result { () throws(DocumentError) in
        var reader = YAMLReader(input, name: name)
        try reader.refuseTagDirectives()
        return try reader.document()
      }
    }
    return try outcome.get()
  }

  private init(_ input: UnsafeBufferPointer<UInt8>, name: String) {
    parser = .allocate(capacity: 1)
    self.input = input
    self.name = name
    // Fails only when there is no memory left.
    precondition(yaml_parser_initialize(parser) == 1, "no memory for the YAML parser")
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  private mutating func document() throws(DocumentError) -> DocumentNode {
    _ = try next()  // the stream begins
    let start = try next()
    if case .end(let place) = start {
      throw DocumentError(at: place, "the document is empty")
    }
    let root = try node(try next(), depth: 0)
    _ = try next()  // the document ends
    switch try next() {
    case .end: return root
    case .other(let place), .scalar(_, _, let place), .list(let place), .table(let place):
      throw DocumentError(at: place, "a second document begins here; put it into a separate file")
    }
  }

  private mutating func node(_ step: Step, depth: Int) throws(DocumentError) -> DocumentNode {
    nodes += 1
    switch step {
    case .scalar(let text, let isPlain, let place):
      guard nodes <= DocumentReader.nodeLimit else { throw DocumentReader.tooMany(place) }
      guard isPlain else { return DocumentNode(content: .text(text), place: place) }
      let content = PlainScalar.content(of: text)
      if case .text = content { return DocumentNode(content: content, place: place) }
      return DocumentNode(content: content, place: place, written: text)
    case .list(let place):
      guard depth < DocumentReader.depthLimit else { throw DocumentReader.tooDeep(place) }
      return DocumentNode(content: .list(try items(depth: depth + 1)), place: place)
    case .table(let place):
      guard depth < DocumentReader.depthLimit else { throw DocumentReader.tooDeep(place) }
      return DocumentNode(content: .table(try entries(depth: depth + 1)), place: place)
    case .end(let place), .other(let place):
      throw DocumentError(at: place, "a value is missing")
    }
  }

  private mutating func items(depth: Int) throws(DocumentError) -> [DocumentNode] {
    var items: [DocumentNode] = []
    while true {
      let step = try next()
      if case .end = step { return items }
      items.append(try node(step, depth: depth))
    }
  }

  private mutating func entries(depth: Int) throws(DocumentError) -> [DocumentEntry] {
    var entries: [DocumentEntry] = []
    var keys = TableKeys()
    while true {
      switch try next() {
      case .end: return entries
      case .scalar(let key, _, let place):
        try keys.add(key, at: place)
        let value = try node(try next(), depth: depth)
        entries.append(DocumentEntry(key: key, keyPlace: place, value: value))
      case .list(let place), .table(let place), .other(let place):
        throw DocumentError(at: place, "a key must be a single word or text")
      }
    }
  }
}

extension YAMLReader {
  /// An event of the parser, as far as the tree needs it.
  private enum Step {
    case scalar(String, isPlain: Bool, DocumentPlace)
    case list(DocumentPlace)
    case table(DocumentPlace)
    /// A list, a table or the stream ends.
    case end(DocumentPlace)
    /// A document begins or ends, or the stream begins.
    case other(DocumentPlace)
  }

  private mutating func next() throws(DocumentError) -> Step {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
    defer { yaml_event_delete(&event) }
    let place = place(of: event.start_mark)
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      try refuse(tag: scalar.tag, anchor: scalar.anchor, at: place)
      let text = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, place)
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      try refuse(tag: start.tag, anchor: start.anchor, at: place)
      return .list(place)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      try refuse(tag: start.tag, anchor: start.anchor, at: place)
      return .table(place)
    case YAML_ALIAS_EVENT:
      throw DocumentError(at: place, "aliases (*name) are not supported; repeat the value")
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT, YAML_STREAM_END_EVENT:
      return .end(place)
    default:
      return .other(place)
    }
  }

  private func refuse(
    tag: UnsafeMutablePointer<yaml_char_t>?, anchor: UnsafeMutablePointer<yaml_char_t>?,
    at place: DocumentPlace
  ) throws(DocumentError) {
    if anchor != nil {
      throw DocumentError(at: place, "anchors (&name) are not supported; repeat the value")
    }
    if tag != nil {
      throw DocumentError(at: place, "tags (!name) are not supported; put text in quotes")
    }
  }

  private func place(of mark: yaml_mark_t) -> DocumentPlace {
    DocumentPlace(source: name, line: mark.line + 1, column: mark.column + 1)
  }

  private func syntaxError() -> DocumentError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "unknown problem"
    if parser.pointee.error == YAML_READER_ERROR {
      let place = place(ofByte: parser.pointee.problem_offset)
      return DocumentError(at: place, "this cannot be read as UTF-8 text: \(problem)")
    }
    let line = parser.pointee.problem_mark.line + 1
    let place = place(of: parser.pointee.problem_mark)
    if lineIsIndentedByTab(line) {
      return DocumentError(at: place, "a tab indents this line; indent with spaces")
    }
    // A context says what was begun before it went wrong, often many lines above.
    let begun = parser.pointee.context_mark.line + 1
    let isInContext = parser.pointee.context != nil && begun < line
    let origin = isInContext ? ", in what begins in line \(begun)" : ""
    return DocumentError(
      at: place, "this is not valid YAML: \(Self.plainWords[problem] ?? problem)\(origin)")
  }

  /// The commonest problems in words that say what to do.
  private static let plainWords = [
    "mapping values are not allowed in this context":
      "':' is not expected here; put text that holds ': ' in quotes",
    "did not find expected key":
      "a key is expected; indent the line like the others of its table",
    "did not find expected '-' indicator":
      "'-' is expected; indent the line like the others of its list",
    "found character that cannot start any token":
      "this character cannot begin a value; put the text in quotes",
    "found unexpected end of stream": "a quote is not closed",
    "could not find expected ':'": "':' is expected after the key",
    "did not find expected <document start>":
      "the document ends before this; remove the rest",
    "did not find expected ',' or ']'": "',' or ']' is expected",
    "did not find expected ',' or '}'": "',' or '}' is expected",
  ]

  private func place(ofByte offset: Int) -> DocumentPlace {
    var (line, column) = (1, 1)
    for byte in input.prefix(offset) {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return DocumentPlace(source: name, line: line, column: column)
  }

  /// Tag directives are of no use without tags, and very many of them take the parser very long.
  private func refuseTagDirectives() throws(DocumentError) {
    guard let start = input.baseAddress else { return }
    // The last bytes of all characters that YAML takes for the end of a line, and of a mark.
    let lineEnds: [UInt8] = [0x0A, 0x0D, 0x85, 0xA8, 0xA9, 0xBF]
    var offset = 0
    while let found = memchr(start + offset, 0x25, input.count - offset) {
      let index = UnsafeRawPointer(found) - UnsafeRawPointer(start)
      let isFirst = index == 0 || lineEnds.contains(input[index - 1])
      if isFirst, input[index...].starts(with: [0x25, 0x54, 0x41, 0x47]) {
        throw DocumentError(
          at: place(ofByte: index), "tag directives (%TAG) are not supported; remove the line")
      }
      offset = index + 1
    }
  }

  private func lineIsIndentedByTab(_ line: Int) -> Bool {
    var current = 1
    var isIndent = true
    for byte in input {
      if byte == 0x0A {
        current += 1
        isIndent = true
      } else if current == line, isIndent, byte == 0x09 {
        return true
      } else if byte != 0x20 {
        isIndent = false
      }
      if current > line { return false }
    }
    return false
  }
}

/// What a plain (unquoted) YAML scalar means.
///
/// The core schema of YAML 1.2: `true` and `false` are the only booleans, so `no`, `on` and `y`
/// stay text, as do dates and times.
/// > O. Ben-Kiki, C. Evans, I. döt Net, *YAML 1.2.2*, section 10.3.2, 2021.
package enum PlainScalar {
  /// The value of a plain scalar.
  package static func content(of text: String) -> DocumentNode.Content {
    switch text {
    case "", "~", "null", "Null", "NULL": .null
    case "true", "True", "TRUE": .bool(true)
    case "false", "False", "FALSE": .bool(false)
    default: number(text) ?? .text(text)
    }
  }

  private static func number(_ text: String) -> DocumentNode.Content? {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, isDigit(first) || [0x2B, 0x2D, 0x2E].contains(first) else {
      return nil
    }
    switch text {
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
    case ".nan", ".NaN", ".NAN": return .number(.nan)
    default: break
    }
    if bytes.count > 2, first == 0x30, bytes[1] == 0x78 || bytes[1] == 0x6F {
      return based(text.dropFirst(2), radix: bytes[1] == 0x78 ? 16 : 8)
    }
    return decimal(bytes, text)
  }

  private static func based(_ digits: Substring, radix: Int) -> DocumentNode.Content? {
    // A sign after the prefix is accepted by the standard library, but not by YAML.
    guard let first = digits.first, first != "-", first != "+" else { return nil }
    return Int(digits, radix: radix).map { .integer($0) }
  }

  private static func decimal(_ bytes: [UInt8], _ text: String) -> DocumentNode.Content? {
    var index = 0
    func skipDigits() -> Int {
      let start = index
      while index < bytes.count, isDigit(bytes[index]) { index += 1 }
      return index - start
    }
    func skip(_ first: UInt8, _ second: UInt8) -> Bool {
      guard index < bytes.count, bytes[index] == first || bytes[index] == second else {
        return false
      }
      index += 1
      return true
    }
    _ = skip(0x2B, 0x2D)
    var digits = skipDigits()
    if index == bytes.count, digits > 0, let value = Int(text) { return .integer(value) }
    if skip(0x2E, 0x2E) { digits += skipDigits() }
    guard digits > 0 else { return nil }
    if skip(0x65, 0x45) {
      _ = skip(0x2B, 0x2D)
      guard skipDigits() > 0 else { return nil }
    }
    guard index == bytes.count else { return nil }
    return Double(text).map { .number($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
