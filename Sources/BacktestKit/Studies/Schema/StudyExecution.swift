import BacktestCore
import BacktestFiles

extension AccountRules {
  init(_ table: inout DocumentTable) {
    self.init(
      initialCash: table.value("cash", .number(.positive), default: 1_000_000),
      currency: table.value("currency", .text, default: "USD"))
    if let leverage = table.optional("leverage", .number(.atLeast(1))) {
      funding = .margin(leverage: leverage)
    }
  }
}

extension AccountingRule {
  /// The rule of an account; one without `accounting` trades by orders.
  static func read(_ account: inout DocumentTable) -> AccountingRule {
    let rule = account.optionalSection("accounting") { AccountingRule(&$0) } ?? .orders
    if rule.holdsWeights, account.node("leverage") != nil {
      account.report(
        "'leverage' limits orders, but 'accounting' has the rule 'weights', under which there are "
          + "none and weights have no limit", at: "leverage")
    }
    return rule
  }

  private init(_ table: inout DocumentTable) {
    let rule = table.value("rule", .choice(of: AccountingChoice.self))
    let fee = table.optional("fee", .number(.notNegative))
    let weights = table.optional("initial-weights", .choice(of: InitialWeightsChoice.self))
    guard table.node("rule") != nil else {
      self = .orders
      return
    }
    switch rule {
    case .weights: self = .weights(fee: fee ?? 0, initialWeights: weights?.weights ?? .zero)
    case .orders:
      self = .orders
      if fee != nil {
        table.report(
          "'fee' goes with 'rule: weights'; orders pay 'execution.commission'", at: "fee")
      }
      if weights != nil {
        table.report("'initial-weights' goes with 'rule: weights'", at: "initial-weights")
      }
    }
  }
}

private enum AccountingChoice: String, CaseIterable { case orders, weights }

private enum InitialWeightsChoice: String, CaseIterable {
  case zero, equal

  var weights: AccountingRule.InitialWeights { self == .zero ? .zero : .equal }
}

extension ExecutionRules {
  init(_ table: inout DocumentTable) {
    self.init()
    marketFill = table.value("fill", .choice(), default: .nextOpen)
    let through = table.optional("through-ticks", .integer(.atLeast(0)))
    switch table.value("limit-fill", .choice(), default: LimitFillChoice.touch) {
    case .touch:
      limitFill = .touch
      if through != nil {
        table.report("'through-ticks' goes with 'limit-fill: through'", at: "through-ticks")
      }
    case .through: limitFill = .through(ticks: through ?? 1)
    }
    improvesOnGaps = table.value("gap-improvement", .flag, default: true)
    intrabarPath = table.value("intrabar-path", .choice(), default: .pessimistic)
    participation = table.optional("participation", .number(.within(1e-9...1)))
    latency = table.value("latency", .span, default: .zero)
    sizing = table.value("size-at", .choice(), default: .atDecision)
    shortfall = table.value("on-shortfall", .choice(), default: .cut)
    slippage = table.section("slippage") { slippageModel(&$0) }
    commission = table.section("commission") { commissionModel(&$0) }
  }
}

private enum LimitFillChoice: String, CaseIterable { case touch, through }

/// The one slippage model that a table names by its key.
private func slippageModel(_ table: inout DocumentTable) -> any SlippageModel {
  var models: [any SlippageModel] = []
  if let points = table.optional("basis-points", .number(.notNegative)) {
    models.append(BasisPointSlippage(basisPoints: points))
  }
  if let spread = table.optional("half-spread", .number(.notNegative)) {
    models.append(HalfSpreadSlippage(spread: spread))
  }
  if let impact = table.optional("volume-share", .number(.notNegative)) {
    models.append(VolumeShareSlippage(impact: impact))
  }
  if let impact = table.optional("square-root", .number(.notNegative)) {
    models.append(SquareRootSlippage(impact: impact))
  }
  if models.count > 1 { table.report("name one slippage model, not \(models.count)") }
  return models.first ?? NoSlippage()
}

/// The one commission model that a table names by its key.
private func commissionModel(_ table: inout DocumentTable) -> any CommissionModel {
  var models: [any CommissionModel] = []
  if let points = table.optional("basis-points", .number(.notNegative)) {
    models.append(BasisPointCommission(basisPoints: points))
  }
  let minimum = table.optional("minimum-per-order", .number(.notNegative))
  if let perShare = table.optional("per-share", .number(.notNegative)) {
    models.append(PerShareCommission(perShare: perShare, minimumPerOrder: minimum ?? 0))
  } else if minimum != nil {
    table.report("'minimum-per-order' goes with 'per-share'", at: "minimum-per-order")
  }
  if let amount = table.optional("per-order", .number(.notNegative)) {
    models.append(PerOrderCommission(amount: amount))
  }
  if models.count > 1 { table.report("name one commission model, not \(models.count)") }
  return models.first ?? NoCommission()
}
