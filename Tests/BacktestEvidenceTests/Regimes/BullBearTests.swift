@testable import BacktestCore
@testable import BacktestEvidence
import Testing

struct BullBearTests {
  static let cases = ["sp500_20", "sp500_10", "aapl_20"]

  private func load(
    _ name: String
  ) throws -> (oracle: RegimeOracle, rule: BullBear, prices: RegimePrices) {
    let oracle = try RegimeOracle("11_bull_bear.json")[name]
    let rule = BullBear(threshold: oracle["input"]["threshold"].number!)
    let prices = try RegimePrices(oracle["input"]["file"].text)
    #expect(prices.dates.first == oracle["input"]["start"].text)
    #expect(prices.dates.last == oracle["input"]["end"].text)
    return (oracle, rule, prices)
  }

  @Test(arguments: cases) func turnsAreThoseOfTheOracle(name: String) throws {
    let (oracle, rule, prices) = try load(name)
    let turns = try rule.turns(closes: prices.closes, times: prices.times)
    let expected = oracle["turns"].list
    #expect(turns.count == expected.count && turns.count >= 9)
    for (turn, other) in zip(turns, expected) {
      #expect(turn.kind.rawValue == other["turn"].text)
      #expect(prices.dates[turn.row] == other["date"].text)
      #expect(turn.time == prices.times[turn.row] && turn.close == other["close"].number)
      #expect(prices.dates[turn.confirmedRow] == other["confirmed"].text)
      #expect(turn.confirmedTime == prices.times[turn.confirmedRow])
      #expect(turn.barsToNext == other["bars_to_next"].integer)
      #expect(agrees(turn.move, other["move_to_next_turn"].number))
    }
  }

  @Test(arguments: cases) func labelsCountAsInTheOracle(name: String) throws {
    let (oracle, rule, prices) = try load(name)
    let labels = try rule.labels(closes: prices.closes, times: prices.times)
    let split = RegimeSplit(
      returns: prices.returns, firstRow: 1, labels: labels, knowledge: .descriptive)
    #expect(split.parts.map(\.name) == ["bear", "bull"] && split.unlabelled.barCount == 0)
    for part in split.parts {
      let expected = oracle["counts"][part.name]
      #expect(part.barCount == expected["n"].integer)
      #expect(agrees(part.mean, expected["mean_daily"].number))
    }
    #expect(labels.descriptive[0].map { labels.names[$0] } == oracle["first_phase"].text)
    let expected = oracle["realtime_counts"]
    for (key, label) in [("None", nil), ("bear", 0), ("bull", 1)] as [(String, Int?)] {
      #expect(labels.causal.count { $0 == label } == expected[key].integer)
    }
  }

  /// 100, 80 is a fall of 20 % to the digit; 99 after it a rise of 23.75 %.
  @Test func exactThresholdTurnsAndTheTurnBarKeepsItsPhase() throws {
    let closes = [90.0, 100, 100, 90, 80, 80, 99, 95]
    let rule = BullBear()
    let turns = try rule.turns(
      closes: closes, times: closes.indices.map { Timestamp(seconds: Int64($0)) })
    #expect(turns.map(\.row) == [1, 4] && turns.map(\.confirmedRow) == [4, 6])
    #expect(turns.map(\.kind) == [.peak, .trough])
    let labels = try rule.labels(closes: closes)
    #expect(labels.descriptive == [1, 1, 0, 0, 0, 1, 1, 1])
    #expect(labels.causal == [nil, nil, nil, nil, 0, 0, 1, 1])
  }

  @Test func turnOnTheFirstBarEndsNoPhase() throws {
    let labels = try BullBear().labels(closes: [100, 110, 120, 119])
    #expect(labels.descriptive == [1, 1, 1, 1])
    #expect(labels.causal == [nil, nil, 1, 1])
  }

  @Test func withoutATurnNothingIsKnown() throws {
    let labels = try BullBear().labels(closes: [100, 110, 119, 96])
    #expect(labels.descriptive == [nil, nil, nil, nil] && labels.causal == labels.descriptive)
    #expect(labels.agreement == nil)
    for closes in [[100, 80.01], [100, 119.99]] {
      #expect(try BullBear().labels(closes: closes).causal == [nil, nil])
    }
    #expect(try BullBear().labels(closes: []).count == 0)
  }

  @Test(arguments: [0, -1, Double.nan, .infinity]) func unusableClosesAreNamed(value: Double) {
    do {
      _ = try BullBear().labels(closes: [100, 101, value])
      Issue.record("no error")
    } catch {
      #expect(error.description.contains("bar 2"))
    }
    #expect(throws: EvidenceError.unequalLengths(closes: 2, times: 1)) {
      try BullBear().turns(closes: [1, 2], times: [.distantPast])
    }
  }

  @Test func namesSayTheThreshold() {
    #expect(BullBear().name == "bull/bear 20 %")
    #expect(BullBear(threshold: 0.125).name == "bull/bear 12.5 %")
  }
}
