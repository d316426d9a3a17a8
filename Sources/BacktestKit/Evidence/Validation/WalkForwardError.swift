public import BacktestCore

/// A walk-forward that cannot be carried out.
public enum WalkForwardError: Error, Equatable, CustomStringConvertible {
  /// A window length that is not positive.
  case emptyLength(window: String, WalkForwardLength)
  /// A gap that is negative.
  case negativeGap(Int)
  /// The gap leaves nothing of a train window; the fold and the window's bars before the gap.
  case gapTooLong(Int, fold: Int, trainBars: Int)
  /// The evaluation axis cannot begin at that bar of the feed.
  case invalidSkip(Int)
  /// Positions cannot go over into the next fold when each fold begins with the initial cash.
  case carryNeedsEquity
  /// Too few bars for one fold; what there is and what is needed, on the evaluation axis.
  case tooFewBars(available: Int, needed: Int, skipped: Int)
  /// The bars end before the first test window does; the last bar's date, and the date before which
  /// the first test window ends.
  case tooShort(first: CivilDate, last: CivilDate, neededBefore: CivilDate)
  /// A window by date without any bar.
  case emptyWindow(fold: Int, from: CivilDate, until: CivilDate)
  /// A random search that draws nothing.
  case emptySearch(count: Int)
  /// A parameter without values.
  case noValues(String)
  /// A parameter that stands twice in the grid, or varies and is fixed.
  case repeatedParameter(String)
  /// More combinations than `ParameterGrid.largestSize`.
  case gridTooLarge
  /// The strategy accepts none of the combinations.
  case noCandidates(combinations: Int)
  /// A value that the strategy cannot take.
  case parameters(ParameterError)
  /// The strategy of a fold that cannot be made, and why.
  case strategy(FoldPeriod, reason: String)
  /// A metric that cannot be an objective.
  case objective(ObjectiveError)

  /// One line that says what is wrong and what to do.
  public var description: String {
    switch self {
    case .emptyLength(let window, let length):
      "the \(window) window is \(length) long; give it at least one"
    case .negativeGap(let gap): "the gap is \(gap) bars; give 0 or more"
    case .gapTooLong(let gap, let fold, let bars):
      "a gap of \(gap) bars leaves nothing of the train window of fold \(fold), which has "
        + "\(bars) bars; shorten the gap or lengthen the train window"
    case .invalidSkip(let skip):
      "skip is \(skip), but the first decision needs a bar before it; give 1 or more"
    case .carryNeedsEquity:
      "positions go over into the next fold only together with its equity; use carry: equity, or "
        + "another boundary"
    case .tooFewBars(let available, let needed, let skipped):
      "one fold needs \(needed) bars, but there are \(available) after the first \(skipped), "
        + "which warm the strategies up; give more bars or shorter windows"
    case .tooShort(let first, let last, let date):
      "the bars from \(first) to \(last) do not hold one train and one test window, which last "
        + "until \(date); give more bars or shorter windows"
    case .emptyWindow(let fold, let from, let until):
      "fold \(fold) has no bars from \(from) until \(until); use longer windows or fill the hole"
    case .emptySearch(let count):
      "a random search of \(count) candidates finds nothing; give 1 or more"
    case .noValues(let name): "the parameter '\(name)' has no values; give at least one"
    case .repeatedParameter(let name):
      "the parameter '\(name)' is given twice; name it once, with all its values"
    case .gridTooLarge:
      "the grid has more than \(ParameterGrid.largestSize) combinations; give fewer values"
    case .noCandidates(let combinations):
      "the strategy accepts none of the \(combinations) combinations of the grid"
    case .parameters(let error): error.description
    case .strategy(let fold, let reason):
      "fold \(fold.index), tested from \(fold.testDates.lowerBound) to "
        + "\(fold.testDates.upperBound): \(reason)"
    case .objective(let error): error.description
    }
  }
}
