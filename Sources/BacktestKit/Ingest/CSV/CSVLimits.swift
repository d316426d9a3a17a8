/// How much of a file is read before it is refused: what goes beyond is no price file, and could
/// keep a program busy for hours.
enum CSVLimits {
  /// How many times its stored size a gzip file may inflate to, beyond `inflatedByteCount`. Prices
  /// inflate to 3 to 30 times.
  static let inflation = 100
  /// The bytes that any gzip file may inflate to.
  static let inflatedByteCount = 64 << 20
  /// The most invalid rows; where they are repaired, the most as long as others are fewer.
  static let invalidRowCount = 100_000
  /// The most blank lines that may follow one another.
  static let blankLineCount = 100_000
  /// The most symbols.
  static let symbolCount = 100_000
}
