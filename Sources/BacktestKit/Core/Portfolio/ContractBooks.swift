/// What futures and perpetual contracts have gained since they were last settled. Their notional is
/// in the books as if it had been paid; here it is not.
struct ContractBooks: Sendable {
  /// Money per price unit and unit of quantity in the currency of each instrument; `nil` where the
  /// price is paid.
  private let multipliers: [Double?]
  /// For each instrument, what its fills brought less what was settled, in its currency. With the
  /// value of the position it is the gain that is to be settled.
  private var flows: [Double]
  /// The number of fills that are in `flows`.
  private var fillCount = 0

  /// `nil` where every price is paid.
  init?(_ instruments: [Instrument]) {
    guard instruments.contains(where: { !$0.assetClass.paysNotional }) else { return nil }
    multipliers = instruments.map { $0.assetClass.paysNotional ? nil : $0.multiplier }
    flows = Array(repeating: 0, count: instruments.count)
  }

  /// Whether an instrument is a contract.
  func isContract(_ instrument: Int) -> Bool { multipliers[instrument] != nil }

  /// The fills of a new run are counted from the first.
  mutating func beginRun() { fillCount = 0 }

  /// Takes in the fills that came since.
  mutating func take(_ fills: [Fill]) {
    for fill in fills[fillCount...] {
      let instrument = Int(fill.instrument.index)
      guard let multiplier = multipliers[instrument] else { continue }
      flows[instrument] -= fill.quantity * fill.price * multiplier
    }
    fillCount = fills.count
  }

  /// Settles a contract; returns the gain in its currency.
  mutating func settle(_ instrument: Int, _ position: Position) -> Double {
    guard let multiplier = multipliers[instrument] else { return 0 }
    let value = position.quantity * position.mark * multiplier
    let gain = flows[instrument] + value
    flows[instrument] = -value
    // What rounding leaves is nothing to settle.
    return abs(gain) > abs(value) * 1e-14 ? gain : 0
  }
}

extension Account {
  /// Pays what contracts have gained or lost since the last settlement, at their marks; calls
  /// `note` with each movement of cash.
  ///
  /// - Parameter isLast: whether it only closes the books of a run, so that nothing is charged.
  mutating func settleContracts(
    _ fills: [Fill], at time: Timestamp, isLast: Bool = false, note: (LedgerEntry) -> Void
  ) {
    guard var contracts else { return }
    // Taken out, so that they are changed in place.
    self.contracts = nil
    defer { self.contracts = contracts }
    contracts.take(fills)
    for index in positions.indices where contracts.isContract(index) {
      let gain = contracts.settle(index, positions[index])
      guard gain != 0 else { continue }
      let money = gain * rate(of: index)
      note(
        stamped(
          LedgerEntry(
            time: time, kind: .settlement, amount: money, instrument: InstrumentID(index))))
      let cost = books?.convertSettlement(gain, of: index, isCharged: !isLast) ?? 0
      guard cost != 0 else { continue }
      cash -= cost
      note(
        LedgerEntry(
          time: time, kind: .conversion, amount: -cost, instrument: InstrumentID(index)))
    }
    checkInvariants()
  }
}
