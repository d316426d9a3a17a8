/// How many columns of a matrix are computed at once.
///
/// A wide panel keeps eight registers of 128 bits busy, enough to hide the latency of an addition;
/// a narrow one, of two registers, serves outputs of a few numbers.
struct PanelSizes {
  let wide: Int
  let narrow: Int

  init<Element: NetworkElement>(_: Element.Type) {
    wide = 128 / MemoryLayout<Element>.stride
    narrow = 32 / MemoryLayout<Element>.stride
  }

  /// The panels of a number of columns, and the columns with those that fill the last panel.
  func panels(of columns: Int) -> (wide: Int, hasNarrow: Bool, padded: Int) {
    let (full, rest) = columns.quotientAndRemainder(dividingBy: wide)
    if rest == 0 { return (full, false, columns) }
    if rest <= narrow { return (full, true, full * wide + narrow) }
    return (full + 1, false, (full + 1) * wide)
  }

  /// A number of elements that fills narrow panels.
  func roundedUp(_ count: Int) -> Int { (count + narrow - 1) / narrow * narrow }
}
