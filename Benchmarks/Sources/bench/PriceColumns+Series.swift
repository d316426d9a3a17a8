import BacktestKit

extension PriceColumns {
  /// One instrument's columns as a series.
  ///
  /// - Parameter barSeconds: the length of a bar.
  func series(
    _ instrument: Int, symbol: String, timeframe: Timeframe, calendar: any TradingCalendar,
    barSeconds: Int64
  ) throws -> BarSeries {
    func column(_ all: [Double]) -> Column<Double> {
      width == 1
        ? Column(all) : Column(times.indices.map { all[$0 * width + instrument] })
    }
    return try BarSeries(
      instrument: Instrument(symbol: symbol), timeframe: timeframe, calendar: calendar,
      openTimes: Column(times.map { Timestamp(seconds: $0) }),
      closeTimes: Column(times.map { Timestamp(seconds: $0 + barSeconds) }), open: column(open),
      high: column(high), low: column(low), close: column(close), volume: column(volume))
  }
}

extension BacktestConfiguration {
  /// The costs and the capital of the workloads: 1 bp commission, 1 bp slippage, one million.
  static var workload: BacktestConfiguration {
    var configuration = BacktestConfiguration()
    configuration.execution.commission = BasisPointCommission(basisPoints: 1)
    configuration.execution.slippage = BasisPointSlippage(basisPoints: 1)
    return configuration
  }
}
