@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Glibc
import Testing

@Suite("Bootstrap")
struct BootstrapTests {
  private func noise(_ count: Int, seed: UInt64 = 3) throws -> ReturnsSample {
    var random = Randomness(seed: seed)
    return try ReturnsSample(
      returns: (0..<count).map { _ in 0.02 * random.nextUnit() - 0.0095 }, barsPerYear: 252)
  }

  @Test("The number of threads and the other metrics asked for change nothing")
  func determinism() throws {
    let performance = PerformanceMetrics(try noise(400))
    var bootstrap = Bootstrap(draws: 230, method: .bca, seed: 5)
    let names = ["sharpe", "max-drawdown", "ulcer-index", "var-95", "cagr"]
    let one = try bootstrap.intervals(of: names, in: performance, threads: 1)
    let four = try bootstrap.intervals(of: names, in: performance, threads: 4)
    #expect(one.all == four.all && one.all.map(\.metric) == names)
    for name in names {
      let alone = try bootstrap.intervals(of: [name], in: performance)[name]
      #expect(alone == one[name])
    }
    bootstrap.seed = 6
    #expect(try bootstrap.intervals(of: names, in: performance).all != one.all)
  }

  @Test("Every metric of the catalogue has an interval or a reason")
  func wholeCatalogue() throws {
    let column = try PriceColumn("prices/sp500.csv", from: "2016-01-04", to: "2018-12-31")
    let sample = try column.sample()
    let other = try noise(sample.count)
    let performance = PerformanceMetrics(
      sample, benchmark: try AlignedReturns(returns: sample.returns, benchmark: other.returns))
    let found = try Bootstrap(draws: 60).intervals(of: Metrics.all.map(\.name), in: performance)
    for metric in Metrics.all {
      #expect((found[metric.name] == nil) == (found.absences[metric.name] != nil), "\(metric.name)")
    }
    for interval in found.all {
      #expect(interval.lower <= interval.upper && interval.lower.isFinite, "\(interval.metric)")
    }
    #expect(found["beta"] != nil && found["best-month"] != nil && found["jarque-bera"] != nil)
    #expect(found.absences["exposure"] != nil && found.absences["trade-win-rate"] != nil)
  }

  @Test("A comparison is resampled by common days")
  func comparison() throws {
    let benchmark = try noise(600)
    var random = Randomness(seed: 9)
    let returns = benchmark.returns.map { 1.5 * $0 + 0.002 * (random.nextUnit() - 0.5) }
    let performance = PerformanceMetrics(
      try ReturnsSample(returns: returns, barsPerYear: 252),
      benchmark: try AlignedReturns(returns: returns, benchmark: benchmark.returns))
    let beta = try #require(
      try Bootstrap(draws: 300).intervals(of: ["beta"], in: performance)["beta"])
    #expect(beta.lower > 1.48 && beta.upper < 1.52 && beta.lower < beta.value)
  }

  @Test("Short, flat and ruined returns have no interval but a reason")
  func degenerate() throws {
    func absence(_ returns: [Double], _ metric: String = "sharpe") throws -> IntervalAbsence? {
      let sample = try ReturnsSample(returns: returns, barsPerYear: 252)
      let found = try Bootstrap(draws: 50).intervals(of: [metric], in: PerformanceMetrics(sample))
      #expect(found[metric] == nil)
      return found.absences[metric]
    }
    let short = try noise(29).returns
    #expect(try absence(short) == .tooFewReturns(29))
    #expect(try absence(Array(repeating: 0.001, count: 100)) == .noValue(.undefined))
    #expect(try absence([]) == .noValue(.tooFewReturns(0)))
    #expect(try absence(short + [-1.5] + short) == .noValue(.ruined(point: 30)))
    #expect(
      try absence(short + [-1.5] + short, "max-drawdown") == .noValue(.ruined(point: 30)))
    // One return that is not zero: most resamples miss it or hold it alone.
    let rare = [Double](repeating: 0, count: 99) + [-0.01]
    guard case .oftenUndefined(let share) = try absence(rare) else {
      Issue.record("a metric without a value in most resamples has an interval")
      return
    }
    #expect(share > 0.1)
  }

  @Test("Resamples that hold equal returns only have no ratio, however the sums round")
  func equalReturns() throws {
    let returns = [Double](repeating: 0.0013, count: 200) + [0.02, -0.3]
    let sample = try ReturnsSample(
      returns: returns, barsPerYear: 252, riskFree: .annual(0.02))
    let figures = ReturnFigures(
      [try Metrics.named("sharpe"), try Metrics.named("sortino")], sample)
    var values: [Double] = []
    figures.append(of: [0..<100, 30..<130], to: &values)
    #expect(values.allSatisfy { $0.isNaN })
  }

  @Test("Rules that cannot be are refused")
  func rules() throws {
    let sample = try noise(50)
    #expect(throws: EvidenceError.tooFewDraws(1)) {
      try Bootstrap(draws: 1).interval(of: "sharpe", in: sample)
    }
    #expect(throws: EvidenceError.invalidLevel(1)) {
      try Bootstrap(level: 1).interval(of: "sharpe", in: sample)
    }
    #expect(throws: EvidenceError.invalidBlock(0)) {
      try Bootstrap(scheme: .circular(block: 0)).interval(of: "sharpe", in: sample)
    }
    #expect(throws: EvidenceError.invalidBlock(.infinity)) {
      try Bootstrap(scheme: .stationary(meanBlock: .infinity)).interval(of: "sharpe", in: sample)
    }
    #expect(throws: EvidenceError.self) { try Bootstrap().interval(of: "sharp", in: sample) }
  }

  @Test("Blocks have the asked lengths and cover as many rows as the series")
  func blocks() {
    var random = Randomness(seed: 2, stream: "blocks")
    var lengths: [Int] = []
    for scheme in [ResamplingScheme.stationary(meanBlock: 7.5), .circular(block: 9), .independent] {
      for _ in 0..<200 {
        var total = 0
        BlockSampler(scheme, rows: 1_000).draw(using: &random) { block in
          #expect(block.lowerBound >= 0 && block.upperBound <= 1_000 && !block.isEmpty)
          total += block.count
          if case .stationary = scheme { lengths.append(block.count) }
        }
        #expect(total == 1_000)
      }
    }
    // Cut at the end and where a draw is full, blocks are a little shorter than their mean.
    let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
    #expect(abs(mean - 7.5) < 0.25, "\(mean)")
  }

  @Test(
    "Blocks of random length are geometric numbers of the uniform ones", arguments: [1.2, 4, 60])
  func geometricLengths(mean: Double) {
    let rows = 50_000
    var (random, plain) = (
      Randomness(seed: 3, stream: "blocks"), Randomness(seed: 3, stream: "blocks")
    )
    var blocks: [Range<Int>] = []
    BlockSampler(.stationary(meanBlock: mean), rows: rows).draw(using: &random) {
      blocks.append($0)
    }
    var expected: [Range<Int>] = []
    var remaining = rows
    while remaining > 0 {
      let start = plain.nextInteger(below: rows)
      let drawn = Int(1 + log(1 - plain.nextUnit()) / log1p(-1 / mean))
      let end = start + min(drawn, remaining)
      remaining -= end - start
      expected.append(start..<min(end, rows))
      if end > rows { expected.append(0..<end - rows) }
    }
    #expect(blocks == expected)
  }
}
