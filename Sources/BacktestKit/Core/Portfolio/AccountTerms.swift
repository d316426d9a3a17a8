/// What each instrument of a run asks of the account and costs it, looked up once: by the row of
/// the instrument instead of its name.
final class AccountTerms: Sendable {
  /// The margin rates by instrument; empty where the account has none.
  let rates: [MarginRates]
  let marginCheck: MarginRules.Check?
  let financing: FinancingRules?
  /// The borrow schedules by instrument; `nil` where the general rate holds.
  let borrowing: [BorrowSchedule?]
  /// Whether any instrument may lack shares to borrow.
  let hasShortages: Bool
  /// Whether something happens at the ends of sessions.
  var actsAtSessionEnds: Bool {
    marginCheck != nil || financing != nil || paysNotional.contains(false)
  }
  /// The price of one unit at a price of 1, in the currency of the instrument.
  private let multipliers: [Double]
  /// Whether who buys an instrument pays its price.
  let paysNotional: [Bool]

  /// `nil` where the rules name neither margin rates nor financing, and nothing is a contract.
  init?(_ rules: AccountRules, instruments: [Instrument]) {
    let margin = rules.funding.margin
    guard
      margin != nil || rules.financing != nil
        || instruments.contains(where: { !$0.assetClass.paysNotional })
    else { return nil }
    rates = margin.map { margin in instruments.map(margin.rates(of:)) } ?? []
    marginCheck = margin?.check
    financing = rules.financing
    let schedules = rules.financing?.borrowing.bySymbol ?? [:]
    multipliers = instruments.map(\.multiplier)
    paysNotional = instruments.map(\.assetClass.paysNotional)
    borrowing = instruments.map { schedules[$0.symbol] }
    hasShortages = borrowing.contains { schedule in
      schedule?.steps.contains { $0.rate == nil } ?? false
    }
  }

  /// What opening an instrument on a side asks for, as a share of its value at a price.
  @inline(never)
  func initialRate(of instrument: Int, isLong: Bool, at price: Double) -> Double {
    let amount = rates[instrument].initial(isLong: isLong)
    guard rates[instrument].basis == .contract else { return amount }
    // What has no value has no share either.
    return price == 0 ? 0 : amount / (abs(price) * multipliers[instrument])
  }

  /// What holding one position asks for.
  func maintenanceRequirement(of position: Position, in instrument: Int) -> Double {
    requirement(of: position, in: instrument) { $0.maintenance(isLong: $1) }
  }

  /// The sum of initial rate x |value|.
  @inline(never)
  func initialRequirement(of positions: ContiguousArray<Position>) -> Double {
    requirement(of: positions) { $0.initial(isLong: $1) }
  }

  /// The sum of maintenance rate x |value|.
  func maintenanceRequirement(of positions: ContiguousArray<Position>) -> Double {
    requirement(of: positions) { $0.maintenance(isLong: $1) }
  }

  private func requirement(
    of positions: ContiguousArray<Position>, _ rate: (MarginRates, Bool) -> Double
  ) -> Double {
    var sum = 0.0
    for index in positions.indices where positions[index].quantity != 0 {
      sum += requirement(of: positions[index], in: index, rate)
    }
    return sum
  }

  @inline(__always)
  private func requirement(
    of position: Position, in instrument: Int, _ rate: (MarginRates, Bool) -> Double
  ) -> Double {
    let rates = rates[instrument]
    guard rates.basis == .contract else {
      return rate(rates, position.value > 0) * abs(position.value)
    }
    // The position's multiplier has the exchange rate in it.
    let exchange = position.multiplier / multipliers[instrument]
    return rate(rates, position.quantity > 0) * abs(position.quantity) * exchange
  }

  /// The annual rate for borrowing an instrument on a session; `nil` where there are no shares.
  func borrowRate(of instrument: Int, on date: CivilDate) -> Double? {
    guard let financing else { return 0 }
    let general = financing.borrowing.rate
    return borrowing[instrument].map { $0.rate(on: date, orElse: general) } ?? general
  }
}
