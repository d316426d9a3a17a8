@testable import BacktestCore
@testable import BacktestEvidence
import Testing

struct RegimeSplitTests {
  static let classifiers: [any RegimeClassifier] = [
    BullBear(), BullBear(threshold: 0.1), VolatilityTerciles(),
    VolatilityTerciles(window: 63, minimumHistory: 30, barsPerYear: 252), PriceTrend(),
    PriceTrend(window: 20, band: 0.03),
    HiddenMarkovRegimes(minimumHistory: 150, refit: 400, starts: 1),
    HiddenMarkovRegimes(states: 3, minimumHistory: 300, refit: 900, starts: 1, seed: 3),
    dated,
  ]

  /// Years by turns, known some days or months later.
  static let dated: DatedRegimes = {
    var entries: [DatedRegimes.Entry] = []
    for year in 1999...2018 {
      for (month, label) in [(1, "first"), (7, "second")] {
        let known = CivilDate(year: year, month: month + (year % 2) * 4, day: 20)!
        entries.append(
          DatedRegimes.Entry(
            date: CivilDate(year: year, month: month, day: 1)!,
            label: year % 3 == 0 ? nil : label, knownFrom: known))
      }
    }
    return try! DatedRegimes(name: "halves", calendar: .xnys, entries: entries)
  }()

  /// Labels of hindsight change when the future is cut off or is another one, so that the check can
  /// fail; those of a moving average and of dates given from outside do not.
  @Test(arguments: classifiers.indices)
  func causalLabelsDoNotKnowTheFuture(index: Int) throws {
    let classifier = RegimeSplitTests.classifiers[index]
    let prices = try RegimePrices("sp500.csv")
    let isSlow = classifier is HiddenMarkovRegimes
    let count = isSlow ? 800 : prices.closes.count
    let (closes, times) = (Array(prices.closes.prefix(count)), Array(prices.times.prefix(count)))
    let whole = try classifier.labels(closes: closes, times: times)
    let seed: UInt64 = 421
    var random = SplitMix(state: seed)
    var hindsightMoved = 0
    for _ in 0..<(isSlow ? 4 : 20) {
      let length = random.next(below: count)
      let known = Array(whole.causal.prefix(length))
      let cut = try classifier.labels(
        closes: Array(closes.prefix(length)), times: Array(times.prefix(length)))
      #expect(cut.causal == known, "\(classifier.name), \(length) bars, seed \(seed)")
      hindsightMoved += cut.descriptive == Array(whole.descriptive.prefix(length)) ? 0 : 1
      // A future of the same returns in another order.
      var future = Array(closes.dropFirst(length))
      for place in future.indices.dropFirst().reversed() {
        future.swapAt(place, random.next(below: place + 1))
      }
      let other = try classifier.labels(closes: closes.prefix(length) + future, times: times)
      #expect(
        Array(other.causal.prefix(length)) == known,
        "\(classifier.name), another future after \(length) bars, seed \(seed)")
    }
    if !(classifier is PriceTrend || classifier is DatedRegimes) {
      #expect(hindsightMoved >= 1, "seed \(seed)")
    }
    #expect(whole.names == classifier.labelNames && whole.causal.contains { $0 != nil })
  }

  @Test func partsHoldTheirReturnsAndRuns() {
    let labels = RegimeLabels(
      names: ["a", "b", "c"], descriptive: [nil, 0, 0, 1, 0, nil, 0],
      causal: [nil, nil, 0, 0, 1, 1, 1])
    let returns = [0.1, -0.5, 0.2, -0.25, 0.3, -0.5]
    let split = RegimeSplit(returns: returns, firstRow: 1, labels: labels, knowledge: .descriptive)
    let (a, b, c) = (split.parts[0], split.parts[1], split.parts[2])
    #expect(a.returns == [0.1, -0.5, -0.25, -0.5] && a.runs == [0..<2, 3..<4, 5..<6])
    // End to end the account would fall by 81.25 %; inside one run it fell by half.
    #expect(a.worstDrawdown == -0.5 && a.runCount == 3 && a.barCount == 4)
    #expect(a.mean == -0.2875 && a.share == 4.0 / 6)
    #expect(b.returns == [0.2] && b.worstDrawdown == 0 && b.runs == [2..<3])
    #expect(c.returns == [] && c.mean == nil && c.worstDrawdown == nil && c.share == 0)
    #expect(split.unlabelled.returns == [0.3] && split.unlabelled.runs == [4..<5])

    let known = RegimeSplit(returns: returns, firstRow: 1, labels: labels, knowledge: .causal)
    #expect(known.unlabelled.runs == [0..<2] && known.parts[0].runs == [2..<4])
    #expect(known.parts[1].runs == [4..<6] && known.parts[1].returns == [0.3, -0.5])
  }

  @Test func firstLossOfARunCounts() {
    let labels = RegimeLabels(
      names: ["a"], descriptive: [0, 0, 0, 0], causal: [nil, nil, nil, nil])
    let split = RegimeSplit(
      returns: [-0.1, 0.05, 0.04], firstRow: 1, labels: labels, knowledge: .descriptive)
    #expect(agrees(split.parts[0].worstDrawdown, -0.1))
    let ruin = RegimeSplit(returns: [-1, 0], firstRow: 1, labels: labels, knowledge: .descriptive)
    #expect(ruin.parts[0].worstDrawdown == -1)
  }

  /// The worst of all stretches inside one run, by looking at every one of them.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func drawdownIsTheWorstStretchOfOneRun(seed: UInt64) {
    var random = SplitMix(state: seed)
    let count = 60
    let returns = (0..<count).map { _ in Double(random.next(below: 2_001)) / 10_000 - 0.1 }
    var label = 0
    let descriptive: [Int?] = (0...count).map { _ in
      if random.next(below: 6) == 0 { label = random.next(below: 3) }
      return label == 2 ? nil : label
    }
    let labels = RegimeLabels(
      names: ["a", "b"], descriptive: descriptive,
      causal: [Int?](repeating: nil, count: count + 1))
    let split = RegimeSplit(returns: returns, firstRow: 1, labels: labels, knowledge: .descriptive)
    for (label, part) in split.parts.enumerated() where part.barCount > 0 {
      var worst = 0.0
      for start in 0..<count {
        var value = 1.0
        for end in start..<count {
          guard descriptive[end + 1] == label else { break }
          value *= 1 + returns[end]
          worst = min(worst, value - 1)
        }
      }
      #expect(abs(part.worstDrawdown! - worst) < 1e-12, "seed \(seed)")
    }
    #expect(split.parts.reduce(split.unlabelled.barCount) { $0 + $1.barCount } == count)
  }

  @Test func quarterHoursJoinDailyLabels() {
    let closes = [100, 200, 300].map { Timestamp(seconds: $0) }
    let times = [50, 100, 150, 200, 201, 300, 301].map { Timestamp(seconds: $0) }
    let rows = RegimeLabels.rows(of: times, among: closes)
    #expect(rows == [nil, 0, 1, 1, 2, 2, nil])
    #expect(RegimeLabels.rows(of: times, among: []) == [Int?](repeating: nil, count: 7))
    let labels = RegimeLabels(names: ["a", "b"], descriptive: [0, 1, 1], causal: [0, 0, 1])
    let split = RegimeSplit(
      returns: [1, 2, 3, 4, 5, 6, 7], rows: rows, labels: labels, knowledge: .causal)
    #expect(split.parts[0].returns == [3, 4, 5, 6] && split.parts[1].returns == [])
    #expect(split.unlabelled.runs == [0..<2, 6..<7])
  }
}

/// S. Vigna's SplitMix64.
private struct SplitMix {
  var state: UInt64

  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((bits ^ (bits >> 31)) % UInt64(bound))
  }
}
