@testable import BacktestCore
import TestSupport
import Testing

/// Raw prices with actions against the adjusted closes of the source.
struct AdjustedPriceTests {
  /// Raw bars with their actions, and the adjusted closes.
  private func share(_ symbol: String) throws -> (series: BarSeries, adjusted: [Double]) {
    let rows = try Fixture.table("prices/\(symbol).csv").dropFirst()
    let calendar = NewYorkStockExchangeCalendar()
    let times = rows.map { row in
      let session = calendar.session(on: CivilDate(String(row[0]))!)!
      return (open: session.open, close: session.close)
    }
    func column(_ index: Int) -> Column<Double> { Column(rows.map { Double($0[index])! }) }
    let high = zip(column(2), zip(column(1), column(4))).map { max($0, $1.0, $1.1) }
    let low = zip(column(3), zip(column(1), column(4))).map { min($0, $1.0, $1.1) }
    let series = try BarSeries(
      instrument: Instrument(symbol: symbol, lotSize: .fractional), timeframe: .session,
      calendar: calendar, openTimes: Column(times.map(\.open)),
      closeTimes: Column(times.map(\.close)), open: column(1), high: Column(high),
      low: Column(low), close: column(4), volume: column(6))
    let actions = try Fixture.table("prices/actions.csv").dropFirst().map { row in
      let value = row[3] == "2:1" ? 2 : Double(row[3])!
      return CorporateAction(
        String(row[0]), on: CivilDate(String(row[1]))!,
        row[2] == "split" ? .split(ratio: value) : .dividend(value))
    }
    return (try series.adding(actions), rows.map { Double($0[5])! })
  }

  /// Everything is held, and dividends go back into shares at the close of their ex-dates.
  @Test(arguments: ["AAPL", "GOOG", "IBM", "MSFT"])
  func theyEarnTheSameToAMillionth(symbol: String) throws {
    let (series, adjusted) = try share(symbol)
    let strategy = ScriptedStrategy(
      [:], always: { _, trading in trading.rebalance(.first, weight: 1) })
    let result = try runScript([series], strategy) { $0.execution.marketFill = .sameClose }
    #expect(result.equity.count == adjusted.count)
    for (row, equity) in result.equity.enumerated() {
      let own = equity / result.equity[0]
      let expected = adjusted[row] / adjusted[0]
      #expect(abs(own / expected - 1) <= 1e-6, "row \(row)")
    }
    let actions = ["AAPL": 5, "GOOG": 0, "IBM": 52, "MSFT": 38]
    #expect(result.actions.count == actions[symbol])
  }

  @Test(arguments: ["AAPL", "IBM", "MSFT"])
  func totalReturnsOfClosesAreThoseOfTheSource(symbol: String) throws {
    let (series, adjusted) = try share(symbol)
    let closes = series.totalReturnCloses
    for row in adjusted.indices.dropFirst() {
      let (own, expected) = (closes[row] / closes[0], adjusted[row] / adjusted[0])
      #expect(abs(own / expected - 1) <= 1e-9, "row \(row)")
    }
  }

  /// An average over continuous closes takes no notice of a split, and neither do its trades.
  @Test func aCrossoverTradesAsOnAdjustedPrices() throws {
    let split = try share("AAPL").series.rows(0..<1_300)
    let plain = split.continuous
    var smooth = try BarSeries(
      instrument: split.instrument, timeframe: .session, calendar: split.calendar,
      openTimes: split.openTimes, closeTimes: split.closeTimes, open: plain.open,
      high: plain.high, low: plain.low, close: plain.close, volume: plain.volume)
    smooth.priceBasis = .adjusted
    func equity(_ series: BarSeries) throws -> [Double] {
      let strategy = Crossing(fast: SimpleMovingAverage(10), slow: SimpleMovingAverage(40))
      return Backtest(strategy, on: try Universe([series])).run().equity
    }
    for (a, b) in zip(try equity(split), try equity(smooth)) {
      #expect(agrees(a, b, within: 1e-9))
    }
  }

  private struct Crossing: Strategy {
    var fast, slow: SimpleMovingAverage

    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
      guard let bar = bars[0]?.continuous, let f = fast.update(bar.close),
        let s = slow.update(bar.close)
      else { return }
      trading.target(.first, weight: f > s ? 1 : 0)
    }
  }
}
