@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// The number of effective trials and the deflated Sharpe ratio of a count.
struct CountedTrialsTests {
  /// The 64 crossovers of the reference. It has the returns in double precision, the store in
  /// single precision: 6e-8 of each return.
  @Test func theCrossoversOfTheReference() throws {
    let oracle = try StatisticsOracle("39_dsr_grid.json")["sp500_longflat"]
    let search = try CrossoverReturns()
    let days = Array(search.market.indices)
    var tally = CorrelationTally(dayCount: days.count)
    var ratios: [Double] = []
    for column in search.columns {
      let returns = column.map { Float($0) }
      tally.lay(returns, on: days)
      tally.finishSeries()
      ratios.append(try #require(TrialMoments(returns.map(Double.init)).sharpe))
    }
    var count = CountedTrials(
      family: "sma", store: "s", counted: 64, forgotten: 0, configurations: 64,
      meanCorrelation: tally.mean, sharpeVariance: TrialMoments(ratios).variance)
    let expected = oracle["dsr_N_eff_correlation_mean0"]
    #expect(isNear(count.effective, expected["N"].number, relative: 1e-6))
    #expect(isNear(count.sharpeVariance, oracle["var_sr_ddof1"].number, relative: 1e-6))
    let best = try #require(ratios.indices.max { ratios[$0] < ratios[$1] })
    count = count.deflating(search.columns[best], riskFree: 0)
    #expect(isNear(count.deflatedSharpe, expected["dsr"].number, relative: 1e-6))
  }

  /// One configuration is the best of nothing: its ratio is held against 0.
  @Test func aSingleConfiguration() throws {
    let oracle = try StatisticsOracle("39_dsr_grid.json")["sp500_longflat"]
    let best = try CrossoverReturns(fast: [25], slow: [250]).columns[0]
    let count = CountedTrials(
      family: "", store: "", counted: 3, forgotten: 0, configurations: 1)
    #expect(count.effective == 1)
    let deflated = count.deflating(best, riskFree: 0).deflatedSharpe
    #expect(isNear(deflated, oracle["psr_0"].number, relative: 1e-9))
  }

  @Test func whatHasNoValue() {
    var count = CountedTrials(family: "", store: "", counted: 0, forgotten: 0, configurations: 0)
    #expect(count.effective == 0 && count.deflating([0.1, 0.2], riskFree: 0).deflatedSharpe == nil)
    count.configurations = 5
    #expect(count.effective == 5)
    #expect(count.deflating([0.1, 0.2, 0.1], riskFree: 0).deflatedSharpe == nil)
    count.sharpeVariance = 0.01
    #expect(count.deflating([0.1, 0.1, 0.1], riskFree: 0).deflatedSharpe == nil)
    #expect(count.deflating([0.1, 0.2, 0.1], riskFree: 0).deflatedSharpe != nil)
    // Negative correlation makes no more trials than there are.
    count.meanCorrelation = -0.2
    #expect(count.effective == 5)
  }

  /// Series over different days, against the plain correlation of each pair, weighted by the days
  /// that the two have in common.
  @Test func seriesOverDifferentDays() {
    var random = TestRandom(seed: 5)
    let (dayCount, seriesCount) = (60, 9)
    var tally = CorrelationTally(dayCount: dayCount)
    var all: [[Double?]] = []
    for _ in 0..<seriesCount {
      let start = random.below(30)
      let days = Array(start..<start + 10 + random.below(20))
      let returns = days.map { Float(($0 * 37) % 11) + Float(random.below(100)) / 20 }
      tally.lay(returns, on: days)
      tally.finishSeries()
      var series = [Double?](repeating: nil, count: dayCount)
      for (day, value) in zip(days, returns) { series[day] = Double(value) }
      all.append(series)
    }
    // A series that never moves says nothing of correlation.
    tally.lay([1, 1, 1], on: [0, 1, 2])
    tally.finishSeries()
    let scores = all.map { series -> [Double?] in
      let known = series.compactMap { $0 }
      let mean = known.reduce(0, +) / Double(known.count)
      let variance = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(known.count)
      return series.map { $0.map { ($0 - mean) / variance.squareRoot() } }
    }
    var (sum, count) = (0.0, 0.0)
    for one in 0..<seriesCount {
      for other in 0..<one {
        for day in 0..<dayCount {
          guard let a = scores[one][day], let b = scores[other][day] else { continue }
          sum += a * b
          count += 1
        }
      }
    }
    #expect(abs(tally.mean! - sum / count) < 1e-12)
    #expect(CorrelationTally(dayCount: 3).mean == nil)
  }

  /// Joined moments are those of all returns.
  @Test func momentsOfSeveralPeriods() {
    let values = (0..<50).map { Double(($0 * 7919) % 101) / 1_000 }
    var joined = TrialMoments()
    for part in [0..<10, 10..<11, 11..<50, 50..<50] {
      joined.add(TrialMoments(Array(values[part])))
    }
    let whole = TrialMoments(values)
    #expect(joined.count == 50 && abs(joined.mean - whole.mean) < 1e-15)
    #expect(abs(joined.variance! - whole.variance!) < 1e-15)
    #expect(TrialMoments([0.1, 0.1]).sharpe == nil && TrialMoments().variance == nil)
    #expect(TrialMoments([0.1]).sharpe == nil && TrialMoments().sharpe == nil)
  }
}
