/// One instrument in an account of weights.
struct HeldWeight: BitwiseCopyable, Hashable, Sendable {
  /// The share of equity that was last stated.
  var stated: Double
  /// The stated share for whose change the fee was charged last.
  var charged: Double
  /// What the share has become with the prices since.
  var drifted: Double
  /// The return of the price over the step under way.
  var priceReturn = 0.0

  init(_ weight: Double) {
    stated = weight
    charged = weight
    drifted = weight
  }
}

extension Account {
  /// Whether the account is a vector of weights.
  package var holdsWeights: Bool { !weights.isEmpty }

  /// States the weight of an instrument from now on.
  mutating func state(_ instrument: Int, weight: Double) {
    weights[instrument].stated = weight
    weights[instrument].drifted = weight
  }

  /// Takes the weights into exposure: they earn from now on.
  mutating func exposeWeights() {
    exposedWeight = weights.reduce(0) { $0 + abs($1.stated) }
  }

  /// Goes from one close to the next with the price returns that are noted, and charges the fee for
  /// what was stated anew before; returns the charge.
  mutating func step(fee: Double) -> Double {
    var portfolioReturn = 0.0
    var change = 0.0
    for weight in weights {
      portfolioReturn += weight.stated * weight.priceReturn
      change += abs(weight.stated - weight.charged)
    }
    let growth = 1 + portfolioReturn - fee * change
    for index in weights.indices {
      let weight = weights[index]
      weights[index].charged = weight.stated
      weights[index].drifted =
        growth > 0 ? weight.stated * (1 + weight.priceReturn) / growth : 0
    }
    priceProfit += cash * portfolioReturn
    let charge = cash * fee * change
    commissionPaid += charge
    tradedNotional += cash * change
    cash *= growth
    return charge
  }

  /// Gives up all weights and charges the fee for it at once; returns the charge.
  mutating func liquidateWeights(fee: Double) -> Double {
    let change = weights.reduce(0) { $0 + abs($1.stated) }
    let charge = cash * fee * change
    commissionPaid += charge
    tradedNotional += cash * change
    cash -= charge
    for index in weights.indices { weights[index] = HeldWeight(0) }
    exposedWeight = 0
    return charge
  }
}
