/// Reads JSON into a tree.
///
/// JSON has its own reader because YAML scanners refuse legal JSON: escaped surrogate pairs, keys
/// of more than 1,024 characters.
/// > T. Bray, *The JavaScript Object Notation (JSON) Data Interchange Format*, RFC 8259, 2017.
package struct JSONReader {
  private let bytes: [UInt8]
  private let name: String
  private var index = 0
  private var nodes = 0
  /// The last place asked for; places are counted on from it, so long lines cost no more.
  private var mark: (index: Int, line: Int, column: Int) = (0, 1, 1)

  /// Reads one JSON document.
  package static func read(_ bytes: [UInt8], name: String) throws(DocumentError) -> DocumentNode {
    var reader = JSONReader(bytes: bytes, name: name)
    return try reader.document()
  }

  private init(bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      index = 3
      mark.index = 3
    }
  }

  private mutating func document() throws(DocumentError) -> DocumentNode {
    skipBlanks()
    guard index < bytes.count else { throw DocumentError(at: here(), "the document is empty") }
    let root = try value(depth: 0)
    skipBlanks()
    guard index == bytes.count else {
      throw problem("the document ends before this; remove the rest")
    }
    return root
  }

  private mutating func value(depth: Int) throws(DocumentError) -> DocumentNode {
    let place = here()
    nodes += 1
    guard nodes <= DocumentReader.nodeLimit else { throw DocumentReader.tooMany(place) }
    let content: DocumentNode.Content
    switch peek {
    case 0x7B, 0x5B:
      guard depth < DocumentReader.depthLimit else { throw DocumentReader.tooDeep(place) }
      content =
        peek == 0x7B ? .table(try entries(depth: depth + 1)) : .list(try items(depth: depth + 1))
    case 0x22: content = .text(try text())
    case 0x74: content = try word("true", .bool(true))
    case 0x66: content = try word("false", .bool(false))
    case 0x6E: content = try word("null", .null)
    case .some(0x2D), .some(0x30...0x39): content = try number(place)
    default: throw problem("a value is expected")
    }
    return DocumentNode(content: content, place: place)
  }

  private mutating func items(depth: Int) throws(DocumentError) -> [DocumentNode] {
    var items: [DocumentNode] = []
    index += 1
    skipBlanks()
    if take(0x5D) { return items }
    while true {
      items.append(try value(depth: depth))
      skipBlanks()
      if take(0x5D) { return items }
      guard take(0x2C) else { throw problem("',' or ']' is expected") }
      skipBlanks()
    }
  }

  private mutating func entries(depth: Int) throws(DocumentError) -> [DocumentEntry] {
    var entries: [DocumentEntry] = []
    var keys = TableKeys()
    index += 1
    skipBlanks()
    if take(0x7D) { return entries }
    while true {
      let place = here()
      guard peek == 0x22 else { throw problem("a key in double quotes is expected") }
      let key = try text()
      try keys.add(key, at: place)
      skipBlanks()
      guard take(0x3A) else { throw problem("':' is expected") }
      skipBlanks()
      let value = try value(depth: depth)
      entries.append(DocumentEntry(key: key, keyPlace: place, value: value))
      skipBlanks()
      if take(0x7D) { return entries }
      guard take(0x2C) else { throw problem("',' or '}' is expected") }
      skipBlanks()
    }
  }

  private mutating func word(
    _ word: StaticString, _ content: DocumentNode.Content
  ) throws(DocumentError) -> DocumentNode.Content {
    let letters = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes[index...].starts(with: letters) else { throw problem("a value is expected") }
    index += letters.count
    return content
  }
}

// Numbers and text
extension JSONReader {
  private mutating func number(
    _ place: DocumentPlace
  ) throws(DocumentError) -> DocumentNode.Content {
    let start = index
    _ = take(0x2D)
    if take(0x30) {
      if isDigit(peek) { throw problem("a number must not begin with 0") }
    } else {
      try digits()
    }
    var isWhole = true
    if take(0x2E) {
      isWhole = false
      try digits()
    }
    if take(0x65) || take(0x45) {
      isWhole = false
      if !take(0x2B) { _ = take(0x2D) }
      try digits()
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    // "-0" stays a number, so that its sign is kept.
    if isWhole, text != "-0", let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw DocumentError(at: place, "the number is too large for a 64-bit floating-point value")
    }
    return .number(value)
  }

  private mutating func digits() throws(DocumentError) {
    guard isDigit(peek) else { throw problem("a digit is expected") }
    while isDigit(peek) { index += 1 }
  }

  private mutating func text() throws(DocumentError) -> String {
    index += 1
    var decoded: [UInt8] = []
    var start = index
    while true {
      guard let byte = peek else { throw problem("the text is not closed; add '\"'") }
      switch byte {
      case 0x22:
        decoded += bytes[start..<index]
        guard let text = String(validating: decoded, as: UTF8.self) else {
          throw problem("the text before this is not UTF-8")
        }
        index += 1
        return text
      case 0x5C:
        decoded += bytes[start..<index]
        index += 1
        decoded += Array(String(try escape()).utf8)
        start = index
      case 0..<0x20: throw problem("a control character in a text must be written as an escape")
      default: index += 1
      }
    }
  }

  /// The character of an escape sequence, behind its backslash.
  private mutating func escape() throws(DocumentError) -> Unicode.Scalar {
    guard let letter = peek else { throw problem("the text is not closed; add '\"'") }
    index += 1
    switch letter {
    case 0x22, 0x5C, 0x2F: return Unicode.Scalar(letter)
    case 0x62: return "\u{8}"
    case 0x66: return "\u{C}"
    case 0x6E: return "\n"
    case 0x72: return "\r"
    case 0x74: return "\t"
    case 0x75: break
    default:
      index -= 1
      throw problem(#"unknown escape; use \" \\ \/ \b \f \n \r \t or \uXXXX"#)
    }
    let first = try hexadecimal()
    guard 0xD800..<0xDC00 ~= first else { return try scalar(first) }
    guard take(0x5C), take(0x75) else { throw problem("half of a surrogate pair is missing") }
    let second = try hexadecimal()
    guard 0xDC00..<0xE000 ~= second else { throw problem("half of a surrogate pair is missing") }
    return try scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
  }

  private mutating func scalar(_ value: UInt32) throws(DocumentError) -> Unicode.Scalar {
    guard let scalar = Unicode.Scalar(value) else {
      throw problem("half of a surrogate pair is missing")
    }
    return scalar
  }

  private mutating func hexadecimal() throws(DocumentError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      switch peek {
      case .some(let digit) where isDigit(digit): value = value << 4 + UInt32(digit - 0x30)
      case .some(let digit) where 0x61...0x66 ~= digit | 0x20:
        value = value << 4 + UInt32((digit | 0x20) - 0x57)
      default: throw problem("four hexadecimal digits are expected")
      }
      index += 1
    }
    return value
  }
}

// Moving through the bytes
extension JSONReader {
  private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  private func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    index += 1
    return true
  }

  private mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      index += 1
    }
  }

  private mutating func here() -> DocumentPlace {
    for byte in bytes[mark.index..<index] {
      if byte == 0x0A {
        mark.line += 1
        mark.column = 1
      } else if byte & 0xC0 != 0x80 {
        mark.column += 1
      }
    }
    mark.index = index
    return DocumentPlace(source: name, line: mark.line, column: mark.column)
  }

  private mutating func problem(_ message: String) -> DocumentError {
    guard index < bytes.count else {
      return DocumentError(at: here(), "this is not valid JSON: the document ends too early")
    }
    return DocumentError(at: here(), "this is not valid JSON: \(message)")
  }
}
