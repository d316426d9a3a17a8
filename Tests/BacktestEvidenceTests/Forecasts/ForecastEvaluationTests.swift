@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// A run's forecasts get into its result and meet the next close, never one that was known.
struct ForecastEvaluationTests {
  private func series(
    _ closes: [Double], _ symbol: String, every step: TimeSpan = .days(1)
  ) throws -> BarSeries {
    try MarketBuilder.series(
      closes.map { ($0, $0 + 1, $0 / 2, $0) }, symbol: symbol, every: step)
  }

  @Test func theOutcomeIsTheNextClose() throws {
    let run = try runScript(
      [try series([100, 110, 110, 99, 120], "A"), try series([50, 40, 30, 20, 10], "B")],
      ScriptedStrategy(
        warmup: 1,
        always: { bars, trading in
          trading.forecast(.first, score: trading.lastClose(.first)! - 105, probabilityUp: 0.75)
          trading.forecast(.second, expectedReturn: -0.01, deviation: 0.5)
        }))
    #expect(run.forecasts.count == 8 && run.trades.isEmpty)
    #expect(
      run.forecasts[0].row == 1 && run.forecasts[0].time == run.universe.series[0].closeTimes[1])
    let found = try #require(ForecastEvaluation(run))
    #expect(found.forecastCount == 8 && found.withoutOutcomeCount == 2 && found.whole.count == 6)
    #expect(found.parts.map { $0.instrument?.index } == [nil, 0, 1])
    // A: 110 to 110 stands still, 110 to 99 was called up, 99 to 120 was called down.
    let first = try #require(found.instruments[0].direction)
    #expect(first.matrix == BinaryClassification(falsePositives: 1, falseNegatives: 1))
    #expect(first.zeroReturnCount == 1)
    #expect(found.instruments[0].probabilities?.baseRate == 1.0 / 3)
    #expect(found.instruments[0].distribution == nil && found.instruments[1].probabilities == nil)
    // B falls as its expected return, which stands for the score, says.
    #expect(
      found.instruments[1].direction?.matrix == BinaryClassification(trueNegatives: 3))
    #expect(found.instruments[1].distribution?.count == 3)
    #expect(ForecastEvaluation.direction(of: run) == found.whole.direction?.matrix)
  }

  @Test func whatIsNoForecastIsNotWrittenDown() throws {
    let run = try runScript(
      try series([1, 2, 3], "A"),
      [
        0: { _, trading in
          trading.forecast(.first)
          trading.forecast(.first, score: .nan, probabilityUp: .nan)
          trading.forecast(.first, score: .nan, probabilityUp: 0.25)
        }
      ])
    #expect(
      run.forecasts == [
        StrategyForecast(
          time: run.universe.series[0].closeTimes[0], instrument: .first, row: 0,
          probabilityUp: 0.25)
      ])
    #expect(run.forecasts[0].signal == -0.25)
    #expect(ForecastEvaluation(try runScript(try series([1, 2], "A"), [:])) == nil)
  }

  @Test func aLaterForecastReplacesAndOneBetweenClosesDoesNotCount() throws {
    let run = try runScript(
      [try series([1, 2, 1, 2, 3, 4], "A", every: .hours(12)), try series([5, 6, 7], "B")],
      ScriptedStrategy(always: { _, trading in
        trading.forecast(.first, score: -1)
        trading.forecast(.first, score: 1)
        trading.forecast(.second, score: 1)
      }))
    let found = try #require(ForecastEvaluation(run))
    // B closes at every second close of A; in between its last bar is old.
    #expect(found.replacedCount == 6 && found.betweenClosesCount == 2)
    #expect(found.withoutOutcomeCount == 2)
    #expect(found.instruments[0].direction?.matrix.truePositives == 4)
    #expect(found.instruments[0].direction?.matrix.falsePositives == 1)
    #expect(found.instruments[1].direction?.matrix.truePositives == 2)
    #expect(found.forecastCount == found.whole.count + 6 + 2 + 2)
  }

  @Test func aCheckpointForgetsForecastsOfAWayThatWasLeft() throws {
    let feed = Feed(try Universe([try series([1, 2, 3, 4, 5, 6], "A")]))
    var engine = Engine(feed: feed, configuration: BacktestConfiguration())
    for _ in 0..<2 {
      _ = engine.advance()
      engine.trading.forecast(.first, score: 1)
    }
    let checkpoint = engine.checkpoint()
    var copy = engine
    for _ in 0..<3 {
      _ = engine.advance()
      engine.trading.forecast(.first, score: -1)
    }
    engine.restore(checkpoint)
    copy.trading.forecast(.first, score: 7)
    #expect(engine.result(strategy: "").forecasts.compactMap(\.score) == [1, 1])
    #expect(copy.result(strategy: "").forecasts.compactMap(\.score) == [1, 1, 7])
    while engine.advance() != .finished { engine.trading.forecast(.first, score: 2) }
    #expect(engine.result(strategy: "").forecasts.compactMap(\.score) == [1, 1, 2, 2, 2, 2])
  }

  @Test func foldsJoinWithoutGapOrRepetition() throws {
    let closes = (0..<40).map { 100 + Double($0 % 7) }
    let feed = Feed(try Universe([try series(closes, "A")]))
    let definition = StrategyDefinition(
      name: "teller", summary: "Forecasts every bar.",
      parameters: [.integer("fast", default: 1, in: 1...9, "Nothing.")]
    ) { _ in
      ScriptedStrategy(always: { _, trading in trading.forecast(.first, score: 1) })
    }
    let walk = try WalkForward(
      definition, grid: ParameterGrid(["fast": [1, 2]]), on: feed,
      plan: WalkForwardPlan(train: .bars(10), test: .bars(6))
    ).run()
    let rows = walk.stitched.forecasts.map { Int($0.row) }
    let first = try #require(rows.first)
    #expect(rows == Array(first..<(first + walk.folds.count * 6)) && walk.folds.count > 2)
    #expect(ForecastEvaluation(walk.stitched)?.withoutOutcomeCount == 0)
  }

  @Test func theLimitSaysThatThereIsNoSkill() throws {
    let closes = (0..<300).map { 100 + Double(($0 * $0 * 7) % 11) }
    func run(_ score: @escaping @Sendable (Int) -> Double) throws -> BacktestResult {
      try runScript(
        [try series(closes, "A")],
        ScriptedStrategy(always: { bars, trading in
          let age = bars[0]!.openTime - MarketBuilder.start
          let row = Int(age.nanoseconds / TimeSpan.days(1).nanoseconds)
          trading.forecast(.first, score: score(row))
        }))
    }
    let blind = try run { $0 % 3 == 0 ? 1 : -1 }
    let message = try #require(blind.caveats.first { $0.code == .noForecastSkill }?.message)
    #expect(message.contains("no skill shown"), "\(message)")
    let seeing = try run { $0 + 1 < 300 ? closes[$0 + 1] - closes[$0] : 0 }
    #expect(!seeing.caveats.contains { $0.code == .noForecastSkill })
    #expect(try run { _ in 0 }.caveats.contains { $0.code == .noForecastSkill } == false)
  }
}
