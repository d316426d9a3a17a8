import BacktestKit

/// W12: the weights of 50 assets from 252 daily returns, by each method and covariance estimate.
struct PortfolioAllocations: Workload {
  static let name = "W12"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let (assets, days) = data.isSmoke ? (10, 60) : (50, 252)
    var random = NormalStream(seed: 12)
    let market = (0..<days).map { _ in 0.0004 + 0.008 * random.next() }
    let window = ReturnsWindow(
      (0..<assets).map { asset in
        let beta = 0.5 + Double(asset % 10) / 9
        return market.map { beta * $0 + 0.012 * random.next() }
      })
    let estimates: [(String, CovarianceEstimate)] = [
      ("sample", .sample), ("ewma", .exponentiallyWeighted()),
      ("ledoit_wolf", .ledoitWolf(.identity)),
      ("constant_correlation", .ledoitWolf(.constantCorrelation)),
    ]
    var measurements: [Measurement] = []
    for method in Allocation.Method.allCases {
      for (name, estimate) in estimates {
        let allocation = Allocation(method, covariance: estimate)
        var (measurement, weights) = try Measurement.rate("weights/s", units: 1, repeats: repeats) {
          try allocation.weights(for: window)
        }
        measurement.engine = "\(method.rawValue)_\(name)"
        measurement.extras = [
          ("milliseconds", 1_000 * measurement.time.cpu),
          ("assets_held", Double(weights.count { $0 > 0 })), ("largest", weights.max() ?? 0),
        ]
        measurements.append(measurement)
      }
    }
    return measurements
  }
}
