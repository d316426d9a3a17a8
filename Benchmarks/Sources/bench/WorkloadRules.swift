import BacktestKit

extension BacktestConfiguration {
  /// The costs and the capital of the workloads: 1 bp commission, 1 bp slippage, one million.
  static var workload: BacktestConfiguration {
    var configuration = BacktestConfiguration()
    configuration.execution.commission = BasisPointCommission(basisPoints: 1)
    configuration.execution.slippage = BasisPointSlippage(basisPoints: 1)
    return configuration
  }
}
