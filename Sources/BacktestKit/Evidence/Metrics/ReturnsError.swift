/// Returns that cannot be measured.
public enum ReturnsError: Error, Equatable, CustomStringConvertible {
  /// A return, an equity point or a rate is infinite or not a number.
  case notFinite(what: String, row: Int)
  /// The equity at the base point is not positive, so that nothing can be a fraction of it.
  case baseNotPositive(Double)
  /// A column has not as many values as the returns ask for.
  case lengthMismatch(what: String, expected: Int, found: Int)
  /// A date comes before the one in front of it.
  case datesNotAscending(row: Int)
  /// Two values of one date, where days are matched.
  case repeatedDate(row: Int)
  /// A number of bars a year that is not positive and finite.
  case invalidBarsPerYear(Double)
  /// An annual or per-bar rate of -100 % or less.
  case invalidRate(what: String, value: Double)

  /// One line that says what is wrong and where.
  public var description: String {
    switch self {
    case .notFinite(let what, let row):
      "\(what) \(row) is not a finite number; remove or repair the row before measuring"
    case .baseNotPositive(let value):
      "equity at the base point is \(value); returns need a positive starting capital"
    case .lengthMismatch(let what, let expected, let found):
      "\(what): \(expected) values expected, \(found) found"
    case .datesNotAscending(let row):
      "date \(row) comes before the date in front of it; sort the rows by date"
    case .repeatedDate(let row):
      "date \(row) is that of the row in front of it; compound the returns by session first"
    case .invalidBarsPerYear(let value):
      "bars a year must be positive and finite, not \(value)"
    case .invalidRate(let what, let value):
      "\(what) must be a finite fraction above -1, not \(value)"
    }
  }
}
