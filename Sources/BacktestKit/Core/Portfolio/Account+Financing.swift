/// A dividend that was booked at its ex-date and is paid later.
public struct PendingPayment: Hashable, Sendable, BitwiseCopyable {
  /// Whose dividend it is.
  public var instrument: InstrumentID
  /// When it is paid.
  public var time: Timestamp
  /// Money in account currency: positive is receivable, negative payable.
  public var amount: Double
}

// What a session costs and earns.
extension Account {
  /// Money that will come in: dividends on long positions between ex-date and pay date.
  public var receivables: Double {
    pendingPayments.reduce(0) { $0 + max(0, $1.amount) }
  }

  /// Money that is owed: dividends on short positions between ex-date and pay date.
  public var payables: Double {
    pendingPayments.reduce(0) { $0 - min(0, $1.amount) }
  }

  /// Books interest and borrow fees for the days from the session that ends to the next one, on the
  /// balance and the values before any of them; calls `note` with each movement of cash.
  ///
  /// Interest on a balance is `balance x rate x days / day count`, simple within a charge and
  /// compounding from one to the next.
  mutating func financeSession(
    on date: CivilDate, days: Int, at time: Timestamp, note: (LedgerEntry) -> Void
  ) {
    guard let terms, let rules = terms.financing else { return }
    let fraction = rules.fraction(ofDays: days)
    if holdsBalances { financeBalances(rules, fraction, at: time, note: note) }
    var balance = cash
    var (charged, shortValue) = (0.0, 0.0)
    for index in positions.indices where positions[index].quantity != 0 {
      // Contracts are settled at their marks: their notional was never paid, nor borrowed.
      guard terms.paysNotional[index] else {
        balance += positions[index].value
        continue
      }
      guard positions[index].quantity < 0 else { continue }
      shortValue -= positions[index].value
      let rate = terms.borrowRate(of: index, on: date) ?? rules.borrowing.rate
      let fee = -positions[index].value * rate * fraction
      guard fee != 0 else { continue }
      charged += fee
      books?.receive(-fee, of: index)
      note(
        stamped(
          LedgerEntry(
            time: time, kind: .borrowFee, amount: -fee, instrument: InstrumentID(index))))
    }
    income.borrowPaid += charged
    let interest =
      holdsBalances
      ? 0 : rules.interest(on: balance, shortValue: shortValue, fraction: fraction)
    if interest != 0 { note(LedgerEntry(time: time, kind: .interest, amount: interest)) }
    if interest < 0 { income.interestPaid -= interest } else { income.interestReceived += interest }
    cash += interest - charged
    checkInvariants()
  }

  /// Pays, or receives, the funding of a perpetual contract: the value at the mark times the rate.
  ///
  /// - Returns: the money, negative where it is paid.
  mutating func payFunding(_ rate: Double, of instrument: Int) -> Double {
    let amount = -positions[instrument].value * rate
    if amount < 0 { income.fundingPaid -= amount } else { income.fundingReceived += amount }
    cash += amount
    books?.receive(amount, of: instrument)
    checkInvariants()
    return amount
  }

  /// Cash as it is where futures and perpetual contracts are settled at their marks: their notional
  /// is in `cash` as if it had been paid, and here it is not.
  public var settledCash: Double {
    guard let terms else { return cash }
    return positions.indices.reduce(cash) { sum, index in
      terms.paysNotional[index] ? sum : sum + positions[index].value
    }
  }
}
