public import BacktestCore

/// Something that a reader must know before believing the figures of a run.
public struct ResultLimit: Hashable, Sendable {
  /// What kind of limit it is.
  public var code: Code
  /// One or two sentences with the figures.
  public var message: String

  /// A limit from its parts.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The kinds of limits, the gravest first.
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

extension ResultLimit {
  /// Limits in the order of their codes; those of one code stay in their own.
  package static func gravestFirst(_ limits: [ResultLimit]) -> [ResultLimit] {
    Code.allCases.flatMap { code in limits.filter { $0.code == code } }
  }
}

extension BacktestResult {
  /// What a reader must know before believing the figures, the gravest first.
  ///
  ///     for limit in result.limits { print(limit.code.rawValue, limit.message) }
  public var limits: [ResultLimit] {
    let found = [
      accountLimits, forecastLimits, sampleLimits, tradeLimits, executionLimits, dataLimits,
    ]
    return ResultLimit.gravestFirst(Array(found.joined()))
  }

  /// The fewest round trips that are more than anecdotes.
  package static let enoughTrades = 30

  private var accountLimits: [ResultLimit] {
    var found: [ResultLimit] = []
    if let ruinedAt {
      found.append(
        ResultLimit(
          .ruined,
          "The account lost everything on \(ruinedAt.utcDate). Its equity is zero from then on, "
            + "and ratios of its returns do not exist."))
    }
    for tally in decisionTallies where tally.refused > 0 {
      let first = tally.firstTime.map { "first: \($0): \(tally.firstReason)" } ?? ""
      found.append(
        ResultLimit(
          .refusedDecisions,
          "\(tally.policy) refused \(FigureText.grouped(tally.refused)) of "
            + "\(FigureText.count(tally.asked, "decision")) (\(first)); \(tally.effect)."))
    }
    if configuration.accounting.holdsWeights {
      found.append(
        ResultLimit(
          .weightsAccounting,
          "Weights accounting, as in the training of policies: there were no orders and no prices "
            + "paid, and every decision traded at the very close at which it was made."))
    }
    return found
  }

  private var sampleLimits: [ResultLimit] {
    var found: [ResultLimit] = []
    let sample = sample
    if sample.barsPerYear == nil {
      found.append(
        ResultLimit(
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
      let year = sample.barsPerYear.map { "; a year has \(FigureText.plain($0))" } ?? ""
      found.append(
        ResultLimit(
          .shortSample,
          "Only \(FigureText.count(sample.count, "return")) over \(FigureText.count(days, "day"))"
            + "\(year). Annual figures are extrapolated."))
    }
    return found
  }

  private var tradeLimits: [ResultLimit] {
    if case .weights(let fee, _) = configuration.accounting {
      guard fee == 0, account.tradedNotional > 0 else { return [] }
      return [ResultLimit(.noCosts, "Trading was free: no fee was charged.")]
    }
    var found: [ResultLimit] = []
    let closed = trades.filter { !$0.isOpen }
    if closed.count < BacktestResult.enoughTrades {
      let number =
        closed.isEmpty
        ? "No round trip was"
        : "Only \(closed.count) "
          + (closed.count == 1 ? "round trip was" : "round trips were")
      found.append(
        ResultLimit(
          .fewTrades,
          "\(number) closed; figures about trades mean little below "
            + "\(BacktestResult.enoughTrades)."))
    }
    if let first = closed.first, closed.allSatisfy({ $0.isLong == first.isLong }) {
      found.append(
        ResultLimit(
          .oneSided,
          "Every closed round trip is \(first.isLong ? "long" : "short"), so the result rests on "
            + "the direction of the market as well."))
    }
    if !fills.isEmpty, fills.allSatisfy({ $0.commission == 0 && $0.slippage == 0 }) {
      found.append(
        ResultLimit(.noCosts, "Trading was free: neither commission nor slippage was charged."))
    }
    return found
  }

  private var executionLimits: [ResultLimit] {
    var found: [ResultLimit] = []
    func add(_ code: ResultLimit.Code, _ count: Int, _ one: String, _ many: String) {
      guard count > 0 else { return }
      let number = FigureText.grouped(count)
      found.append(ResultLimit(code, count == 1 ? "1 \(one)" : "\(number) \(many)"))
    }
    if configuration.execution.marketFill == .sameClose, !configuration.accounting.holdsWeights {
      found.append(
        ResultLimit(
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

  private var dataLimits: [ResultLimit] {
    var found: [ResultLimit] = []
    let rules = configuration.execution
    let readsVolume =
      !configuration.accounting.holdsWeights
      && (rules.participation != nil || rules.slippage.usesVolume)
    func add(_ code: ResultLimit.Code, _ text: String, _ isMeant: (BarSeries) -> Bool) {
      let symbols = universe.series.filter(isMeant).map(\.instrument.symbol)
      guard !symbols.isEmpty else { return }
      found.append(ResultLimit(code, "\(text): \(FigureText.list(symbols))."))
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

/// Figures inside sentences.
package enum FigureText {
  /// `1,234`.
  static func grouped(_ value: Int) -> String {
    let digits = Array(String(abs(value)))
    var text = value < 0 ? "−" : ""
    for (i, digit) in digits.enumerated() {
      if i > 0, (digits.count - i) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// `1 return`, `20 returns`.
  static func count(_ value: Int, _ noun: String) -> String {
    "\(grouped(value)) \(noun)\(value == 1 ? "" : "s")"
  }

  /// A fraction as percent with one decimal: `51.2%`.
  static func percent(_ fraction: Double) -> String {
    let tenths = Int((fraction * 1_000).rounded())
    return "\(tenths / 10).\(tenths % 10)%"
  }

  /// A probability as it stands behind its name: `= 0.046`, `< 0.001`.
  package static func probability(_ value: Double) -> String {
    let thousandths = Int((value * 1_000).rounded())
    guard thousandths > 0 else { return "< 0.001" }
    let digits = "\(1_000 + thousandths % 1_000)".dropFirst()
    return "= \(thousandths / 1_000).\(digits)"
  }

  /// A count that may have a fraction.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? grouped(Int(value)) : "\(value)"
  }

  /// The first names, and how many more there are.
  package static func list(_ names: [String]) -> String {
    let shown = names.prefix(8).joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }
}
