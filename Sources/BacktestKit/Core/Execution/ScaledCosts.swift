/// A multiple of another model's slippage.
struct ScaledSlippage: SlippageModel {
  let base: any SlippageModel
  let factor: Double

  func fraction(for trade: ProspectiveTrade) -> Double { factor * base.fraction(for: trade) }
  var needsHistory: Bool { base.needsHistory }
  var spreadSource: SpreadSource? { base.spreadSource }
  var usesVolume: Bool { base.usesVolume }

  func description(in currency: String) -> CostDescription {
    base.description(in: currency).scaled(by: factor)
  }
}

/// A multiple of another model's commission.
struct ScaledCommission: CommissionModel {
  let base: any CommissionModel
  let factor: Double

  func total(for order: OrderProgress) -> Double { factor * base.total(for: order) }
  var dependsOnHistory: Bool { base.dependsOnHistory }

  func description(in currency: String) -> CostDescription {
    base.description(in: currency).scaled(by: factor)
  }
}

/// A multiple of another model's tax.
struct ScaledTax: TransactionTax {
  let base: any TransactionTax
  let factor: Double

  func total(for order: OrderProgress) -> Double { factor * base.total(for: order) }

  func description(in currency: String) -> CostDescription {
    base.description(in: currency).scaled(by: factor)
  }
}

extension CostDescription {
  fileprivate func scaled(by factor: Double) -> CostDescription {
    var scaled = self
    scaled.sentence = "\(NumberText.exact(factor)) times: \(sentence)"
    scaled.share = share.map { $0 * factor }
    return scaled
  }
}

extension ExecutionRules {
  /// These rules with all costs of trading multiplied.
  package func scalingCosts(by factor: Double) -> ExecutionRules {
    var rules = self
    rules.slippage = Self.scaled(slippage, by: factor)
    rules.commission = Self.scaled(commission, by: factor)
    rules.taxes = Self.scaled(taxes, by: factor)
    rules.instrumentCosts = instrumentCosts.map { costs in
      var scaled = costs
      scaled.slippage = costs.slippage.map { Self.scaled($0, by: factor) }
      scaled.commission = costs.commission.map { Self.scaled($0, by: factor) }
      scaled.taxes = costs.taxes.map { Self.scaled($0, by: factor) }
      return scaled
    }
    return rules
  }

  /// These rules with slippage alone multiplied.
  package func scalingSlippage(by factor: Double) -> ExecutionRules {
    var rules = self
    rules.slippage = Self.scaled(slippage, by: factor)
    rules.instrumentCosts = instrumentCosts.map { costs in
      var scaled = costs
      scaled.slippage = costs.slippage.map { Self.scaled($0, by: factor) }
      return scaled
    }
    return rules
  }

  // The usual models stay what they are, so that the loop still knows them.
  private static func scaled(
    _ model: any SlippageModel, by factor: Double
  ) -> any SlippageModel {
    switch model {
    case is NoSlippage: model
    case let fixed as BasisPointSlippage:
      BasisPointSlippage(basisPoints: fixed.basisPoints * factor)
    default: ScaledSlippage(base: model, factor: factor)
    }
  }

  private static func scaled(
    _ model: any CommissionModel, by factor: Double
  ) -> any CommissionModel {
    switch model {
    case is NoCommission: model
    case let share as BasisPointCommission:
      BasisPointCommission(basisPoints: share.basisPoints * factor)
    default: ScaledCommission(base: model, factor: factor)
    }
  }

  private static func scaled(
    _ taxes: [any TransactionTax], by factor: Double
  ) -> [any TransactionTax] {
    taxes.map { ScaledTax(base: $0, factor: factor) }
  }

  /// Whether trading costs nothing.
  package var isFree: Bool {
    func isFree(_ model: some CostModel) -> Bool { model.description(in: "").share == 0 }
    return taxes.isEmpty && isFree(slippage) && isFree(commission)
      && instrumentCosts.allSatisfy { costs in
        costs.slippage.map { isFree($0) } ?? true && costs.commission.map { isFree($0) } ?? true
          && costs.taxes?.isEmpty ?? true
      }
  }
}
