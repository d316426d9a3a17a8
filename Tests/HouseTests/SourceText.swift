/// One text file of the project, and for Swift its code without comments and strings.
struct SourceText: Sendable {
  /// The path below the project's root.
  let path: String
  /// The lines as they stand, without line ends.
  let lines: [String]
  /// Words and signs of the code in order; empty where the file is not Swift.
  let elements: [SourceElement]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    var lines = bytes.split(separator: Ascii.newline, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    self.lines = lines.map { String(decoding: $0, as: UTF8.self) }
    elements = path.hasSuffix(".swift") ? SourceText.elements(of: SourceMask.code(of: bytes)) : []
  }

  init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }

  private static func elements(of code: [UInt8]) -> [SourceElement] {
    var elements: [SourceElement] = []
    var line = 1
    var index = 0
    while index < code.count {
      let byte = code[index]
      if Ascii.isWordByte(byte) {
        let start = index
        while index < code.count, Ascii.isWordByte(code[index]) { index += 1 }
        let word = String(decoding: code[start..<index], as: UTF8.self)
        elements.append(SourceElement(text: word, line: line, isWord: true))
        continue
      }
      if byte == Ascii.newline {
        line += 1
      } else if byte > Ascii.space {
        let sign = String(UnicodeScalar(byte))
        elements.append(SourceElement(text: sign, line: line, isWord: false))
      }
      index += 1
    }
    return elements
  }
}

/// A word or one sign of code.
struct SourceElement: Sendable {
  let text: String
  let line: Int
  let isWord: Bool
}

/// Something that a rule found, with its place.
struct SourceFinding: Sendable, Hashable, CustomStringConvertible {
  let path: String
  let line: Int
  let message: String
  var description: String { "\(path):\(line) \(message)" }
}

extension SourceText {
  /// A finding at a line of this file.
  func finding(_ line: Int, _ message: String) -> SourceFinding {
    SourceFinding(path: path, line: line, message: message)
  }

  /// The places at which a sequence of words and signs stands, as indices of its first element.
  func occurrences(of pattern: [String]) -> [Int] {
    var found: [Int] = []
    var start = 0
    while start + pattern.count <= elements.count {
      if elements[start].text == pattern[0]
        && pattern.indices.allSatisfy({ elements[start + $0].text == pattern[$0] })
      {
        found.append(start)
      }
      start += 1
    }
    return found
  }

  /// Whether an element is a member of what stands before it, such as `b` in `a.b`.
  func isMember(_ index: Int) -> Bool { index > 0 && elements[index - 1].text == "." }

  /// The types that the file declares.
  var typeDeclarations: [SourceDeclaration] {
    var found: [SourceDeclaration] = []
    var depth = 0
    for (index, element) in elements.enumerated() {
      switch element.text {
      case "{": depth += 1
      case "}": depth -= 1
      case "struct", "class", "enum", "protocol", "actor", "typealias", "associatedtype":
        guard !isMember(index), index + 1 < elements.count else { continue }
        let name = elements[index + 1]
        guard name.isWord, !["func", "var", "let", "subscript"].contains(name.text) else {
          continue
        }
        found.append(SourceDeclaration(name: name.text, line: name.line, depth: depth))
      default: break
      }
    }
    return found
  }
}

/// A type that a file declares; depth 0 is the outermost level.
struct SourceDeclaration: Sendable {
  let name: String
  let line: Int
  let depth: Int
}
