@testable import BacktestEvidence
import Testing

/// Quartiles by hand, and the run that stands for all.
struct ReplicatesTests {
  private static func replicates(_ values: [Double?], _ metric: String = "sharpe") -> Replicates {
    Replicates(
      values.enumerated().map { number, value in
        Replicates.Member(name: "\(number)", values: value.map { [metric: $0] } ?? [:])
      }, objective: metric)
  }

  @Test func quartilesOfFive() throws {
    // Sorted 1 2 4 7 11: positions 1, 2 and 3 of 0...4 need no interpolation.
    let found = try #require(Replicates.Distribution([7, 1, 11, 2, 4]))
    #expect(found.count == 5 && found.minimum == 1 && found.maximum == 11)
    #expect(found.lowerQuartile == 2 && found.median == 4 && found.upperQuartile == 7)
    #expect(found.interquartileRange == 5)
  }

  @Test func quartilesOfFour() throws {
    // Sorted 0 1 3 8: positions 0.75, 1.5, 2.25, so 0.75, 2 and 3 + 5 / 4.
    let found = try #require(Replicates.Distribution([3, 8, 0, 1]))
    #expect(found.lowerQuartile == 0.75 && found.median == 2 && found.upperQuartile == 4.25)
    #expect(found.interquartileRange == 3.5)
  }

  @Test func aSingleValueIsItsOwnQuartiles() throws {
    let found = try #require(Replicates.Distribution([2.5, .nan]))
    #expect(found.count == 1 && found.interquartileRange == 0)
    #expect(found.lowerQuartile == 2.5 && found.median == 2.5 && found.upperQuartile == 2.5)
    #expect(Replicates.Distribution([]) == nil && Replicates.Distribution([.infinity]) == nil)
  }

  /// The middle one is shown, of two the worse; one without a value is worse than all.
  @Test func theMiddleIsShown() {
    #expect(Self.replicates([0.4, -1, 0.9]).shown == 0)
    #expect(Self.replicates([0.4, 0.9]).shown == 0)
    #expect(Self.replicates([0.9, 0.4]).shown == 1)
    #expect(Self.replicates([3, 1, 2, 4]).shown == 2)
    #expect(Self.replicates([nil, 1, 2]).shown == 1)
    #expect(Self.replicates([nil, 1]).shown == 0)
    #expect(Self.replicates([5, 5, 5]).shown == 1)
    #expect(Self.replicates([7]).shown == 0)
  }

  /// Of a metric that is better when lower, the worse of two is the higher.
  @Test func aLowerMetricIsTurnedRound() throws {
    let metric = try #require(Metrics.all.first { $0.higherIsBetter == false })
    #expect(Self.replicates([1, 2], metric.name).shown == 1)
  }

  @Test func aMetricThatIsNowhereHasNoDistribution() {
    let replicates = Self.replicates([1, nil, 3])
    #expect(replicates.distribution(of: "calmar") == nil)
    #expect(replicates.distribution(of: "sharpe")?.count == 2)
    #expect(replicates.distribution(of: "sharpe")?.median == 2)
  }
}
