import TestSupport

@testable import BacktestCore

extension OracleValue {
  /// A covariance matrix, given row after row.
  var matrix: CovarianceMatrix {
    let rows = list.map(\.numbers)
    // Rounding in the reference may leave the two halves different in their last bit.
    return CovarianceMatrix(
      rows: rows.indices.map { a in rows.indices.map { rows[max(a, $0)][min(a, $0)] } })
  }
}

extension ReturnsWindow {
  /// Seeded returns with one common factor.
  static func random(instruments: Int, count: Int, seed: UInt64) -> ReturnsWindow {
    var random = TestRandom(seed: seed)
    func draw() -> Double {
      (0..<6).reduce(0) { sum, _ in sum + Double(random.below(20_001) - 10_000) / 1e6 }
    }
    let market = (0..<count).map { _ in draw() }
    return ReturnsWindow(
      (0..<instruments).map { _ in
        let (beta, drift) = (Double(random.below(150)) / 100, Double(random.below(21) - 8) * 1e-4)
        return market.map { drift + beta * $0 + draw() }
      })
  }
}
