import BacktestCore
import BacktestEvidence
import TestSupport
import Testing

/// How decisions depend on the bars before the first of them.
@Suite struct WarmupSensitivityTests {
  private static func aboveAverage<I: Indicator>(
    _ name: String, warmup: Int, _ make: @escaping @Sendable () -> I
  ) -> StrategyDefinition where I: Sendable, I.Input == Double, I.Output == Double {
    StrategyDefinition(name: name, summary: "") { _ in
      AboveAverage(indicator: make(), warmup: warmup)
    }
  }

  /// Holds the more, the farther the close lies above an average.
  private struct AboveAverage<I: Indicator>: Strategy
  where I: Sendable, I.Input == Double, I.Output == Double {
    var indicator: I
    var warmup: Int

    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      guard let bar = bars[0], let mean = indicator.update(bar.close) else { return }
      trading.rebalance(.first, weight: min(max(0.5 + 5 * (bar.close / mean - 1), 0), 1))
    }
  }

  @Test func exponentialAverageNeverForgets() throws {
    let definition = Self.aboveAverage("ema", warmup: 199) { ExponentialMovingAverage(200) }
    let market = try LookaheadMarkets.one(2_600)
    let found = try WarmupSensitivity(
      definition, definition.parameters([:]), on: market, histories: [199, 399, 999, 1_999])
    #expect(found.longestHistory == 1_999)
    #expect(found.runs.map(\.historyBars) == [199, 399, 999])
    let drift = found.runs.map(\.largestWeightDifference)
    // What is left of a beginning shrinks by (199 / 201)^n: to a seventh after 200 bars.
    #expect(drift[0] > 1e-3 && drift[1] < drift[0] / 2 && drift[2] < drift[1] / 50)
    #expect(found.runs[0].differingCount > found.runs[2].differingCount)
    #expect(found.runs[0].totalReturn != found.runs[0].totalReturnWithAllBars)
  }

  @Test func simpleAverageForgetsWhatLiesBeforeItsWindow() throws {
    let definition = Self.aboveAverage("sma", warmup: 49) { SimpleMovingAverage(50) }
    let market = try LookaheadMarkets.one(700)
    let found = try WarmupSensitivity(definition, definition.parameters([:]), on: market)
    #expect(found.warmup == 49)
    #expect(found.runs.map(\.historyBars) == [49, 98, 196])
    #expect(found.longestHistory == 350)
    // The running sum of a longer history ends in other last digits.
    #expect(found.runs.allSatisfy { $0.largestWeightDifference < 1e-9 })
    let short = try WarmupSensitivity(
      definition, definition.parameters([:]), on: market, histories: [10, 100])
    #expect(short.runs[0].differingCount > 0 && short.runs[0].lastDifference != nil)
  }

  @Test func instrumentsWithOtherTimesBeginTogether() throws {
    let definition = StrategyDefinition(name: "hold", summary: "") { _ in
      ScriptedStrategy(always: { bars, trading in
        for bar in bars { trading.target(bar.instrument, weight: 0.3) }
      })
    }
    let market = try LookaheadMarkets.mixed(200)
    let found = try WarmupSensitivity(definition, definition.parameters([:]), on: market)
    #expect(!found.runs.isEmpty)
    #expect(found.runs.allSatisfy { $0.differingCount == 0 && $0.decisionCount > 300 })
    #expect(throws: LookaheadError.self) {
      try WarmupSensitivity(definition, definition.parameters([:]), on: LookaheadMarkets.one(20))
    }
  }

  @Test func featuresAreAnalysedByThemselves() throws {
    let market = try LookaheadMarkets.one(300)
    func column(_ values: @escaping @Sendable ([Double], Int) -> Double?) throws -> LookaheadVerdict
    {
      try LookaheadProof.check("feature", on: market, threads: 1) { universe in
        let closes = Array(universe[.first].close)
        return [
          TimedValues(
            "z", times: Array(universe[.first].closeTimes),
            values: closes.indices.map { values(closes, $0) })
        ]
      }
    }
    // The z-score of the last fifty closes, and the same with the mean of all.
    let window = try column { closes, row in
      guard row >= 49 else { return nil }
      let last = closes[(row - 49)...row]
      return closes[row] - last.reduce(0, +) / 50
    }
    #expect(!window.hasLookahead)
    let whole = try column { closes, row in
      closes[row] - closes.reduce(0, +) / Double(closes.count)
    }
    #expect(whole.hasLookahead)
    #expect(whole.violations.allSatisfy { $0.kind == .value })
    for classifier in [BullBear() as any RegimeClassifier, VolatilityTerciles()] {
      for isCausal in [true, false] {
        let verdict = try LookaheadProof.check(classifier.name, on: market, threads: 1) {
          let labels = try classifier.labels(for: $0[.first])
          let shown = isCausal ? labels.causal : labels.descriptive
          return [
            TimedValues(
              "regime", times: Array($0[.first].closeTimes),
              values: shown.map { $0.map(Double.init) })
          ]
        }
        #expect(verdict.hasLookahead != isCausal, "\(classifier.name)")
      }
    }
  }
}
