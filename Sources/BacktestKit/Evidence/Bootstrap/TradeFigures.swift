import BacktestCore

/// Metrics of resampled closed trades.
struct TradeFigures: ResampledFigures {
  private let metrics: [MetricDefinition]
  private let inputs: MetricInputs
  private let closed: [RoundTrip]
  /// Of each trade its gain, its loss, and whether it is a win or a loss.
  private let money: [SIMD4<Double>]

  /// The metrics that follow from sums over trades.
  private enum Figure: String {
    case winRate = "trade-win-rate"
    case profitFactor = "trade-profit-factor"
    case netProfit = "trade-net-profit"
    case expectancy = "trade-expectancy"
  }

  private let figures: [Figure?]

  init(_ metrics: [MetricDefinition], _ inputs: MetricInputs) {
    self.metrics = metrics
    self.inputs = inputs
    closed = (inputs.roundTrips ?? []).filter { !$0.isOpen }
    figures = metrics.map { Figure(rawValue: $0.name) }
    money = closed.map { trade in
      let profit = trade.profit
      return SIMD4(max(profit, 0), max(-profit, 0), profit > 0 ? 1 : 0, profit < 0 ? 1 : 0)
    }
  }

  var rowCount: Int { closed.count }
  var figureCount: Int { metrics.count }

  func append(of blocks: [Range<Int>], to values: inout [Double]) {
    var sums = SIMD4<Double>.zero
    var count = 0
    for block in blocks {
      count += block.count
      for row in block { sums += money[row] }
    }
    var workspace: MetricWorkspace?
    for (metric, figure) in zip(metrics, figures) {
      guard let figure else {
        if workspace == nil {
          var resampled = inputs
          resampled.roundTrips = closed.rows(blocks)
          workspace = MetricWorkspace(resampled)
        }
        values.append(workspace.flatMap { metric.value(in: $0) } ?? .nan)
        continue
      }
      values.append(Self.value(figure, sums, Double(count)) ?? .nan)
    }
  }

  private static func value(_ figure: Figure, _ sums: SIMD4<Double>, _ count: Double) -> Double? {
    switch figure {
    case .winRate: return RatioFormulas.quotient(sums[2], sums[2] + sums[3])
    case .profitFactor:
      guard (sums[1] / count).withoutRounding() != 0 else { return nil }
      return RatioFormulas.quotient(sums[0], sums[1])
    case .netProfit: return sums[0] - sums[1]
    case .expectancy: return RatioFormulas.quotient(sums[0] - sums[1], count)
    }
  }
}
