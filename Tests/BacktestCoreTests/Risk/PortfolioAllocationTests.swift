import TestSupport
import Testing

@testable import BacktestCore

/// Allocations against slow and obvious models, their limits and what they refuse.
struct PortfolioAllocationTests {
  /// Lowers `w' C w / 2 - tilt g' w` by the best exchange between two weights, again and again.
  private static func byExchanges(
    _ covariance: CovarianceMatrix, gains: [Double], tilt: Double,
    bounds: [ClosedRange<Double>], from start: [Double]
  ) -> [Double] {
    var weights = start
    let size = weights.count
    for _ in 0..<200_000 {
      let gradient = (0..<size).map { row in
        (0..<size).reduce(0) { $0 + covariance[row, $1] * weights[$1] } - tilt * gains[row]
      }
      let up = (0..<size).filter { weights[$0] < bounds[$0].upperBound }
        .min { gradient[$0] < gradient[$1] }
      let down = (0..<size).filter { weights[$0] > bounds[$0].lowerBound }
        .max { gradient[$0] < gradient[$1] }
      guard let up, let down, gradient[down] - gradient[up] > 1e-16 else { break }
      let bend = covariance[up, up] + covariance[down, down] - 2 * covariance[up, down]
      let room = min(bounds[up].upperBound - weights[up], weights[down] - bounds[down].lowerBound)
      let move = min(room, (gradient[down] - gradient[up]) / bend)
      weights[up] += move
      weights[down] -= move
    }
    return weights
  }

  @Test(arguments: 1...30)
  func leastVarianceWithinBounds(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let size = 2 + random.below(9)
    let window = ReturnsWindow.random(instruments: size, count: 60, seed: seed &* 77)
    let covariance = CovarianceEstimate.sample.matrix(of: window)
    let ranges = (0..<size).map { _ in
      let low = Double(random.below(3)) * 0.4 / Double(size) - 0.1
      return low...(low + (1.2 + Double(random.below(4))) / Double(size))
    }
    let bounds = WeightBounds.each(ranges)
    let start = try bounds.nearest(to: Array(repeating: 1 / Double(size), count: size))
    for tilt in [0, 0.05, 0.7] {
      var program = PortfolioProgram(
        covariance: covariance, gains: window.means, bounds: ranges, start: start)
      try program.minimise(tilt: tilt)
      let slow = Self.byExchanges(
        covariance, gains: window.means, tilt: tilt, bounds: ranges, from: start)
      for (fast, slow) in zip(program.weights, slow) {
        #expect(abs(fast - slow) < 1e-7, "seed \(seed), tilt \(tilt)")
      }
      #expect(abs(program.weights.reduce(0, +) - 1) < 1e-12)
    }
  }

  /// No exchange of a little weight between two instruments raises the ratio.
  @Test(arguments: 1...20)
  func noExchangeRaisesTheRatio(seed: UInt64) throws {
    let window = ReturnsWindow.random(instruments: 12, count: 120, seed: seed)
    let covariance = CovarianceEstimate.sample.matrix(of: window)
    for (method, gains) in [
      (Allocation.Method.maximumSharpe, window.means),
      (.maximumDiversification, covariance.deviations),
    ] {
      func ratio(_ weights: [Double]) -> Double {
        zip(weights, gains).reduce(0) { $0 + $1.0 * $1.1 }
          / covariance.variance(of: weights).squareRoot()
      }
      let bounds = 0.01...0.3
      // The best mean that the bounds allow: three of 0.3, what is left, and the least of the rest.
      let ranked = gains.sorted(by: >)
      let highest = zip(ranked, [0.3, 0.3, 0.3, 0.02] + Array(repeating: 0.01, count: 8))
        .reduce(0) { $0 + $1.0 * $1.1 }
      let allocation = Allocation(method, bounds: .all(bounds))
      guard highest > 0 else {
        #expect(throws: AllocationError.noPositiveReturn) { try allocation.weights(for: window) }
        continue
      }
      let weights = try allocation.weights(for: window)
      #expect(weights.allSatisfy { $0 >= bounds.lowerBound && $0 <= bounds.upperBound })
      let best = ratio(weights)
      for a in weights.indices {
        for b in weights.indices where a != b {
          var other = weights
          let move = min(1e-4, bounds.upperBound - other[a], other[b] - bounds.lowerBound)
          other[a] += move
          other[b] -= move
          #expect(ratio(other) <= best * (1 + 1e-12), "seed \(seed), \(method), \(a), \(b)")
        }
      }
    }
  }

  @Test(arguments: 1...10)
  func nearestWeightsWithinBounds(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let weights = (0..<8).map { _ in Double(random.below(2_000) - 600) / 1_000 }
    let bounds = WeightBounds.all(-0.05...0.31)
    let nearest = try bounds.nearest(to: weights)
    #expect(abs(nearest.reduce(0, +) - 1) < 1e-12)
    // All that rest on no bound have moved by the same, and the others by less than that or more.
    let shifts = zip(weights, nearest).map { $0 - $1 }
    let free = nearest.indices.filter { nearest[$0] > -0.05 && nearest[$0] < 0.31 }
    let shift = try #require(free.first.map { shifts[$0] })
    for index in nearest.indices {
      if nearest[index] == 0.31 {
        #expect(shifts[index] >= shift - 1e-12)
      } else if nearest[index] == -0.05 {
        #expect(shifts[index] <= shift + 1e-12)
      } else {
        #expect(abs(shifts[index] - shift) < 1e-12)
      }
    }
  }

  @Test func turnoverIsAsFarAsTheLimitOnTheWay() throws {
    let window = ReturnsWindow.random(instruments: 5, count: 80, seed: 5)
    var allocation = Allocation(.minimumVariance)
    let best = try allocation.weights(for: window)
    let current = [0.2, 0.2, 0.2, 0.2, 0.2]
    let whole = zip(best, current).reduce(0) { $0 + abs($1.0 - $1.1) }
    allocation.maximumTurnover = whole / 4
    let weights = try allocation.weights(for: window, from: current)
    for index in 0..<5 {
      #expect(abs(weights[index] - (0.75 * current[index] + 0.25 * best[index])) < 1e-15)
    }
    allocation.maximumTurnover = whole * 1.01
    #expect(try allocation.weights(for: window, from: current) == best)
    #expect(try allocation.weights(for: window) == best)
  }

  @Test func riskIsSharedWhateverTheScales() throws {
    let plain = ReturnsWindow.random(instruments: 20, count: 100, seed: 9)
    let scales = (0..<20).map { $0 % 3 == 0 ? 1e-4 : 1.0 }
    let window = ReturnsWindow(
      zip(0..<20, scales).map { row, scale in plain[row].map { $0 * scale } })
    let weights = try Allocation(.riskParity).weights(for: window)
    let parts = CovarianceEstimate.sample.matrix(of: window).riskContributions(of: weights)
    for part in parts { #expect(abs(part - 0.05) < 1e-12) }
  }

  @Test func oneInstrumentGetsEverything() throws {
    let window = ReturnsWindow([[0.01, -0.02, 0.03]])
    for method in Allocation.Method.allCases {
      let weights = try Allocation(method).weights(for: window)
      #expect(abs(weights[0] - 1) < 1e-15 && weights.count == 1, "\(method)")
    }
  }

  @Test func whatHasNoWeightsIsRefused() throws {
    let few = ReturnsWindow.random(instruments: 6, count: 5, seed: 1)
    let falling = ReturnsWindow([[-0.01, -0.02, -0.01], [-0.03, -0.01, -0.02]])
    let still = ReturnsWindow([[0.01, 0.02, 0.01], [0, 0, 0]])
    func error(_ allocation: Allocation, _ window: ReturnsWindow) -> AllocationError? {
      do {
        _ = try allocation.weights(for: window)
        return nil
      } catch { return error }
    }
    #expect(error(Allocation(.minimumVariance), few) == .singularCovariance)
    #expect(error(Allocation(.minimumVariance, covariance: .ledoitWolf(.identity)), few) == nil)
    #expect(error(Allocation(.maximumSharpe), falling) == .noPositiveReturn)
    #expect(error(Allocation(.inverseVolatility), still) == .noVariance(instrument: 1))
    #expect(error(Allocation(.equalWeight), still) == nil)
    #expect(
      error(Allocation(.riskParity, covariance: .exponentiallyWeighted()), few)
        == .tooFewReturns(5, needed: 20))
    #expect(
      error(Allocation(.equalWeight, bounds: .all(0...0.1)), few)
        == .impossibleBounds(lowest: 0, highest: 0.6000000000000001)
        || error(Allocation(.equalWeight, bounds: .all(0...0.1)), few)
          == .impossibleBounds(lowest: 0, highest: 0.6)
    )
    var budgets = Allocation(.riskParity)
    budgets.riskBudgets = [1, 0, 1, 1, 1, 1]
    #expect(
      error(budgets, ReturnsWindow.random(instruments: 6, count: 50, seed: 2)) == .impossibleBudgets
    )
    #expect(error(Allocation(.equalWeight), ReturnsWindow([[.nan, 0.1]])) == .invalidReturns)
  }
}
