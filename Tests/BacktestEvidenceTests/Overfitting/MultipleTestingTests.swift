@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct MultipleTestingTests {
  @Test(arguments: [
    (MultipleTesting.bonferroni, "bonferroni"), (.sidak, "sidak"), (.holm, "holm"),
    (.holmSidak, "holm-sidak"), (.benjaminiHochberg, "fdr_bh"), (.benjaminiYekutieli, "fdr_by"),
  ])
  func adjustedValuesEqualReference(method: MultipleTesting, key: String) throws {
    let oracle = try StatisticsOracle("27_multiple_testing.json")
    let found = try method.adjusted(oracle["p"].numbers)
    let expected = oracle[key]["adjusted"].numbers
    #expect(found.count == 27 && expected.count == 27)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-12) }
    for (a, rejected) in zip(found, oracle[key]["reject"].list) {
      #expect((a <= 0.05) == (rejected.number != 0))
    }
  }

  @Test func whatIsNoProbabilityIsRefused() throws {
    #expect(throws: EvidenceError.invalidShare(what: "p-value 1", value: 1.5)) {
      try MultipleTesting.holm.adjusted([0.5, 1.5])
    }
    #expect(throws: EvidenceError.self) { try MultipleTesting.sidak.adjusted([.nan]) }
    #expect(try MultipleTesting.benjaminiHochberg.adjusted([]).isEmpty)
    #expect(try MultipleTesting.sidak.adjusted([1, 0]) == [1, 0])
  }

  /// One trial costs nothing; more cost more; what is not significant is left with nothing.
  @Test(arguments: MultipleTesting.allCases)
  func haircutGrowsWithTrials(method: MultipleTesting) throws {
    let one = try #require(method.haircut(sharpe: 1, years: 10, trials: 1))
    #expect(abs(one - 1) < 1e-12)
    let ten = try #require(method.haircut(sharpe: 1, years: 10, trials: 10))
    let hundred = try #require(method.haircut(sharpe: 1, years: 10, trials: 100))
    #expect(one > ten && ten > hundred && hundred >= 0)
    #expect(method.haircut(sharpe: 0.1, years: 1, trials: 1_000).map { $0 < 1e-9 } == true)
    #expect(method.haircut(sharpe: 40, years: 10, trials: 100) == 40)
    #expect(method.haircut(sharpe: -1, years: 10, trials: 3) == nil)
    #expect(method.haircut(sharpe: 1, years: 0, trials: 3) == nil)
  }
}
