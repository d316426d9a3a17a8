import BacktestCore
import BacktestEvidence
import TestSupport
import Testing

/// Strategies that cheat, each in a way in which an honest mistake does: all have to be found.
@Suite struct LookaheadLeakTests {
  /// The strategies on one series of daily bars.
  static let leaks: [StrategyDefinition] = [
    // Standardised with the mean and the deviation of all closes.
    everyClose("full-sample scaling") { universe in
      let closes = Array(universe[.first].close)
      let mean = closes.reduce(0, +) / Double(closes.count)
      return { bars, trading in
        trading.target(.first, weight: bars[0]!.close > mean ? 1 : 0)
      }
    },
    // Compared with the mean of the five bars before and the five bars after.
    everyClose("centred window") { universe in
      let closes = universe[.first].close
      return { bars, trading in
        let row = trading.row()
        let window = closes.rows(max(0, row - 5)..<min(closes.count, row + 6))
        let mean = window.reduce(0, +) / Double(window.count)
        trading.target(.first, weight: bars[0]!.close < mean ? 1 : 0)
      }
    },
    // Sells at the highest price of the next twenty bars.
    everyClose("future maximum") { _ in
      { bars, trading in
        let highs = trading.universe[.first].high
        let row = trading.row()
        let next = highs.rows(min(row + 1, highs.count)..<min(row + 21, highs.count)).max()
        trading.target(.first, weight: next.map { $0 > bars[0]!.high } ?? false ? 1 : 0)
      }
    },
    // Reads the bar at whose open its order fills.
    everyClose("same-bar fill") { _ in
      { bars, trading in
        let series = trading.universe[.first]
        let row = trading.row()
        guard row + 1 < series.count else { return }
        trading.target(.first, weight: series.close[row + 1] > bars[0]!.close ? 1 : 0)
      }
    },
    // The label of the next return among the features, in a forecast and in nothing else.
    everyClose("label in features") { universe in
      let closes = universe[.first].close
      let labels = closes.indices.map { row in
        row + 1 < closes.count && closes[row + 1] > closes[row] ? 1.0 : -1.0
      }
      return { _, trading in trading.forecast(.first, score: labels[trading.row()]) }
    },
    // Regimes as they are known in hindsight.
    everyClose("hindsight regimes") { universe in
      let labels = try BullBear().labels(for: universe[.first]).descriptive
      return { _, trading in
        trading.target(.first, weight: labels[trading.row()] == 1 ? 1 : 0)
      }
    },
    // The smoothed probability of a hidden state, which runs backward over all bars.
    everyClose("smoothed hidden Markov model") { universe in
      let states = smoothedStates(of: universe[.first])
      return { _, trading in
        trading.target(.first, weight: states[trading.row()] > 0.5 ? 1 : 0)
      }
    },
    // A day's week ends later than the day.
    everyClose("resample without shift") { universe in
      let weekly = try universe[.first].resampled(to: .week)
      return { bars, trading in
        let week = weekly.closeTimes.firstIndex { $0 >= bars.time } ?? weekly.count - 1
        trading.target(.first, weight: weekly.close[week] > bars[0]!.close ? 1 : 0)
      }
    },
    // Scaled to the range of all returns.
    everyClose("normaliser fitted on all data") { universe in
      let closes = universe[.first].close
      let returns = zip(closes.dropFirst(), closes).map { $0 / $1 - 1 }
      let (low, high) = (returns.min() ?? 0, returns.max() ?? 1)
      return { _, trading in
        let history = trading.history(.first, 2)
        guard history.count == 2 else { return }
        let scaled = (history.close[1] / history.close[0] - 1 - low) / max(high - low, 1e-9)
        trading.target(.first, weight: scaled)
      }
    },
    // The better of two lengths on all bars.
    everyClose("parameters chosen on all bars") { universe in
      let closes = Array(universe[.first].close)
      func gain(_ lag: Int) -> Double {
        guard closes.count > lag + 1 else { return 0 }
        return (lag..<(closes.count - 1)).reduce(0) {
          $0 + (closes[$1] > closes[$1 - lag] ? closes[$1 + 1] / closes[$1] - 1 : 0)
        }
      }
      let best = (1...40).max { gain($0) < gain($1) }!
      return { _, trading in
        let history = trading.history(.first, best + 1)
        guard history.count == best + 1 else { return }
        trading.target(.first, weight: history.close[best] > history.close[0] ? 1 : 0)
      }
    },
    // A limit order at the low of the next bar.
    everyClose("perfect limit") { _ in
      { _, trading in
        let lows = trading.universe[.first].low
        let row = trading.row()
        guard row % 10 == 0, row + 1 < lows.count else { return }
        trading.submit(Order(.first, quantity: 1, kind: .limit(lows[row + 1])))
      }
    },
    // A few trades only, each before a jump.
    everyClose("rare trades before jumps") { universe in
      let closes = universe[.first].close
      return { _, trading in
        let row = trading.row()
        let isJump = row + 1 < closes.count && closes[row + 1] > closes[row] * 1.03
        if isJump { trading.submit(Order(.first, quantity: 1)) }
      }
    },
    // Gets out before the last bar, which only hindsight knows.
    everyClose("known end") { universe in
      let count = universe[.first].count
      return { _, trading in
        trading.target(.first, weight: trading.row() >= count - 100 ? 0 : 1)
      }
    },
    // Nothing but a remark and a timer.
    everyClose("note of the future") { universe in
      let volume = universe[.first].volume
      return { _, trading in
        let next = min(trading.row() + 1, volume.count - 1)
        if volume[next] > 4_000 { trading.note("much will be traded") }
      }
    },
    everyClose("timer of the future") { universe in
      let closes = universe[.first].close
      return { _, trading in
        let next = min(trading.row() + 3, closes.count - 1)
        trading.schedule(at: trading.now + .minutes(Int64(closes[next])), tag: 0)
      }
    },
  ]

  /// Those that cheat at few instants: in thirty bars never, or no more than they would do anyhow.
  private static let rare = [
    "rare trades before jumps", "note of the future", "perfect limit", "known end",
    "hindsight regimes",
  ]

  @Test(arguments: leaks) func leakIsFound(_ leak: StrategyDefinition) throws {
    let cuts = Torture.isFull || Self.rare.contains(leak.name) ? 40 : 10
    let verdict = try lookahead(leak, on: LookaheadMarkets.one(200), cuts: cuts)
    #expect(verdict.hasLookahead, "\(leak.name)")
    for violation in verdict.violations {
      #expect(violation.time.map { $0 <= violation.cut } ?? true)
      #expect(violation.withAllBars != violation.withChangedBars, "\(violation)")
    }
  }

  // The same leaks where there are few bars, so that all instants are cut at.
  @Test(arguments: leaks) func leakIsFoundInAShortRun(_ leak: StrategyDefinition) throws {
    guard !Self.rare.contains(leak.name) else { return }
    let verdict = try lookahead(leak, on: LookaheadMarkets.one(30))
    #expect(verdict.cuts.count == 29)
    #expect(verdict.hasLookahead, "\(leak.name)")
  }

  @Test func ranksByLaterReturnsAreFound() throws {
    let leak = everyClose("sorting by later return") { universe in
      let gains = universe.series.map { $0.close[$0.count - 1] / $0.close[0] }
      let best = gains.indices.max { gains[$0] < gains[$1] }!
      return { _, trading in trading.target(InstrumentID(best), weight: 1) }
    }
    #expect(try lookahead(leak, on: LookaheadMarkets.three(100), cuts: 20).hasLookahead)
  }

  @Test func listOfSurvivorsIsFound() throws {
    let leak = everyClose("survivors") { universe in
      let last = universe.series.map { $0.closeTimes.last! }.max()!
      let alive = universe.series.indices.filter { universe.series[$0].closeTimes.last == last }
      return { bars, trading in
        for index in alive where bars[index] != nil {
          trading.target(InstrumentID(index), weight: 1 / Double(alive.count))
        }
      }
    }
    let verdict = try lookahead(leak, on: LookaheadMarkets.mixed(60), cuts: 20)
    #expect(verdict.hasLookahead)
    // Prices do not matter, so that only the missing bars tell.
    #expect(verdict.violations.allSatisfy { $0.change == .truncated })
    #expect(verdict.clearest!.explanation.contains("which bars there are"))
  }

  @Test func gapsFilledBackwardAreFound() throws {
    let leak = everyClose("fill backward") { universe in
      let other = universe[.second]
      return { bars, trading in
        guard let bar = bars[0] else { return }
        let next = other.closeTimes.firstIndex { $0 >= bar.closeTime }
        trading.target(.first, weight: next.map { other.close[$0] > 100 } ?? false ? 1 : 0)
      }
    }
    var random = TestRandom(seed: 5)
    let daily = try RandomMarket.series("A", bars: 300, every: .days(1), &random)
    let slow = try RandomMarket.series("B", bars: 100, every: .days(3), &random)
    #expect(try lookahead(leak, on: Universe([daily, slow]), cuts: 20).hasLookahead)
  }

  @Test func sessionsThatWillHaveNoBarsAreFound() throws {
    var random = TestRandom(seed: 6)
    let whole = try RandomMarket.series("A", bars: 400, every: .days(1), &random)
    let kept = whole.close.indices.filter { _ in random.below(5) > 0 }
    let series = try MarketBuilder.series(
      kept.map { (whole.open[$0], whole.high[$0], whole.low[$0], whole.close[$0]) }, volume: nil,
      times: kept.map { (whole.openTimes[$0], whole.closeTimes[$0]) }, timeframe: .session,
      instrument: Instrument(symbol: "A"), calendar: AlwaysOpenCalendar())
    let leak = everyClose("tomorrow's calendar") { universe in
      let times = universe[.first].closeTimes
      return { bars, trading in
        let row = trading.row()
        let isFollowed = row + 1 < times.count && times[row + 1] - times[row] == .days(1)
        trading.target(.first, weight: isFollowed ? 1 : 0)
      }
    }
    let verdict = try lookahead(leak, on: Universe([series]), cuts: 20)
    #expect(verdict.hasLookahead)
    #expect(verdict.violations.allSatisfy { $0.change == .truncated })
  }

  @Test func warmupThatDependsOnTheNumberOfBarsIsFound() throws {
    let leak = StrategyDefinition(name: "warm-up of a tenth", summary: "") { _, universe in
      ScriptedStrategy(
        warmup: universe[.first].count / 10,
        always: { _, trading in trading.target(.first, weight: 1) })
    }
    #expect(try lookahead(leak, on: LookaheadMarkets.one(200), cuts: 10).hasLookahead)
  }

  @Test func strategyThatNeedsLaterBarsToBeMadeIsFound() throws {
    let leak = StrategyDefinition(name: "needs 500 bars", summary: "") { _, universe in
      guard universe[.first].count >= 500 else { throw StrategyError("it needs 500 bars") }
      return ScriptedStrategy(always: { _, trading in trading.target(.first, weight: 1) })
    }
    let verdict = try lookahead(leak, on: LookaheadMarkets.one(), cuts: 10)
    #expect(verdict.violations.contains { $0.kind == .construction })
    // One that does nothing before it can be made knows nothing too early.
    let honest = StrategyDefinition(name: "trains on 500 bars", summary: "") { _, universe in
      guard universe[.first].count >= 500 else { throw StrategyError("it needs 500 bars") }
      let mean = universe[.first].close.prefix(500).reduce(0, +) / 500
      return ScriptedStrategy(
        warmup: 499,
        always: { bars, trading in
          trading.target(.first, weight: bars[0]!.close < mean ? 1 : 0)
        })
    }
    #expect(try !lookahead(honest, on: LookaheadMarkets.one(), cuts: 10).hasLookahead)
  }

  @Test func violationSaysWhatAndWhere() throws {
    let leak = Self.leaks.first { $0.name == "same-bar fill" }!
    let verdict = try lookahead(leak, on: LookaheadMarkets.one(200))
    let clearest = try #require(verdict.clearest)
    #expect(clearest.reach == 0)
    #expect(clearest.time == clearest.cut)
    #expect(clearest.kind == .target)
    #expect(clearest.symbol == "A")
    #expect(clearest.explanation.contains("the bar that comes next"))
    #expect("\(clearest)".contains("the target of A is"))
    let scaled = try lookahead(Self.leaks[0], on: LookaheadMarkets.one(200))
    #expect(scaled.clearest!.explanation.contains("whole sample"))
    let centred = try lookahead(Self.leaks[1], on: LookaheadMarkets.one(200))
    #expect(centred.violations.contains { (1...4).contains($0.reach) })
  }
}

/// The smoothed probability of the higher of two states, by forward and backward passes with fixed
/// parameters.
private func smoothedStates(of series: BarSeries) -> [Double] {
  let closes = series.close
  let stay = 0.9
  func likelihood(_ row: Int) -> (Double, Double) {
    let change = row > 0 ? closes[row] / closes[row - 1] - 1 : 0
    func density(_ mean: Double) -> Double {
      let z = (change - mean) / 0.02
      return 1 / (1 + z * z)
    }
    return (density(-0.01), density(0.01))
  }
  var forward: [Double] = []
  var up = 0.5
  for row in closes.indices {
    let prior = row > 0 ? up * stay + (1 - up) * (1 - stay) : 0.5
    let (low, high) = likelihood(row)
    up = prior * high / (prior * high + (1 - prior) * low)
    forward.append(up)
  }
  var smoothed = forward
  for row in closes.indices.dropLast().reversed() {
    let (filtered, next) = (forward[row], smoothed[row + 1])
    let prior = filtered * stay + (1 - filtered) * (1 - stay)
    let fromUp = next * stay / prior + (1 - next) * (1 - stay) / (1 - prior)
    smoothed[row] = filtered * fromUp
  }
  return smoothed
}
