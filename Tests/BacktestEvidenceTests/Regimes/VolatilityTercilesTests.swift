@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct VolatilityTercilesTests {
  private struct Reference {
    var prices: RegimePrices
    var oracle: RegimeOracle
    var analysis: VolatilityTerciles.Analysis

    init() throws {
      prices = try RegimePrices("sp500.csv")
      oracle = try RegimeOracle("12_vol_terciles.json")["sp500"]
      analysis = try VolatilityTerciles(barsPerYear: 252).analysis(closes: prices.closes)
    }
  }

  @Test func everyBarIsThatOfTheOracle() throws {
    let reference = try Reference()
    let table = try Fixture.table("oracles/12_vol_terciles_sp500.csv").dropFirst()
    let (analysis, dates) = (reference.analysis, reference.prices.dates)
    #expect(table.count == 5_010 && dates.count == 5_031)
    #expect(analysis.volatility.prefix(21).allSatisfy { $0 == nil })
    #expect(analysis.labels.descriptive.prefix(21).allSatisfy { $0 == nil })
    for (row, expected) in zip(21..., table) {
      let causal = Int(expected[3])!
      let isEqual =
        dates[row] == expected[0] && agrees(analysis.volatility[row], Double(expected[1]))
        && analysis.labels.descriptive[row] == Int(expected[2])
        && analysis.labels.causal[row] == (causal == -1 ? nil : causal)
      #expect(isEqual, "\(expected)")
    }
  }

  @Test func cutsAndCountsAreThoseOfTheOracle() throws {
    let reference = try Reference()
    let (oracle, labels) = (reference.oracle, reference.analysis.labels)
    let cuts = try #require(reference.analysis.cuts)
    #expect(agrees(cuts.lower, oracle["thresholds"].list[0].number))
    #expect(agrees(cuts.upper, oracle["thresholds"].list[1].number))
    for (key, label) in [("0", 0), ("1", 1), ("2", 2)] {
      #expect(labels.causal.count { $0 == label } == oracle["expanding_counts"][key].integer)
    }
    #expect(
      labels.causal.dropFirst(21).count { $0 == nil } == oracle["expanding_counts"]["-1"].integer)
    #expect(agrees(labels.agreement, oracle["agreement_full_vs_expanding"].number))
    let split = RegimeSplit(
      returns: reference.prices.returns, firstRow: 1, labels: labels, knowledge: .descriptive)
    #expect(split.parts.reduce(0) { $0 + $1.runCount } - 1 == oracle["switches_full"].integer)
  }

  /// The mean of the bar's own return tells hindsight; that of the next bar's return is what the
  /// same labels give when they are taken as known at the close before.
  @Test func meanReturnsBelongToTheRightBar() throws {
    let reference = try Reference()
    let labels = reference.analysis.labels
    let asKnown = RegimeLabels(
      names: labels.names, descriptive: labels.descriptive, causal: labels.descriptive)
    for (knowledge, key) in [
      (RegimeKnowledge.descriptive, "same_bar_mean_return"), (.causal, "next_bar_mean_return"),
    ] {
      let split = RegimeSplit(
        returns: reference.prices.returns, firstRow: 1, labels: asKnown, knowledge: knowledge)
      for (label, part) in split.parts.enumerated() {
        let expected = reference.oracle["full_sample"]["\(label)"]
        #expect(agrees(part.mean, expected[key].number), "\(part.name) \(key)")
      }
      if knowledge == .descriptive {
        #expect(split.parts.map(\.barCount) == [1_670, 1_670, 1_670])
        #expect(split.parts.map(\.name) == ["low", "middle", "high"])
      }
    }
  }

  @Test func calendarAnnualises() throws {
    let prices = try RegimePrices("sp500.csv")
    let times = Column(Array(prices.times.prefix(60)))
    let closes = Column(Array(prices.closes.prefix(60)))
    func series(_ calendar: (any TradingCalendar)?) throws -> BarSeries {
      try BarSeries(
        instrument: Instrument(symbol: "SPX"), timeframe: .session, calendar: calendar,
        openTimes: times, closeTimes: times, open: closes, high: closes, low: closes, close: closes)
    }
    let classifier = VolatilityTerciles()
    let yearly = try classifier.analysis(of: series(.xnys))
    #expect(yearly.barsPerYear == 252 && agrees(yearly.volatility[21], 0.20805263446265265))
    let daily = try classifier.analysis(of: series(nil))
    #expect(daily.barsPerYear == nil)
    #expect(agrees(daily.volatility[21], 0.20805263446265265 / 252.0.squareRoot()))
    #expect(try classifier.labels(for: series(.weekdays)) == yearly.labels)
  }

  @Test func shortSeriesHaveNoLabels() throws {
    let analysis = try VolatilityTerciles(window: 3).analysis(closes: [1, 2, 3])
    #expect(analysis.cuts == nil && analysis.labels.descriptive == [nil, nil, nil])
    #expect(throws: EvidenceError.unusableClose(row: 1, value: -2)) {
      try VolatilityTerciles(window: 3).analysis(closes: [1, -2, 3])
    }
  }

  /// A flat series ties every volatility: all of it lies on the cut and is low.
  @Test func tiesBelongBelowTheCut() throws {
    let closes = [Double](repeating: 5, count: 40)
    let labels = try VolatilityTerciles(window: 3, minimumHistory: 4).labels(closes: closes)
    #expect(labels.descriptive.dropFirst(3).allSatisfy { $0 == 0 })
    #expect(labels.causal.dropFirst(6).allSatisfy { $0 == 0 } && labels.causal[5] == nil)
  }

  /// Each causal label is that of the cuts of a sorted prefix, from the first bar on and with ties.
  @Test(arguments: [1, 2, 7, 300, 301])
  func causalLabelsAreThoseOfSortedPrefixes(minimumHistory: Int) throws {
    var state: UInt64 = 20_260_301
    var closes = [100.0]
    for _ in 0..<301 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      closes.append(closes[closes.count - 1] * [0.98, 1, 1, 1.01, 1.02][Int(state >> 33) % 5])
    }
    let analysis = try VolatilityTerciles(window: 2, minimumHistory: minimumHistory)
      .analysis(closes: closes)
    let values = analysis.volatility.compactMap(\.self)
    #expect(values.count == 300 && Set(values).count < 250)
    for (row, value) in values.enumerated() {
      let prefix = values[...row].sorted()
      func quantile(_ share: Double) -> Double {
        let place = Double(row) * share
        let below = Int((place + 1e-9).rounded(.down))
        let rest = max(place - Double(below), 0)
        return prefix[below] + (rest > 1e-6 ? (prefix[below + 1] - prefix[below]) * rest : 0)
      }
      let (lower, upper) = (quantile(1 / 3), quantile(2 / 3))
      // A value that rounding could put on the other side of a cut says nothing.
      if [lower, upper].contains(where: { $0 != value && abs($0 - value) < 1e-12 }) { continue }
      let expected = value <= lower ? 0 : value <= upper ? 1 : 2
      #expect(analysis.labels.causal[row + 2] == (row + 1 < minimumHistory ? nil : expected))
    }
  }
}
