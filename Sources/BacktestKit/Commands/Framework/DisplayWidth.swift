extension StringProtocol {
  /// The columns that the text takes in a terminal: none for combining marks and control
  /// characters, two for East Asian wide characters and emoji, one for all others.
  ///
  /// A close approximation of Unicode Standard Annex 11 by blocks.
  var displayWidth: Int { unicodeScalars.reduce(0) { $0 + $1.displayWidth } }

  /// The text with blanks behind it, up to a width.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - displayWidth))
  }

  /// The text with blanks before it, up to a width.
  func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - displayWidth)) + self
  }

  /// The text cut to a width, with `…` as its last character where something was cut.
  func cut(to width: Int) -> String {
    guard displayWidth > width else { return String(self) }
    var text = ""
    var used = 1
    for character in self {
      used += String(character).displayWidth
      guard used <= width else { break }
      text.append(character)
    }
    return width > 0 ? text + "…" : ""
  }
}

extension Unicode.Scalar {
  fileprivate var displayWidth: Int {
    if value < 0x7F { return value < 0x20 ? 0 : 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
