/// What an account is worth.
@usableFromInline
struct Valuation: BitwiseCopyable, Sendable {
  /// Cash and the value of all positions, in account currency.
  @usableFromInline var equity: Double
  /// The sum of the absolute values of all holdings, in account currency.
  @usableFromInline var grossExposure: Double

  @inlinable @inline(__always)
  init(equity: Double, grossExposure: Double) {
    self.equity = equity
    self.grossExposure = grossExposure
  }

  /// Whether all of it can be counted: a sum is finite only where its parts are.
  @inline(__always)
  var isFinite: Bool { equity + grossExposure < .infinity && equity > -.infinity }

  /// Whether there is equity left, and all of it can be counted.
  @inlinable @inline(__always)
  var isSound: Bool { equity > 0 && equity + grossExposure < .infinity }
}

/// What the account owns: cash, positions and where its profit came from.
///
/// Under weights accounting nothing is held but weights: positions stay flat, and cash is equity.
///
/// The identity that holds after every event:
/// `cash + receivables - payables + sum(quantity x mark x multiplier x rate) = equity`, and
/// `equity - initial = price profit + exchange profit + income - commission - slippage - tax -
/// conversions + deficit written off`.
public struct Account: Sendable {
  /// The rules under which it trades.
  public let rules: AccountRules
  /// Money in account currency; negative when borrowed. Futures and perpetual contracts are in it
  /// as if their price had been paid: see ``settledCash``.
  public package(set) var cash: Double
  /// Positions by instrument, flat ones included.
  public internal(set) var positions: ContiguousArray<Position>
  /// Profit from moves of the marks, trading at reference prices.
  public package(set) var priceProfit = 0.0
  /// Commission paid so far.
  public package(set) var commissionPaid = 0.0
  /// Money lost to slippage so far.
  public package(set) var slippagePaid = 0.0
  /// Stamp duty and sell taxes paid so far.
  public package(set) var taxPaid = 0.0
  /// What holding positions and cash brought and cost: dividends, interest, fees.
  public package(set) var income = AccountIncome()
  /// Dividends that were booked at their ex-dates and are paid later, in order of booking.
  public internal(set) var pendingPayments: [PendingPayment] = []
  /// Receivables less payables.
  var accrued = 0.0
  /// Instruments of which there are no shares to borrow now.
  var unborrowable: [Int32] = []
  /// Debt that the account could not pay, cancelled at ruin.
  public package(set) var deficitWrittenOff = 0.0
  /// The number of instruments of which something is held; never 0 where a close has an effect
  /// although all positions are flat.
  @usableFromInline var heldCount = 0
  /// The sum of |quantity| x price x multiplier of all fills.
  public package(set) var tradedNotional = 0.0
  /// What is kept of futures and perpetual contracts; `nil` where there are none.
  var contracts: ContractBooks?
  /// What is kept of other currencies; `nil` where all is in the account's.
  var books: CurrencyBooks?
  /// The weights of an account that is a vector of them; `nil` in a ledger of money.
  var weights: WeightVector?
  /// What each instrument asks for and costs; `nil` where neither margin rates nor financing are
  /// given.
  let terms: AccountTerms?
  // Asked at each order: the rules are large, and a question to them copies them.
  let hasMarginRates: Bool
  let leverage: Double
  let allowsShorts: Bool
  /// What the account is worth while many orders fill one after the other; `nil` at other times.
  var running: RunningWorth?

  /// The account's worth, kept from fill to fill where the sum over all positions would be made
  /// anew each time. It is good to rounding: whoever decides by it leaves a margin, and asks for
  /// the sum where that does not suffice.
  struct RunningWorth: BitwiseCopyable, Sendable {
    var equity: Double
    var grossExposure: Double

    /// A position of one value has another now, and cash has changed.
    @inline(__always)
    mutating func move(from before: Double, to after: Double, cash: Double = 0) {
      equity += after - before + cash
      grossExposure += abs(after) - abs(before)
    }
  }

  /// An account before the first bar of a universe.
  package init(rules: AccountRules, universe: Universe, accounting: AccountingRule = .orders) {
    self.init(
      rules: rules, instruments: universe.series.map(\.instrument), accounting: accounting,
      books: CurrencyBooks(rules, universe: universe))
  }

  init(
    rules: AccountRules, instruments: [Instrument], accounting: AccountingRule = .orders,
    books: CurrencyBooks? = nil
  ) {
    self.rules = rules
    self.books = books
    cash = rules.initialCash
    positions = ContiguousArray(instruments.map { Position(multiplier: $0.multiplier) })
    terms = AccountTerms(rules, instruments: instruments)
    contracts = ContractBooks(instruments)
    hasMarginRates = rules.funding.margin != nil
    leverage = rules.funding.leverage
    allowsShorts = rules.funding != .cash
    weights = accounting.weights(instrumentCount: positions.count)
    if followsTargets { heldCount = 1 }
  }

  /// The valuation of cash and positions.
  @inline(__always)
  var ledgerValuation: Valuation {
    var value = 0.0
    var gross = 0.0
    for position in positions where position.quantity != 0 {
      let one = position.value
      value += one
      gross += abs(one)
    }
    return Valuation(equity: cash + accrued + value, grossExposure: gross)
  }

  /// Cash and the value of all positions at their marks, in account currency.
  public var equity: Double { valuation.equity }

  /// The sum of the absolute values of all positions, in account currency.
  public var grossExposure: Double { valuation.grossExposure }

  /// What trading has cost so far: commission, slippage, taxes and conversions.
  public var tradingCosts: Double {
    let charges = commissionPaid + slippagePaid + taxPaid
    return books == nil ? charges : charges + conversionPaid
  }

  /// The exposure that can still be added: equity x leverage - gross exposure; by margin rates what
  /// equity exceeds the initial requirement by, over the lower of the two general rates.
  public var buyingPower: Double { power(of: valuation) * (hasMarginRates ? leverage : 1) }
}

extension Account {
  @inline(__always)
  func power(of worth: Valuation) -> Double {
    // The terms are asked and not the account, which a call would copy.
    if hasMarginRates, let terms {
      return worth.equity - terms.initialRequirement(of: positions)
    }
    return worth.equity * leverage - worth.grossExposure
  }

  @inline(__always)
  func requirement(of instrument: Int, isLong: Bool, at price: Double) -> Double {
    guard hasMarginRates, let terms else { return 1 }
    return terms.initialRate(of: instrument, isLong: isLong, at: price)
  }

  @inline(__always)
  func canBorrow(_ instrument: Int) -> Bool {
    unborrowable.isEmpty || !unborrowable.contains(Int32(truncatingIfNeeded: instrument))
  }

  @inline(__always)
  func position(of instrument: Int) -> Position { positions[instrument] }

  @inline(__always)
  func multiplier(of instrument: Int) -> Double { positions[instrument].multiplier }

  @inline(__always)
  var hasCurrencies: Bool { books != nil }

  @inline(__always)
  func quantity(of instrument: Int) -> Double { positions[instrument].quantity }

  @inline(__always)
  func closingPart(of trade: Double, in instrument: Int) -> Double {
    positions[instrument].closingPart(of: trade)
  }

  mutating func beginFills() {
    let worth = valuation
    running = RunningWorth(equity: worth.equity, grossExposure: worth.grossExposure)
  }

  @inline(__always)
  mutating func endFills() { running = nil }
}

extension Account {
  @inline(__always)
  func mark(of instrument: Int) -> Double { positions[instrument].mark }

  /// Values a position at a price.
  @inline(__always)
  mutating func mark(_ instrument: Int, at price: Double) {
    let position = positions[instrument]
    priceProfit += position.quantity * (price - position.mark) * position.multiplier
    positions[instrument].mark = price
    running?.move(from: position.value, to: positions[instrument].value)
  }

  /// Values a position at a bar's close.
  @inline(__always)
  mutating func markToClose(_ instrument: Int, close: Double, row: Int) {
    priceProfit += positions[instrument].closeBar(close: close, row: row)
  }

  /// Values all positions at the closes of an instant, as one by one; returns the valuation.
  @inline(__always)
  mutating func markToClose(
    _ columns: UnsafePointer<SeriesColumns>, at instant: Int
  ) -> Valuation {
    // Where all share their times, no row is looked up, and so the sums stay in registers.
    let sums =
      columns.pointee.closings == nil
      ? markToClose(columns) { _ in instant } : markToClose(columns) { $0.row(at: instant) }
    priceProfit = sums.profit
    return Valuation(equity: cash + accrued + sums.value, grossExposure: sums.gross)
  }

  @inline(__always)
  private mutating func markToClose(
    _ columns: UnsafePointer<SeriesColumns>, rowOf: (borrowing SeriesColumns) -> Int
  ) -> (value: Double, gross: Double, profit: Double) {
    let before = priceProfit
    return positions.withUnsafeMutableBufferPointer { positions in
      var (value, gross, profit) = (0.0, 0.0, before)
      for index in positions.indices where positions[index].quantity != 0 {
        let series = columns + index
        let row = rowOf(series.pointee)
        if row >= 0 {
          profit += positions[index].closeBar(close: series.pointee.close[row], row: row)
        }
        let one = positions[index].value
        value += one
        gross += abs(one)
      }
      return (value: value, gross: gross, profit: profit)
    }
  }

  /// Books a fill, at whose reference price the position is marked already; adds the round trip
  /// that it ended, if any.
  ///
  /// - Parameter conversionCost: what converting the fill's money costs.
  @inline(__always)
  mutating func book(_ fill: Fill, conversionCost: Double, trades: inout [BookedTrade]) {
    let index = Int(fill.instrument.index)
    let multiplier = positions[index].multiplier
    let before = positions[index].value
    let paid = fill.quantity * fill.price * multiplier + (fill.commission + fill.tax)
    cash -= paid
    commissionPaid += fill.commission
    slippagePaid += fill.slippage
    taxPaid += fill.tax
    tradedNotional += abs(fill.quantity) * fill.price * multiplier
    if books != nil {
      bookForeign(fill, conversionCost: conversionCost, trades: &trades)
    } else {
      heldCount += positions[index].apply(fill, trades: &trades)
    }
    running?.move(from: before, to: positions[index].value, cash: -paid)
    checkInvariants()
  }

  /// Whether buying power certainly covers so much money, however the sums are rounded.
  @inline(__always)
  func certainlyCovers(_ need: Double, freed: Double) -> Bool {
    guard let running, !hasMarginRates else { return false }
    let power = running.equity * leverage - running.grossExposure + freed
    let scale = abs(running.equity) * leverage + running.grossExposure + freed + need
    return need <= power - scale * 1e-9
  }

  /// Takes over what another account holds.
  package mutating func takePositions(of other: Account) {
    positions = other.positions
    heldCount = other.heldCount
    weights = other.weights
    pendingPayments = other.pendingPayments
    accrued = other.accrued
    books?.takeBalances(of: other.books)
    contracts = other.contracts
  }

  /// Replaces cash that can no longer be counted, where nothing is held, and says where the
  /// profit of such an account came from.
  mutating func settle(orElse equity: Double) {
    if !(cash > 0 && cash.isFinite) { cash = equity }
    priceProfit =
      cash - rules.initialCash - income.net + tradingCosts - deficitWrittenOff - exchangeProfit
  }

  /// Cancels a debt, so that equity is zero.
  mutating func writeOffDeficit() -> Double {
    let deficit = -cash
    deficitWrittenOff += deficit
    cash = 0
    return deficit
  }
}

extension Account {
  #if BACKTESTKIT_CHECKS
    /// Stops the program when the identity of the accounts does not hold.
    @inline(never)
    func checkInvariants() {
      let worth = valuation
      let (equity, gross) = (worth.equity, worth.grossExposure)
      let explained =
        rules.initialCash + priceProfit + exchangeProfit + income.net - tradingCosts
        + deficitWrittenOff
      let scale = max(rules.initialCash, gross)
      precondition(cash.isFinite && equity.isFinite, "Invariant: money is a number")
      precondition(
        abs(equity - explained) <= 1e-9 * scale,
        "Invariant: equity \(equity) is not explained by its sources \(explained)")
    }
  #else
    @inline(__always)
    func checkInvariants() {}
  #endif
}
