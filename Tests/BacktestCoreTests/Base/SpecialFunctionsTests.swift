@testable import BacktestCore
import Testing

/// Against 40-digit arithmetic of an independent library.
struct SpecialFunctionsTests {
  @Test(arguments: [
    (0.5, 0), (0.05, -1.64485362695147269), (0.01, -2.32634787404084109),
    (0.975, 1.95996398454005386), (1e-10, -6.3613409024040562),
    (1e-300, -37.0470962993611992), (0.9999999, 5.19933758229066109),
    (0.3, -0.524400512708040816), (0.499999999, -2.50662834288453267e-9),
  ])
  func normalQuantiles(p: Double, x: Double) {
    #expect(abs(NormalDistribution.quantile(p) - x) <= 4e-16 * max(1, abs(x)))
  }

  @Test func quantilesOfImpossibleSharesAreNotNumbers() {
    #expect(
      NormalDistribution.quantile(0) == -.infinity && NormalDistribution.quantile(1) == .infinity)
    #expect(NormalDistribution.quantile(-0.1).isNaN && NormalDistribution.quantile(.nan).isNaN)
  }

  @Test(arguments: [
    (-8, 6.22096057427178412e-16), (-1, 0.158655253931457051), (0, 0.5),
    (1.5, 0.933192798731141934), (6, 0.999999999013412355),
  ])
  func normalProbabilities(x: Double, p: Double) {
    #expect(abs(NormalDistribution.cumulative(x) / p - 1) <= 1e-14)
  }

  @Test(arguments: [
    (1, 1, 0.317310507862914103), (10, 1, 0.00156540225800254968),
    (0.01, 1, 0.920344325445942036), (5.991464547107979, 2, 0.0500000000000000736),
    (17.47570717, 10, 0.064478501636412939),
    (58.1126, 10, 8.23278637290047376e-9), (3, 10, 0.981424063777859326),
    (100, 50, 0.0000345493138298486394), (30, 50, 0.988835219728449716),
    (900, 700, 4.2276167408980313e-7), (1e-6, 4, 0.999999999999875),
    (500, 1, 9.50539776655409168e-111),
  ])
  func chiSquareTails(x: Double, degrees: Int, p: Double) {
    let found = ChiSquareDistribution.upperTail(x, degreesOfFreedom: degrees)
    #expect(abs(found / p - 1) <= 2e-12)
  }

  @Test func tailsOutsideTheLineAreZeroAndOne() {
    #expect(ChiSquareDistribution.upperTail(-1, degreesOfFreedom: 3) == 1)
    #expect(ChiSquareDistribution.upperTail(.infinity, degreesOfFreedom: 3) == 0)
    #expect(ChiSquareDistribution.upperTail(.nan, degreesOfFreedom: 3).isNaN)
  }
}
