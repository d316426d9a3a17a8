public import BacktestCore

/// An error in measuring a result or in a walk-forward.
///
/// The description is one line that says what is wrong, where, and what to do.
public enum EvidenceError: Error, Equatable {
  // Returns.

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

  // Metrics and objectives.

  /// The catalogue has no metric of that name; the nearest names first.
  case unknownMetric(String, candidates: [String])
  /// An annual metric, although the number of bars in a year is not known.
  case noCalendar(metric: String)
  /// A metric that needs more than returns and trades, so it cannot be an objective.
  case needsMoreThanReturns(metric: String)

  // Trials of a search.

  /// An odd number of blocks, or too few rows for them.
  case invalidBlocks(Int, rows: Int)
  /// A probability or share that is not one.
  case invalidShare(what: String, value: Double)
  /// No trials, or a position at which there is none.
  case noTrial(Int, count: Int)

  // Intervals.

  /// Fewer resamples than it takes.
  case tooFewDraws(Int)
  /// A confidence that is not between 0 and 1.
  case invalidLevel(Double)
  /// A block that is shorter than one row, or endless.
  case invalidBlock(Double)
  /// Blocks longer than the series that they are drawn from.
  case blockTooLong(Double, rows: Int)
  /// Trades that overlap in time, so that their order cannot be changed.
  case overlappingTrades(CivilDate)
  /// Bars that do not resample together.
  case notResampled(String)

  // Regimes.

  /// The numbers of closes and of times differ.
  case unequalLengths(closes: Int, times: Int)
  /// A close that is not a positive number, at a bar counted from 0.
  case unusableClose(row: Int, value: Double)
  /// Too few values to estimate something; what there is, what is needed, and for what.
  case tooFewValues(Int, needed: Int, for: String)
  /// Values that do not differ, so that what is named cannot be estimated.
  case valuesAllEqual(String)
  /// Labels of hindsight where only what was known at the time may be used; their name.
  case labelsLookAhead(String)

  // Walk-forward.

  /// A window length that is not positive.
  case emptyLength(window: String, length: String)
  /// A gap that is negative.
  case negativeGap(Int)
  /// The gap leaves nothing of a train window; the fold and the window's bars before the gap.
  case gapTooLong(Int, fold: Int, trainBars: Int)
  /// The evaluation axis cannot begin at that bar of the feed.
  case invalidSkip(Int)
  /// The evaluation axis would begin after the last bar.
  case skipTooLong(Int, bars: Int)
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
  /// Train windows on which the objective, which needs so many returns, has no value.
  case tooShortToChoose(objective: String, returns: Int, needed: Int)
  /// Bars that end within the longest warm-up of all sets, or one return after it.
  case tooShortToSweep(bars: Int, warmup: Int)
  /// A parameter without values.
  case noValues(String)
  /// A parameter that is given twice in the grid, or both varied and fixed.
  case repeatedParameter(String)
  /// A value of a parameter is given twice, and would be counted as two trials.
  case repeatedValue(String, String)
  /// More combinations than the largest number that a grid may have.
  case gridTooLarge(largest: Int)
  /// The strategy accepts none of the combinations.
  case noCandidates(combinations: Int)
  /// A value that the strategy cannot take.
  case parameters(ParameterError)
  /// The strategy cannot run on the universe.
  case universe(StrategyError)
  /// The strategy of a fold, tested on these dates, cannot be made for that reason.
  case strategy(fold: Int, testDates: ClosedRange<CivilDate>, reason: String)

  /// What is wrong with the tuning of a strategy's parameters.
  case tuning(String)

  /// A market of a sensitivity analysis that cannot be made, by its name.
  case scenario(name: String, String)

  /// What is wrong with a cross-validation.
  case crossValidation(CrossValidationError)
}

extension EvidenceError: CustomStringConvertible {
  /// One line that says what is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .notFinite, .baseNotPositive, .lengthMismatch, .datesNotAscending, .repeatedDate,
      .invalidBarsPerYear, .invalidRate:
      returnsText
    case .unknownMetric, .noCalendar, .needsMoreThanReturns, .unequalLengths, .unusableClose:
      metricText
    case .invalidBlocks, .invalidShare, .noTrial: trialText
    case .tooFewDraws, .invalidLevel, .invalidBlock, .blockTooLong, .overlappingTrades,
      .notResampled:
      resamplingText
    case .tooFewValues, .valuesAllEqual, .labelsLookAhead: regimeText
    case .emptyLength, .negativeGap, .gapTooLong, .invalidSkip, .skipTooLong, .carryNeedsEquity,
      .tooFewBars, .tooShort, .emptyWindow:
      windowText
    case .emptySearch, .tooShortToChoose, .tooShortToSweep, .noValues, .repeatedParameter,
      .repeatedValue,
      .gridTooLarge, .noCandidates, .parameters, .universe, .scenario, .strategy,
      .tuning:
      searchText
    case .crossValidation(let error): error.description
    }
  }

  private var returnsText: String {
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
    default: ""
    }
  }

  private var metricText: String {
    switch self {
    case .unknownMetric(let name, let candidates):
      "there is no metric \"\(name)\"; "
        + (candidates.isEmpty
          ? "see the list of metrics" : "did you mean \(candidates.joined(separator: ", "))?")
    case .noCalendar(let metric):
      "\(metric) is an annual figure; name the calendar, which gives the number of bars in a year"
    case .needsMoreThanReturns(let metric):
      "\(metric) needs dates, a benchmark or the account's activity and cannot be an objective; "
        + "choose a metric of returns or trades"
    case .unequalLengths(let closes, let times):
      "there are \(closes) closes but \(times) times; give one time for each close"
    case .unusableClose(let row, let value):
      "the close \(value) of bar \(row) is not a positive number; classify by another series or "
        + "repair this one"
    default: ""
    }
  }

  private var trialText: String {
    switch self {
    case .invalidBlocks(let blocks, let rows):
      "\(blocks) blocks do not divide \(rows) returns into halves; give an even number from 2 to "
        + "24 that leaves two returns in each block"
    case .invalidShare(let what, let value): "\(what) must lie between 0 and 1, not \(value)"
    case .noTrial(let position, let count):
      count == 0
        ? "there are no trials; give the returns of at least one"
        : "there is no trial \(position); give a position from 0 to \(count - 1)"
    default: ""
    }
  }

  private var resamplingText: String {
    switch self {
    case .tooFewDraws(let draws):
      "\(draws) resamples are too few; take 2 or more, such as 2000"
    case .invalidLevel(let level):
      "a confidence of \(level) is not between 0 and 1; take 0.95 for 95 %"
    case .invalidBlock(let length):
      "a block of \(length) rows is none; take a finite length of 1 or more"
    case .blockTooLong(let length, let rows):
      "blocks of \(NumberText.plain(length)) bars do not fit into \(rows) bars; give at most "
        + "\(rows)"
    case .overlappingTrades(let date):
      "two trades are open on \(date), so their order cannot be changed; resample returns or bars "
        + "instead"
    case .notResampled(let reason): reason
    default: ""
    }
  }

  private var regimeText: String {
    switch self {
    case .tooFewValues(let count, let needed, let purpose):
      "\(purpose) need \(needed) values, but there are \(count); give a longer series"
    case .valuesAllEqual(let purpose):
      "all values are equal, so \(purpose) cannot be told apart; use another series"
    case .labelsLookAhead(let name):
      "the labels of '\(name)' are known only in hindsight; for a decision or a feature say from "
        + "when each label was known"
    default: ""
    }
  }

  private var windowText: String {
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
      needed > 1 << 40
        ? "'train' and 'test' are far longer than the \(available) bars that there are after the "
          + "first \(skipped); give shorter windows"
        : "one fold needs \(needed) bars, but there are \(available) after the first \(skipped), "
          + "which are for warming up; give more bars or shorter windows"
    case .skipTooLong(let skip, let bars):
      "skip is \(skip), but there are only \(bars) bars; give fewer"
    case .tooShort(let first, let last, let date):
      "the bars from \(first) to \(last) do not hold one train and one test window, which last "
        + "until \(date); give more bars or shorter windows"
    case .emptyWindow(let fold, let from, let until):
      "fold \(fold) has no bars from \(from) until \(until); use longer windows or fill the hole"
    default: ""
    }
  }

  private var searchText: String {
    switch self {
    case .emptySearch(let count):
      "a random search of \(count) candidates finds nothing; give 1 or more"
    case .tooShortToChoose(let objective, let returns, let needed):
      "\(objective) needs at least \(needed) returns, but the longest train window has "
        + "\(returns), so no choice can be made; use longer train windows or another objective"
    case .tooShortToSweep(let bars, let warmup):
      "there are \(bars) bars, but the longest warm-up of all sets takes \(warmup) and the figures "
        + "need two returns more; give more bars or shorter parameters"
    case .noValues(let name): "the parameter '\(name)' has no values; give at least one"
    case .repeatedValue(let name, let value):
      "the parameter '\(name)' has the value \(value) twice; give each value once"
    case .repeatedParameter(let name):
      "the parameter '\(name)' is given twice; name it once, with all its values"
    case .gridTooLarge(let largest):
      "the grid has more than \(largest) combinations; give fewer values"
    case .noCandidates(let combinations):
      "the strategy accepts none of the \(combinations) combinations of the grid"
    case .parameters(let error): error.description
    case .universe(let error): error.description
    case .tuning(let reason): reason
    case .scenario(let name, let reason): "the scenario '\(name)': \(reason)"
    case .strategy(let fold, let dates, let reason):
      "fold \(fold), tested from \(dates.lowerBound) to \(dates.upperBound): \(reason)"
    default: ""
    }
  }
}
