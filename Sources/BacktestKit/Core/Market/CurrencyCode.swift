/// A currency by its code: the three letters of ISO 4217, or up to eight for coins such as USDT.
///
///     let euro = CurrencyCode("EUR")
public struct CurrencyCode: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// The ASCII characters, the first in the highest byte.
  private let characters: UInt64

  /// A code from its text; `nil` unless it has 1 to 8 letters or digits of ASCII.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard (1...8).contains(bytes.count),
      text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
    else { return nil }
    var characters: UInt64 = 0
    for place in 0..<8 {
      characters = characters << 8 | UInt64(place < bytes.count ? bytes[place] : 0)
    }
    self.characters = characters
  }

  /// The order of the texts.
  public static func < (a: CurrencyCode, b: CurrencyCode) -> Bool { a.characters < b.characters }
}

extension CurrencyCode: CustomStringConvertible {
  /// The text: `EUR`.
  public var description: String {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: characters >> (56 - 8 * UInt64($0))) }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
