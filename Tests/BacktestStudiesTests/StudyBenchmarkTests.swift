import TestSupport
import BacktestKit
import Strategies
import Testing

/// What a study's run is held against.
struct StudyBenchmarkTests {
  private func demo(_ overrides: [String]) throws -> Study {
    try Study(
      path: Fixture.path("studies/demo.yaml"), overrides: overrides, catalogue: .standard)
  }

  @Test func equalPartsAreTheMeanOfWhatEachInstrumentMade() throws {
    let outcome = try StudyRunner.quick(demo(["data.from=2011-01-03"])).run()
    let benchmark = try #require(outcome.benchmark)
    #expect(benchmark.name == "Equal parts, held")
    let growth = outcome.market.universe.series.map { series in
      // The base point lies at the last close of the warm-up: 50 bars for the slow average.
      series.close[series.count - 1] / series.close[48]
    }
    let expected = growth.reduce(0, +) / Double(growth.count)
    let prices = benchmark.prices
    #expect(abs(try #require(prices.last) / prices[0] / expected - 1) < 1e-12)
    #expect(prices.count == outcome.result.curve.equity.count)
  }

  @Test func holdingStandsAlone() throws {
    let error = try #require(throws: DocumentError.self) {
      try demo(["benchmark.symbol=IBM"])
    }
    #expect("\(error)".contains("'hold' cannot be combined"))
  }

  @Test func whatCannotBeHeldIsRefused() throws {
    let error = try #require(throws: DocumentError.self) {
      try demo(["benchmark.hold=everything"])
    }
    #expect("\(error)".contains("equal-parts"))
  }
}
