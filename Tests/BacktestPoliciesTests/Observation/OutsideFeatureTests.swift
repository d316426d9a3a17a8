import Glibc
import TestSupport
import Testing

@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestPolicies

/// Features from references, the calendar and several instruments, against figures of pandas 3.1.1.
struct OutsideFeatureTests {
  private func definition(_ features: String, shape: Int, _ more: String = "") throws
    -> ObservationDefinition
  {
    let text =
      "{\"shape\": [\(shape)], \"features\": [\(features)], "
      + "\"normalise\": {\"kind\": \"none\"}\(more)}"
    return try JSONReader.read(Array(text.utf8), name: "manifest.json").decode { table in
      ObservationDefinition(&table) { _, _ in .none }
    }
  }

  private func problem(_ features: String, _ more: String = "") -> String {
    do {
      let feed = try market()
      _ = try PolicyRunnerInputs.rows(
        try definition(features, shape: 1, more), feed, symbols: ["A"])
      return ""
    } catch {
      return "\(error)"
    }
  }

  /// Three wandering closes of 40 days.
  private func market() throws -> Feed {
    func series(_ symbol: String, _ close: (Double) -> Double) throws -> BarSeries {
      try MarketBuilder.series(
        (0..<40).map { row in
          let price = close(Double(row))
          return (price, price, price, price)
        }, symbol: symbol)
    }
    let universe = try Universe([
      series("A") { 100 + 5 * sin($0) + 0.3 * $0 },
      series("B") { 50 + 3 * cos(1.3 * $0) + 0.1 * $0 },
      series("C") { 80 + 2 * sin(0.7 * $0 + 1) - 0.05 * $0 },
    ])
    let closes = universe.series[0].closeTimes
    let vix = try ReferenceSeries(
      name: "VIX", knownTimes: Column([closes[2], closes[4] + .hours(1), closes[7]]),
      values: Column([10, 12, 15]))
    let score = try ReferenceSeries(
      name: "B.score", knownTimes: Column([closes[0]]), values: Column([0.5]))
    return Feed(try universe.with(references: [vix, score]))
  }

  @Test func correlationsScoresAndRanksAreThoseOfPandas() throws {
    let features = """
      {"cross": "correlation", "with": "B", "period": 10, "asset": "A"},
      {"cross": "ratio_score", "with": "B", "period": 12, "asset": "A"},
      {"cross": "log_ratio", "with": "B", "asset": "A"},
      {"cross": "spread", "with": "B", "asset": "A"},
      {"cross": "rank", "period": 5, "asset": "A"}, {"cross": "rank", "period": 5, "asset": "B"},
      {"cross": "rank", "period": 5, "asset": "C"}
      """
    let rows = try PolicyRunnerInputs.rows(
      try definition(features, shape: 7), try market(), symbols: ["A", "B", "C"])
    #expect(rows.firstIndex { $0 != nil } == 11)
    let expected: [Int: [Double]] = [
      12: [
        -0.6516667115442775, 0.5321530960847694, 0.7385783947260272, 52.69966828554927, 0, 1, 0.5,
      ],
      25: [
        0.27214920847648677, -0.43788851841499715, 0.684126164313735, 52.93504572876991, 0, 1, 0.5,
      ],
      39: [
        0.5256198044353461, 0.16123810793033888, 0.7216703296981992, 59.89775718343163, 1, 0.5, 0,
      ],
    ]
    for (row, values) in expected {
      let found = try #require(rows[row])
      for (a, b) in zip(found, values) { #expect(abs(a - b) < 1e-9, "row \(row)") }
    }
  }

  /// A value counts from the close at or after the time at which it was known.
  @Test func referencesCountFromWhenTheyWereKnown() throws {
    let features = """
      {"reference": "VIX"}, {"reference": "VIX", "change": "difference", "period": 2},
      {"reference": "VIX", "change": "simple_return", "lag": 1}, {"reference": "{asset}.score"}
      """
    let rows = try PolicyRunnerInputs.rows(
      try definition(features, shape: 4), try market(), symbols: ["B"])
    // The definition refuses what has no value.
    #expect(rows.firstIndex { $0 != nil } == 4)
    #expect(rows[4] == [10, 0, 0, 0.5])
    #expect(rows[5] == [12, 2, 0, 0.5])
    #expect(rows[6].map { $0[..<2] } == [12, 2])
    #expect(rows[6].map { abs($0[2] - 0.2) < 1e-15 } == true)
    #expect(rows[8].map { Array($0[..<2]) } == [15, 3])
  }

  @Test func calendarsCountByTheMarketsClock() throws {
    let features = """
      {"calendar": "day_of_week"}, {"calendar": "day_of_month"}, {"calendar": "day_of_year"},
      {"calendar": "month"}, {"calendar": "quarter"}, {"calendar": "minute_of_day"},
      {"calendar": "month", "encoding": "sin"}, {"calendar": "day_of_week", "encoding": "cos"}
      """
    let calendar = NewYorkStockExchangeCalendar()
    let sessions = ["2024-01-02", "2024-07-05", "2024-11-29"].compactMap { CivilDate($0) }
      .compactMap { calendar.session(on: $0) }
    let series = try MarketBuilder.series(
      MarketBuilder.flat(100, count: 3), volume: nil,
      times: sessions.map { ($0.open, $0.close) }, timeframe: .session,
      instrument: Instrument(symbol: "A"), calendar: calendar)
    let rows = try PolicyRunnerInputs.rows(
      try definition(features, shape: 8), Feed(try Universe([series])), symbols: ["A"])
    #expect(rows[0].map { Array($0[..<6]) } == [1, 2, 2, 1, 1, 960])
    #expect(rows[1].map { Array($0[..<6]) } == [4, 5, 187, 7, 3, 960])
    // The day after Thanksgiving ends at one o'clock.
    #expect(rows[2].map { Array($0[..<6]) } == [4, 29, 334, 11, 4, 780])
    #expect(rows[0].map { abs($0[6] - 0.5) < 1e-15 } == true)
    #expect(rows[0].map { abs($0[7] - 0.6234898018587336) < 1e-15 } == true)
  }

  /// An input is observed, and no part of the shape's assets.
  @Test func inputsAreObservedAndNotTraded() throws {
    let features = """
      {"name": "close"}, {"name": "simple_return", "period": 1, "asset": "C"}
      """
    let feed = try market()
    let rows = try PolicyRunnerInputs.rows(
      try definition(features, shape: 2, ", \"inputs\": [\"C\"]"), feed, symbols: ["A"])
    let (a, c) = (feed.universe.series[0].close, feed.universe.series[2].close)
    #expect(rows[9] == [a[9], c[9] / c[8] - 1])
  }

  @Test func whatIsMissingIsNamed() {
    #expect(problem("{\"reference\": \"VIY\"}").contains("known are VIX and B.score"))
    #expect(
      problem("{\"cross\": \"spread\", \"with\": \"D\"}")
        .contains("is with 'D', which is neither an asset nor an input"))
    #expect(
      problem("{\"name\": \"close\", \"asset\": \"SPY\"}", ", \"inputs\": [\"SPY\"]")
        .contains("the policy observes 'SPY', which is not in the universe"))
    #expect(problem("{\"calendar\": \"day_of_weak\"}").contains("day_of_week"))
    #expect(problem("{\"cross\": \"correlation\", \"with\": \"B\", \"period\": 1}").contains("2"))
  }
}

/// Observations as a runner builds them.
private enum PolicyRunnerInputs {
  static func rows(
    _ definition: ObservationDefinition, _ feed: Feed, symbols: [String]
  ) throws -> [[Double]?] {
    let inputs = try definition.inputs(in: feed.universe)
    let assets = symbols.compactMap { feed.universe.instrument($0) }
    let observed = assets.map { Int($0.index) } + inputs
    var builder = try ObservationBuilder(
      definition, instruments: observed.map(InstrumentID.init), symbols: symbols,
      market: ObservedMarket(
        references: feed.universe.references,
        calendars: observed.map { feed.universe.series[$0].calendar }))
    let state = PolicyAccountState(assetCount: symbols.count)
    var numbers = [Double](repeating: 0, count: builder.count)
    return feed.instants.indices.map { instant in
      builder.update(BarSlice(feed: feed, instant: instant), state: state)
      let status = numbers.withUnsafeMutableBufferPointer { builder.fill($0, state: state) }
      return status == .ready ? numbers : nil
    }
  }
}
