import BacktestCore

extension SimulationRules {
  /// In half of the scenarios other costs than those of the plain models, and in some of them
  /// different ones for one instrument.
  mutating func drawCosts(seed: UInt64, hasVolume: Bool, instrumentCount: Int) {
    var random = Randomness(seed: seed, stream: "scenario/costs")
    guard random.oneIn(2) else { return }
    costs = draw(hasVolume: hasVolume, &random)
    if random.oneIn(3) {
      costsOf[random.nextInteger(below: instrumentCount)] = draw(hasVolume: hasVolume, &random)
    }
  }

  private func draw(hasVolume: Bool, _ random: inout Randomness) -> SimulatedCosts {
    var costs = costs
    costs.slippage = random.pick([
      costs.slippage, .relativeSpread(40), .rangeShare(0.05), .corwinSchultz(1),
      .corwinSchultz(0.3), .almgren(days: 0.5, outstanding: 50_000, gamma: 0.314, eta: 0.142),
      .almgren(days: 2, outstanding: 1_000, gamma: 2, eta: 1),
    ])
    if case .almgren = costs.slippage, !hasVolume || sizesAtFill { costs.slippage = .none }
    costs.commission = random.pick([
      costs.commission, .perShare(0.01, minimum: 2, maximumPercent: 1),
      .perContract(0.85, exchange: 0.4), .makerTaker(maker: 2, taker: 9),
      .makerTaker(maker: -1, taker: 5),
      .unitTiers([(0, 0.05), (100, 0.02), (1_000, 0.01)], minimum: 0.35),
      .moneyTiers([(0, 26, 16), (2_000, 12, 4), (30_000, 10, 0)]),
    ])
    let taxes: [SimulatedCosts.Tax] = [
      .onPurchases(basisPoints: 50), .onSales(basisPoints: 10), .perUnitSold(0.02, most: 1.5),
    ]
    costs.taxes = taxes.filter { _ in random.oneIn(2) }
    return costs
  }
}

extension SimulatedCosts {
  /// The slippage as the engine takes it.
  var slippageModel: any SlippageModel {
    switch slippage {
    case .none: BasisPointSlippage(basisPoints: 0)
    case .basisPoints(let points): BasisPointSlippage(basisPoints: points)
    case .halfSpread(let spread): HalfSpreadSlippage(spread: spread)
    case .relativeSpread(let points): RelativeSpreadSlippage(basisPoints: points)
    case .rangeShare(let share): RangeFractionSlippage(share: share)
    case .corwinSchultz(let multiple): CorwinSchultzSlippage(multiple: multiple)
    case .quotedSpread(let multiple): QuotedSpreadSlippage(multiple: multiple)
    case .volumeShare(let impact): VolumeShareSlippage(impact: impact)
    case .squareRoot(let impact): SquareRootSlippage(impact: impact)
    case .almgren(let days, let outstanding, let gamma, let eta):
      AlmgrenSlippage(
        days: days, sharesOutstanding: outstanding, permanent: gamma, temporary: eta)
    }
  }

  /// The commission as the engine takes it.
  var commissionModel: any CommissionModel {
    switch commission {
    case .none: return BasisPointCommission(basisPoints: 0)
    case .basisPoints(let points): return BasisPointCommission(basisPoints: points)
    case .perShare(let amount, let minimum, let maximumPercent):
      return PerShareCommission(
        perShare: amount, minimumPerOrder: minimum, maximumPercent: maximumPercent ?? .infinity)
    case .perOrder(let amount): return PerOrderCommission(amount: amount)
    case .perContract(let amount, let exchange):
      return PerContractCommission(perContract: amount, exchangeFee: exchange)
    case .makerTaker(let maker, let taker):
      return MakerTakerCommission(makerBasisPoints: maker, takerBasisPoints: taker)
    case .unitTiers(let tiers, let minimum):
      return TieredCommission(
        .perShare, rates: tiers.map(\.rate), from: tiers.map(\.from), minimumPerOrder: minimum)
    case .moneyTiers(let tiers):
      return TieredCommission(
        .basisPoints, rates: tiers.map(\.taker), from: tiers.map(\.from),
        makerRates: tiers.map(\.maker))
    }
  }

  /// The taxes as the engine takes them.
  var taxModels: [any TransactionTax] {
    taxes.map { tax in
      switch tax {
      case .onPurchases(let points): StampDuty(basisPoints: points)
      case .onSales(let points): SellTax(basisPoints: points)
      case .perUnitSold(let amount, let most):
        PerShareSellTax(perShare: amount, maximumPerOrder: most)
      }
    }
  }
}

extension SimulationRules {
  /// Gives the engine the costs.
  func applyCosts(to execution: inout ExecutionRules) {
    if case .none = costs.slippage {} else { execution.slippage = costs.slippageModel }
    if case .none = costs.commission {} else { execution.commission = costs.commissionModel }
    execution.taxes = costs.taxModels
    let symbols = ["A", "B", "C"]
    execution.instrumentCosts = costsOf.sorted { $0.key < $1.key }.map { instrument, costs in
      InstrumentCosts(
        of: .symbols([symbols[instrument]]), slippage: costs.slippageModel,
        commission: costs.commissionModel, taxes: costs.taxModels)
    }
  }
}
