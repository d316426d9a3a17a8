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
    let changes = LookaheadChange.allCases
    let steps: [Step] =
      [.repetition, .otherBars]
      + baseline.cuts.flatMap { cut in changes.map { .change($0, after: cut) } }
    // The baseline is the first of the runs.
    let total = steps.count + 1
    progress?(1, total)
    let outcomes = try parallelMap(
      count: steps.count, threads: threads, progress: { progress?($0 + 1, total) }
    ) { (index) throws(LookaheadError) in
      try steps[index].outcome(against: baseline)
    }
    var findings: [LookaheadBaseline.Finding] = []
    var ignoresBars = false
    for outcome in outcomes {
      switch outcome {
      case .reproduced: break
      case .ignoresBars(let answer): ignoresBars = answer
      case .finding(let finding): findings.append(finding)
      }
    }
    let ofCuts = baseline.cuts.indices.map { cut in
      Array(findings[cut * changes.count..<(cut + 1) * changes.count])
    }
    return LookaheadVerdict(
      subject: definition.name, cuts: baseline.judged(ofCuts), seed: seed,
      ignoresBars: ignoresBars)
  }

  /// A run that is compared with the one over all bars.
  private enum Step {
    case repetition
    case otherBars
    case change(LookaheadChange, after: Int)

    func outcome(against baseline: LookaheadBaseline) throws(LookaheadError) -> Outcome {
      switch self {
      case .repetition:
        try baseline.checkReproduced()
        return .reproduced
      case .otherBars: return .ignoresBars(baseline.ignoresBars())
      case .change(let change, let cut):
        return .finding(try baseline.finding(at: cut, change))
      }
    }
  }

  private enum Outcome {
    case reproduced
    case ignoresBars(Bool)
    case finding(LookaheadBaseline.Finding)
  }
}
