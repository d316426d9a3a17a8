import BacktestCore

extension SimulationRules {
  /// In some scenarios the account has margin rates, pays interest, or both.
  mutating func drawTerms(_ random: inout Randomness) {
    if random.nextInteger(below: 5) == 0 {
      let short = [0.3, 0.5, 1][random.nextInteger(below: 3)]
      leverage = nil
      let long = [0.25, 0.5, 0.5, 1][random.nextInteger(below: 4)]
      // Where holding asks for as much as opening, a loss is a call, often with several positions.
      terms.margin = MarginRates(
        initialLong: long, initialShort: short,
        maintenanceLong: [0, 0.8 * long, long][random.nextInteger(below: 3)],
        maintenanceShort: [0.1, short][random.nextInteger(below: 2)])
      terms.checksBars = random.nextInteger(below: 3) == 0
    }
    guard random.nextInteger(below: 4) == 0 else { return }
    terms.debitRate = [0, 0.08, 3][random.nextInteger(below: 3)]
    terms.creditRate = [0, 0.05][random.nextInteger(below: 2)]
    terms.borrowRate = [0, 0.02, 2][random.nextInteger(below: 3)]
    terms.yearDays = [360, 365][random.nextInteger(below: 2)]
  }
}

extension Scenario {
  /// In some scenarios contracts ask for money instead of a share of their value.
  mutating func drawContractMargin(_ random: inout Randomness) {
    let contracts = market.indices.filter { !market[$0].instrument.assetClass.paysNotional }
    guard !contracts.isEmpty, random.oneIn(2) else { return }
    if rules.terms.margin == nil {
      rules.leverage = nil
      rules.terms.margin = .regulationT
      rules.terms.checksBars = random.oneIn(3)
    }
    for place in contracts where !random.oneIn(4) {
      let series = market[place]
      let value = series.open[0] * series.instrument.multiplier
      let long = (value * random.pick([0.05, 0.1, 0.3, 1]) * 4).rounded() / 4 + 0.25
      let short = random.pick([long, 1.5 * long])
      rules.terms.contractMargin[place] = SimulatedContractMargin(
        initialLong: long, initialShort: short, maintenanceLong: random.pick([0, 0.9, 1]) * long,
        maintenanceShort: random.pick([0.9, 1]) * short)
    }
  }

  /// In some scenarios shares are split, pay dividends, or end.
  func addActions(_ random: inout Randomness) -> [BarSeries] {
    guard random.nextInteger(below: 3) == 0 else { return market }
    let symbols = market.map(\.instrument.symbol)
    return market.map { series in
      let first = series.openTimes[0].utcDate
      let dates = series.closeTimes[series.count - 1].utcDate.daysSinceEpoch - first.daysSinceEpoch
      var actions: [CorporateAction] = []
      for _ in 0..<random.nextInteger(below: 4) {
        let date = first.adding(days: random.nextInteger(below: dates + 2))
        let pays = random.nextInteger(below: 2) == 0
        let pay = pays ? date.adding(days: random.nextInteger(below: 9)) : nil
        let other = symbols[random.nextInteger(below: symbols.count)]
        switch random.nextInteger(below: 9) {
        case 0...2:
          let ratio = [2, 1.5, 3, 0.5, 0.1][random.nextInteger(below: 5)]
          actions.append(
            CorporateAction(series.instrument.symbol, on: date, .split(ratio: ratio)))
        case 3...6:
          actions.append(
            CorporateAction(
              series.instrument.symbol, on: date,
              .dividend(Double(1 + random.nextInteger(below: 8)) / 8), payDate: pay))
        case 7:
          actions.append(
            CorporateAction(
              series.instrument.symbol, on: date,
              random.nextInteger(below: 2) == 0 ? .delisting(price: 3) : .cashMerger(price: 50)))
        default:
          guard other != series.instrument.symbol else { break }
          actions.append(
            CorporateAction(
              series.instrument.symbol, on: date, .shareMerger(ratio: 1.3, into: other)))
        }
      }
      // What cannot happen, such as a dividend after a merger, is left out.
      return actions.reduce(series) { (try? $0.adding([$1])) ?? $0 }
    }
  }
}

extension BarSeries {
  /// The same bars, to which nothing happens.
  var withoutActions: BarSeries {
    get throws {
      try BarSeries(
        instrument: instrument, timeframe: timeframe, calendar: calendar, openTimes: openTimes,
        closeTimes: closeTimes, open: open, high: high, low: low, close: close,
        volume: hasVolume ? volume : nil)
    }
  }
}
