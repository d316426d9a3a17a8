/// The money that positions would have made over the past bars, from which their value at risk is
/// forecast.
struct PortfolioReturns: Sendable {
  private let limit: ValueAtRiskLimit
  private let quantile: Double
  /// What the bars would have made with the positions, with an order's opening, and with a part of
  /// it.
  private var profits: [Double]
  private var change: [Double]
  private var trial: [Double]

  init(_ limit: ValueAtRiskLimit) {
    self.limit = limit
    quantile = NormalDistribution.quantile(1 - limit.rule.confidence)
    profits = Array(repeating: 0, count: limit.rule.window)
    change = profits
    trial = profits
  }

  /// Takes the money of each position.
  mutating func take(_ positions: [Double], _ market: MarketCursor) {
    for row in profits.indices { profits[row] = 0 }
    for (instrument, value) in positions.enumerated() where value != 0 {
      Self.add(value, of: instrument, to: &profits, market)
    }
  }

  private static func add(
    _ value: Double, of instrument: Int, to profits: inout [Double], _ market: MarketCursor
  ) {
    let window = profits.count
    let last = market.lastRow(of: instrument)
    let close = market.columns[instrument].close
    for age in 0..<min(window, max(0, last)) where close[last - age - 1] > 0 {
      profits[window - 1 - age] += value * (close[last - age] / close[last - age - 1] - 1)
    }
  }

  /// The largest part of an opening, from 0 to 1, with which the loss stays within a limit, and the
  /// loss with all of it. What lowers the loss may be opened whole.
  mutating func part(
    of opening: Double, in instrument: Int, within most: Double, _ market: MarketCursor
  ) -> (part: Double, loss: Double) {
    for row in change.indices { change[row] = 0 }
    Self.add(opening, of: instrument, to: &change, market)
    let before = loss(with: 0)
    let whole = loss(with: 1)
    if whole <= most || whole <= before { return (1, whole) }
    guard before < most else { return (0, whole) }
    var (low, high) = (0.0, 1.0)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if loss(with: middle) <= most { low = middle } else { high = middle }
    }
    return (low, whole)
  }

  /// The loss that is exceeded with the probability of the rule, with a part of the opening.
  private mutating func loss(with part: Double) -> Double {
    for row in trial.indices { trial[row] = profits[row] + part * change[row] }
    let count = Double(trial.count)
    switch limit.rule.method {
    case .historical:
      trial.sort()
      return -trial.sortedQuantile(1 - limit.rule.confidence)
    case .normal:
      let mean = trial.reduce(0, +) / count
      let squares = trial.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return -(mean + quantile * (squares / (count - 1)).squareRoot())
    case .exponentiallyWeighted:
      var (sum, weights, weight) = (0.0, 0.0, 1.0)
      for value in trial.reversed() {
        sum += weight * value * value
        weights += weight
        weight *= limit.rule.decay
      }
      return -quantile * (sum / weights).squareRoot()
    }
  }
}
