/// Something that a reader must know before believing the figures of a run.
public struct ResultCaveat: Hashable, Sendable {
  /// What kind of limit it is.
  public var code: Code
  /// One or two sentences with the figures.
  public var message: String

  /// A limit from its parts.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The kinds of caveats, the gravest first.
  public enum Code: String, Hashable, Sendable, CaseIterable {
    /// The account lost everything.
    case ruined
    /// A policy did not decide where it was asked.
    case refusedDecisions = "refused-decisions"
    /// A policy was tested on data of its training.
    case inSample = "in-sample"
    /// Nobody says on which data a policy was trained.
    case unknownTraining = "unknown-training"
    /// Nobody can tell whether prices are those on which a policy was trained.
    case unknownPrices = "unknown-prices"
    /// One policy decided in all folds, and nothing was trained anew.
    case notRetrained = "not-retrained"
    /// Checkpoints were normalised with the numbers of another.
    case sharedNormaliser = "shared-normaliser"
    /// Orders fill at another time than that for which a policy was trained.
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
    /// All closed round trips point in one direction.
    case oneSided = "one-sided"
    /// Trading was free.
    case noCosts = "no-costs"
    /// Orders were made smaller for want of buying power.
    case cutOrders = "cut-orders"
    /// A cash account refused orders to sell short.
    case shortNotAllowed = "short-not-allowed"
    /// Orders were refused for another reason.
    case rejectedOrders = "rejected-orders"
    /// Positions were valued at the last close of a series that had ended.
    case staleMarks = "stale-marks"
    /// The path inside a bar decided what filled.
    case ambiguousBars = "ambiguous-bars"
    /// A model that reads volumes met prices that were adjusted.
    case adjustedPricesWithVolumeModels = "adjusted-prices-with-volume-models"
    /// A model that reads volumes met a series without them.
    case noVolume = "no-volume"
    /// Rows of the data were repaired.
    case repairedData = "repaired-data"
  }
}

extension ResultCaveat {
  /// Caveats in the order of their codes; those of one code stay in their own.
  static func gravestFirst(_ caveats: [ResultCaveat]) -> [ResultCaveat] {
    Code.allCases.flatMap { code in caveats.filter { $0.code == code } }
  }
}

extension BacktestResult {
  /// What a reader must know before believing the figures, the gravest first.
  ///
  ///     for caveat in result.caveats { print(caveat.code.rawValue, caveat.message) }
  public var caveats: [ResultCaveat] {
    let found = [
      accountCaveats, forecastCaveats, sampleCaveats, tradeCaveats, executionCaveats, dataCaveats,
    ]
    return ResultCaveat.gravestFirst(Array(found.joined()))
  }

  /// The fewest round trips that are more than anecdotes.
  static let enoughTrades = 30

  private var accountCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    if let ruinedAt {
      found.append(
        ResultCaveat(
          .ruined,
          "The account lost everything on \(ruinedAt.utcDate). Its equity is zero from then on, "
            + "and ratios of its returns do not exist."))
    }
    for tally in decisionTallies where tally.refused > 0 {
      let first = tally.firstTime.map { "first: \($0): \(tally.firstReason)" } ?? ""
      found.append(
        ResultCaveat(
          .refusedDecisions,
          "\(tally.policy) refused \(NumberText.grouped(tally.refused)) of "
            + "\(NumberText.count(tally.asked, "decision")) (\(first)); \(tally.effect)."))
    }
    if configuration.accounting.holdsWeights {
      found.append(
        ResultCaveat(
          .weightsAccounting,
          "Weights accounting, as in the training of policies: there were no orders and no prices "
            + "paid, and every decision traded at the very close at which it was made."))
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
          "No trading calendar is given, so bars in a year are not known and every annual figure "
            + "is missing."))
    }
    guard let first = sample.pointDates?.first, let last = sample.pointDates?.last else {
      return found
    }
    let days = last.daysSinceEpoch - first.daysSinceEpoch
    let isShort = sample.barsPerYear.map { Double(sample.count) < $0 } ?? (days < 365)
    if isShort {
      let year = sample.barsPerYear.map { "; a year has \(NumberText.number($0))" } ?? ""
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
          "\(number) closed; figures about trades mean little below "
            + "\(BacktestResult.enoughTrades)."))
    }
    if let first = closed.first, closed.allSatisfy({ $0.isLong == first.isLong }) {
      found.append(
        ResultCaveat(
          .oneSided,
          "Every closed round trip is \(first.isLong ? "long" : "short"), so the result rests on "
            + "the direction of the market as well."))
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
    if configuration.execution.marketFill == .sameClose, !configuration.accounting.holdsWeights {
      found.append(
        ResultCaveat(
          .sameClose,
          "Market orders filled at the very close on which they were decided, a price that could "
            + "not be traded once it was known."))
    }
    add(
      .cutOrders, counts.cutOrders, "order was made smaller for want of buying power.",
      "orders were made smaller for want of buying power.")
    let shorts = outcomes.count { $0.kind == .rejected(.shortNotAllowed) }
    let why = "refused by the cash account (account: leverage allows them)."
    add(
      .shortNotAllowed, shorts, "order to sell short was \(why)",
      "orders to sell short were \(why)")
    add(
      .rejectedOrders, counts.rejectedOrders - shorts, "order was refused.",
      "orders were refused.")
    add(
      .staleMarks, counts.stalePositions,
      "open position is valued at the last close of a series that ended before the run did.",
      "open positions are valued at the last closes of series that ended before the run did.")
    add(
      .ambiguousBars, counts.ambiguousBars,
      "bar is ambiguous: what filled on it depends on the path that is assumed inside it.",
      "bars are ambiguous: what filled on them depends on the path that is assumed inside them.")
    return found
  }

  private var dataCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    let rules = configuration.execution
    let readsVolume =
      !configuration.accounting.holdsWeights
      && (rules.participation != nil || rules.slippage.usesVolume)
    func add(_ code: ResultCaveat.Code, _ text: String, _ isMeant: (BarSeries) -> Bool) {
      let symbols = universe.series.filter(isMeant).map(\.instrument.symbol)
      guard !symbols.isEmpty else { return }
      found.append(ResultCaveat(code, "\(text): \(NumberText.list(symbols))."))
    }
    if readsVolume {
      add(
        .adjustedPricesWithVolumeModels,
        "Fills depend on volumes, which are not scaled as the adjusted prices are"
      ) { $0.priceBasis == .adjusted }
      add(.noVolume, "Fills should depend on volumes, but the data has none") { !$0.hasVolume }
    }
    add(.repairedData, "Rows of the data were repaired") { series in
      series.issues.contains { $0.repair != nil }
    }
    return found
  }
}
