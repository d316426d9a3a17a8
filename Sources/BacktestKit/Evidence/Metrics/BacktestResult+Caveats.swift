public import BacktestCore

extension BacktestResult {
  /// What to know before trusting the figures, the most serious first.
  ///
  ///     for caveat in result.caveats { print(caveat.code.rawValue, caveat.message) }
  public var caveats: [ResultCaveat] {
    let found = [
      accountCaveats, forecastCaveats, sampleCaveats, tradeCaveats, marginCaveats,
      borrowingCaveats,
      executionCaveats, orderCaveats, riskCaveats, dataCaveats,
    ]
    return ResultCaveat.mostSeriousFirst(Array(found.joined()))
  }

  /// The fewest round trips from which figures about trades mean something.
  package static let enoughTrades = 30

  private var accountCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    if let ruinedAt {
      let date = universe.sessionDate(of: ruinedAt)
      found.append(
        ResultCaveat(
          .ruined,
          "The account lost everything on \(date). Its equity is zero from then on, "
            + "and ratios of its returns do not exist."))
    }
    if let overflowedAt {
      let date = universe.sessionDate(of: overflowedAt)
      found.append(
        ResultCaveat(
          .overflowed,
          "The run ended on \(date): equity grew beyond the largest number. Its "
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
    if universe.calendars.count > 1, let perYear = sample.barsPerYear {
      let names = universe.calendars.map(\.name).joined(separator: ", ")
      found.append(
        ResultCaveat(
          .mixedCalendars,
          "Instruments have different calendars (\(names)). "
            + "Returns are from session to session of any of them, and a year has "
            + "\(NumberText.perYear(perYear)) of these sessions, counted over the run."))
    }
    guard let first = sample.pointDates?.first, let last = sample.pointDates?.last else {
      return found
    }
    let days = last.daysSinceEpoch - first.daysSinceEpoch
    let isShort = sample.barsPerYear.map { Double(sample.count) < $0 } ?? (days < 365)
    if isShort {
      let year = sample.barsPerYear.map { "; a year has \(NumberText.perYear($0)) bars" } ?? ""
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
        : "Only \(NumberText.grouped(closed.count)) "
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
    if !fills.isEmpty, fills.allSatisfy({ $0.cost == 0 }) {
      found.append(
        ResultCaveat(.noCosts, "Trading was free: neither commission nor slippage was charged."))
    }
    let marked = trades.count(where: \.isMarked)
    if marked > 0 {
      found.append(
        ResultCaveat(
          .markedTrades,
          "\(NumberText.grouped(marked)) of \(NumberText.count(closed.count, "closed round trip")) "
            + "\(marked == 1 ? "was" : "were") open at the end of a fold and closed at the mark, "
            + "without costs; figures about trades count \(marked == 1 ? "it" : "them")."))
    }
    return found
  }

  private var marginCaveats: [ResultCaveat] {
    guard let first = marginCalls.first else { return [] }
    let sold = Set(fills.map(\.order))
    let orders = orders.count { $0.isLiquidation && sold.contains($0.assignedID) }
    return [
      ResultCaveat(
        .marginCalls,
        "Equity was below maintenance at \(NumberText.count(marginCalls.count, "margin check")), "
          + "first on \(first.time.utcDate); \(NumberText.count(orders, "order")) of the engine's "
          + "own reduced positions.")
    ]
  }

  /// What was borrowed without interest or fees.
  private var borrowingCaveats: [ResultCaveat] {
    if configuration.accounting.placesOrders, configuration.account.funding == .cash { return [] }
    let financing = configuration.account.financing
    let chargesInterest = (financing?.debitRate ?? 0) > 0
    let chargesFees =
      financing.map { $0.borrowing.rate > 0 || !$0.borrowing.bySymbol.isEmpty } ?? false
    let points = zip(curve.grossExposure, curve.equity).count { exposure, equity in
      equity > 0 && exposure > equity * (1 + 1e-9)
    }
    let shorts = trades.count { !$0.isLong }
    var parts: [String] = []
    if points > 0, !chargesInterest {
      parts.append(
        "gross exposure was above equity at \(NumberText.grouped(points)) of "
          + NumberText.count(curve.equity.count, "point"))
    }
    if shorts > 0, !chargesFees {
      parts.append(
        "\(NumberText.grouped(shorts)) of \(NumberText.count(trades.count, "round trip")) "
          + "\(shorts == 1 ? "was" : "were") short")
    }
    guard !parts.isEmpty else { return [] }
    return [
      ResultCaveat(
        .freeBorrowing,
        "Borrowing was free: \(parts.joined(separator: ", and ")), but "
          + (chargesInterest
            ? "no borrowing fees are charged."
            : chargesFees
              ? "no interest is charged." : "neither interest nor borrowing fees are charged."))
    ]
  }

  private var executionCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    func add(_ code: ResultCaveat.Code, _ count: Int, _ one: String, _ many: String) {
      if count > 0 { found.append(ResultCaveat(code, count: count, one, many)) }
    }
    if configuration.execution.marketFill == .sameClose, configuration.accounting.placesOrders {
      found.append(
        ResultCaveat(
          .sameClose,
          "Market orders filled at the close they were based on. That price is known only when it "
            + "can no longer be traded."))
    }
    if configuration.execution.participation == nil, !fills.isEmpty {
      found.append(
        ResultCaveat(
          .unlimitedLiquidity,
          "Liquidity was unlimited: orders filled completely, whatever the volume of the bar."))
    }
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
}

extension ResultCaveat {
  /// A caveat about something that was counted: what follows `1` and what follows other numbers.
  init(_ code: Code, count: Int, _ one: String, _ many: String) {
    self.init(code, count == 1 ? "1 \(one)" : "\(NumberText.grouped(count)) \(many)")
  }
}
