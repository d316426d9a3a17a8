import Glibc

extension SourceText {
  /// The findings of a test that looks at one line at a time.
  func findings(in test: (String) -> String?) -> [SourceFinding] {
    lines.enumerated().compactMap { index, line in
      test(line).map { finding(index + 1, $0) }
    }
  }

  /// Whether the word at an index is the name of a function that is being declared.
  func declaresFunction(_ index: Int) -> Bool { index > 0 && elements[index - 1].text == "func" }

  /// Whether a docstring ends just above a line, attributes and conditions between them left aside.
  func hasDocumentation(above line: Int) -> Bool {
    var index = line - 2
    while index >= 0 {
      let text = lines[index].drop { $0 == " " }
      guard text.hasPrefix("@") || text.hasPrefix("#if") else {
        return text.hasPrefix("///") || text.hasSuffix("*/")
      }
      index -= 1
    }
    return false
  }

  /// The first line and the number of lines of every function, initialiser, subscript and computed
  /// property with a body.
  var functionLengths: [(line: Int, count: Int)] {
    var lengths: [(line: Int, count: Int)] = []
    var bodies: [(line: Int, depth: Int)] = []
    var pending: (line: Int, parentheses: Int, isVariable: Bool)?
    var depth = 0
    var parentheses = 0
    for (index, element) in elements.enumerated() {
      switch element.text {
      case "func", "init", "deinit", "subscript", "var":
        guard !isMember(index) else { continue }
        pending = (element.line, parentheses, element.text == "var")
      case "struct", "class", "enum", "protocol", "extension", "actor": pending = nil
      case "=": if pending?.isVariable == true { pending = nil }
      case "(", "[": parentheses += 1
      case ")", "]": parentheses -= 1
      case "{":
        if let start = pending, start.parentheses == parentheses {
          bodies.append((start.line, depth))
          pending = nil
        }
        depth += 1
      case "}":
        depth -= 1
        pending = nil
        if let body = bodies.last, body.depth == depth {
          lengths.append((body.line, element.line - body.line + 1))
          bodies.removeLast()
        }
      default: break
      }
    }
    return lengths
  }
}

extension String {
  /// Whether the text stands in this one, byte by byte.
  func utf8Contains(_ text: String) -> Bool { !starts(of: text).isEmpty }

  /// Whether the text stands in this one with no word byte before or after it.
  func containsWord(_ text: String) -> Bool {
    let bytes = Array(utf8)
    return starts(of: text).contains { start in
      let end = start + text.utf8.count
      return (start == 0 || !Ascii.isWordByte(bytes[start - 1]))
        && (end == bytes.count || !Ascii.isWordByte(bytes[end]))
    }
  }

  /// Whether a path that begins with the folder stands in this text; `a/folder/` is another path.
  func containsPath(_ folder: String) -> Bool {
    let bytes = Array(utf8)
    return starts(of: folder).contains { start in
      guard start > 0 else { return true }
      let before = bytes[start - 1]
      return !Ascii.isWordByte(before) && !".*~/-".utf8.contains(before)
    }
  }

  /// Where the text begins in this one, in bytes. The C library searches, because every line of the
  /// project is searched several times in builds that are not optimised.
  private func starts(of text: String) -> [Int] {
    var found: [Int] = []
    withCString { line in
      text.withCString { wanted in
        var from = 0
        while let match = strstr(line + from, wanted) {
          found.append(UnsafeRawPointer(match) - UnsafeRawPointer(line))
          from = found[found.count - 1] + 1
        }
      }
    }
    return found
  }
}
