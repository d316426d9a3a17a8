public import BacktestKit

extension StrategyCatalogue {
  /// The strategies that come with BacktestKit.
  public static let standard = StrategyCatalogue([
    BuyAndHold.definition, CrossSectionMomentum.definition, DonchianBreakout.definition,
    EqualWeightRebalance.definition, PortfolioAllocation.definition, RSIMeanReversion.definition,
    SMACrossover.definition, VolatilityTarget.definition,
  ])
}
