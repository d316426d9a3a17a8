package import BacktestCore

extension Universe {
  /// That bars are not those of history, where they were changed.
  package var changeCaveat: ResultCaveat? {
    guard !changes.isEmpty else { return nil }
    return ResultCaveat(
      .changedMarket,
      "The bars were changed before the run, and figures are not those of history: "
        + "\(changes.joined(separator: "; ")).")
  }

  /// What is known about the bars: that they were changed, and faults that move money.
  ///
  /// - Parameter times: the base point and the end of what is measured.
  package func caveats(over times: Range<Timestamp>) -> [ResultCaveat] {
    [changeCaveat, splitsWithoutJump(over: times), barsOutsideHours, missingBars].compactMap(\.self)
      + jumps(over: times)
      + symbols(.repairedData, "Rows of the data were repaired") { series in
        series.issues.contains { $0.repair != nil }
      }
  }

  /// A caveat that names the series of which something holds, if there are any.
  fileprivate func symbols(
    _ code: ResultCaveat.Code, _ text: String, _ isMeant: (BarSeries) -> Bool
  ) -> [ResultCaveat] {
    let symbols = series.filter(isMeant).map(\.instrument.symbol)
    return symbols.isEmpty
      ? [] : [ResultCaveat(code, "\(text): \(NumberText.list(symbols)).")]
  }

  /// A jump by a factor at which shares are split.
  private struct SplitJump {
    var symbol: String
    /// The closes before and after it.
    var times: ClosedRange<Timestamp>
    var text: String
  }

  /// Jumps of raw closes in the measured time by a factor at which shares are split.
  private func splitJumps(over times: Range<Timestamp>) -> [SplitJump] {
    var found: [SplitJump] = []
    // The check of a file has noted which series jump at all.
    for series in series
    where series.priceBasis == .raw && series.issues.contains(where: { $0.code == .jump }) {
      let closes = series.continuous.close
      for row in 1..<max(series.count, 1)
      where series.closeTimes[row] > times.lowerBound
        && series.closeTimes[row] <= times.upperBound
      {
        let change = closes[row] / closes[row - 1]
        guard SplitFactors.contains(change) else { continue }
        let date = sessionDate(of: series.closeTimes[row])
        let percent = NumberFormat.signedPercent(decimals: 1).text(change - 1)
        let symbol = series.instrument.symbol
        found.append(
          SplitJump(
            symbol: symbol, times: series.closeTimes[row - 1]...series.closeTimes[row],
            text: "\(symbol) on \(date) (\(percent))"))
      }
    }
    return found
  }

  /// Jumps that look like splits, and those of closes that do not.
  private func jumps(over times: Range<Timestamp>) -> [ResultCaveat] {
    let splits = splitJumps(over: times)
    var found: [ResultCaveat] = []
    if !splits.isEmpty {
      found.append(
        ResultCaveat(
          .splitJumps,
          "Raw prices jump by factors at which shares are split: "
            + "\(NumberText.list(splits.map(\.text), limit: 4)). A jump that is a split counts as "
            + "a profit or a loss that no holder had; look it up, or use adjusted prices."))
    }
    let places = series.compactMap { series -> String? in
      let named = splits.filter { $0.symbol == series.instrument.symbol }.map(\.times)
      let count = series.issues.reduce(0) { sum, issue in
        guard issue.code == .jump else { return sum }
        let isNamed = issue.time.map { time in named.contains { $0.contains(time) } }
        return isNamed ?? !named.isEmpty ? sum : sum + issue.count
      }
      return count == 0 ? nil : "\(series.instrument.symbol) (\(NumberText.grouped(count)))"
    }
    if !places.isEmpty {
      found.append(
        ResultCaveat(
          .priceJumps,
          "Closes are more than 40% away from the one before: "
            + "\(NumberText.list(places, limit: 4)). An error in the data or a split would look "
            + "the same."))
    }
    return found
  }

  /// Splits of the measured time after which the price went on as if there had been none.
  private func splitsWithoutJump(over times: Range<Timestamp>) -> ResultCaveat? {
    var places: [String] = []
    for series in series {
      for action in series.actions {
        guard case .split(let ratio) = action.kind, SplitFactors.contains(ratio),
          let row = series.effect(of: action.exDate)?.row, row > 0, row < series.count,
          series.closeTimes[row] > times.lowerBound,
          series.closeTimes[row] <= times.upperBound
        else { continue }
        let change = series.close[row] / series.close[row - 1]
        // Nearer, as a factor, to no jump at all than to the one that the split makes.
        guard max(change, 1 / change) < max(change * ratio, 1 / (change * ratio)) else { continue }
        let percent = NumberFormat.signedPercent(decimals: 1)
        places.append(
          "\(series.instrument.symbol) on \(action.exDate) (\(percent.text(change - 1)) instead of "
            + "about \(percent.text(1 / ratio - 1)))")
      }
    }
    guard !places.isEmpty else { return nil }
    return ResultCaveat(
      .splitsWithoutJump,
      "Shares were split, but their prices did not jump: \(NumberText.list(places, limit: 4)). "
        + "Prices may be adjusted already; then the split makes holders a profit or a loss that "
        + "nobody had. Leave it out, or use raw prices.")
  }

  private var barsOutsideHours: ResultCaveat? {
    var places: [String] = []
    var isZoneLikely = false
    for series in series {
      let count = series.foundCount(.outsideCalendar)
      guard count > 0, let calendar = series.calendar else { continue }
      let share = count <= series.count ? " of \(NumberText.count(series.count, "bar"))" : ""
      places.append("\(series.instrument.symbol) (\(NumberText.grouped(count))\(share))")
      if case .intraday = series.timeframe, 4 * count >= series.count, calendar.name != "24x7" {
        isZoneLikely = true
      }
    }
    guard !places.isEmpty else { return nil }
    let names = Set(series.compactMap(\.calendar?.name))
    let calendar = names.count == 1 ? names.first ?? "" : "their calendars"
    return ResultCaveat(
      .outsideHours,
      "Bars lie outside the hours of \(calendar): \(NumberText.list(places, limit: 4))."
        + (isZoneLikely
          ? " Times that name no zone are read as UTC unless the study gives their 'time-zone'."
          : ""))
  }

  private var missingBars: ResultCaveat? {
    let places = series.compactMap { series -> String? in
      let count = series.foundCount(.gap)
      let noun = series.timeframe == .session ? "session" : "bar"
      return count > 0
        ? "\(series.instrument.symbol) (\(NumberText.count(count, noun)))" : nil
    }
    guard !places.isEmpty else { return nil }
    return ResultCaveat(
      .missingBars,
      "The data lacks bars that its calendar has: \(NumberText.list(places, limit: 4)). What "
        + "happened in between is in the return of the next bar.")
  }
}

extension BacktestResult {
  /// What is known about the data: faults that move money, and what models of volume lack.
  var dataCaveats: [ResultCaveat] {
    let times = curve.times.first.flatMap { start in curve.times.last.map { start..<max(start, $0) }
    }
    return (times.map(universe.caveats) ?? []) + [staleRates].compactMap(\.self) + volumeCaveats
  }

  private var volumeCaveats: [ResultCaveat] {
    let rules = configuration.execution
    guard configuration.accounting.placesOrders,
      rules.participation != nil || rules.slippageModels.contains(where: \.usesVolume)
    else { return [] }
    return universe.symbols(
      .adjustedPricesWithVolumeModels,
      "Fills depend on volumes, but prices are adjusted and volumes are not"
    ) { $0.priceBasis == .adjusted }
      + universe.symbols(.noVolume, "Fills should depend on volumes, but the data has no volumes") {
        !$0.hasVolume
      }
  }

  /// Rates that end more than a week before the prices that they convert.
  private var staleRates: ResultCaveat? {
    guard let home = CurrencyCode(configuration.account.currency),
      let end = curve.times.last
    else { return nil }
    var places: [String] = []
    for series in universe.series {
      guard let code = series.instrument.currency.flatMap(CurrencyCode.init), code != home,
        let rates = universe.rateSeries(from: code, to: home)?.series,
        let last = rates.closeTimes.last, let bar = series.closeTimes.last,
        min(bar, end) - last > .days(7)
      else { continue }
      let place = "\(rates.instrument.symbol) on \(last.utcDate)"
      if !places.contains(place) { places.append(place) }
    }
    guard !places.isEmpty else { return nil }
    return ResultCaveat(
      .staleRates,
      "Rates of exchange end before the prices that they convert, and the last one is used from "
        + "then on: \(NumberText.list(places, limit: 4)). Add later rates, or end the run there.")
  }
}

extension BarSeries {
  /// How many bars or sessions the findings of a code cover.
  fileprivate func foundCount(_ code: DataIssue.Code) -> Int {
    issues.reduce(0) { $0 + ($1.code == code ? $1.count : 0) }
  }
}

/// By how much a split moves a price, one way or the other.
private enum SplitFactors {
  private static let factors: [Double] = [
    2, 2.5, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100,
  ]
  /// How much else a price may have moved on the same day.
  private static let tolerance = 0.12

  /// Whether close over previous close looks like a split or its reverse.
  static func contains(_ change: Double) -> Bool {
    guard change > 0, change.isFinite else { return false }
    let size = max(change, 1 / change)
    return factors.contains { abs(size / $0 - 1) <= tolerance }
  }
}
