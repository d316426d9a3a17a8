import BacktestCore
import BacktestFiles
import Testing

@testable import BacktestStudies

/// What a study says of costs, and what it cannot say.
struct StudyCostsTests {
  private func study(_ overrides: [String]) throws -> Study {
    try StudySchemaTests.study(overrides)
  }

  private func problems(_ overrides: [String]) throws -> [String] {
    do {
      _ = try study(overrides)
      return []
    } catch let error as DocumentError {
      return error.problems.map(\.message)
    }
  }

  @Test func modelsArrive() throws {
    let rules = try study([
      "execution.slippage={almgren: 0.2, shares-outstanding: 1000000}",
      "execution.commission={basis-point-tiers: [40, 20], tiers-from: [0, 1000], "
        + "maker-tiers: [2, 1]}",
      "execution.taxes={stamp-duty: 50, sell-tax-per-share: 0.01, sell-tax-maximum: 5}",
    ]).configuration.execution
    #expect(
      rules.slippage as? AlmgrenSlippage == AlmgrenSlippage(days: 0.2, sharesOutstanding: 1e6))
    #expect(
      rules.commission as? TieredCommission
        == TieredCommission(.basisPoints, rates: [40, 20], from: [0, 1_000], makerRates: [2, 1]))
    #expect(rules.taxes.count == 2)
    #expect(rules.taxes[0] as? StampDuty == StampDuty(basisPoints: 50))
    #expect(
      rules.taxes[1] as? PerShareSellTax == PerShareSellTax(perShare: 0.01, maximumPerOrder: 5))
  }

  @Test func entriesArriveInOrder() throws {
    let costs = try study([
      "costs=[{asset-class: crypto, fee-schedule: binance-spot}, "
        + "{symbols: [A, B], slippage: {corwin-schultz: 1}, taxes: {}}]"
    ]).configuration.execution.instrumentCosts
    #expect(costs.map(\.selection) == [.assetClass(.crypto), .symbols(["A", "B"])])
    #expect(
      costs[0].commission as? MakerTakerCommission
        == MakerTakerCommission(makerBasisPoints: 10, takerBasisPoints: 10))
    #expect(costs[0].slippage == nil && costs[0].feeSchedule?.name == "binance-spot")
    #expect(costs[1].slippage as? CorwinSchultzSlippage == CorwinSchultzSlippage())
    #expect(costs[1].commission == nil && costs[1].taxes?.isEmpty == true)
  }

  @Test func aScheduleArrivesWithItsTaxes() throws {
    let rules = try study(["execution={fee-schedule: ibkr-us-fixed}"]).configuration.execution
    #expect(rules.feeSchedule?.name == "ibkr-us-fixed" && rules.taxes.count == 2)
    #expect((rules.commission as? PerShareCommission)?.maximumPercent == 1)
  }

  /// Everything that is wrong is said, with what to do.
  @Test(arguments: [
    ("execution.slippage={almgren: 0.2}", "'almgren' needs 'shares-outstanding'"),
    ("execution.commission={taker: 5}", "'taker' needs 'maker'"),
    ("execution.commission={maker: 5}", "'maker' goes with 'taker'"),
    (
      "execution.commission={minimum-per-order: 5}",
      "'minimum-per-order' goes with 'per-share' or 'per-share-tiers'"
    ),
    (
      "execution.commission={per-share-tiers: [1, 2], tiers-from: [0]}",
      "'tiers-from' needs one number for each of the 2 rates"
    ),
    (
      "execution.commission={per-share-tiers: [1, 2], tiers-from: [5, 9]}",
      "'tiers-from' needs one number for each of the 2 rates"
    ),
    (
      "execution.commission={basis-point-tiers: [2, 1], tiers-from: [0, 9], maker-tiers: [1]}",
      "'maker-tiers' needs one number for each of the 2 rates"
    ),
    ("execution.taxes={sell-tax-maximum: 5}", "'sell-tax-maximum' goes with 'sell-tax-per-share'"),
    ("costs=[{symbols: [A]}]", "an entry of 'costs' says what its instruments cost"),
    ("costs=[{taxes: {stamp-duty: 5}}]", "an entry of 'costs' names 'symbols' or an 'asset-class'"),
    (
      "execution={fee-schedule: ibkr-us-fixed, commission: {per-order: 3}}",
      "'ibkr-us-fixed' says the commission already"
    ),
  ])
  func whatDoesNotFitIsRefused(override: String, message: String) throws {
    let found = try problems([override])
    #expect(found.count == 1 && found[0].hasPrefix(message), "\(found)")
  }

  @Test func weightsHaveNoCostsOfInstruments() throws {
    let found = try problems([
      "execution={}", "account.accounting={rule: weights}",
      "costs=[{symbols: [A], taxes: {stamp-duty: 5}}]",
    ])
    #expect(found.count == 1 && found[0].hasPrefix("'costs' are those of orders"))
  }

  /// What a result writes is what a study says.
  @Test func costsAreWrittenAsTheyAreGiven() throws {
    let configuration = try study([
      "execution={taxes: {stamp-duty: 50}}",
      "costs=[{symbols: [A], commission: {taker: 5, maker: 2}}]",
    ]).configuration
    guard case .table(let members) = StudyTable.execution.json(configuration) else {
      Issue.record("no table")
      return
    }
    #expect(members.first { $0.key == "taxes" }?.value == ["stamp-duty": 50.0])
    #expect(
      StudyKey.instrumentCosts.json(configuration)
        == .list([
          ["symbols": .list(["A"]), "commission": ["model": "taker", "taker": 5.0, "maker": 2.0]]
        ]))
  }
}
