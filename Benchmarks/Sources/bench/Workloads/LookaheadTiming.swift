import BacktestKit
import Strategies

extension EvidenceStatistics {
  /// A look-ahead analysis with 50 cuts of a crossover on 5,000 daily bars, on one thread.
  static func lookahead(_ sample: EvidenceSample, repeats: Int) throws -> Measurement {
    let universe = try Universe([dailyBars(of: sample.returns.prefix(5_000))])
    let definition = try StrategyCatalogue.standard.definition(named: "sma-crossover")
    let parameters = try definition.parameters(["fast": 10, "slow": 50])
    let proof = LookaheadProof(definition, parameters, on: universe)
    return try seconds("lookahead_50_cuts", repeats: repeats) {
      let verdict = try proof.run(threads: 1)
      let moments = verdict.cuts.reduce(0) { $0 + $1.momentCount }
      return [("violations", Double(verdict.violations.count)), ("moments", Double(moments))]
    }
  }

  /// Daily bars whose closes have some returns.
  private static func dailyBars(of returns: ArraySlice<Double>) throws -> BarSeries {
    var close = 100.0
    let closes = returns.map { change in
      close *= 1 + change
      return close
    }
    let days = closes.indices.map { Timestamp(seconds: 86_400 * Int64($0)) }
    let opens = [100.0] + closes.dropLast()
    return try BarSeries(
      instrument: Instrument(symbol: "A"), timeframe: .session, calendar: AlwaysOpenCalendar(),
      openTimes: Column(days), closeTimes: Column(days.map { $0 + .days(1) }),
      open: Column(opens), high: Column(zip(opens, closes).map { max($0, $1) * 1.002 }),
      low: Column(zip(opens, closes).map { min($0, $1) * 0.998 }), close: Column(closes))
  }
}
