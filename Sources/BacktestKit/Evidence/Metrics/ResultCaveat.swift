/// Something to know before trusting the figures of a run.
public struct ResultCaveat: Hashable, Sendable {
  /// Its kind.
  public var code: Code
  /// One or two sentences with the figures.
  public var message: String

  /// A caveat from its parts.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The kinds of caveats, the most serious first.
  public enum Code: String, Hashable, Sendable, CaseIterable {
    /// The account lost everything.
    case ruined
    /// Equity left the finite numbers.
    case overflowed
    /// A policy failed to make some decisions.
    case refusedDecisions = "refused-decisions"
    /// The parameters are the best of a sweep over the same bars.
    case chosenFromSweep = "chosen-from-sweep"
    /// The bars were changed before the run.
    case changedMarket = "changed-market"
    /// Raw prices were used although the data has adjusted ones that moved differently.
    case rawPrices = "raw-prices"
    /// Raw prices jump by a factor at which shares are split.
    case splitJumps = "split-jumps"
    /// Closes are far away from those before them.
    case priceJumps = "price-jumps"
    /// A split is given for shares whose price did not jump.
    case splitsWithoutJump = "splits-without-jump"
    /// Rates of exchange end before the prices that they convert.
    case staleRates = "stale-rates"
    /// Bars lie outside the hours of their calendar.
    case outsideHours = "outside-hours"
    /// Sessions or bars of the calendar are missing.
    case missingBars = "missing-bars"
    /// Returns of unknown origin are so large that they could be percent figures.
    case largeReturns = "large-returns"
    /// Rows of the data were repaired.
    case repairedData = "repaired-data"
    /// A policy was tested on data of its training.
    case inSample = "in-sample"
    /// The training period of a policy is not documented.
    case unknownTraining = "unknown-training"
    /// It is unknown whether prices are adjusted, as they were in training.
    case unknownPrices = "unknown-prices"
    /// The same policy decided in all folds; nothing was retrained.
    case notRetrained = "not-retrained"
    /// Checkpoints were given observations normalised with the statistics of another.
    case sharedNormaliser = "shared-normaliser"
    /// Features of a policy were unlike those of its training.
    case driftedFeatures = "drifted-features"
    /// A policy was trained with masked actions and decides without masks.
    case ignoredMasks = "ignored-masks"
    /// Orders fill at a different price than in the training of a policy.
    case otherExecution = "other-execution"
    /// Equity comes from weights, without orders and fills.
    case weightsAccounting = "weights-accounting"
    /// The directions that were forecast show no skill.
    case noForecastSkill = "no-forecast-skill"
    /// Folds had nothing by which to choose and used the first candidate.
    case arbitraryChoice = "arbitrary-choice"
    /// There is one candidate, so nothing was chosen on any split.
    case singleCandidate = "single-candidate"
    /// Trading was free.
    case noCosts = "no-costs"
    /// Money or shares were borrowed for nothing.
    case freeBorrowing = "free-borrowing"
    /// Equity was below maintenance, and positions were reduced.
    case marginCalls = "margin-calls"
    /// Orders filled whatever the volume.
    case unlimitedLiquidity = "unlimited-liquidity"
    /// Fewer than 30 round trips were closed.
    case fewTrades = "few-trades"
    /// All closed round trips have the same direction.
    case oneSided = "one-sided"
    /// Nothing can be annualised.
    case noCalendar = "no-calendar"
    /// Instruments have different calendars, whose sessions count together.
    case mixedCalendars = "mixed-calendars"
    /// The benchmark has prices for a part of the time only.
    case shortBenchmark = "short-benchmark"
    /// The benchmark has returns on days that the comparison leaves out.
    case benchmarkDays = "benchmark-days"
    /// Less than a year was measured.
    case shortSample = "short-sample"
    /// A cash account rejected orders to sell short, or reduced them to what was held.
    case shortNotAllowed = "short-not-allowed"
    /// Orders were rejected for another reason.
    case rejectedOrders = "rejected-orders"
    /// The limits of the study reduced or rejected orders, or closed positions.
    case riskLimits = "risk-limits"
    /// Positions were valued at the last close of a series that had ended.
    case staleMarks = "stale-marks"
    /// Orders filled at the close on which they were decided.
    case sameClose = "same-close"
    /// Fills depended on the assumed order of prices within a bar.
    case ambiguousBars = "ambiguous-bars"
    /// A model that depends on volumes ran on adjusted prices.
    case adjustedPricesWithVolumeModels = "adjusted-prices-with-volume-models"
    /// A model that depends on volumes ran on a series without volumes.
    case noVolume = "no-volume"
    /// Round trips were closed at the mark because their fold ended.
    case markedTrades = "marked-trades"
    /// The metric by which parameters were chosen has no better direction.
    case objectiveWithoutDirection = "objective-without-direction"
    /// The first window begins before the strategies have seen their warm-up.
    case unfinishedWarmup = "unfinished-warmup"
    /// Folds whose returns are all equal count as 0 in a mean.
    case flatFolds = "flat-folds"
    /// Folds without an objective are left out of a mean.
    case missingObjectives = "missing-objectives"
    /// Bars after the last test window belong to no fold.
    case untestedBars = "untested-bars"
    /// Orders were reduced because buying power was too low, or shares could not be borrowed.
    case cutOrders = "cut-orders"
    /// Orders were still live at the end.
    case ordersLeftLive = "orders-left-live"
  }
}

extension ResultCaveat {
  /// Caveats by code, the most serious first; those of one code keep their order.
  package static func mostSeriousFirst(_ caveats: [ResultCaveat]) -> [ResultCaveat] {
    Code.allCases.flatMap { code in caveats.filter { $0.code == code } }
  }
}
