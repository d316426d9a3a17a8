import TestSupport
import Testing

@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestIngest

struct DecisionSummaryTests {
  /// Wants the shares of a list, one after the other, and says by which action.
  private struct Recorder: Strategy {
    var wanted: [Double]
    var actions: [Double?]
    var next = 0

    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      let place = next % wanted.count
      trading.recordDecision(
        InstrumentID(0), weight: 0, wanted: .weight(wanted[place]), action: actions[place])
      next += 1
    }
  }

  private static func summary(
    _ wanted: [Double], _ actions: [Double?]
  ) throws -> DecisionSummary? {
    let series = try BarSeries(csv: Fixture.path("prices/IBM.csv"), calendar: .xnys)
    let result = try Backtest(
      Recorder(wanted: wanted, actions: actions), on: series.rows(0..<400)
    ).run()
    return DecisionSummary.all(of: result).first
  }

  /// 400 bars repeat five decisions 80 times, less what a warm-up would take.
  @Test func decisionsAreCountedByDirectionActionAndChange() throws {
    let found = try #require(try Self.summary([1, 1, 0, -1, 0], [2, 2, 0, 1, 0]))
    let count = found.total.count
    #expect(count == 400 && !found.isOfUnits)
    #expect(found.total.long == 160 && found.total.flat == 160 && found.total.short == 80)
    // 1 to 0, 0 to -1, -1 to 0 and 0 to 1 of the next round, of which the last has no next.
    #expect(found.changeCount == 80 * 4 - 1)
    #expect(found.actions.map(\.action) == [0, 1, 2])
    #expect(found.actions.map(\.count) == [160, 80, 160])
    #expect(found.years.reduce(0) { $0 + $1.tally.count } == 400)
    #expect(found.years.map(\.year) == found.years.map(\.year).sorted())
  }

  @Test func actionsThatAreNoChoicesAreNotCounted() throws {
    let found = try #require(try Self.summary([0.2, 0.3], [0.2, 0.31]))
    #expect(found.actions.isEmpty && found.total.long == 400)
  }
}
