/// A multiple of another model's slippage.
struct ScaledSlippage: SlippageModel {
  let base: any SlippageModel
  let factor: Double

  func fraction(for trade: ProspectiveTrade) -> Double { factor * base.fraction(for: trade) }
  var needsHistory: Bool { base.needsHistory }
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
    // The usual models stay what they are, so that the loop still knows them.
    switch slippage {
    case is NoSlippage: break
    case let fixed as BasisPointSlippage:
      rules.slippage = BasisPointSlippage(basisPoints: fixed.basisPoints * factor)
    default: rules.slippage = ScaledSlippage(base: slippage, factor: factor)
    }
    switch commission {
    case is NoCommission: break
    case let share as BasisPointCommission:
      rules.commission = BasisPointCommission(basisPoints: share.basisPoints * factor)
    default: rules.commission = ScaledCommission(base: commission, factor: factor)
    }
    return rules
  }

  /// Whether trading costs nothing.
  package var isFree: Bool {
    slippage.description(in: "").share == 0 && commission.description(in: "").share == 0
  }
}
