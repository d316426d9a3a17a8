extension CostModelDefinition<any SlippageModel> {
  /// The models that studies can name under `slippage`.
  package static var slippage: [CostModelDefinition] {
    [
      CostModelDefinition("basis-points", "Basis points of the price.", example: "2") {
        BasisPointSlippage(basisPoints: $0[0])
      },
      CostModelDefinition(
        "half-spread", "A bid-ask spread in price units, of which half is paid.", example: "0.01"
      ) { HalfSpreadSlippage(spread: $0[0]) },
      CostModelDefinition(
        "spread-basis-points",
        "A bid-ask spread in basis points of the price, of which half is paid.", example: "4"
      ) { RelativeSpreadSlippage(basisPoints: $0[0]) },
      CostModelDefinition(
        "corwin-schultz",
        "This multiple of half the bid-ask spread that the highs and lows of 21 bars tell.",
        example: "1"
      ) { CorwinSchultzSlippage(multiple: $0[0]) },
      CostModelDefinition(
        "quoted-spread",
        "This multiple of half the bid-ask spread, in price units, that the reference "
          + "`SYMBOL.spread` gives.", example: "1"
      ) { QuotedSpreadSlippage(multiple: $0[0]) },
      CostModelDefinition(
        "range-fraction", "This share of the bar's high less its low.", example: "0.1"
      ) { RangeFractionSlippage(share: $0[0]) },
      CostModelDefinition(
        "volume-share",
        "This factor times the squared share of the bar's volume, as a fraction of the price.",
        example: "0.1"
      ) { VolumeShareSlippage(impact: $0[0]) },
      CostModelDefinition(
        "square-root",
        "This factor times the deviation of 20 returns times the square root of quantity over mean "
          + "volume, as a fraction of the price.", example: "1"
      ) { SquareRootSlippage(impact: $0[0]) },
      almgren,
    ]
  }

  private static var almgren: CostModelDefinition {
    CostModelDefinition(
      "almgren",
      "Permanent and temporary impact of Almgren et al. (2005), with orders worked over this part "
        + "of a session.", example: "0.2",
      [
        Key(
          name: "shares-outstanding", help: "Units outstanding, which `almgren` needs.",
          example: "1728000000", fallback: nil, bounds: .positive),
        Key(
          name: "permanent", help: "The factor of the permanent impact.", example: "0.314",
          fallback: 0.314),
        Key(
          name: "temporary", help: "The factor of the temporary impact.", example: "0.142",
          fallback: 0.142),
      ], bounds: .positive
    ) {
      AlmgrenSlippage(
        days: $0[0], sharesOutstanding: $0[1], permanent: $0[2], temporary: $0[3])
    }
  }
}
