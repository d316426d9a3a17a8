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

  @Test func equalColumnsDifferByNothing() throws {
    let aligned = try AlignedReturns(returns: [0.1, 0.2], benchmark: [0.1, 0.2])
    let found = try #require(ReturnDifference(aligned))
    #expect(found.mean == 0 && found.statistic == nil && !found.isAboveZero)
    #expect(ReturnDifference(try AlignedReturns(returns: [1], benchmark: [0])) == nil)
  }
}
