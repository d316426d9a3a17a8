import BacktestCore

extension Universe {
  /// That bars are not those of history, where they were changed.
  package var changeCaveat: ResultCaveat? {
    guard !changes.isEmpty else { return nil }
    return ResultCaveat(
      .changedMarket,
      "The bars were changed before the run, and figures are not those of history: "
        + "\(changes.joined(separator: "; ")).")
  }
}

extension BacktestResult {
  /// What is known about the data: faults that move money, and what models of volume lack.
  var dataCaveats: [ResultCaveat] {
    [
      universe.changeCaveat, splitJumps, splitsWithoutJump, staleRates, barsOutsideHours,
      missingBars,
    ].compactMap(\.self)
      + volumeCaveats
      + symbols(.repairedData, "Rows of the data were repaired") { series in
        series.issues.contains { $0.repair != nil }
      }
  }

  /// A caveat that names the series of which something holds, if there are any.
  private func symbols(
    _ code: ResultCaveat.Code, _ text: String, _ isMeant: (BarSeries) -> Bool
  ) -> [ResultCaveat] {
    let symbols = universe.series.filter(isMeant).map(\.instrument.symbol)
    return symbols.isEmpty
      ? [] : [ResultCaveat(code, "\(text): \(NumberText.list(symbols)).")]
  }

  private var volumeCaveats: [ResultCaveat] {
    let rules = configuration.execution
    guard configuration.accounting.placesOrders,
      rules.participation != nil || rules.slippageModels.contains(where: \.usesVolume)
    else { return [] }
    return symbols(
      .adjustedPricesWithVolumeModels,
      "Fills depend on volumes, but prices are adjusted and volumes are not"
    ) { $0.priceBasis == .adjusted }
      + symbols(.noVolume, "Fills should depend on volumes, but the data has no volumes") {
        !$0.hasVolume
      }
  }

  /// Jumps of raw closes in the measured time by a factor at which shares are split.
  private var splitJumps: ResultCaveat? {
    guard let start = curve.times.first, let end = curve.times.last else { return nil }
    var places: [String] = []
    // The check of a file has noted which series jump at all.
    for series in universe.series
    where series.priceBasis == .raw && series.issues.contains(where: { $0.code == .jump }) {
      let closes = series.continuous.close
      for row in 1..<max(series.count, 1)
      where series.closeTimes[row] > start && series.closeTimes[row] <= end {
        let change = closes[row] / closes[row - 1]
        guard SplitFactors.contains(change) else { continue }
        let date = universe.sessionDate(of: series.closeTimes[row])
        let percent = NumberFormat.signedPercent(decimals: 1).text(change - 1)
        places.append("\(series.instrument.symbol) on \(date) (\(percent))")
      }
    }
    guard !places.isEmpty else { return nil }
    return ResultCaveat(
      .splitJumps,
      "Raw prices jump by factors at which shares are split: "
        + "\(NumberText.list(places, limit: 4)). A jump that is a split counts as a profit or a "
        + "loss that no holder had; look it up, or use adjusted prices.")
  }

  /// Splits of the measured time after which the price went on as if there had been none.
  private var splitsWithoutJump: ResultCaveat? {
    guard let start = curve.times.first, let end = curve.times.last else { return nil }
    var places: [String] = []
    for series in universe.series {
      for action in series.actions {
        guard case .split(let ratio) = action.kind, SplitFactors.contains(ratio),
          let row = series.effect(of: action.exDate)?.row, row > 0, row < series.count,
          series.closeTimes[row] > start, series.closeTimes[row] <= end
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

  private var barsOutsideHours: ResultCaveat? {
    var places: [String] = []
    var isZoneLikely = false
    for series in universe.series {
      let count = series.foundCount(.outsideCalendar)
      guard count > 0, let calendar = series.calendar else { continue }
      let share = count <= series.count ? " of \(NumberText.count(series.count, "bar"))" : ""
      places.append("\(series.instrument.symbol) (\(NumberText.grouped(count))\(share))")
      if case .intraday = series.timeframe, 4 * count >= series.count, calendar.name != "24x7" {
        isZoneLikely = true
      }
    }
    guard !places.isEmpty else { return nil }
    let names = Set(universe.series.compactMap(\.calendar?.name))
    let calendar = names.count == 1 ? names.first ?? "" : "their calendars"
    return ResultCaveat(
      .outsideHours,
      "Bars lie outside the hours of \(calendar): \(NumberText.list(places, limit: 4))."
        + (isZoneLikely
          ? " Times that name no zone are read as UTC unless the study gives their 'time-zone'."
          : ""))
  }

  private var missingBars: ResultCaveat? {
    let places = universe.series.compactMap { series -> String? in
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
