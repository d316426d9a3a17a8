/// How an account is kept; chosen once a run, and asked for in this file only.
enum AccountMake: Sendable {
  /// A ledger of money: what is bought and sold changes cash and positions.
  case ledger
  /// A vector of weights: cash is the whole equity, and positions stay flat.
  case weights(WeightVector)
}

extension AccountingRule {
  /// The make of account that the rule asks for.
  func make(instrumentCount: Int) -> AccountMake {
    switch self {
    case .orders: return .ledger
    case .weights(let fee, let initial):
      let weights = initial.values(count: instrumentCount)
      precondition(weights.count == instrumentCount, "one initial weight for each instrument")
      return .weights(WeightVector(fee: fee, initialWeights: weights))
    }
  }
}

/// What the two makes of account do differently. The engine, a strategy's view and policies ask
/// these questions, and none of them asks which make it is.
extension Account {
  /// Whether the account itself brings holdings to the stated weights at each close, without
  /// orders.
  package var followsTargets: Bool { if case .weights = make { true } else { false } }

  /// Whether accounts are of one make.
  func isLike(_ other: Account) -> Bool { followsTargets == other.followsTargets }

  /// Cash and the value of all positions, and the sum of the absolute values of all holdings.
  @inline(__always)
  var valuation: Valuation {
    guard heldCount > 0 else { return Valuation(equity: cash + accrued, grossExposure: 0) }
    switch make {
    case .ledger: return ledgerValuation
    case .weights(let vector):
      return Valuation(equity: cash, grossExposure: cash * vector.exposure)
    }
  }

  /// What is held is valued at the closes of an instant.
  ///
  /// - Returns: the valuation, and what was charged for weights that changed.
  @inline(__always)
  mutating func close(
    _ columns: UnsafePointer<SeriesColumns>, at instant: Int
  ) -> (valuation: Valuation, charge: Double) {
    guard heldCount > 0 else { return (Valuation(equity: cash + accrued, grossExposure: 0), 0) }
    if case .ledger = make { return (markToClose(columns, at: instant), 0) }
    let charge = closeWeights(columns, at: instant)
    return (valuation, charge)
  }

  /// The decisions of a run begin at an instant.
  mutating func beginDecisions(at instant: Int) {
    changeWeights { $0.begin(at: instant) }
  }

  /// Takes the targets of a decision where the account follows statements; a target that only
  /// orders could reach is refused.
  ///
  /// - Returns: the reason of the refusal, if it is one.
  mutating func state(_ target: PositionTarget, of instrument: Int) -> RejectionReason? {
    switch target.measure {
    case .none: return nil
    case .weight:
      changeWeights { $0.state(instrument, weight: target.value) }
      return nil
    case .quantity, .value: return .weightsAccounting
    }
  }

  /// The targets of a decision are stated.
  mutating func finishStatements(at instant: Int) { changeWeights { $0.expose(at: instant) } }

  /// Gives up what the account holds by itself, at once; returns the charge. What was bought has to
  /// be sold by orders.
  mutating func liquidateStatements() -> Double {
    guard case .weights(var vector) = make else { return 0 }
    let change = vector.liquidate()
    make = .weights(vector)
    let charge = cash * vector.fee * change
    commissionPaid += charge
    tradedNotional += cash * change
    cash -= charge
    return charge
  }

  /// What was earned since an earlier state of this account, where no trade tells: one entry of the
  /// ledger makes its entries add up to cash.
  func untradedProfit(since earlier: Account?) -> Double? {
    guard followsTargets else { return nil }
    return priceProfit - (earlier?.priceProfit ?? 0)
  }

  /// Whether anything is held of an instrument.
  func holds(_ instrument: Int) -> Bool {
    switch make {
    case .ledger: !positions[instrument].isFlat
    case .weights(let vector): vector[instrument].stated != 0
    }
  }

  /// The share of equity that the account was last told to hold; 0 where it holds what was traded.
  func statedWeight(of instrument: Int) -> Double {
    switch make {
    case .ledger: 0
    case .weights(let vector): vector[instrument].stated
    }
  }

  /// The share of equity that an instrument has now, negative for short.
  ///
  /// - Parameter equity: the account's equity, where it is known already.
  package func weight(of instrument: Int, ofEquity equity: @autoclosure () -> Double) -> Double {
    switch make {
    case .ledger:
      let value = positions[instrument].value
      if value == 0 { return 0 }
      let equity = equity()
      return equity == 0 ? 0 : value / equity
    case .weights(let vector): return vector[instrument].drifted
    }
  }

  private mutating func changeWeights(_ change: (inout WeightVector) -> Void) {
    guard case .weights(var vector) = make else { return }
    make = .ledger
    change(&vector)
    make = .weights(vector)
  }

  @inline(never)
  private mutating func closeWeights(
    _ columns: UnsafePointer<SeriesColumns>, at instant: Int
  ) -> Double {
    guard case .weights(var vector) = make else { return 0 }
    // Taken out, so that it is changed in place.
    make = .ledger
    let step = vector.step(columns, at: instant)
    let fee = vector.fee
    make = .weights(vector)
    return step.map { earn($0, fee: fee) } ?? 0
  }

  /// Books a step of the weights; returns the charge.
  private mutating func earn(_ step: WeightVector.Step, fee: Double) -> Double {
    priceProfit += cash * step.profit
    let charge = cash * fee * step.change
    commissionPaid += charge
    tradedNotional += cash * step.change
    cash *= step.growth
    return charge
  }
}
