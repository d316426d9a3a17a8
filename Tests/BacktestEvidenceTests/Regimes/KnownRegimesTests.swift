@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

struct KnownRegimesTests {
  private func day(_ row: Int) -> Timestamp { Timestamp(seconds: Int64(row) * 86_400) }

  private func date(_ day: Int) -> CivilDate { CivilDate(daysSinceEpoch: day) }

  @Test func aTimeGetsTheLabelOfTheLastClosedBar() throws {
    let bars = try MarketBuilder.series([100.0, 130, 100, 100].map { ($0, $0, $0, $0) })
    let series = RegimeSeries(bars)
    let known = try KnownRegimes(BullBear(), of: series)
    #expect(known.regime(at: series.times[0]) == nil)
    #expect(known.regime(at: series.times[1]) == "bull")
    #expect(known.regime(at: Timestamp(nanoseconds: series.times[2].nanoseconds - 1)) == "bull")
    #expect(known.regime(at: series.times[2]) == "bear")
    #expect(known.regime(at: .distantFuture) == "bear" && known.regime(at: .distantPast) == nil)
  }

  /// Entries that do not all say from when they were known are hindsight.
  @Test func labelsOfHindsightAreRefused() throws {
    let series = RegimeSeries(
      try MarketBuilder.series([1.0, 2, 3].map { ($0, $0, $0, $0) }))
    let dated = try DatedRegimes(
      name: "crises", calendar: .alwaysOpen,
      entries: [
        .init(date: date(0), label: "calm", knownFrom: date(0)),
        .init(date: date(3), label: "crisis"),
      ])
    #expect(!dated.isKnownAtTheTime)
    #expect(throws: EvidenceError.labelsLookAhead("crises")) {
      try KnownRegimes(dated, of: series)
    }
    let labels = RegimeLabels(names: ["a"], hindsight: [0, nil])
    #expect(!labels.isKnownAtTheTime && labels.causal == [nil, nil])
  }

  @Test func datesHoldUntilTheNextAndAreKnownLater() throws {
    let dated = try DatedRegimes(
      name: "phases", calendar: .alwaysOpen,
      entries: [
        .init(date: date(2), label: "a", knownFrom: date(4)),
        .init(date: date(5), label: "b", knownFrom: date(1)),
        .init(date: date(7), label: nil, knownFrom: date(7)),
        .init(date: date(8), label: "a", knownFrom: date(11)),
        .init(date: date(9), label: "b", knownFrom: date(10)),
      ])
    #expect(dated.labelNames == ["a", "b"])
    // A bar that closes at midnight belongs to the day before.
    let labels = try dated.labels(
      closes: [Double](repeating: 1, count: 12), times: (1...12).map { day($0) })
    #expect(labels.descriptive == [nil, nil, 0, 0, 0, 1, 1, nil, 0, 1, 1, 1])
    // An entry that was announced early holds from its date; a late one never replaces a newer one.
    #expect(labels.causal == [nil, nil, nil, nil, 0, 1, 1, nil, nil, nil, 1, 1])
    #expect(throws: EvidenceError.repeatedDate(row: 1)) {
      try DatedRegimes(
        name: "x", calendar: .alwaysOpen,
        entries: [.init(date: date(1), label: "a"), .init(date: date(1), label: "b")])
    }
  }

  @Test func hindsightAloneHasNoPartsAtTheTime() throws {
    let series = try MarketBuilder.series([1.0, 2, 3].map { ($0, $0, $0, $0) })
    let result = try runScript(series, [0: { _, trading in trading.target(.first, weight: 1) }])
    let analysis = RegimeAnalysis(
      result, name: "given", seriesName: "x",
      labels: RegimeLabels(names: ["a", "b"], hindsight: [0, 0, 1]),
      closeTimes: Array(series.closeTimes))
    #expect(analysis.causal.isEmpty && analysis.descriptive.count == 2)
    #expect(try analysis.worst(by: "mean-return") == nil || analysis.descriptive.count == 2)
  }
}

struct PriceTrendTests {
  @Test func bandKeepsTheLabel() throws {
    // The averages of three are 10, 11, 11.33, 11, 9.67, 9.
    let closes = [10.0, 10, 10, 13, 11, 9, 9, 9]
    #expect(
      try PriceTrend(window: 3).labels(closes: closes).causal == [nil, nil, nil, 1, 0, 0, 0, 0])
    let banded = try PriceTrend(window: 3, band: 0.1).labels(closes: closes)
    #expect(banded.causal == [nil, nil, nil, 1, 1, 0, 0, 0])
    #expect(banded.descriptive == banded.causal && banded.isKnownAtTheTime)
    #expect(PriceTrend().name == "trend 200")
    #expect(PriceTrend(window: 50, band: 0.025).name == "trend 50, band 2.5 %")
    #expect(throws: EvidenceError.unusableClose(row: 1, value: 0)) {
      try PriceTrend().labels(closes: [1, 0])
    }
  }
}

struct RegimeSeriesTests {
  @Test func equalPartsAreMadeEqualAtEveryClose() throws {
    func series(_ symbol: String, _ closes: [Double]) throws -> BarSeries {
      var bars = try MarketBuilder.series(closes.map { ($0, $0, $0, $0) })
      bars.instrument = Instrument(symbol: symbol)
      return bars
    }
    let one = try series("ZZZ", [10, 20, 30])
    let two = try series("AAA", [4, 4, 2])
    let parts = try RegimeSeries(equalPartsOf: Universe([one, two]))
    // Half doubles; then half of what there is gains 50 %, and the other half loses 50 %.
    #expect(parts.closes == [1, 1.5, 1.5] && parts.times == Array(one.closeTimes))
    #expect(parts.name == "equal parts of 2 instruments")
    let alone = try RegimeSeries(equalPartsOf: Universe([one]))
    #expect(alone.name == "ZZZ" && alone.closes == [10, 20, 30])
  }

  /// What is listed later, or has ended, changes no value before; values up to a time are those of
  /// the bars up to it.
  @Test func equalPartsDoNotKnowTheFuture() throws {
    func series(_ symbol: String, _ closes: [Double], from: Int, every days: Int) throws
      -> BarSeries
    {
      let times = closes.indices.map { Timestamp(seconds: Int64(from + $0 * days) * 86_400) }
      let prices = Column(closes)
      return try BarSeries(
        instrument: Instrument(symbol: symbol), timeframe: .session, calendar: .alwaysOpen,
        openTimes: Column(times.map { $0 - .days(1) }), closeTimes: Column(times), open: prices,
        high: prices, low: prices, close: prices)
    }
    var random = Randomness(seed: 5)
    func walk(_ count: Int) -> [Double] {
      (0..<count).reduce(into: [100]) { closes, _ in
        closes.append(closes[closes.count - 1] * (0.9 + 0.2 * random.nextUnit()))
      }
    }
    let parts = [
      ("A", walk(60), 1, 1), ("B", walk(12), 3, 2), ("C", walk(30), 25, 1), ("D", walk(3), 2, 15),
    ]
    func index(until day: Int) throws -> RegimeSeries {
      try RegimeSeries(
        equalPartsOf: Universe(
          parts.compactMap { name, closes, from, step in
            let count = min(closes.count, max(0, (day - from) / step + (day < from ? 0 : 1)))
            guard count > 0 else { return nil }
            return try series(name, Array(closes.prefix(count)), from: from, every: step)
          }))
    }
    let whole = try index(until: 100)
    #expect(whole.closes.count == 61 && whole.closes[0] == 1)
    for day in 4...60 {
      let cut = try index(until: day)
      #expect(cut.closes == Array(whole.closes.prefix(cut.closes.count)), "day \(day)")
      #expect(cut.times == Array(whole.times.prefix(cut.times.count)))
    }
    // After B has ended and C is listed, only A and C count.
    let (a, c) = (parts[0].1, parts[2].1)
    let gain = (a[45] / a[44] - 1 + c[21] / c[20] - 1) / 2
    #expect(abs(whole.closes[45] / whole.closes[44] - 1 - gain) < 1e-12)
  }
}
