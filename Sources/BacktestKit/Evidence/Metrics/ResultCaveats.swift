public import BacktestCore

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
    /// Orders fill at a different price than in the training of a policy.
    case otherExecution = "other-execution"
    /// Equity comes from weights, without orders and fills.
    case weightsAccounting = "weights-accounting"
    /// Orders filled at the close on which they were decided.
    case sameClose = "same-close"
    /// The directions that were forecast show no skill.
    case noForecastSkill = "no-forecast-skill"
    /// Nothing can be annualised.
    case noCalendar = "no-calendar"
    /// Less than a year was measured.
    case shortSample = "short-sample"
    /// Fewer than 30 round trips were closed.
    case fewTrades = "few-trades"
    /// All closed round trips have the same direction.
    case oneSided = "one-sided"
    /// Trading was free.
    case noCosts = "no-costs"
    /// Orders were reduced because buying power was too low.
    case cutOrders = "cut-orders"
    /// A cash account rejected orders to sell short.
    case shortNotAllowed = "short-not-allowed"
    /// Orders were rejected for another reason.
    case rejectedOrders = "rejected-orders"
    /// Positions were valued at the last close of a series that had ended.
    case staleMarks = "stale-marks"
    /// Fills depended on the assumed order of prices within a bar.
    case ambiguousBars = "ambiguous-bars"
    /// A model that depends on volumes ran on adjusted prices.
    case adjustedPricesWithVolumeModels = "adjusted-prices-with-volume-models"
    /// A model that depends on volumes ran on a series without volumes.
    case noVolume = "no-volume"
    /// Rows of the data were repaired.
    case repairedData = "repaired-data"
  }
}

extension ResultCaveat {
  /// Caveats by code, the most serious first; those of one code keep their order.
  package static func mostSeriousFirst(_ caveats: [ResultCaveat]) -> [ResultCaveat] {
    Code.allCases.flatMap { code in caveats.filter { $0.code == code } }
  }
}

extension BacktestResult {
  /// What to know before trusting the figures, the most serious first.
  ///
  ///     for caveat in result.caveats { print(caveat.code.rawValue, caveat.message) }
  public var caveats: [ResultCaveat] {
    let found = [
      accountCaveats, forecastCaveats, sampleCaveats, tradeCaveats, executionCaveats, dataCaveats,
    ]
    return ResultCaveat.mostSeriousFirst(Array(found.joined()))
  }

  /// The fewest round trips from which figures about trades mean something.
  package static let enoughTrades = 30

  private var accountCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    if let ruinedAt {
      found.append(
        ResultCaveat(
          .ruined,
          "The account lost everything on \(ruinedAt.utcDate). Its equity is zero from then on, "
            + "and ratios of its returns do not exist."))
    }
    if let overflowedAt {
      found.append(
        ResultCaveat(
          .overflowed,
          "The run ended on \(overflowedAt.utcDate): equity grew beyond the largest number. Its "
            + "equity is constant from then on; look at the prices around that date."))
    }
    for tally in decisionTallies where tally.refused > 0 {
      let first = tally.firstTime.map { "first: \($0): \(tally.firstReason)" } ?? ""
      found.append(
        ResultCaveat(
          .refusedDecisions,
          "\(tally.policy) refused \(NumberText.grouped(tally.refused)) of "
            + "\(NumberText.count(tally.asked, "decision")) (\(first)); \(tally.effect)."))
    }
    if !configuration.accounting.placesOrders {
      found.append(
        ResultCaveat(
          .weightsAccounting,
          "Weights accounting, as in policy training: there are no orders and no fills, and every "
            + "decision trades at the close it was based on."))
    }
    return found
  }

  private var forecastCaveats: [ResultCaveat] {
    let matrix = ForecastEvaluation.direction(of: self)
    guard matrix.count > 0, !matrix.showsSkill else { return [] }
    return [ResultCaveat(.noForecastSkill, matrix.skillSentence)]
  }

  private var sampleCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    let sample = sample
    if sample.barsPerYear == nil {
      found.append(
        ResultCaveat(
          .noCalendar,
          "No trading calendar is given, so the number of bars in a year is unknown and annual "
            + "figures are missing."))
    }
    guard let first = sample.pointDates?.first, let last = sample.pointDates?.last else {
      return found
    }
    let days = last.daysSinceEpoch - first.daysSinceEpoch
    let isShort = sample.barsPerYear.map { Double(sample.count) < $0 } ?? (days < 365)
    if isShort {
      let year = sample.barsPerYear.map { "; a year has \(NumberText.number($0)) bars" } ?? ""
      found.append(
        ResultCaveat(
          .shortSample,
          "Only \(NumberText.count(sample.count, "return")) over \(NumberText.count(days, "day"))"
            + "\(year). Annual figures are extrapolated."))
    }
    return found
  }

  private var tradeCaveats: [ResultCaveat] {
    if case .weights(let fee, _) = configuration.accounting {
      guard fee == 0, account.tradedNotional > 0 else { return [] }
      return [ResultCaveat(.noCosts, "Trading was free: no fee was charged.")]
    }
    var found: [ResultCaveat] = []
    let closed = trades.filter { !$0.isOpen }
    if closed.count < BacktestResult.enoughTrades {
      let number =
        closed.isEmpty
        ? "No round trip was"
        : "Only \(closed.count) "
          + (closed.count == 1 ? "round trip was" : "round trips were")
      found.append(
        ResultCaveat(
          .fewTrades,
          "\(number) closed; figures about trades mean little with fewer "
            + "than \(BacktestResult.enoughTrades)."))
    }
    if let first = closed.first, closed.allSatisfy({ $0.isLong == first.isLong }) {
      found.append(
        ResultCaveat(
          .oneSided,
          "Every closed round trip is \(first.isLong ? "long" : "short"), so the result "
            + "also depends on the direction of the market."))
    }
    if !fills.isEmpty, fills.allSatisfy({ $0.commission == 0 && $0.slippage == 0 }) {
      found.append(
        ResultCaveat(.noCosts, "Trading was free: neither commission nor slippage was charged."))
    }
    return found
  }

  private var executionCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    func add(_ code: ResultCaveat.Code, _ count: Int, _ one: String, _ many: String) {
      guard count > 0 else { return }
      let number = NumberText.grouped(count)
      found.append(ResultCaveat(code, count == 1 ? "1 \(one)" : "\(number) \(many)"))
    }
    if configuration.execution.marketFill == .sameClose, configuration.accounting.placesOrders {
      found.append(
        ResultCaveat(
          .sameClose,
          "Market orders filled at the close they were based on. That price is known only when it "
            + "can no longer be traded."))
    }
    add(
      .cutOrders, counts.cutOrders, "order was reduced because buying power was too low.",
      "orders were reduced because buying power was too low.")
    let shorts = outcomes.count { $0.kind == .rejected(.shortNotAllowed) }
    let why = "rejected: a cash account cannot sell short (set account: leverage to allow it)."
    add(
      .shortNotAllowed, shorts, "order to sell short was \(why)",
      "orders to sell short were \(why)")
    add(
      .rejectedOrders, counts.rejectedOrders - shorts, "order was rejected.",
      "orders were rejected.")
    add(
      .staleMarks, counts.stalePositions,
      "open position is valued at the last close of a series that ended before the run did.",
      "open positions are valued at the last closes of series that ended before the run did.")
    add(
      .ambiguousBars, counts.ambiguousBars,
      "bar is ambiguous: its fills depend on the assumed order of prices within the bar.",
      "bars are ambiguous: their fills depend on the assumed order of prices within the bar.")
    return found
  }

  private var dataCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    let rules = configuration.execution
    let readsVolume =
      configuration.accounting.placesOrders
      && (rules.participation != nil || rules.slippage.usesVolume)
    func add(_ code: ResultCaveat.Code, _ text: String, _ isMeant: (BarSeries) -> Bool) {
      let symbols = universe.series.filter(isMeant).map(\.instrument.symbol)
      guard !symbols.isEmpty else { return }
      found.append(ResultCaveat(code, "\(text): \(NumberText.list(symbols))."))
    }
    if readsVolume {
      add(
        .adjustedPricesWithVolumeModels,
        "Fills depend on volumes, but prices are adjusted and volumes are not"
      ) { $0.priceBasis == .adjusted }
      add(.noVolume, "Fills should depend on volumes, but the data has no volumes") {
        !$0.hasVolume
      }
    }
    add(.repairedData, "Rows of the data were repaired") { series in
      series.issues.contains { $0.repair != nil }
    }
    return found
  }
}
