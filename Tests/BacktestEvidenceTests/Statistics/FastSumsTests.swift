import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// What is computed fast has the bits of what is computed plainly.
struct FastSumsTests {
  private static func values(_ count: Int, seed: UInt64) -> [Double] {
    var random = TestRandom(seed: seed)
    return (0..<count).map { _ in
      switch random.below(5) {
      case 0: 0
      case 1: Double(random.below(2_000) - 1_000) * 1e-5
      case 2: Double(random.below(2_000_001) - 1_000_000) * 1e-9
      case 3: Double(random.below(3) - 1) * 1e3
      default: Double(random.below(2_000_000_001) - 1_000_000_000) * 1e-12
      }
    }
  }

  @Test(arguments: [0, 1, 255, 256, 257, 258, 1_000, 5_000])
  func sortingByBitsIsSorting(count: Int) {
    let values = Self.values(count, seed: UInt64(count))
    #expect(values.sortedByRadix() == values.sorted())
    let equal = [Double](repeating: -0.25, count: count)
    #expect(equal.sortedByRadix() == equal)
    let extremes = values.enumerated().map { $0.offset % 7 == 0 ? $0.element * 1e300 : $0.element }
    #expect(extremes.sortedByRadix() == extremes.sorted())
    // They differ in the last bits alone, or in all of them.
    let near = values.map { (1 + $0 * 1e-10) * ($0 < 0 ? -1 : 1) }
    #expect(near.sortedByRadix() == near.sorted())
    let mixed = zip(values, near).flatMap { [$0, $1] }
    #expect(mixed.sortedByRadix() == mixed.sorted())
  }

  @Test(arguments: [1, 2, 1_000, 16_384, 16_385, 40_000])
  func ranksAreThoseOfSorting(count: Int) {
    let values = Self.values(count, seed: 11 + UInt64(count))
    let sorted = values.sorted()
    let ranks = [count / 2, 0, count - 1, count / 4, count / 2, (count - 1) * 19 / 20]
    #expect(values.orderStatistics(ranks) == ranks.map { sorted[$0] })
    let shares = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
    #expect(values.quantiles(shares) == shares.map(sorted.sortedQuantile))
    let equal = [Double](repeating: -0.25, count: count)
    #expect(equal.quantiles(shares) == shares.map { _ in -0.25 })
  }

  @Test(arguments: [0, 1, 2, 9, 10, 11, 12, 500])
  func productsOfLagsAreThoseOfOneLag(count: Int) {
    let values = Self.values(count, seed: 3 + UInt64(count))
    let sums = LaggedProducts.sums(values)
    #expect(sums.count == 10)
    for lag in 1...10 {
      // The terms in order, with the error of each addition told by which of the two is larger.
      var (total, lost) = (0.0, 0.0)
      for row in values.indices.dropFirst(lag) {
        let term = values[row] * values[row - lag]
        let next = total + term
        lost += abs(total) >= abs(term) ? (total - next) + term : (term - next) + total
        total = next
      }
      #expect(sums[lag - 1] == total + lost, "lag \(lag) of \(count)")
      var plain = CompensatedSum()
      for row in values.indices.dropFirst(lag) { plain.add(values[row] * values[row - lag]) }
      #expect(plain.value == sums[lag - 1])
    }
  }
}
