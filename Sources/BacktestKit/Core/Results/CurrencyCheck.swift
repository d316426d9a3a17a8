// Whether money of every instrument can be counted in the account's currency.

extension BacktestConfiguration {
  /// Why a text names no currency, and what to write.
  private static func refusal(ofCurrency text: String) -> String {
    let capitals = text.uppercased()
    guard CurrencyCode(text) != nil else {
      return "'\(text)' is no code of a currency; write three letters such as EUR"
    }
    // London, Johannesburg and Tel Aviv quote in hundredths: GBp, ZAc, ILa.
    let isHundredth =
      text.count == 3 && text.prefix(2) == capitals.prefix(2) && text.last?.isLowercase == true
    return "'\(text)' is no code of a currency; write \(capitals)"
      + (isHundredth
        ? ", and for prices in hundredths of it, such as pence, 'multiplier: 0.01'"
        : ", in capitals")
  }

  /// What is wrong with the currencies of a universe; `nil` when nothing is.
  func currencyProblem(in universe: Universe) -> String? {
    let home = account.currency
    guard let to = CurrencyCode(home), !home.contains(where: \.isLowercase) else {
      return "account.currency: \(Self.refusal(ofCurrency: home))"
    }
    for series in universe.series {
      let symbol = series.instrument.symbol
      guard let currency = series.instrument.currency, currency != home else { continue }
      guard let from = CurrencyCode(currency), !currency.contains(where: \.isLowercase) else {
        return "\(symbol): \(Self.refusal(ofCurrency: currency))"
      }
      if !accounting.placesOrders {
        return "\(symbol) is quoted in \(currency), but accounting by weights takes returns from "
          + "prices as they are, in one currency; account by orders"
      }
      guard let found = universe.rateSeries(from: from, to: to) else {
        return "\(symbol) is quoted in \(currency), and there is no rate to the account's \(home); "
          + "add prices of \(currency)\(home) or \(home)\(currency) as rates, in a study under "
          + "'data.rates'"
      }
      let pairs = universe.rates.map(\.instrument.pairName)
      if pairs.contains("\(from)\(to)"), pairs.contains("\(to)\(from)") {
        return "there are rates of \(from)\(to) and of \(to)\(from); give one of the two"
      }
      if let problem = problem(of: found.series, for: series) { return problem }
    }
    return nil
  }

  /// What is wrong with the rates by which a series is converted.
  private func problem(of rates: BarSeries, for series: BarSeries) -> String? {
    let (pair, symbol) = (rates.instrument.symbol, series.instrument.symbol)
    if let row = rates.close.firstIndex(where: { !($0 > 0) }) {
      return "\(pair): the rate of \(rates.closeTimes[row].utcDate) is \(rates.close[row]); rates "
        + "must be above 0"
    }
    guard let first = rates.closeTimes.first, let bar = series.closeTimes.first, first > bar else {
      return nil
    }
    return "\(symbol) has its first bar on \(bar.utcDate), but the first rate of \(pair) is of "
      + "\(first.utcDate); begin on \(first.utcDate) or later, or add earlier rates"
  }
}
