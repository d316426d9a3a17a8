/// What trading some of the instruments costs, where that is not what it costs by default.
///
///     rules.instrumentCosts = [
///       InstrumentCosts(
///         of: .assetClass(.crypto), commission: BasisPointCommission(basisPoints: 10)),
///       InstrumentCosts(of: .symbols(["VOD"]), taxes: [StampDuty(basisPoints: 50)]),
///     ]
public struct InstrumentCosts: Sendable {
  /// The instruments.
  public var selection: Selection
  /// How far a trade moves the price; `nil` leaves what holds without this.
  public var slippage: (any SlippageModel)?
  /// What the broker charges; `nil` leaves what holds without this.
  public var commission: (any CommissionModel)?
  /// What is taxed; `nil` leaves what holds without this, and an empty list taxes nothing.
  public var taxes: [any TransactionTax]?
  /// The schedule from which commission and taxes were taken, for reports.
  public private(set) var feeSchedule: FeeSchedule?

  /// Which instruments are meant.
  public enum Selection: Hashable, Sendable {
    /// Those with these symbols.
    case symbols([String])
    /// All of a class.
    case assetClass(AssetClass)

    /// Whether an instrument is meant.
    func contains(_ instrument: Instrument) -> Bool {
      switch self {
      case .symbols(let symbols): symbols.contains(instrument.symbol)
      case .assetClass(let assetClass): instrument.assetClass == assetClass
      }
    }

    /// As a report names it: `crypto`, `AAA, BBB`.
    package var text: String {
      switch self {
      case .symbols(let symbols): NumberText.list(symbols, limit: 6)
      case .assetClass(let assetClass): assetClass.rawValue
      }
    }
  }

  /// Costs of some instruments.
  public init(
    of selection: Selection, slippage: (any SlippageModel)? = nil,
    commission: (any CommissionModel)? = nil, taxes: [any TransactionTax]? = nil
  ) {
    self.selection = selection
    self.slippage = slippage
    self.commission = commission
    self.taxes = taxes
  }

  /// Takes commission and taxes from a schedule; one of taxes alone leaves the commission, and one
  /// without taxes those that are given.
  public mutating func apply(_ schedule: FeeSchedule) {
    if let given = schedule.commission { commission = given }
    if !schedule.taxes.isEmpty || taxes == nil { taxes = schedule.taxes }
    feeSchedule = schedule
  }
}

/// The models of one instrument.
struct TradingCostModels: Sendable {
  var slippage: any SlippageModel
  var commission: any CommissionModel
  var taxes: [any TransactionTax]
  /// The instruments of one scope share the volume by which commissions are tiered.
  var feeScope = 0
  /// Bars in a session, by which figures of bars become figures of sessions.
  var barsPerSession: Double
}

extension ExecutionRules {
  /// The models of the instrument of a series: the run's own, and over them in their order what is
  /// said of the instrument.
  func costModels(for series: BarSeries) -> TradingCostModels {
    var models = TradingCostModels(
      slippage: slippage, commission: commission, taxes: taxes,
      barsPerSession: series.timeframe.barsPerSession(calendar: series.calendar))
    for (index, costs) in instrumentCosts.enumerated()
    where costs.selection.contains(series.instrument) {
      if let slippage = costs.slippage { models.slippage = slippage }
      if let commission = costs.commission {
        models.commission = commission
        models.feeScope = index + 1
      }
      if let taxes = costs.taxes { models.taxes = taxes }
    }
    return models
  }

  /// The first symbol that has costs and is not in the data; `nil` where there is none.
  func unknownCostSymbol(in universe: Universe) -> String? {
    for costs in instrumentCosts {
      guard case .symbols(let symbols) = costs.selection else { continue }
      if let unknown = symbols.first(where: { universe.instrument($0) == nil }) { return unknown }
    }
    return nil
  }

  /// What is wrong with the costs themselves; `nil` where nothing is.
  func costsProblem(in currency: String) -> String? {
    let schedules = [feeSchedule].compactMap(\.self) + instrumentCosts.compactMap(\.feeSchedule)
    for schedule in schedules {
      if let charged = schedule.currency, charged != currency {
        return "the fee schedule '\(schedule.name)' charges \(charged), and the account is in "
          + "\(currency); give 'commission' and 'taxes' in \(currency) instead"
      }
    }
    for model in slippageModels where model.constantFraction >= 1 {
      return "slippage of \(NumberText.exact(model.constantFraction * 100)) % of the price leaves "
        + "nothing of it; give less than 100 %"
    }
    return nil
  }

  /// What is wrong with the quoted spreads that slippage asks for; `nil` where nothing is.
  func quotedSpreadProblem(in universe: Universe) -> String? {
    for series in universe.series
    where costModels(for: series).slippage.spreadSource == .quotes {
      let name = Universe.quotedSpreadName(of: series.instrument)
      guard let quotes = universe.quotedSpread(of: series.instrument) else {
        let known = universe.references.map(\.name)
        return "slippage needs the reference series '\(name)' with bid-ask spreads in price units; "
          + (known.isEmpty
            ? "there are no reference series"
            : "there are \(NearestName.list(known, near: name))")
      }
      if let row = quotes.values.firstIndex(where: { $0 < 0 }) {
        return
          "the reference series '\(name)' gives a negative spread, \(quotes.values[row]), known "
          + "at \(quotes.knownTimes[row])"
      }
      if let problem = series.problem(withSpreads: quotes) { return problem }
    }
    return nil
  }

  /// Every slippage model that may be asked.
  package var slippageModels: [any SlippageModel] {
    [slippage] + instrumentCosts.compactMap(\.slippage)
  }

  /// What all trades cost as the same share of what is traded; `nil` where it is no such share.
  package var constantCostShare: Double? {
    guard instrumentCosts.isEmpty, taxes.isEmpty,
      let commission = commission.description(in: "").share,
      let slippage = slippage.description(in: "").share
    else { return nil }
    return commission + slippage
  }
}

extension BarSeries {
  /// The first spread, half of which is not below the close known with it.
  fileprivate func problem(withSpreads quotes: ReferenceSeries) -> String? {
    var last = -1
    for row in quotes.values.indices {
      while last + 1 < count, closeTimes[last + 1] <= quotes.knownTimes[row] { last += 1 }
      guard last >= 0, quotes.values[row] / 2 >= close[last] else { continue }
      return "the reference series '\(quotes.name)' gives a spread of "
        + "\(NumberText.exact(quotes.values[row])), known at \(quotes.knownTimes[row]), for a "
        + "price of \(NumberText.exact(close[last])); spreads are in price units"
    }
    return nil
  }
}

extension Timeframe {
  /// Bars in a session; 24 hours of bars where no calendar is known.
  fileprivate func barsPerSession(calendar: (any TradingCalendar)?) -> Double {
    let calendar = calendar ?? AlwaysOpenCalendar()
    return barsPerYear(in: calendar) / calendar.sessionsPerYear
  }
}
