public import BacktestCore

/// A look-ahead analysis: whether a strategy knows what it cannot know yet.
///
/// The run is repeated on bars up to a cut only, and on bars whose returns after the cut are those
/// before it in another order. The strategy is made anew each time, so that whatever it fits to its
/// universe is fitted again. Everything that it asked for, noted, forecast and observed up to the
/// cut must be the same to the bit as with all bars.
///
///     let definition = try StrategyCatalogue.standard.definition(named: "sma-crossover")
///     let parameters = try definition.parameters(["fast": 10, "slow": 50])
///     let verdict = try LookaheadProof(definition, parameters, on: universe).run()
///     print(verdict.hasLookahead)   // false
///
/// What it cannot see is listed in ``LookaheadVerdict/limits``.
public struct LookaheadProof: Sendable {
  /// What makes the strategy.
  public var definition: StrategyDefinition
  /// The parameters with which it is made.
  public var parameters: StrategyParameters
  /// The market.
  public var universe: Universe
  /// The rules of the runs. Of a window, its first decision and its end are kept.
  public var configuration: BacktestConfiguration
  /// How many instants are cut at; all of them where there are not more.
  public var cutCount = 50
  /// Chooses the cuts, and the order of the returns after them.
  public var seed: UInt64 = 0

  /// An analysis of a strategy.
  public init(
    _ definition: StrategyDefinition, _ parameters: StrategyParameters, on universe: Universe,
    configuration: BacktestConfiguration = BacktestConfiguration()
  ) {
    self.definition = definition
    self.parameters = parameters
    self.universe = universe
    self.configuration = configuration
  }

  /// Runs once for each cut and change of the bars after it, and three times over all bars.
  ///
  /// - Parameters:
  ///   - threads: how many runs at a time; `nil` takes one for each processor.
  ///   - progress: called with the number of finished runs and of all, one call at a time and on
  ///     any thread.
  /// - Throws: `LookaheadError` when the strategy cannot run, there is nothing to cut, or two runs
  ///   over the same bars differ.
  public func run(
    threads: Int? = nil, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(LookaheadError) -> LookaheadVerdict {
    let baseline = try LookaheadBaseline(self)
    let cuts = baseline.cuts
    let changes = LookaheadChange.allCases
    let total = cuts.count * changes.count + 3
    progress?(1, total)
    let findings = try parallelMap(
      count: total - 1, threads: threads, progress: { progress?($0 + 1, total) }
    ) { (index) throws(LookaheadError) in
      guard index > 1 else {
        var finding = LookaheadBaseline.Finding(momentCount: 0)
        if index == 0 {
          try baseline.checkReproduced()
        } else {
          finding.ignoresBars = baseline.ignoresBars()
        }
        return finding
      }
      let (cut, change) = (index - 2).quotientAndRemainder(dividingBy: changes.count)
      return try baseline.finding(at: cuts[cut], changes[change])
    }
    let ofCuts = cuts.indices.map { cut in
      Array(findings[(2 + cut * changes.count)...].prefix(changes.count))
    }
    return LookaheadVerdict(
      subject: definition.name, cuts: baseline.judged(ofCuts), seed: seed,
      ignoresBars: findings[1].ignoresBars)
  }
}
