@testable import BacktestEvidence
import TestSupport
import Testing

struct ReturnDifferenceTests {
  @Test func theStatisticIsThatOfPairedDifferences() throws {
    // Differences 1, 2, 3, 6: mean 3, variance 14 / 3, standard error √(14 / 12).
    let aligned = try AlignedReturns(returns: [2, 4, 6, 10], benchmark: [1, 2, 3, 4])
    let found = try #require(ReturnDifference(aligned))
    #expect(found.count == 4 && found.mean == 3)
    #expect(agrees(found.standardError, (14.0 / 12).squareRoot(), within: 1e-15))
    let statistic = try #require(found.statistic)
    #expect(agrees(statistic, 3 / (14.0 / 12).squareRoot(), within: 1e-15))
    #expect(found.isAboveZero && found.interval.lowerBound < 1 && found.interval.upperBound > 5)
  }

  /// The same prices in other units give other last digits, of which no verdict may be made.
  @Test func roundingIsNoDifference() throws {
    let prices = (0..<500).map { 100 + 10 * Double($0 % 37) / 37 }
    func returns(_ scale: Double) -> [Double] {
      zip(prices, prices.dropFirst()).map { ($1 * scale) / ($0 * scale) - 1 }
    }
    let (one, other) = (returns(1), returns(0.3))
    #expect(one != other)
    let found = try #require(
      ReturnDifference(try AlignedReturns(returns: one, benchmark: other)))
    #expect(found.isNone && found.statistic == nil)
    #expect(!found.isAboveZero && !found.isBelowZero)
  }

  @Test func equalColumnsDifferByNothing() throws {
    let aligned = try AlignedReturns(returns: [0.1, 0.2], benchmark: [0.1, 0.2])
    let found = try #require(ReturnDifference(aligned))
    #expect(found.mean == 0 && found.statistic == nil && !found.isAboveZero && found.isNone)
    #expect(ReturnDifference(try AlignedReturns(returns: [1], benchmark: [0])) == nil)
  }
}
