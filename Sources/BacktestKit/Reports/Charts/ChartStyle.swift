/// The classes of marks, which the style sheet colours; colours repeat after the last.
enum ChartStyle {
  /// A line of a series, the first being 0.
  static func line(_ i: Int) -> StaticString {
    (["s1", "s2", "s3", "s4", "s5", "s6"] as [StaticString])[i % 6]
  }

  /// Dots in the colour of a series.
  static func dot(_ i: Int) -> StaticString {
    (["dot s1", "dot s2", "dot s3", "dot s4", "dot s5", "dot s6"] as [StaticString])[i % 6]
  }

  /// Bars in the colour of a series.
  static func bar(_ i: Int) -> StaticString {
    (["bar s1", "bar s2", "bar s3", "bar s4", "bar s5", "bar s6"] as [StaticString])[i % 6]
  }

  /// Shaded ranges.
  static func band(_ i: Int) -> StaticString {
    (["b1", "b2", "b3", "b4"] as [StaticString])[i % 4]
  }
}
