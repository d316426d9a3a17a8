/// What the account owns: cash, positions and where its profit came from.
///
/// Under weights accounting nothing is held but weights: positions stay flat, and cash is equity.
///
/// The identity that holds after every event:
/// `cash + sum(quantity x mark x multiplier) = equity`, and `equity - initial = price profit -
/// commission - slippage + deficit written off`.
public struct Account: Sendable {
  /// The rules under which it trades.
  public let rules: AccountRules
  /// Money in account currency; negative when borrowed.
  public package(set) var cash: Double
  /// Positions by instrument, flat ones included.
  public private(set) var positions: ContiguousArray<Position>
  /// Profit from moves of the marks, trading at reference prices.
  public package(set) var priceProfit = 0.0
  /// Commission paid so far.
  public package(set) var commissionPaid = 0.0
  /// Money lost to slippage so far.
  public package(set) var slippagePaid = 0.0
  /// Debt that the account could not pay, cancelled at ruin.
  public package(set) var deficitWrittenOff = 0.0
  /// The number of instruments of which something is held; 1 in an account of weights, so that it
  /// is never taken for one on which a close has no effect.
  private(set) var heldCount = 0
  /// The sum of |quantity| x price x multiplier of all fills.
  public package(set) var tradedNotional = 0.0
  /// The weights of all instruments in an account of weights, whose cash is its whole equity; empty
  /// in an account of positions.
  var weights: ContiguousArray<HeldWeight> = []
  /// The sum of the absolute weights that earn; 0 in an account of positions.
  var exposedWeight = 0.0

  package init(rules: AccountRules, multipliers: [Double], accounting: AccountingRule = .orders) {
    self.rules = rules
    cash = rules.initialCash
    positions = ContiguousArray(multipliers.map(Position.init(multiplier:)))
    if case .weights(_, let initial) = accounting {
      weights = ContiguousArray(initial.values(count: positions.count).map(HeldWeight.init))
      precondition(weights.count == positions.count, "one initial weight for each instrument")
      heldCount = 1
    }
  }

  /// Cash and the value of all positions, and the sum of the positions' absolute values.
  @inline(__always)
  var valuation: (equity: Double, grossExposure: Double) {
    guard heldCount > 0 else { return (cash, 0) }
    var value = 0.0
    // Nothing in an account of positions.
    var gross = cash * exposedWeight
    for position in positions where position.quantity != 0 {
      let one = position.value
      value += one
      gross += abs(one)
    }
    return (cash + value, gross)
  }

  /// Cash and the value of all positions at their marks, in account currency.
  public var equity: Double { valuation.equity }

  /// The sum of the absolute values of all positions, in account currency.
  public var grossExposure: Double { valuation.grossExposure }

  /// The exposure that can still be added: equity x leverage - gross exposure.
  public var buyingPower: Double {
    let (equity, gross) = valuation
    return equity * rules.funding.leverage - gross
  }
}

extension Account {
  /// Values a position at a price.
  @inline(__always)
  mutating func mark(_ instrument: Int, at price: Double) {
    let position = positions[instrument]
    priceProfit += position.quantity * (price - position.mark) * position.multiplier
    positions[instrument].mark = price
  }

  /// Values a position at a bar's close and takes the bar's extremes into its round trip.
  @inline(__always)
  mutating func markToClose(
    _ instrument: Int, close: Double, high: Double, low: Double, row: Int
  ) {
    priceProfit += positions[instrument].closeBar(close: close, high: high, low: low, row: row)
  }

  /// Books a fill; returns the round trip that it ended, if any.
  mutating func apply(_ fill: Fill) -> RoundTrip? {
    let index = Int(fill.instrument.index)
    mark(index, at: fill.reference)
    let before = positions[index]
    cash -= fill.quantity * fill.price * before.multiplier + fill.commission
    commissionPaid += fill.commission
    slippagePaid += fill.slippage
    tradedNotional += abs(fill.quantity) * fill.price * before.multiplier

    let closing = before.closingPart(of: fill.quantity)
    let opening = fill.quantity - closing
    var closed: RoundTrip?
    if closing != 0 {
      let share = closing / fill.quantity
      positions[index].exit(
        closing, price: fill.price, commission: fill.commission * share,
        slippage: fill.slippage * share)
      let reference = fill.reference
      positions[index].lowestSeen = min(before.lowestSeen, reference)
      positions[index].highestSeen = max(before.highestSeen, reference)
      if positions[index].isFlat {
        heldCount -= 1
        closed = positions[index].roundTrip(
          fill.instrument, isLong: before.quantity > 0, exitTime: fill.time,
          exitRow: Int(fill.row), isOpen: false)
        positions[index].averagePrice = 0
      }
    }
    if opening != 0 {
      let share = opening / fill.quantity
      if positions[index].isFlat {
        heldCount += 1
        positions[index].open(fill)
      }
      positions[index].lowestSeen = min(positions[index].lowestSeen, fill.reference)
      positions[index].highestSeen = max(positions[index].highestSeen, fill.reference)
      positions[index].enter(
        opening, price: fill.price, commission: fill.commission * share,
        slippage: fill.slippage * share)
    }
    return closed
  }

  /// Takes over what another account holds.
  package mutating func takePositions(of other: Account) {
    positions = other.positions
    heldCount = other.heldCount
    weights = other.weights
    exposedWeight = other.exposedWeight
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
      let (equity, gross) = valuation
      let explained =
        rules.initialCash + priceProfit - commissionPaid - slippagePaid + deficitWrittenOff
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
