/// An action that met the account: what it changed.
public struct AppliedAction: Hashable, Sendable {
  /// When it took effect.
  public var time: Timestamp
  /// Whose shares.
  public var instrument: InstrumentID
  /// What happened.
  public var action: CorporateAction
  /// Units held before it.
  public var quantityBefore: Double
  /// Units held after it.
  public var quantityAfter: Double
  /// Money in account currency that it brought, or cost where negative: the dividend, received or
  /// still to be paid, or what was paid for a fraction of a lot.
  public var amount: Double
  /// Account currency for one unit of the instrument's currency then.
  package var rate: Double
  /// The number of fills that came before it.
  package var fillsBefore: Int
}

extension Position {
  /// Each unit becomes so many, at as much less each.
  mutating func split(by ratio: Double) {
    quantity *= ratio
    mark /= ratio
    averagePrice /= ratio
    lowestReference /= ratio
    highestReference /= ratio
    largestQuantity *= ratio
    enteredQuantity *= ratio
    exitedQuantity *= ratio
  }
}

// What happens to shares that are held, or owed.
extension Account {
  /// Splits a position, down to the lot; what is left of a lot is paid out at a price.
  ///
  /// - Returns: the money for the fraction, negative for a short position.
  mutating func split(
    _ instrument: Int, by ratio: Double, wholeLots: (Double) -> Double, price: (Double) -> Double,
    endsAt time: Timestamp, row: Int, trades: inout [BookedTrade]
  ) -> Double {
    guard positions[instrument].quantity != 0 else { return 0 }
    positions[instrument].split(by: ratio)
    let position = positions[instrument]
    let fraction = position.quantity - wholeLots(position.quantity)
    guard abs(fraction) > abs(position.quantity) * 1e-12 else { return 0 }
    let price = price(position.mark)
    let amount = fraction * price * position.multiplier
    priceProfit -= fraction * position.mark * position.multiplier
    income.cashInLieu += amount
    cash += amount
    positions[instrument].exit(-fraction, price: price, commission: 0, slippage: 0, tax: 0)
    books?.receive(amount, of: instrument)
    let tripCount = trades.count
    defer { flow(amount, of: instrument, endsTrip: trades.count > tripCount, trades: &trades) }
    if positions[instrument].isFlat {
      heldCount -= 1
      trades.append(
        positions[instrument].bookedTrade(
          InstrumentID(instrument), isLong: fraction > 0, exitTime: time, exitRow: row,
          isOpen: false))
      positions[instrument].averagePrice = 0
    }
    checkInvariants()
    return amount
  }

  /// Books a dividend at its ex-date: the mark falls by it, and what is received or owed waits for
  /// its payment, or is paid at once.
  ///
  /// - Returns: the money, negative for a short position.
  mutating func bookDividend(_ perUnit: Double, of instrument: Int, payTime: Timestamp?) -> Double {
    let position = positions[instrument]
    guard position.quantity != 0 else { return 0 }
    let amount = position.quantity * perUnit * position.multiplier
    mark(instrument, at: position.mark - perUnit)
    if amount > 0 { income.dividendsReceived += amount } else { income.dividendsPaid -= amount }
    if let payTime {
      pendingPayments.append(
        PendingPayment(instrument: InstrumentID(instrument), time: payTime, amount: amount))
      accrued += amount
    } else {
      cash += amount
      books?.receive(amount, of: instrument)
    }
    checkInvariants()
    return amount
  }

  /// Pays what is due at a time; calls `note` with each movement of cash.
  mutating func settlePayments(through time: Timestamp, note: (LedgerEntry) -> Void) {
    guard !pendingPayments.isEmpty else { return }
    for payment in pendingPayments where payment.time <= time {
      cash += payment.amount
      books?.receive(payment.amount, of: Int(payment.instrument.index))
      note(
        stamped(
          LedgerEntry(
            time: payment.time, kind: .dividend,
            amount: payment.amount, instrument: payment.instrument)))
    }
    pendingPayments.removeAll { $0.time <= time }
    // The sum anew, so that nothing is left of amounts that are paid.
    accrued = pendingPayments.reduce(0) { $0 + $1.amount }
    checkInvariants()
  }
}
