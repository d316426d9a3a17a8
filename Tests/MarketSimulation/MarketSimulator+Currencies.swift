import BacktestCore

// MARK: - Currencies (part 15)

/// Balances in other currencies, and the closes of their rates.
struct SimulatedCurrencies {
  /// The currencies in which instruments are quoted, in order of their codes.
  let codes: [String]
  /// Account currency for one unit of each, with the times at which that was known.
  private let quotes: [String: [(time: Timestamp, rate: Double)]]
  var balances: [Double]
  /// Whether the bars of this moment are still under way, so that what closes now is not known.
  var isInsideBar = false

  init(_ scenario: Scenario) {
    codes = Set(scenario.market.compactMap(\.instrument.currency)).sorted()
    balances = codes.map { _ in 0 }
    var quotes: [String: [(time: Timestamp, rate: Double)]] = [:]
    for series in scenario.rates {
      let symbol = series.instrument.symbol
      let rows = 0..<series.count
      if symbol.hasSuffix("USD") {
        quotes[String(symbol.prefix(3))] = rows.map { (series.closeTimes[$0], series.close[$0]) }
      } else {
        quotes[String(symbol.suffix(3))] = rows.map {
          (series.closeTimes[$0], 1 / series.close[$0])
        }
      }
    }
    self.quotes = quotes
  }

  /// The last close known of a currency's rate.
  func rate(_ code: String, at now: Timestamp) -> Double {
    quotes[code]!.last { isInsideBar ? $0.time < now : $0.time <= now }!.rate
  }
}

extension MarketSimulator {
  /// Account currency for one unit of an instrument's currency.
  func rate(_ instrument: Int) -> Double {
    instruments[instrument].currency.map { currencies.rate($0, at: now) } ?? 1
  }

  /// Account currency per price unit and unit of quantity.
  func unitMoney(_ instrument: Int) -> Double {
    instruments[instrument].multiplier * rate(instrument)
  }

  /// All money in account currency.
  var cash: Double {
    var sum = home
    for (code, balance) in zip(currencies.codes, currencies.balances) {
      sum += balance * currencies.rate(code, at: now)
    }
    return sum
  }

  /// Money in the currency of an instrument comes in: it stays there, or is converted.
  mutating func receive(_ money: Double, of instrument: Int) {
    if rules.holdsCurrencies, let code = instruments[instrument].currency {
      currencies.balances[currencies.codes.firstIndex(of: code)!] += money
    } else {
      home += money * rate(instrument)
    }
  }

  /// What converting the money of a fill costs.
  func conversionCost(of units: Double, _ instrument: Int, _ price: Double) -> Double {
    if instruments[instrument].currency == nil || rules.holdsCurrencies { return 0 }
    if isContract(instrument) { return 0 }
    return units * price * unitMoney(instrument) * rules.conversionPoints / 10_000
  }
}
