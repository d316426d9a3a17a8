/// What an account keeps beside its books where some instruments are in other currencies: the rates
/// as last known, the balances in them, and what rates did.
struct CurrencyBooks: Sendable {
  let holdsBalances: Bool
  /// The cost of a conversion as a fraction of the money.
  let costFraction: Double
  /// The other currencies, in order of their codes.
  let codes: [CurrencyCode]
  /// The currency of each instrument as a place in `codes`; -1 for that of the account.
  let places: [Int]
  /// Whether each instrument is a contract, whose notional is never converted.
  let isContract: [Bool]
  /// Money per price unit and unit of quantity, in the currency of the instrument.
  let multipliers: [Double]
  /// Of each other currency: its rate, and the balance in it.
  var rates: [ExchangeRate]
  var balances: [Double]
  /// What each instrument's round trip under way took in and paid, in account currency.
  var flows: [Double]
  /// What rates did to the position and to the dividends due of each instrument.
  var positionProfits: [Double]
  var paymentProfits: [Double]
  /// What rates did to balances.
  var balanceProfit = 0.0
  /// What conversions cost.
  var conversionPaid = 0.0

  /// `nil` where every instrument is in the account's currency.
  init?(_ rules: AccountRules, universe: Universe) {
    guard universe.hasForeignCurrencies(beside: rules.currency),
      let home = CurrencyCode(rules.currency)
    else { return nil }
    let named = universe.foreignCurrencies(beside: rules.currency)
    let codes = Set(named.compactMap(\.self)).sorted()
    let sources = codes.map { universe.rateSeries(from: $0, to: home) }
    self.codes = codes
    rates = sources.compactMap { $0.map(ExchangeRate.init) }
    precondition(rates.count == codes.count, "validate(for:) finds currencies without a rate")
    places = named.map { $0.flatMap(codes.firstIndex) ?? -1 }
    multipliers = universe.series.map(\.instrument.multiplier)
    isContract = universe.series.map { !$0.instrument.assetClass.paysNotional }
    let exchange = rules.foreignExchange ?? ForeignExchangeRules()
    holdsBalances = exchange.cash == .hold
    costFraction = exchange.costBasisPoints / 10_000
    balances = Array(repeating: 0, count: codes.count)
    flows = Array(repeating: 0, count: places.count)
    positionProfits = flows
    paymentProfits = flows
  }

  /// Account currency for one unit of an instrument's currency.
  func rate(of instrument: Int) -> Double {
    places[instrument] < 0 ? 1 : rates[places[instrument]].value
  }

  /// What rates brought and cost, conversions not counted.
  var profit: Double {
    positionProfits.reduce(0, +) + paymentProfits.reduce(0, +) + balanceProfit
  }

  /// Adds what rates and conversions came to in other books, in units of another size.
  mutating func addSums(of other: CurrencyBooks, scale: Double) {
    for index in positionProfits.indices {
      positionProfits[index] += other.positionProfits[index] * scale
      paymentProfits[index] += other.paymentProfits[index] * scale
    }
    balanceProfit += other.balanceProfit * scale
    conversionPaid += other.conversionPaid * scale
  }

  /// Converts the gain of a contract, in its currency, where balances are not held; returns the
  /// cost.
  mutating func convertSettlement(
    _ gain: Double, of instrument: Int, isCharged: Bool
  ) -> Double {
    guard !holdsBalances, places[instrument] >= 0 else { return 0 }
    balances[places[instrument]] -= gain
    guard isCharged else { return 0 }
    let cost = abs(gain) * rates[places[instrument]].value * costFraction
    conversionPaid += cost
    return cost
  }

  /// Takes over the balances of other books, and the round trips under way.
  mutating func takeBalances(of other: CurrencyBooks?) {
    guard let other else { return }
    (rates, balances, flows) = (other.rates, other.balances, other.flows)
  }

  /// Adds money in the currency of an instrument to its balance, where balances are held.
  mutating func receive(_ money: Double, of instrument: Int) {
    guard holdsBalances, places[instrument] >= 0 else { return }
    balances[places[instrument]] += money / rates[places[instrument]].value
  }

  /// Adds the notional of a trade to the balance of its currency: that of a contract is owed there,
  /// so that rates change the value of its gains alone.
  mutating func receiveNotional(_ money: Double, of instrument: Int) {
    guard holdsBalances || isContract[instrument], places[instrument] >= 0 else { return }
    balances[places[instrument]] += money / rates[places[instrument]].value
  }
}

// Money in other currencies.
extension Account {
  /// What exchange rates did to balances, positions and dividends that are due.
  public var exchangeProfit: Double { books?.profit ?? 0 }

  /// What exchange rates did to the positions and the dividends due of an instrument.
  package func exchangeProfit(of instrument: Int) -> (positions: Double, payments: Double) {
    guard let books, !books.isContract[instrument] else { return (0, 0) }
    return (books.positionProfits[instrument], books.paymentProfits[instrument])
  }

  /// Adds what rates and conversions came to in another account, in units of another size.
  package mutating func addExchange(of other: Account, scale: Double) {
    if let sums = other.books { books?.addSums(of: sums, scale: scale) }
  }

  /// What converting money between currencies has cost so far.
  public var conversionPaid: Double { books?.conversionPaid ?? 0 }

  /// What exchange rates did to balances since an earlier state of this account; `nil` where
  /// balances are in its own currency alone.
  ///
  /// - Parameter ledger: the movements of cash since. With contracts, whose gains come in at the
  ///   rate of their settlement, it is what these do not explain.
  func balanceProfit(since earlier: Account?, ledger: () -> [LedgerEntry]) -> Double? {
    guard let books, books.holdsBalances else { return nil }
    guard contracts == nil else {
      return settledCash - (earlier?.settledCash ?? 0) - ledger().reduce(0) { $0 + $1.amount }
    }
    return books.balanceProfit - (earlier?.books?.balanceProfit ?? 0)
  }

  /// An entry of the ledger with the currency of its instrument, and the rate now.
  func stamped(_ entry: LedgerEntry) -> LedgerEntry {
    guard let books, let instrument = entry.instrument.map({ Int($0.index) }),
      books.places[instrument] >= 0
    else { return entry }
    var entry = entry
    entry.currency = books.codes[books.places[instrument]]
    entry.rate = books.rate(of: instrument)
    return entry
  }

  /// Whether money stays in its currency.
  var holdsBalances: Bool { books?.holdsBalances ?? false }

  /// Books interest on the balance in each currency, less what is short in it.
  @inline(never)
  mutating func financeBalances(
    _ rules: FinancingRules, _ fraction: Double, at time: Timestamp, note: (LedgerEntry) -> Void
  ) {
    guard var books else { return }
    // Taken out, so that they are changed in place.
    self.books = nil
    defer { self.books = books }
    var home = cash
    for place in books.codes.indices { home -= books.balances[place] * books.rates[place].value }
    for place in -1..<books.codes.count {
      let rate = place < 0 ? 1 : books.rates[place].value
      var balance = place < 0 ? home : books.balances[place] * rate
      var shortValue = 0.0
      for index in positions.indices where books.places[index] == place {
        let value = positions[index].value
        if terms?.paysNotional[index] == false {
          balance += value
        } else {
          shortValue += max(0, -value)
        }
      }
      let interest = rules.interest(on: balance, shortValue: shortValue, fraction: fraction)
      guard interest != 0 else { continue }
      note(
        LedgerEntry(
          time: time, kind: .interest, amount: interest,
          currency: place < 0 ? nil : books.codes[place], rate: rate))
      if interest < 0 {
        income.interestPaid -= interest
      } else {
        income.interestReceived += interest
      }
      cash += interest
      if place >= 0 { books.balances[place] += interest / rate }
    }
  }

  /// The balance in each currency, that of the account first. Their sum at the rates is
  /// ``settledCash``.
  public var balances: [CurrencyBalance] {
    var found: [CurrencyBalance] = []
    var rest = settledCash
    for (place, code) in (books?.codes ?? []).enumerated() where holdsBalances {
      let rate = books?.rates[place].value ?? 1
      var amount = books?.balances[place] ?? 0
      for index in positions.indices
      where books?.places[index] == place && books?.isContract[index] == true {
        amount += positions[index].value / rate
      }
      rest -= amount * rate
      found.append(CurrencyBalance(currency: "\(code)", amount: amount, rate: rate))
    }
    return [CurrencyBalance(currency: rules.currency, amount: rest, rate: 1)] + found
  }

  /// Values everything at the rates known at a time; says whether any has changed.
  mutating func moveRates(through time: Timestamp) -> Bool {
    guard var books else { return false }
    // Taken out, so that they are changed in place.
    self.books = nil
    var hasMoved = false
    for place in books.rates.indices {
      let before = books.rates[place].value
      guard books.rates[place].move(through: time) else { continue }
      hasMoved = true
      revalue(place, before: before, in: &books)
    }
    if hasMoved { accrued = pendingPayments.reduce(0) { $0 + $1.amount } }
    self.books = books
    return hasMoved
  }

  private mutating func revalue(_ place: Int, before: Double, in books: inout CurrencyBooks) {
    let rate = books.rates[place].value
    for index in positions.indices where books.places[index] == place {
      let multiplier = books.multipliers[index] * rate
      let position = positions[index]
      books.positionProfits[index] +=
        position.quantity * position.mark * (multiplier - position.multiplier)
      positions[index].multiplier = multiplier
    }
    for index in pendingPayments.indices {
      let instrument = Int(pendingPayments[index].instrument.index)
      guard books.places[instrument] == place else { continue }
      let amount = pendingPayments[index].amount / before * rate
      books.paymentProfits[instrument] += amount - pendingPayments[index].amount
      pendingPayments[index].amount = amount
    }
    let change = books.balances[place] * (rate - before)
    books.balanceProfit += change
    cash += change
  }

  /// Books what a fill changes where other currencies are traded, but for the cash that it moved.
  @inline(never)
  mutating func bookForeign(_ fill: Fill, conversionCost: Double, trades: inout [BookedTrade]) {
    let instrument = Int(fill.instrument.index)
    let closing = positions[instrument].closingPart(of: fill.quantity)
    let tripCount = trades.count
    heldCount += positions[instrument].apply(fill, trades: &trades)
    cash -= conversionCost
    books?.conversionPaid += conversionCost
    running?.equity -= conversionCost
    let unit = fill.price * positions[instrument].multiplier
    books?.receiveNotional(-fill.quantity * unit, of: instrument)
    flow(-closing * unit, of: instrument, endsTrip: trades.count > tripCount, trades: &trades)
    books?.flows[instrument] -= (fill.quantity - closing) * unit
  }

  /// Counts money of a round trip at the rate of its moment, so that the profit of the trip holds
  /// what rates did to it.
  mutating func flow(
    _ money: Double, of instrument: Int, endsTrip: Bool, trades: inout [BookedTrade]
  ) {
    books?.flows[instrument] += money
    guard endsTrip else { return }
    if let profit = foreignFlow(of: instrument) {
      trades[trades.count - 1].trade.grossProfit = profit
    }
    books?.flows[instrument] = 0
  }

  private func foreignFlow(of instrument: Int) -> Double? {
    guard let books, books.places[instrument] >= 0 else { return nil }
    return books.flows[instrument]
  }

  /// The gross profit of a round trip that is still open, at the marks and rates; `nil` where its
  /// instrument is in the account's currency.
  func openProfit(of instrument: Int) -> Double? {
    foreignFlow(of: instrument).map { $0 + positions[instrument].value }
  }

  /// The rate at which a fill's money is converted, with what that costs.
  func conversion(of instrument: Int, cost: Double) -> FillConversion {
    FillConversion(rate: rate(of: instrument), cost: cost)
  }

  /// Account currency for one unit of an instrument's currency.
  func rate(of instrument: Int) -> Double { books?.rate(of: instrument) ?? 1 }

  /// The cost of converting money of an instrument, as a fraction.
  @inline(__always)
  func conversionFraction(of instrument: Int) -> Double {
    guard let books, books.places[instrument] >= 0, !books.isContract[instrument] else { return 0 }
    return books.costFraction
  }
}
