// Margin by rates: what positions ask of equity.
extension Account {
  /// What opening the positions held would ask for: the sum of initial rate x |value|.
  public var initialRequirement: Double {
    hasMarginRates ? terms?.initialRequirement(of: positions) ?? 0 : 0
  }

  /// What holding the positions asks for: the sum of maintenance rate x |value|. Equity below it is
  /// a margin call. 0 in an account without margin rates.
  public var maintenanceRequirement: Double {
    hasMarginRates ? terms?.maintenanceRequirement(of: positions) ?? 0 : 0
  }

  /// The exposure that can still be opened on one side of an instrument: what equity exceeds the
  /// initial requirement by, over the instrument's rate; without rates as `buyingPower`.
  ///
  /// - Parameter price: the price at which margin per contract is a share of the value; the mark of
  ///   the position where it is left out. Margin by rates does not depend on it.
  public func buyingPower(
    for instrument: InstrumentID, isLong: Bool, at price: Double? = nil
  ) -> Double {
    let index = Int(instrument.index)
    let rate = requirement(of: index, isLong: isLong, at: price ?? positions[index].mark)
    return power(of: valuation) / rate
  }

  /// A part of a position that a margin call closes.
  struct Liquidation: Equatable {
    var instrument: Int
    /// Units to trade, signed.
    var quantity: Double
  }

  /// The trades that restore maintenance at the marks: positions in order of what holding them asks
  /// for, the largest first and equal ones in universe order, each by the fewest lots that do.
  ///
  /// - Parameter lots: the lot of each instrument; NaN where there is none.
  func liquidations(lots: (Int) -> Double) -> [Liquidation] {
    guard let terms, hasMarginRates else { return [] }
    let maintenance = maintenanceRequirement
    var missing = maintenance - equity
    // What rounding leaves of it is no reason to close another lot.
    let tolerance = maintenance * 1e-12
    let held = positions.indices.filter { positions[$0].quantity != 0 }
    let asked = held.map { index in
      (index: index, requirement: terms.maintenanceRequirement(of: positions[index], in: index))
    }
    var found: [Liquidation] = []
    for (index, requirement) in asked.sorted(by: {
      ($1.requirement, $0.index) < ($0.requirement, $1.index)
    }) where missing > tolerance && requirement > 0 {
      let units = abs(positions[index].quantity)
      let exact = missing / (requirement / units)
      let lot = lots(index)
      // What rounding adds to a whole number of lots is no lot.
      let rounded = lot.isNaN ? exact : (exact / lot * (1 - 1e-12)).rounded(.up) * lot
      let closed = min(rounded, units)
      found.append(
        Liquidation(
          instrument: index, quantity: positions[index].quantity > 0 ? -closed : closed))
      missing -= closed * (requirement / units)
    }
    return found
  }
}
