import BacktestCore
import BacktestEvidence
import TestSupport
import Synchronization

/// Markets and small strategies for look-ahead tests.
enum LookaheadMarkets {
  /// One series of random daily bars.
  static func one(_ bars: Int = 600, seed: UInt64 = 1) throws -> Universe {
    var random = TestRandom(seed: seed)
    return try Universe([
      try RandomMarket.series("A", bars: bars, every: .days(1), &random, lot: .fractional)
    ])
  }

  /// Three series with the same daily bars.
  static func three(_ bars: Int = 400, seed: UInt64 = 2) throws -> Universe {
    var random = TestRandom(seed: seed)
    return try Universe(
      try ["A", "B", "C"].map {
        try RandomMarket.series($0, bars: bars, every: .days(1), &random, lot: .fractional)
      })
  }

  /// Three series with different hours, of which one begins late and one ends early.
  static func mixed(_ bars: Int = 300, seed: UInt64 = 3) throws -> Universe {
    var random = TestRandom(seed: seed)
    let a = try RandomMarket.series("A", bars: bars, every: .days(1), &random)
    let b = try RandomMarket.series("B", bars: bars * 4, every: .hours(6), &random)
    let c = try RandomMarket.series("C", bars: bars * 2, every: .hours(12), &random)
    return try Universe([a.rows(0..<(bars * 2 / 3)), b.rows(bars..<(bars * 4)), c])
  }
}

/// The definition of a strategy that runs a closure at each close.
func everyClose(
  _ name: String, warmup: Int = 0,
  _ prepare: @escaping @Sendable (Universe) throws -> ScriptedStrategy.Decision
) -> StrategyDefinition {
  StrategyDefinition(name: name, summary: "") { (_, universe) in
    ScriptedStrategy(warmup: warmup, always: try prepare(universe))
  }
}

/// A look-ahead analysis of a strategy without parameters.
func lookahead(
  _ definition: StrategyDefinition, on universe: Universe, cuts: Int = 50, seed: UInt64 = 0,
  threads: Int = 1, _ adjust: (inout BacktestConfiguration) -> Void = { _ in }
) throws -> LookaheadVerdict {
  var configuration = BacktestConfiguration()
  adjust(&configuration)
  var proof = LookaheadProof(
    definition, try definition.parameters([:]), on: universe, configuration: configuration)
  proof.cutCount = cuts
  proof.seed = seed
  return try proof.run(threads: threads)
}

extension TradingContext {
  /// The row of the last closed bar of an instrument.
  func row(_ instrument: InstrumentID = .first) -> Int { lastRow(Int(instrument.index)) }
}

/// Counts calls.
final class CallCounter: Sendable {
  private let count = Mutex(0)

  /// The number of this call, from 1.
  func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
}
