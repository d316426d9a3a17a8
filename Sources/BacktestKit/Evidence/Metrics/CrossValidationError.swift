/// What is wrong with a cross-validation.
public enum CrossValidationError: Error, Hashable {
  /// A number of bars below zero.
  case negative(String, Int)
  /// Fewer than two folds.
  case tooFewFolds(Int)
  /// More folds than bars.
  case tooManyFolds(Int, bars: Int)
  /// No test fold, or no fold left to train on.
  case invalidTestFolds(Int, folds: Int)
  /// More splits than can be evaluated.
  case tooManySplits(folds: Int, testFolds: Int, largest: Int)
  /// Groups of which only one occurs, so that nothing is left to train on.
  case oneGroup(kind: String, name: String?)
  /// A split without bars to train on.
  case emptyTrain(split: String, purge: Int, embargo: Int)
  /// A split whose train bars are too few for the objective.
  case shortTrain(split: String, bars: Int, objective: String, needed: Int)
  /// An objective of trades, which belong to no bar.
  case objectiveOfTrades(String)
  /// Bars of which one market cannot be made, or on which the strategy cannot run.
  case market(String, reason: String)
  /// A method that needs what only other methods have.
  case missing(String)
  /// A market with too few bars for the warm-up.
  case shortMarket(String, bars: Int, needed: Int)
}

extension CrossValidationError: CustomStringConvertible {
  /// One line that says what is wrong and what to do.
  public var description: String {
    switch self {
    case .negative(let what, let number):
      "\(what) is \(number) bars; give 0 or more"
    case .tooFewFolds(let folds):
      "cross-validation needs at least 2 folds, not \(folds)"
    case .tooManyFolds(let folds, let bars):
      "\(folds) folds need as many bars, but there are \(bars) after the warm-up; give fewer folds "
        + "or more bars"
    case .invalidTestFolds(let count, let folds):
      "\(count) of \(folds) folds cannot be tested while the others train; give 1 to \(folds - 1)"
    case .tooManySplits(let folds, let testFolds, let largest):
      "\(testFolds) of \(folds) folds can be chosen in more than \(largest) ways; give fewer folds "
        + "or test folds"
    case .oneGroup(let kind, let name):
      if let name {
        "all bars belong to one \(kind), '\(name)', so that nothing is left to train on; give "
          + "more bars, or another method"
      } else {
        "no bar belongs to a \(kind); give more bars, or another method"
      }
    case .emptyTrain(let split, let purge, let embargo):
      "\(split) has no bars to train on: a purge of \(purge) bars on both sides and an embargo of "
        + "\(embargo) leave nothing; shorten them, or test fewer folds"
    case .shortTrain(let split, let bars, let objective, let needed):
      "\(objective) needs at least \(needed) returns, but \(split) trains on \(bars), so no "
        + "choice can be made; shorten purge and embargo, or use another objective"
    case .objectiveOfTrades(let name):
      "\(name) is a metric of trades, which can span train and test bars; choose by a metric of "
        + "returns, such as sharpe"
    case .market(let name, let reason): "\(name): \(reason)"
    case .missing(let what): what
    case .shortMarket(let name, let bars, let needed):
      "\(name) has \(bars) bars, but the longest warm-up and two returns need \(needed); give "
        + "more bars"
    }
  }
}
