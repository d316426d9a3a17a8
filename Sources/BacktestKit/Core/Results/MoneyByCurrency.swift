/// Sums of money in several currencies over time, valued in one.
struct MoneyByCurrency {
  private var home = 0.0
  private var amounts: [CurrencyCode: Double] = [:]
  /// The rates of the other currencies, in order of their codes.
  private var rates: [(code: CurrencyCode, rate: ExchangeRate)] = []
  private let instrumentCurrencies: [CurrencyCode?]

  /// Nothing yet.
  ///
  /// - Parameter separates: whether money stays in its currency; otherwise it is converted when it
  ///   comes in.
  init(_ universe: Universe, currency: String, separates: Bool) {
    instrumentCurrencies = universe.foreignCurrencies(beside: currency)
    guard separates, let home = CurrencyCode(currency) else { return }
    for code in Set(instrumentCurrencies.compactMap(\.self)).sorted() {
      guard let source = universe.rateSeries(from: code, to: home) else { continue }
      rates.append((code, ExchangeRate(source)))
    }
  }

  /// Begins with what was there before some entries, given what is there after them.
  mutating func start(from balances: [CurrencyBalance], less entries: [LedgerEntry]) {
    home = balances[0].amount
    for balance in balances.dropFirst() {
      if let code = CurrencyCode(balance.currency) { amounts[code] = balance.amount }
    }
    for entry in entries { add(entry, times: -1) }
  }

  /// Begins with the notional of the contracts that an account held before some trades and
  /// settlements.
  mutating func start(of account: Account, after trades: [LedgerEntry], settled: [LedgerEntry]) {
    home = account.cash - account.settledCash
    for trade in trades { add(trade, times: -1) }
    for entry in settled where entry.kind == .settlement { add(entry) }
  }

  /// Adds a movement of cash. What rates did to balances is in their value already.
  mutating func add(_ entry: LedgerEntry, times sign: Double = 1) {
    if entry.kind == .exchange { return }
    add(sign * entry.amount, entry.currency, rate: entry.rate)
  }

  /// Adds the money of a corporate action.
  mutating func add(_ action: AppliedAction) {
    add(action.amount, instrumentCurrencies[Int(action.instrument.index)], rate: action.rate)
  }

  private mutating func add(_ amount: Double, _ currency: CurrencyCode?, rate: Double) {
    if let currency, rates.contains(where: { $0.code == currency }) {
      amounts[currency, default: 0] += amount / rate
    } else {
      home += amount
    }
  }

  /// The value of all of it at the rates known at a time; times never go back.
  mutating func value(at time: Timestamp) -> Double {
    var sum = home
    for index in rates.indices {
      _ = rates[index].rate.move(through: time)
      sum += (amounts[rates[index].code] ?? 0) * rates[index].rate.value
    }
    return sum
  }
}
