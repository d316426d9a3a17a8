extension CostModelDefinition<any CommissionModel> {
  /// The models that studies can name under `commission`.
  package static var commission: [CostModelDefinition] {
    [
      CostModelDefinition("basis-points", "Basis points of the traded value.", example: "1") {
        BasisPointCommission(basisPoints: $0[0])
      },
      CostModelDefinition(
        "per-share", "Money per unit, in account currency.", example: "0.005",
        [minimum, maximum]
      ) {
        PerShareCommission(perShare: $0[0], minimumPerOrder: $0[1], maximumPercent: $0[2])
      },
      CostModelDefinition("per-order", "Money per order, in account currency.", example: "5") {
        PerOrderCommission(amount: $0[0])
      },
      CostModelDefinition(
        "per-contract", "Money per contract for the broker, in account currency.",
        example: "0.85",
        [
          Key(
            name: "exchange-fee", help: "Money per contract for exchange, clearing and regulator.",
            example: "1.38", fallback: 0)
        ]
      ) { PerContractCommission(perContract: $0[0], exchangeFee: $0[1]) },
      CostModelDefinition(
        "taker",
        "Basis points of the value of trades that cross the spread: all but limit orders "
          + "that fill inside a bar.", example: "5",
        [
          Key(
            name: "maker",
            help: "Basis points of the value of limit orders that fill inside a bar; "
              + "negative for a rebate.", example: "2", fallback: nil, bounds: .atLeast(-100))
        ]
      ) { MakerTakerCommission(makerBasisPoints: $0[1], takerBasisPoints: $0[0]) },
      CostModelDefinition(
        "per-share-tiers", "Money per unit in each tier of the units traded in a month.",
        example: "[0.0035, 0.002]", [beginnings, minimum, maximum], isList: true,
        problem: tierProblem
      ) {
        TieredCommission(
          .perShare, rates: $0.list(0), from: $0.list(1), minimumPerOrder: $0[2],
          maximumPercent: $0[3])
      },
      CostModelDefinition(
        "basis-point-tiers",
        "Basis points of the traded value in each tier of the money traded in a month.",
        example: "[40, 35]",
        [
          beginnings,
          Key(
            name: "maker-tiers",
            help: "The same for limit orders that fill inside a bar; as many numbers.",
            example: "[25, 20]", fallback: nil, isList: true, isRequired: false),
        ], isList: true, problem: makerTierProblem
      ) {
        TieredCommission(
          .basisPoints, rates: $0.list(0), from: $0.list(1),
          makerRates: $0.list(2).isEmpty ? nil : $0.list(2))
      },
    ]
  }

  private static var minimum: Key {
    Key(
      name: "minimum-per-order", help: "The least that an order costs.", example: "1", fallback: 0)
  }

  private static var maximum: Key {
    Key(
      name: "maximum-percent",
      help: "The most that an order costs, in percent of its value; it also limits the minimum.",
      example: "1", fallback: .infinity)
  }

  private static var beginnings: Key {
    Key(
      name: "tiers-from",
      help: "The volume of the month at which each tier begins: as many numbers, the first 0.",
      example: "[0, 300000]", fallback: nil, isList: true)
  }

  private static func tierProblem(_ numbers: CostNumbers) -> String? {
    let (rates, beginnings) = (numbers.list(0), numbers.list(1))
    guard TieredCommission.areTiers(rates, from: beginnings) else {
      return "'tiers-from' needs one number for each of the \(rates.count) rates, the first 0 and "
        + "each above the one before"
    }
    return nil
  }

  /// What is wrong with tiers of which makers may have their own.
  private static func makerTierProblem(_ numbers: CostNumbers) -> String? {
    if let problem = tierProblem(numbers) { return problem }
    let (rates, makers) = (numbers.list(0), numbers.list(2))
    guard makers.isEmpty || makers.count == rates.count else {
      return "'maker-tiers' needs one number for each of the \(rates.count) rates"
    }
    return nil
  }
}
