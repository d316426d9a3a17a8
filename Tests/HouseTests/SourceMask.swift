/// Blanks out comments and string literals, so that what remains is code at its old place.
///
/// Code inside interpolations stays. Every blanked byte becomes a space except line ends, so lines
/// and columns keep their numbers.
struct SourceMask {
  private let bytes: [UInt8]
  private var code: [UInt8]
  private var position = 0

  static func code(of bytes: [UInt8]) -> [UInt8] {
    var mask = SourceMask(bytes)
    mask.readCode(untilParenthesis: false)
    return mask.code
  }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    code = bytes
  }

  private func byte(_ offset: Int) -> UInt8 {
    let index = position + offset
    return index < bytes.count ? bytes[index] : 0
  }

  private mutating func blank(_ count: Int) {
    for index in position..<min(position + count, bytes.count) where bytes[index] != Ascii.newline {
      code[index] = Ascii.space
    }
    position += count
  }

  private mutating func readCode(untilParenthesis: Bool) {
    var depth = 0
    while position < bytes.count {
      switch byte(0) {
      case Ascii.slash where byte(1) == Ascii.slash: blankLine()
      case Ascii.slash where byte(1) == Ascii.star: blankBlock()
      case Ascii.quote: blankString(hashes: 0)
      case Ascii.hash:
        var hashes = 1
        while byte(hashes) == Ascii.hash { hashes += 1 }
        if byte(hashes) == Ascii.quote {
          blankString(hashes: hashes)
        } else {
          position += hashes
        }
      case Ascii.openParenthesis:
        depth += 1
        position += 1
      case Ascii.closeParenthesis:
        if untilParenthesis && depth == 0 { return }
        depth -= 1
        position += 1
      default: position += 1
      }
    }
  }

  private mutating func blankLine() {
    while position < bytes.count && byte(0) != Ascii.newline { blank(1) }
  }

  private mutating func blankBlock() {
    var depth = 0
    repeat {
      if byte(0) == Ascii.slash && byte(1) == Ascii.star {
        depth += 1
        blank(2)
      } else if byte(0) == Ascii.star && byte(1) == Ascii.slash {
        depth -= 1
        blank(2)
      } else {
        blank(1)
      }
    } while depth > 0 && position < bytes.count
  }

  private mutating func blankString(hashes: Int) {
    blank(hashes)
    let isLong = byte(1) == Ascii.quote && byte(2) == Ascii.quote
    let quotes = isLong ? 3 : 1
    blank(quotes)
    while position < bytes.count {
      if byte(0) == Ascii.backslash && follows(Ascii.hash, hashes, from: 1) {
        blank(1 + hashes)
        guard byte(0) == Ascii.openParenthesis else {
          blank(1)
          continue
        }
        blank(1)
        readCode(untilParenthesis: true)
        blank(1)
      } else if follows(Ascii.quote, quotes, from: 0) && follows(Ascii.hash, hashes, from: quotes) {
        return blank(quotes + hashes)
      } else if !isLong && byte(0) == Ascii.newline {
        return
      } else {
        blank(1)
      }
    }
  }

  private func follows(_ wanted: UInt8, _ count: Int, from offset: Int) -> Bool {
    (0..<count).allSatisfy { byte(offset + $0) == wanted }
  }
}

/// The bytes that the scanner of sources looks for.
enum Ascii {
  static let newline: UInt8 = 0x0A
  static let space: UInt8 = 0x20
  static let quote: UInt8 = 0x22
  static let hash: UInt8 = 0x23
  static let openParenthesis: UInt8 = 0x28
  static let closeParenthesis: UInt8 = 0x29
  static let star: UInt8 = 0x2A
  static let slash: UInt8 = 0x2F
  static let backslash: UInt8 = 0x5C

  static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
    default: byte >= 0x80
    }
  }
}
