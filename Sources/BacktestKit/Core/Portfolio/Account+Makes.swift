extension AccountingRule {
  /// The weights of an account under the rule; `nil` where it is a ledger of money: what is bought
  /// and sold changes cash and positions.
  func weights(instrumentCount: Int) -> WeightVector? {
    switch self {
    case .orders: return nil
    case .weights(let fee, let initial):
      let weights = initial.values(count: instrumentCount)
      precondition(weights.count == instrumentCount, "one initial weight for each instrument")
      return WeightVector(fee: fee, initialWeights: weights)
    }
  }
}

/// What the two makes of account do differently. The engine, a strategy's view and policies ask
/// these questions, and none of them asks which make it is.
extension Account {
  /// Whether the account itself brings holdings to the stated weights at each close, without
  /// orders.
  package var followsTargets: Bool { weights != nil }

  /// Whether accounts are of one make.
  func isLike(_ other: Account) -> Bool { followsTargets == other.followsTargets }

  /// Cash and the value of all positions, and the sum of the absolute values of all holdings.
  @inline(__always)
  var valuation: Valuation {
    guard heldCount > 0 else { return Valuation(equity: cash + accrued, grossExposure: 0) }
    guard let exposure = weights?.exposure else { return ledgerValuation }
    return Valuation(equity: cash, grossExposure: cash * exposure)
  }

  /// What is held is valued at the closes of an instant.
  ///
  /// - Returns: the valuation, and what was charged for weights that changed.
  @inline(__always)
  mutating func close(
    _ columns: UnsafePointer<SeriesColumns>, at instant: Int
  ) -> (valuation: Valuation, charge: Double) {
    guard heldCount > 0 else { return (Valuation(equity: cash + accrued, grossExposure: 0), 0) }
    if weights == nil { return (markToClose(columns, at: instant), 0) }
    let charge = closeWeights(columns, at: instant)
    return (valuation, charge)
  }

  /// The decisions of a run begin at an instant.
  mutating func beginDecisions(at instant: Int) {
    weights?.begin(at: instant)
  }

  /// Takes the targets of a decision where the account follows statements; a target that only
  /// orders could reach is refused.
  ///
  /// - Returns: the reason of the refusal, if it is one.
  mutating func state(_ target: PositionTarget, of instrument: Int) -> RejectionReason? {
    switch target.measure {
    case .none: return nil
    case .weight:
      weights?.state(instrument, weight: target.value)
      return nil
    case .quantity, .value: return .weightsAccounting
    }
  }

  /// The targets of a decision are stated.
  mutating func finishStatements(at instant: Int) { weights?.expose(at: instant) }

  /// Gives up what the account holds by itself, at once; returns the charge. What was bought has to
  /// be sold by orders.
  mutating func liquidateStatements() -> Double {
    guard let fee = weights?.fee, let change = weights?.liquidate() else { return 0 }
    let charge = cash * fee * change
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
    if let held = weights?[instrument] { return held.stated != 0 }
    return !positions[instrument].isFlat
  }

  /// Whether nothing is held: no position, and no stated weight.
  var isFlat: Bool { weights?.isFlat ?? (heldCount == 0) }

  /// The share of equity that the account was last told to hold; 0 where it holds what was traded.
  func statedWeight(of instrument: Int) -> Double {
    weights?[instrument].stated ?? 0
  }

  /// The share of equity that an instrument has now, negative for short.
  ///
  /// - Parameter equity: the account's equity, where it is known already.
  package func weight(of instrument: Int, ofEquity equity: @autoclosure () -> Double) -> Double {
    if let held = weights?[instrument] { return held.drifted }
    let value = positions[instrument].value
    if value == 0 { return 0 }
    let equity = equity()
    return equity == 0 ? 0 : value / equity
  }

  @inline(never)
  private mutating func closeWeights(
    _ columns: UnsafePointer<SeriesColumns>, at instant: Int
  ) -> Double {
    guard let fee = weights?.fee, let step = weights?.step(columns, at: instant) else { return 0 }
    return earn(step, fee: fee)
  }

  /// Books a step of the weights; returns the charge.
  private mutating func earn(_ step: WeightVector.Step, fee: Double) -> Double {
    var money = weightMoney
    let charge = money.earn(step, fee: fee)
    weightMoney = money
    return charge
  }

  /// The money of an account of weights.
  var weightMoney: WeightMoney {
    get {
      WeightMoney(
        cash: cash, priceProfit: priceProfit, commissionPaid: commissionPaid,
        tradedNotional: tradedNotional)
    }
    set {
      (cash, priceProfit) = (newValue.cash, newValue.priceProfit)
      (commissionPaid, tradedNotional) = (newValue.commissionPaid, newValue.tradedNotional)
    }
  }
}

/// What the steps of weights change in an account.
@usableFromInline
struct WeightMoney: BitwiseCopyable, Sendable {
  @usableFromInline var cash: Double
  @usableFromInline var priceProfit: Double
  @usableFromInline var commissionPaid: Double
  @usableFromInline var tradedNotional: Double

  /// Books a step of the weights; returns the charge.
  @inlinable @inline(__always)
  mutating func earn(_ step: WeightVector.Step, fee: Double) -> Double {
    priceProfit += cash * step.profit
    let charge = cash * fee * step.change
    commissionPaid += charge
    tradedNotional += cash * step.change
    cash *= step.growth
    return charge
  }
}
