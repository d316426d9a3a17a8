@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Testing

/// Instruments of different calendars: no figure depends on how they are named.
struct MixedCalendarTests {
  /// Holds half of the account in each instrument.
  private struct Halves: Strategy {
    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      for bar in bars { trading.rebalance(bar.instrument, weight: 0.5) }
    }
  }

  private static func wave(_ count: Int, _ step: Int) -> [MarketBuilder.Prices] {
    (0..<count).map { row in
      let price = 100 + Double(row * step % 23)
      return (price, price + 1, price - 1, price)
    }
  }

  /// The sessions of New York in 2024.
  private static func stock(_ symbol: String) throws -> BarSeries {
    try MarketBuilder.sessions(
      wave(252, 37), symbol: symbol, from: "2024-01-02", lot: .fractional)
  }

  /// Every day from a date on to the end of 2024.
  private static func coin(_ symbol: String, from date: String = "2024-01-01") throws -> BarSeries {
    let start = try #require(CivilDate(date))
    let count = try #require(CivilDate("2025-01-01")).daysSinceEpoch - start.daysSinceEpoch
    return try MarketBuilder.series(
      wave(count, 41), symbol: symbol, from: start.midnight, lot: .fractional)
  }

  private func run(_ series: [BarSeries]) throws -> BacktestResult {
    Backtest(Halves(), on: try Universe(series)).run()
  }

  @Test func anotherNameGivesTheSameFigures() throws {
    let first = try run([Self.coin("BTC"), Self.stock("SPX")])
    let last = try run([Self.coin("XBT"), Self.stock("SPX")])
    #expect(first.sessionDates == last.sessionDates)
    #expect(first.sample.barsPerYear == last.sample.barsPerYear)
    for name in ["volatility", "sharpe", "cagr", "sortino", "max-drawdown"] {
      let value = try first.metrics.value(of: name)
      #expect(try value != nil && value == last.metrics.value(of: name), "\(name)")
    }
  }

  /// Every day is a session of one of the two, so a year has as many as it has days.
  @Test func theSessionsOfAllCalendarsCount() throws {
    let result = try run([Self.coin("BTC"), Self.stock("SPX")])
    #expect(result.barsPerYear == nil && result.sample.barsPerYear == 365.25)
    #expect(result.sample.count == 365)
    let dates = try #require(result.sample.pointDates)
    #expect(zip(dates, dates.dropFirst()).allSatisfy { $0.adding(days: 1) == $1 })
    let message = result.caveats.first { $0.code == .mixedCalendars }?.message
    #expect(message?.hasPrefix("Instruments have different calendars (24x7, XNYS).") == true)
    #expect(message?.contains("a year has 365.25 of these sessions") == true)
    #expect(try !run([Self.stock("SPX")]).caveats.contains { $0.code == .mixedCalendars })
  }

  /// Before the coin is listed there are only the sessions of New York.
  @Test func aCalendarCountsWhileItsInstrumentsAreListed() throws {
    let result = try run([Self.coin("BTC", from: "2024-07-01"), Self.stock("SPX")])
    let calendar = NewYorkStockExchangeCalendar()
    let first = try #require(CivilDate("2024-01-02"))
    let june = try #require(CivilDate("2024-06-30"))
    let before = calendar.sessions(from: first.adding(days: 1), through: june).count
    let days = try #require(CivilDate("2024-12-31")).daysSinceEpoch - first.daysSinceEpoch
    // 184 days from July to December.
    let expected = Double(before + 184) / (Double(days) / 365.25)
    let found = try #require(result.sample.barsPerYear)
    #expect(abs(found / expected - 1) < 1e-12)
    #expect(result.sample.count == before + 184)
  }

  @Test func weeksAreWeeksInEveryCalendar() throws {
    let stock = try Self.stock("SPX").resampled(to: .week)
    let coin = try Self.coin("BTC").resampled(to: .week)
    let result = try run([stock, coin])
    #expect(result.sample.barsPerYear == 52)
  }

  /// An objective is annualised as the run is that it judges.
  @Test func foldsAreJudgedAlike() throws {
    let definition = StrategyDefinition(name: "halves", summary: "Holds all.") { _ in Halves() }
    func walk(_ symbol: String) throws -> WalkForwardResult {
      try WalkForward(
        definition, grid: ParameterGrid([ParameterGrid.Dimension]()),
        on: Feed(try Universe([Self.coin(symbol), Self.stock("SPX")])),
        plan: WalkForwardPlan(train: .months(3), test: .months(2))
      ).run()
    }
    let (one, other) = (try walk("BTC"), try walk("XBT"))
    #expect(one.folds.count > 2 && one.folds.map(\.testDates) == other.folds.map(\.testDates))
    #expect(one.folds.map(\.inSample) == other.folds.map(\.inSample))
    #expect(one.stitchedObjective != nil && one.stitchedObjective == other.stitchedObjective)
    #expect(one.stitchedObjective == one.metrics.sharpe)
    for fold in one.folds { #expect(fold.outOfSample == fold.metrics?.sharpe) }
  }

  /// With two bars a session every other point goes, and with one none does.
  @Test func sessionsOfTwoBarsAreReduced() throws {
    let half = TimeSpan.seconds(43_200)
    let two = try run([MarketBuilder.series(Self.wave(60, 37), every: half)])
    #expect(two.sample.count == 59 && two.sessionSample.count == 30)
    #expect(two.sessionSample.barsPerYear == 365 && two.sample.barsPerYear == 730)
    let one = try run([MarketBuilder.series(Self.wave(60, 37))])
    #expect(one.sessionSample == one.sample)
  }

  @Test func theStrategySeesTheSameSession() throws {
    func dates(_ symbol: String) throws -> [String] {
      let strategy = ScriptedStrategy(always: { _, trading in
        trading.note("\(trading.sessionDate)")
      })
      return try runScript([Self.coin(symbol), Self.stock("SPX")], strategy).notes.map(\.text)
    }
    let names = try dates("BTC")
    #expect(try names == dates("XBT"))
    #expect(names.first == "2024-01-01" && names.contains("2024-01-06"))
  }
}
